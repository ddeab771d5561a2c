"""Who may read it, as editors choose it: everybody, staff, or certain plans and organisations."""

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, RadioField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.entitlement import the_policy
from portal.accounts.people import Organisation
from portal.audience import EVERYBODYS, PARTNERS, PUBLIC, SIGNED_IN, STAFF, audience_of
from portal.db import db

LIMITED = "limited"
AUDIENCES = {
    PUBLIC: _l("Everybody"),
    SIGNED_IN: _l("Whoever is signed in"),
    LIMITED: _l("Certain plans or organisations, or partners"),
    STAFF: _l("Staff only"),
}
MOST_FOUND = 8


def plain(text: str | None) -> str:
    """Line breaks as Markdown has them; no NUL, which no database of ours keeps."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def number(given: object) -> int:
    """0 for what no id or counter of ours can be."""
    text = str(given or "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


class Boxes(SelectMultipleField):  # type: ignore[misc]
    """Check boxes, of which any may be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class AudienceForm(FlaskForm):  # type: ignore[misc]
    """The part of a form that says who may read what it is about."""

    audience = RadioField(_l("Who may read it"), choices=list(AUDIENCES.items()), default=PUBLIC)
    plans = Boxes(_l("Plans"))
    partners = BooleanField(_l("Partners: the people of resellers"))
    organisations = Boxes(_l("Organisations"), coerce=number, validate_choice=False)
    organisation_query = StringField(_l("Find an organisation"), [Optional(), Length(max=100)], [plain])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plans.choices = list(plan_names().items())

    def validate_organisations(self, field: Boxes) -> None:
        if self.audience.data == LIMITED and not (self.plans.data or field.data or self.partners.data):
            raise ValidationError(_("Choose a plan, an organisation or partners."))

    def visibility(self) -> str:
        if self.audience.data != LIMITED:
            return str(self.audience.data)
        plans, organisations = self.plans.data, self.organisations.data
        partners = [PARTNERS] if self.partners.data else []
        return audience_of([*(f"plan:{p}" for p in plans), *(f"org:{n}" for n in organisations), *partners])


def shown_audience(visibility: str) -> dict[str, Any]:
    """An audience in the fields of its form."""
    terms = [] if visibility in EVERYBODYS else [term.partition(":") for term in visibility.split(" ")]
    return {
        "audience": LIMITED if terms else visibility,
        "plans": [name for kind, _colon, name in terms if kind == "plan"],
        "organisations": [int(name) for kind, _colon, name in terms if kind == "org"],
        "partners": any(kind == PARTNERS for kind, _colon, _name in terms),
    }


def audience_name(visibility: str) -> str:
    """An audience in words: 'Everybody', or the plans and organisations by name."""
    chosen = shown_audience(visibility)
    if chosen["audience"] != LIMITED:
        return str(AUDIENCES[chosen["audience"]])
    names = plan_names()
    plans = [names.get(plan, plan) for plan in chosen["plans"]]
    plans += [_("Partners")] if chosen["partners"] else []
    return ", ".join([*plans, *(one.name for one in found_organisations("", chosen["organisations"]))])


def plan_names() -> dict[str, str]:
    return {plan: row.name.to(str(get_locale())) for plan, row in the_policy().plans.items()}


def found_organisations(query: str, chosen: list[int]) -> list[Organisation]:
    """Those that are chosen, and some whose names contain what is looked for."""
    named = Organisation.name.icontains(query, autoescape=True)
    mine = select(Organisation).where(Organisation.id.in_(chosen)).order_by(Organisation.name)
    found = list(db.session.scalars(mine))
    if query.strip():
        others = select(Organisation).where(named, Organisation.id.not_in(chosen))
        found += db.session.scalars(others.order_by(Organisation.name).limit(MOST_FOUND))
    return found
