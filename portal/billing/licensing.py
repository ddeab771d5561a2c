"""Licences as their organisations and the vendor's bookkeepers see them: which there are, and how they stand."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts import issuing
from portal.accounts.licences import Licence
from portal.accounts.people import Organisation, User
from portal.accounts.texts import N_
from portal.billing import telling
from portal.billing.account import is_bookkeeper
from portal.billing.accounts import look
from portal.mail import compose

STATES = RUNNING, COMING, ENDED, REVOKED, REPLACED = ("running", "coming", "ended", "revoked", "replaced")
REISSUED = N_("%(product)s: the licence key …%(old)s has been replaced")
TAKEN = N_("%(product)s: the licence …%(hint)s has been revoked")


def licences_in(organisation: Organisation) -> Select[Licence]:
    """What the organisation holds and held; keys that were replaced aren't licences of their own to their holder."""
    mine = (Licence.organisation_id == organisation.id, Licence.replaced_by_id.is_(None))
    return select(Licence).where(*mine).options(joinedload(Licence.product)).order_by(Licence.id.desc())


def state_of(now: datetime) -> ColumnElement[str]:
    """One of STATES."""
    return case(
        (Licence.replaced_by_id.is_not(None), REPLACED),
        (Licence.revoked_at.is_not(None), REVOKED),
        (and_(Licence.ends_at.is_not(None), Licence.ends_at <= now), ENDED),
        (Licence.starts_at > now, COMING),
        else_=RUNNING,
    )


def listed(person: Any, now: datetime, *, text: str = "", state: str = "") -> Select[Any]:
    """(licence, its state) for bookkeepers, who see all; the newest first."""
    stands = state_of(now).label("state")
    query: Any = select(Licence, stands).outerjoin(Organisation, Organisation.id == Licence.organisation_id)
    if not is_bookkeeper(person):
        query = query.where(Licence.id < 0)
    if text:
        hint = text.strip().lstrip("…").upper()
        known = (Organisation.name, Licence.licensed_to, Licence.order_email)
        fits = [column.icontains(text, autoescape=True) for column in known]
        query = query.where(or_(*fits, Licence.key_hint == hint[-issuing.HINT :]))
    if state in STATES:
        query = query.where(stands == state)
    shown = (joinedload(Licence.product), joinedload(Licence.organisation), joinedload(Licence.sold_by))
    found: Select[Any] = query.options(*shown).order_by(Licence.id.desc())
    return found


def reissue(licence: Licence, *, reason: str, by: User, now: datetime) -> str:
    """A new key, told to those who look after the organisation's money. The key itself is in no mail."""
    old = licence.key_hint
    key = issuing.reissue(licence, reason=reason, by=by, now=now)
    _tell(licence, REISSUED, reason=reason, by=by, now=now, old=old)
    return key


def revoke(licence: Licence, *, reason: str, by: User, now: datetime) -> None:
    issuing.revoke(licence, reason=reason, by=by, now=now)
    _tell(licence, TAKEN, reason=reason, by=by, now=now)


def _tell(licence: Licence, subject: str, *, reason: str, by: User, now: datetime, **more: Any) -> None:
    if licence.organisation is None:
        return
    for email, lang, zone in telling.told(look(licence.organisation), telling.CHANGES):
        compose(
            email,
            "billing/mail/licence",
            subject,
            locale=lang,
            zone=zone,
            is_revoked=subject == TAKEN,
            product=licence.product.name,
            hint=licence.key_hint,
            who=by.display_name,
            reason=reason,
            organisation=licence.organisation.name,
            address=telling.address_of(licence.organisation_id, "licences"),
            **more,
        )
