"""The forms of a ticket and a reply. What may be chosen comes from the policy and from what the person holds."""

import re
from collections.abc import Container, Sequence
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

from portal.accounts.entitlement import entitlements_of
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.policies import the_policy
from portal.tickets import filetypes, quoting
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.drafts import own_key
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

    def offer(self, person: User, *, now: datetime) -> None:
        """Fill in the choices for this person, given what is chosen already. What can't be chosen is remembered."""
        self.strange: set[str] = set()
        self.products = {p.slug: p for p in db.session.scalars(Product.visible_to(person))}
        self.organisations = {str(o.id): o for o in db.session.scalars(person.organisations())}
        self.product.choices = _choices(
            [("", _("Choose a product")), *((p.slug, p.name) for p in self.products.values())]
        )
        self.organisation.choices = _choices([(key, o.name) for key, o in self.organisations.items()])
        self._settle("topic", ("product", "billing"), "product")
        self._settle("organisation", self.organisations, next(iter(self.organisations), ""))
        self._settle("product", self.products, next(iter(self.products)) if len(self.products) == 1 else "")
        self.product.flags.required = self.topic.data == "product" and bool(self.products)
        self._offer_severities(person, now=now)

    def _offer_severities(self, person: User, *, now: datetime) -> None:
        """Only those that the tier has, in the policy's words."""
        policy = the_policy()
        self.severities: list[str] = []
        held = quoting.held_for(person, self.chosen_organisation, self.fields(), now=now)
        self.awaits_product = self.product.flags.required and not self.chosen_product and self._may_choose(person, now)
        self.severities = [] if self.awaits_product else quoting.severities(policy, held.tier, self.topic.data)
        named = [(name, policy.severities[name].name.to(choose_locale())) for name in self.severities]
        self.severity.choices = _choices(named)
        if self.severities:
            self._settle("severity", self.severities, policy.default_severity(held.tier) or self.severities[-1])
        self.may_consent = self.topic.data == "product" and held.remote_support and not self.awaits_product
        self.held = held

    def _may_choose(self, person: User, now: datetime) -> bool:
        """Whether there are tickets for any of the products. Which of them it is decides what is promised."""
        held = entitlements_of(person, self.products.values(), self.chosen_organisation, now=now)
        return any(one.may_open("ticket") for _product, one in held)

    def _settle(self, name: str, valid: Container[str], otherwise: str | None) -> None:
        chosen = self[name].data
        if chosen not in valid:
            if chosen:
                self.strange.add(name)
            self[name].data = otherwise

    @property
    def offered(self) -> str:
        """What can be chosen at present: when it changes, the page needs other fields."""
        asks = "which" if self.awaits_product else "-"
        return " ".join([self.topic.data, asks, "remote" if self.may_consent else "-", *self.severities])

    @property
    def chosen_product(self) -> Product | None:
        return self.products.get(self.product.data or "") if self.topic.data == "product" else None

    @property
    def chosen_organisation(self) -> Organisation | None:
        return self.organisations.get(self.organisation.data or "")

    def fields(self) -> quoting.Fields:
        """What of the form the promise depends on."""
        severity = self.severity.data if self.severity.data in self.severities else None
        return quoting.Fields(topic=self.topic.data, product=self.chosen_product, severity=severity)

    def typed(self) -> dict[str, str]:
        """The plain fields as they were sent: what a draft keeps. Files and credentials are not among them."""
        kept = {name: self[name].data or "" for name in ("topic", "organisation", "product", "version", "severity")}
        kept |= {name: self[name].data or "" for name in ("subject", "body", "article", "form_key")}
        return kept | {"remote_access": "y" if self.remote_access.data else ""}

    def validate_topic(self, field: Any) -> None:
        self._refuse_strange("topic", _("Choose what it is about."))

    def validate_organisation(self, field: Any) -> None:
        self._refuse_strange("organisation", _("You are not a member of that organisation. Please choose again."))

    def validate_severity(self, field: Any) -> None:
        self._refuse_strange("severity", _("Your support has no such severity. Please choose again."))

    def validate_product(self, field: Any) -> None:
        self._refuse_strange("product", _("There is no such product. Please choose again."))
        if self.topic.data == "product" and self.products and not self.chosen_product:
            raise ValidationError(_("Choose the product it is about."))

    def _refuse_strange(self, name: str, sentence: str) -> None:
        if name in self.strange:
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


def _choices(pairs: Sequence[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]
