"""What a reseller writes to order, to cancel, and to send a licence elsewhere."""

import uuid
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp

from portal.accounts.forms import Plain, email_field, one_line
from portal.accounts.partnership import PartnerCustomer
from portal.billing.catalogue import MONTH, YEAR, CatalogueItem
from portal.billing.terms import MOST_SEATS, named

RESELLER, CUSTOMER = "reseller", "customer"
SEATS = NumberRange(1, MOST_SEATS, message=_l("Choose between %(min)s and %(max)s seats."))
TOO_LONG = _l("Use at most %(max)d characters.")


class PartnerOrderForm(FlaskForm):  # type: ignore[misc]
    """One form makes one order: `form_key` names it, `shown` is the price that was confirmed."""

    customer = SelectField(_l("Customer"), coerce=int, validators=[InputRequired(_l("Choose a customer."))])
    item = SelectField(_l("What"), coerce=int, validators=[InputRequired(_l("Choose what to order."))])
    seats = IntegerField(
        _l("Seats"),
        validators=[InputRequired(_l("How many seats?")), SEATS],
        render_kw={"min": 1, "max": MOST_SEATS, "inputmode": "numeric"},
        default=1,
    )
    interval = RadioField(_l("Term"), choices=[(YEAR, _l("A year")), (MONTH, _l("A month"))], default=YEAR)
    licensee = StringField(
        _l("Licensed to"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Whose name stands on the licence?")),
            Length(max=200, message=TOO_LONG),
            Plain(),
        ],
        description=_l("The name that stands on the licence."),
        render_kw={"maxlength": 200, "required": True, "autocomplete": "off"},
    )
    email = email_field()
    bill_to = RadioField(
        _l("Invoice to"),
        choices=[(RESELLER, _l("You, at your price")), (CUSTOMER, _l("The customer, at the list price"))],
        default=RESELLER,
        description=_l("A customer gets invoices of your orders only if they let you act for them."),
    )
    form_key = HiddenField(validators=[Regexp(r"\A[0-9a-f]{32}\Z")], default=lambda: uuid.uuid4().hex)
    renews = HiddenField(validators=[Optional(), Length(max=20)])
    shown = IntegerField(validators=[Optional()])

    def __init__(self, customers: list[PartnerCustomer], items: list[CatalogueItem], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer.choices = [SelectChoice(str(one.id), one.name) for one in customers]
        self.item.choices = [SelectChoice(str(item.id), named(item.names)) for item in items]
        self.email.render_kw = {"required": True, "maxlength": 254, "autocomplete": "off"}
        self.email.description = _l("Whoever registers with it is recognised, and holds the support.")


class CancelForm(FlaskForm):  # type: ignore[misc]
    reason = TextAreaField(
        _l("Why is it cancelled?"),
        validators=[DataRequired(_l("Say why you cancel it.")), Length(max=500, message=TOO_LONG)],
        render_kw={"maxlength": 500, "rows": 3, "required": True},
    )


class AddressForm(FlaskForm):  # type: ignore[misc]
    email = email_field()
