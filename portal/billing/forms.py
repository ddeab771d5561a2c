"""The forms of the billing area."""

from collections.abc import Sequence
from typing import Any

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NumberError
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField, StringField, ValidationError, widgets
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.accounts.forms import Plain, email_field, one_line
from portal.billing.catalogue import MONTH, YEAR
from portal.billing.telling import CHANGES, INVOICES, REMINDERS
from portal.billing.terms import MOST_SEATS

GETS = {
    INVOICES: _l("Invoices and credit notes"),
    REMINDERS: _l("Reminders"),
    CHANGES: _l("Changes of subscriptions"),
}
TOO_LONG = _l("Use at most %(max)d characters.")


def line(label: Any, most: int, complete: str, needed: Any = None) -> StringField:
    """One line of an address; `complete` is its name for browsers that fill in forms."""
    given = [DataRequired(needed)] if needed else [Optional()]
    return StringField(
        label,
        filters=[one_line, lambda text: text or ""],
        validators=[*given, Length(max=most, message=TOO_LONG), Plain()],
        render_kw={"maxlength": most, "autocomplete": complete} | ({"required": True} if needed else {}),
    )


def countries() -> list[SelectChoice]:
    """Every country, by its name in the reader's language."""
    names = Locale.parse(str(get_locale() or "en").replace("-", "_")).territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in OTHER]
    return [SelectChoice("", _("Choose a country")), *(SelectChoice(*one) for one in sorted(known, key=lambda c: c[1]))]


OTHER = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}  # what CLDR names beside countries


class DetailsForm(FlaskForm):  # type: ignore[misc]
    """What stands on invoices."""

    legal_name = line(_l("Name"), 200, "organization", _l("An invoice needs a name."))
    street = line(_l("Street and number"), 200, "address-line1", _l("An invoice needs a street."))
    street_more = line(_l("Further line"), 200, "address-line2")
    postcode = line(_l("Postcode"), 20, "postal-code")
    city = line(_l("City"), 100, "address-level2", _l("An invoice needs a city."))
    region = line(_l("State or region"), 100, "address-level1")
    country = SelectField(
        _l("Country"),
        validators=[DataRequired(_l("Choose a country."))],
        choices=countries,
        invalid_choice_message=_l("Choose a country."),
        render_kw={"autocomplete": "country", "required": True},
    )
    vat_number = line(_l("VAT number"), 20, "off")
    purchase_order = line(_l("Your purchase order or reference"), 100, "off")
    lang = SelectField(_l("Language of invoices"), invalid_choice_message=_l("Choose one of the languages."))

    def __init__(self, languages: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lang.choices = [
            SelectChoice(code, (Locale.parse(code.replace("-", "_")).get_display_name() or code).capitalize())
            for code in languages
        ]

    def validate_vat_number(self, field: StringField) -> None:
        if not field.data:
            return
        try:
            field.data = vat.validate(field.data)
        except NumberError as error:
            raise ValidationError(
                _("This is no VAT number of the European Union. Leave it empty if you have none.")
            ) from error
        home = {"EL": "GR", "XI": "GB"}.get(field.data[:2], field.data[:2])
        if self.country.data and home != self.country.data:
            raise ValidationError(_("This VAT number belongs to another country than the address."))


class ContactForm(FlaskForm):  # type: ignore[misc]
    """Somebody who gets mails about the money."""

    name = line(_l("Name"), 200, "off")
    email = email_field()
    gets = SelectMultipleField(
        _l("Gets"),
        choices=lambda: [SelectChoice(value, str(text)) for value, text in GETS.items()],
        validators=[DataRequired(_l("Choose at least one."))],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )


class OrderForm(FlaskForm):  # type: ignore[misc]
    """How many, and how often it is paid for."""

    item = RadioField(_l("Plan"), coerce=int, validate_choice=True, validators=[InputRequired(_l("Choose a plan."))])
    seats = IntegerField(
        _l("Seats"),
        default=1,
        validators=[
            InputRequired(_l("How many seats?")),
            NumberRange(1, MOST_SEATS, _l("Choose between %(min)s and %(max)s seats.")),
        ],
        render_kw={"min": 1, "max": MOST_SEATS, "inputmode": "numeric"},
    )
    interval = RadioField(
        _l("Paid"),
        choices=lambda: [SelectChoice(MONTH, _("Monthly")), SelectChoice(YEAR, _("Yearly"))],
        default=MONTH,
        validators=[InputRequired(_l("Choose monthly or yearly."))],
    )
