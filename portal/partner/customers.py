"""Whom a reseller sells to: noted, changed, ended, and taken up again."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, joinedload

from portal.accounts.consenting import close_questions, hold, in_force
from portal.accounts.partnership import Consent, PartnerCustomer
from portal.accounts.people import Organisation, User
from portal.accounts.recognising import customer_by
from portal.audit import note
from portal.billing.accounts import new_public_id
from portal.db import db
from portal.errors import Refused

STATES = NOT_ASKED, ASKED, UNANSWERED, GIVEN, REFUSED, WITHDRAWN, OVER = (
    *("none", "asked", "unanswered", "given"),
    *("refused", "withdrawn", "over"),
)
UNDO_WITHIN = timedelta(days=1)
Shown = aliased(Consent)


def add(reseller: Organisation, *, by: User, now: datetime, **about: Any) -> PartnerCustomer:
    """Note a customer: `name`, `email`, `note`, `starts_at`, `ends_at`. Raises `Refused` for a known address."""
    row = PartnerCustomer(
        public_id=new_public_id(), reseller_id=reseller.id, created_by_id=by.id, **about | {"email": _spelt(about)}
    )
    row.customer_id = customer_by(row.email, reseller_id=reseller.id)
    _save(row, row.email)
    _note("partner.customer_added", row, by=by, now=now)
    return row


def change(row: PartnerCustomer, *, by: User, now: datetime, **about: Any) -> None:
    """Write it anew. Questions to an address that was changed can't be answered any more."""
    hold(row)
    email = _spelt(about)
    if email != row.email:
        close_questions(row, now=now)
        if not _ever_given(row):
            row.customer_id = customer_by(email, reseller_id=row.reseller_id)
    if _is_over(row, now) and not (about["ends_at"] and about["ends_at"] <= now):
        _take_up(row, now=now)
    _save(row, email, **about | {"email": email})
    _note("partner.customer_changed", row, by=by, now=now)


def end(row: PartnerCustomer, *, by: User, now: datetime) -> None:
    """The reseller no longer sells to them, and acts for them no more."""
    hold(row)
    if _is_over(row, now):
        raise Refused(_("That is over already."))
    row.ends_at = now
    close_questions(row, now=now)
    _note("partner.customer_ended", row, by=by, now=now)


def reopen(row: PartnerCustomer, *, by: User, now: datetime) -> None:
    """Take it up again. Within a day that undoes the end; later the customer has to be asked anew."""
    hold(row)
    if not _is_over(row, now):
        raise Refused(_("That goes on anyway."))
    _take_up(row, now=now)
    row.ends_at = None
    _note("partner.customer_reopened", row, by=by, now=now)


def listed(query: Select[Any], now: datetime, *, text: str = "", state: str = "", sort: str = "name") -> Select[Any]:
    """(customer, the consent that counts, its state) for each of `query`: of several consents the one in force, else
    the last."""
    forced = _last().where(_holds(Consent, now)).scalar_subquery()
    query = query.outerjoin(Shown, Shown.id == func.coalesce(forced, _last().scalar_subquery()))
    stands = state_of(now)
    if text:
        query = query.where(
            or_(*(of.icontains(text, autoescape=True) for of in (PartnerCustomer.name, PartnerCustomer.email)))
        )
    if state in STATES:
        query = query.where(stands == state)
    orders = {"name": func.lower(PartnerCustomer.name), "email": PartnerCustomer.email, "state": stands}
    order = orders.get(sort, PartnerCustomer.starts_at.desc())
    query = query.options(joinedload(PartnerCustomer.customer))
    return query.add_columns(Shown, stands.label("state")).order_by(order, PartnerCustomer.id)


def state_of(now: datetime) -> ColumnElement[str]:
    """One of STATES, for the consent beside the customer."""
    relation_over = and_(PartnerCustomer.ends_at.is_not(None), PartnerCustomer.ends_at <= now)
    return case(
        (Shown.id.is_(None), NOT_ASKED),
        (and_(_holds(Shown, now), ~relation_over), GIVEN),
        (Shown.withdrawn_at.is_not(None), WITHDRAWN),
        (Shown.refused_at.is_not(None), REFUSED),
        (Shown.given_at.is_not(None), OVER),
        (Shown.asked_until > now, ASKED),
        else_=UNANSWERED,
    )


def _holds(consent: Any, now: datetime) -> ColumnElement[bool]:
    over = or_(consent.ends_at.is_(None), consent.ends_at > now)
    return and_(true(), consent.given_at <= now, consent.withdrawn_at.is_(None), over)


def _last() -> Select[Any]:
    return select(func.max(Consent.id)).where(Consent.relation_id == PartnerCustomer.id).correlate(PartnerCustomer)


def _spelt(about: dict[str, Any]) -> str:
    return str(about["email"]).lower()


def _save(row: PartnerCustomer, address: str, **values: Any) -> None:
    """The database decides of two at once."""
    try:
        with db.session.begin_nested():
            for name, value in values.items():
                setattr(row, name, value)
            db.session.add(row)
            db.session.flush()
    except IntegrityError:
        raise Refused(_("%(email)s is among your customers already.", email=address)) from None


def _is_over(row: PartnerCustomer, now: datetime) -> bool:
    return row.ends_at is not None and row.ends_at <= now


def _ever_given(row: PartnerCustomer) -> bool:
    given = select(Consent.id).where(Consent.relation_id == row.id, Consent.given_at.is_not(None))
    return db.session.scalar(given.limit(1)) is not None


def _take_up(row: PartnerCustomer, *, now: datetime) -> None:
    """What the customer agreed to ended with the relation, but for one that was ended by mistake."""
    if row.ends_at is not None and now - row.ends_at > UNDO_WITHIN:
        stale = in_force(row, now=now).with_only_columns(Consent.id)
        db.session.execute(update(Consent).where(Consent.id.in_(stale)).values(ends_at=row.ends_at))


def _note(kind: str, row: PartnerCustomer, *, by: User, now: datetime) -> None:
    note(kind, by=by, now=now, partner_id=row.reseller_id, subject=f"relation:{row.public_id}", name=row.name)
