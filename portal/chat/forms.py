"""The forms of a chat."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, MultipleFileField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.chat.talking import LONGEST_SAID
from portal.db import db
from portal.tickets import filetypes
from portal.tickets.drafts import own_key
from portal.tickets.form import with_plain_lines
from portal.tickets.offering import Offer

TOO_LONG = _l("That is too long for one message. Attach it as a file instead.")


class StartForm(FlaskForm):  # type: ignore[misc]
    """What it is about. `offer` fills in what the person may choose, and has to be called first."""

    organisation = SelectField(_l("For which organisation?"), choices=[], validate_choice=False)
    product = SelectField(_l("Product"), choices=[], validate_choice=False)
    body = TextAreaField(
        _l("What is it about?"),
        [DataRequired(_l("Please write something first.")), Length(max=LONGEST_SAID, message=TOO_LONG)],
        [with_plain_lines],
    )

    def offer(self, person: User, *, now: datetime) -> "StartForm":
        chosen: dict[str, Any] = {"organisation": self.organisation.data, "product": self.product.data}
        self.offered = Offer(person, chosen, now=now)
        self.organisation.data, self.product.data = (self.offered.chosen[name] for name in ("organisation", "product"))
        self.organisation.choices = [(key, row.name) for key, row in self.offered.organisations.items()]
        self.product.choices = [("", _l("Choose a product"))]
        self.product.choices += [(row.slug, row.name) for row in self.offered.products.values()]
        return self

    @property
    def chosen(self) -> dict[str, Any]:
        offered = self.offered
        return {
            "organisation": db.session.get(Organisation, offered.organisation.id) if offered.organisation else None,
            "product": db.session.get(Product, offered.product.id) if offered.product else None,
        }


class SayForm(FlaskForm):  # type: ignore[misc]
    body = TextAreaField(_l("Your message"), [Length(max=LONGEST_SAID, message=TOO_LONG)], [with_plain_lines])
    files = MultipleFileField(_l("Attach files"), [Optional()], render_kw={"accept": filetypes.ACCEPT})
    form_key = HiddenField("form_key", filters=[own_key])


class HandoverForm(FlaskForm):  # type: ignore[misc]
    """`choices` of severities depend on what the customer holds. Without a subject, the first words are one."""

    subject = StringField(_l("Subject"), [Length(max=200, message=_l("Keep the subject under 200 characters."))])
    severity = SelectField(_l("Severity"), choices=[], validate_choice=False)
