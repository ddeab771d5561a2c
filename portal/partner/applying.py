"""Becoming a partner, and what the vendor decides about it: approved, declined, suspended, resumed, ended."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.accounts.partnership import APPLIED, APPROVED, DECLINED, ENDED, SUSPENDED, Partner
from portal.accounts.people import Organisation, User
from portal.audit import note
from portal.db import db
from portal.errors import Refused
from portal.policies import the_policy

# What can be decided, and where it leads: act -> (from which states, to which).
ACTS = {
    "approve": ((APPLIED, DECLINED, ENDED), APPROVED, "partner.approved"),
    "decline": ((APPLIED,), DECLINED, "partner.declined"),
    "suspend": ((APPROVED,), SUSPENDED, "partner.suspended"),
    "resume": ((SUSPENDED,), APPROVED, "partner.resumed"),
    "end": ((APPROVED, SUSPENDED), ENDED, "partner.ended"),
}


def partner_of(organisation: Organisation) -> Partner | None:
    return db.session.scalar(select(Partner).where(Partner.organisation_id == organisation.id))


def may_apply(partner: Partner | None, organisation: Organisation) -> bool:
    """Who is none, or no longer one, and doesn't wait for an answer."""
    return not organisation.is_reseller if partner is None else partner.state in (DECLINED, ENDED)


def apply(organisation: Organisation, application: dict[str, str], *, by: User, now: datetime) -> Partner:
    """Ask to become a partner. Of two at once the database lets one through."""
    partner = partner_of(organisation)
    if not may_apply(partner, organisation):
        raise Refused(_("%(organisation)s has applied already.", organisation=organisation.name))
    partner = partner or Partner(organisation_id=organisation.id)
    try:
        with db.session.begin_nested():
            partner.state, partner.application, partner.reason = APPLIED, application, ""
            partner.applied_at, partner.applied_by_id, partner.decided_at, partner.decided_by_id = (
                now,
                by.id,
                None,
                None,
            )
            db.session.add(partner)
            db.session.flush()
    except IntegrityError:
        raise Refused(_("%(organisation)s has applied already.", organisation=organisation.name)) from None
    _note("partner.applied", partner, by=by, now=now)
    return partner


def decide(partner: Partner, act: str, *, reason: str = "", by: User, now: datetime, **terms: Any) -> None:
    """One of ACTS; approving takes `terms`. Whoever comes second is refused."""
    states, state, kind = ACTS[act]
    taken = update(Partner).where(Partner.id == partner.id, Partner.state.in_(states))
    values = {"state": state, "reason": reason, "decided_at": now, "decided_by_id": by.id}
    if db.session.execute(taken.values(**values).returning(Partner.id)).first() is None:
        raise Refused(_("That has been decided already."))
    db.session.expire(partner)
    if act == "approve":
        set_terms(partner, **terms)
    if act == "end":
        partner.ends_at = min(partner.ends_at or now, now)
    partner.organisation.is_reseller = state in (APPROVED, SUSPENDED)
    _note(kind, partner, by=by, now=now, **({"reason": reason} if reason else {}))
    db.session.flush()


def change_terms(partner: Partner, *, by: User, now: datetime, **terms: Any) -> None:
    if partner.state not in (APPROVED, SUSPENDED):
        raise Refused(_("Only partners have terms."))
    set_terms(partner, **terms)
    _note("partner.terms", partner, by=by, now=now)
    db.session.flush()


def set_terms(partner: Partner, *, level: str, reference: str, starts_at: datetime, ends_at: datetime | None) -> None:
    resellers = the_policy().resellers
    if level and (resellers is None or level not in resellers.levels):
        raise Refused(_("The policy has no such level."))
    partner.level, partner.reference, partner.starts_at, partner.ends_at = level, reference, starts_at, ends_at


def _note(kind: str, partner: Partner, *, by: User, now: datetime, **detail: Any) -> None:
    note(kind, by=by, now=now, organisation_id=partner.organisation_id, subject=f"partner:{partner.id}", **detail)
