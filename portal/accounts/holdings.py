"""The licences page: what a person holds and where it comes from, what that opens, and claiming a key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.accounts.blueprint import bp
from portal.accounts.claiming import claim, take
from portal.accounts.entitlement import entitlements_of, in_force, licences_of
from portal.accounts.licences import Contract, Licence, Subscription
from portal.accounts.people import Membership, Organisation, User
from portal.accounts.products import Product
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.policies import name_in, the_policy
from portal.web import limiter, settings

SOURCES = {
    "contract": _l("Contract"),
    "tier": _l("Support tier"),
    "subscription": _l("Subscription"),
    "licence": _l("Licence key"),
    "order_email": _l("Order to your address"),
    "free": _l("Free"),
}


@dataclass(frozen=True)
class Holding:
    """One row of the page; `source` is a key of SOURCES, `reference` a contract's or order's number or a key's end."""

    source: str
    reference: str
    plan: str
    tier: str | None
    product: str | None
    organisation: str | None
    ends_at: datetime | None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    licence_id: int | None = None  # of one that is recognised by the order's address


class TakeForm(FlaskForm):  # type: ignore[misc]
    """Where a licence goes, for members of several organisations."""

    organisation = SelectField(
        _l("For which organisation?"), coerce=int, invalid_choice_message=_l("Choose one of your organisations.")
    )

    def __init__(self, mine: list[Organisation], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mine = mine
        if len(mine) < 2:
            del self.organisation
        else:
            self.organisation.choices = [SelectChoice(str(one.id), one.name) for one in mine]

    def chosen(self) -> Organisation | None:
        if "organisation" not in self:
            return self.mine[0] if self.mine else None
        return next(one for one in self.mine if one.id == self.organisation.data)


class ClaimForm(TakeForm):
    """A key, and where it goes."""

    key = StringField(
        _l("Licence key"),
        validators=[
            DataRequired(_l("Enter the licence key from your order.")),
            Length(max=200, message=_l("That is too long for a licence key.")),
        ],
        render_kw={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters", "maxlength": 200},
    )


@bp.get("/licences")
def licences() -> ResponseReturnValue:
    return licences_page(ClaimForm(_organisations(), formdata=None))


@bp.post("/licences")
@limiter.limit(lambda: settings().limit_claim, key_func=lambda: f"person:{current_user.id}")
def claim_licence() -> ResponseReturnValue:
    form = ClaimForm(_organisations())
    if form.validate_on_submit():
        try:
            licence = claim(str(form.key.data), form.chosen(), by=current_user, now=utcnow())
        except Refused as refusal:
            db.session.rollback()
            form.key.errors = [str(refusal)]
        else:
            db.session.commit()
            flash(_("The licence is yours: %(product)s, %(plan)s.", **_words(licence)), "success")
            return redirect(url_for(".licences"))
    return licences_page(form, 422)


@bp.post("/licences/<int:licence_id>/take")
@limiter.limit(lambda: settings().limit_claim, key_func=lambda: f"person:{current_user.id}")
def take_licence(licence_id: int) -> ResponseReturnValue:
    """One that is recognised by the person's address goes to their organisation, for their colleagues too."""
    now, form = utcnow(), TakeForm(_organisations())
    mine = select(Licence).where(Licence.id == licence_id, licences_of(current_user), in_force(Licence, now))
    licence = get_or_404(mine)
    try:
        if not form.validate_on_submit():
            raise Refused(_("Choose one of your organisations."))
        take(licence, form.chosen(), by=current_user, now=now)
    except Refused as refusal:
        db.session.rollback()
        flash(str(refusal), "error")
        return licences_page(ClaimForm(_organisations(), formdata=None), 422)
    db.session.commit()
    flash(_("Your organisation has the licence now: %(product)s, %(plan)s.", **_words(licence)), "success")
    return redirect(url_for(".licences"))


def licences_page(form: ClaimForm, code: int = 200) -> ResponseReturnValue:
    now = utcnow()
    products = db.session.scalars(Product.visible_to(current_user)).all()
    return render_template(
        "accounts/licences.html",
        form=form,
        holdings=holdings_of(current_user, now=now),
        organisations=_organisations(),
        entitlements=entitlements_of(current_user, products, now=now),
        sources=SOURCES,
        plan_name=lambda name: name_in(the_policy().plans, name),
        tier_name=lambda name: name_in(the_policy().tiers, name),
    ), code


def holdings_of(person: User, *, now: datetime) -> list[Holding]:
    """Everything in force that counts for this person, the strongest source first."""
    mine = select(Membership.organisation_id).where(Membership.user_id == person.id, Membership.ended_at.is_(None))
    found = [
        Holding("contract", row.reference, row.plan, row.tier, row.product, row.organisation, row.ends_at)
        for row in db.session.execute(
            _named(Contract, Contract.reference, Contract.tier).where(
                Contract.organisation_id.in_(mine), in_force(Contract, now)
            )
        )
    ]
    for row in db.session.execute(
        _named(Subscription, Subscription.reference, Subscription.tier).where(
            Subscription.organisation_id.in_(mine), in_force(Subscription, now)
        )
    ):
        source = "tier" if row.tier else "subscription"
        found.append(Holding(source, row.reference, row.plan, row.tier, row.product, row.organisation, row.ends_at))
    claimed = _named(
        Licence, Licence.id, Licence.key_hint, Licence.claimed_at, Licence.order_email, User.name.label("claimer")
    )
    for row in db.session.execute(
        claimed.outerjoin(User, User.id == Licence.claimed_by_id).where(licences_of(person), in_force(Licence, now))
    ):
        source, reference = ("licence", f"…{row.key_hint}") if row.organisation else ("order_email", row.order_email)
        found.append(
            Holding(
                source,
                reference,
                row.plan,
                None,
                row.product,
                row.organisation,
                row.ends_at,
                row.claimed_at,
                row.claimer,
                None if row.organisation else row.id,
            )
        )
    order = list(SOURCES)
    return sorted(found, key=lambda one: (order.index(one.source), one.organisation or "", one.product or ""))


def _named(table: Any, *columns: Any) -> Any:
    return (
        select(
            table.plan, table.ends_at, Product.name.label("product"), Organisation.name.label("organisation"), *columns
        )
        .outerjoin(Product, Product.id == table.product_id)
        .outerjoin(Organisation, Organisation.id == table.organisation_id)
    )


def _organisations() -> list[Organisation]:
    return list(db.session.scalars(current_user.organisations()))


def _words(licence: Licence) -> dict[str, str]:
    return {"product": licence.product.name, "plan": name_in(the_policy().plans, licence.plan)}
