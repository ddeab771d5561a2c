"""The forms of a ticket and a reply. What may be chosen comes from the policy and from what the person holds."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    MultipleFileField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.policies import the_policy
from portal.tickets import filetypes
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.custom_fields import FieldsForm
from portal.tickets.drafts import own_key
from portal.tickets.offering import CHOSEN, Offer
from portal.tickets.ticket import Draft
from portal.web import choose_locale

VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")
LONGEST_SECRET = 5_000


def with_plain_lines(text: str | None) -> str | None:
    """Browsers send two characters for the end of a line and count one: as many as fit there have to fit here."""
    return text.replace("\r\n", "\n") if text else text


class TicketForm(FlaskForm):  # type: ignore[misc]
    """A new ticket. `offer` fills in what this person may choose, and has to be called first."""

    topic = RadioField(
        _l("What is it about?"),
        choices=[SelectChoice("product", _l("A product")), SelectChoice("billing", _l("Billing or licences"))],
        default="product",
        validators=[InputRequired(_l("Choose what it is about."))],
    )
    organisation = SelectField(_l("For which organisation?"), choices=[], validate_choice=False)
    product = SelectField(_l("Product"), choices=[], validate_choice=False)
    version = StringField(
        _l("Version"), [Optional(), Length(max=40, message=_l("A version is at most 40 characters long."))]
    )
    subject = StringField(
        _l("Subject"),
        [
            DataRequired(_l("Write a subject: a few words will do.")),
            Length(max=200, message=_l("Keep the subject under 200 characters.")),
        ],
    )
    body = TextAreaField(
        _l("What happened?"),
        [
            DataRequired(_l("Describe what happened.")),
            Length(max=LONGEST_BODY, message=_l("That is too long. Attach long text as a file instead.")),
        ],
        [with_plain_lines],
    )
    severity = RadioField(_l("How severe is it?"), choices=[], validate_choice=False, default=None)
    files = MultipleFileField(_l("Logs and screenshots"), [Optional()], render_kw={"accept": filetypes.ACCEPT})
    remote_access = BooleanField(_l("Support may connect to my computer while I watch"))
    credentials = TextAreaField(
        _l("Remote-access credentials"),
        [Optional(), Length(max=LONGEST_SECRET, message=_l("That is too long for credentials."))],
    )
    forget_credentials = BooleanField(_l("Forget the saved credentials"))
    # Hidden fields are named, for else WTForms loads its own catalogue to translate what it would call them.
    form_key = HiddenField("form_key", filters=[own_key])
    article = HiddenField("article")
    follows = HiddenField("follows")  # the number of the ticket that it goes on from
    incident = HiddenField("incident")  # the known incident that it is about

    def process(self, formdata: Any = None, *args: Any, data: Any = None, **given: Any) -> None:
        self.sent, self.given = self.meta.wrap_formdata(self, formdata), {**(data or {}), **given}
        self.custom = FieldsForm((), locale="en")  # until `take` knows the product
        super().process(self.sent, *args, data=data, **given)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """With what the vendor asks about the product."""
        is_valid = super().validate(*args, **kwargs)
        return self.custom.validate() and is_valid

    @property
    def errors(self) -> Any:
        return {**super().errors, **self.custom.errors}

    def offer(self, person: User, *, now: datetime) -> None:
        """Fill in the choices for this person, given what is chosen already."""
        self.take(Offer(person, {name: self[name].data for name in CHOSEN}, now=now, for_customers=True))

    def take(self, offer: Offer) -> None:
        self.offered = offer
        self.custom = FieldsForm(offer.asked, locale=choose_locale(), formdata=self.sent, data=self.given)
        for name in CHOSEN:
            self[name].data = offer.chosen[name]
        products = [(row.slug, row.name) for row in offer.products.values()]
        self.product.choices = _choices([("", _("Choose a product")), *products])
        self.product.flags.required = offer.needs_product
        self.organisation.choices = _choices([(key, _named(row)) for key, row in offer.organisations.items()])
        named = the_policy().severities
        self.severity.choices = _choices([(name, named[name].name.to(choose_locale())) for name in offer.severities])

    @property
    def chosen_product(self) -> Product | None:
        return db.session.get(Product, self.offered.product.id) if self.offered.product else None

    @property
    def chosen_organisation(self) -> Organisation | None:
        return db.session.get(Organisation, self.offered.organisation.id) if self.offered.organisation else None

    def typed(self) -> dict[str, str]:
        """The plain fields as they were sent: what a draft keeps. Files and credentials are not among them."""
        kept = {name: self[name].data or "" for name in ("topic", "organisation", "product", "version", "severity")}
        kept |= {
            name: self[name].data or "" for name in ("subject", "body", "article", "follows", "incident", "form_key")
        }
        return kept | self.custom.typed() | {"remote_access": "y" if self.remote_access.data else ""}

    def validate_topic(self, field: Any) -> None:
        if self.offered.reseller_id:
            self._refuse_strange("topic", _("Billing is between us and your customer. You can ask about a product."))
        self._refuse_strange("topic", _("Choose what it is about."))

    def validate_organisation(self, field: Any) -> None:
        self._refuse_strange("organisation", _("You can’t file for that organisation (any more). Please choose again."))

    def validate_severity(self, field: Any) -> None:
        self._refuse_strange("severity", _("Your support has no such severity. Please choose again."))

    def validate_product(self, field: Any) -> None:
        self._refuse_strange("product", _("There is no such product. Please choose again."))
        if self.offered.needs_product and not self.offered.product:
            raise ValidationError(_("Choose the product it is about."))

    def _refuse_strange(self, name: str, sentence: str) -> None:
        if name in self.offered.strange:
            raise ValidationError(sentence)

    def validate_version(self, field: Any) -> None:
        if not VERSION.fullmatch(field.data.strip()):
            raise ValidationError(_("Write the version as numbers with dots, such as 4.2.1.0."))

    def validate_form_key(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_("This form is out of date. Please send it again."))


class ReplyForm(FlaskForm):  # type: ignore[misc]
    """A message of the customer's on an existing ticket."""

    body = TextAreaField(
        _l("Your reply"),
        [
            DataRequired(_l("Please write something first.")),
            Length(max=LONGEST_BODY, message=_l("That is too long. Attach long text as a file instead.")),
        ],
        [with_plain_lines],
    )
    files = MultipleFileField(_l("Attach files"), [Optional()], render_kw={"accept": filetypes.ACCEPT})
    form_key = HiddenField("form_key", filters=[own_key])

    def typed(self) -> dict[str, str]:
        return {"body": self.body.data or ""}


def filled_from(draft: Draft) -> dict[str, Any]:
    """The form's contents out of a draft; the credentials stay sealed."""
    fields = dict(draft.fields)
    return fields | {"remote_access": bool(fields.get("remote_access")), "form_key": draft.form_key}


def _named(row: Any) -> str:
    """An organisation among the choices; a customer of the person's reseller is marked so."""
    name = str(row.name)
    return _("%(name)s (your customer)", name=name) if getattr(row, "reseller_id", None) else name


def _choices(pairs: Sequence[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]
