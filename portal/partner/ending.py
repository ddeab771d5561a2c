"""Partnerships that run out: their people are told some days before, each day's mail once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from huey import crontab
from sqlalchemy import select

from portal.accounts.partnership import APPROVED, Partner
from portal.audit import AuditEntry, note
from portal.db import db, utcnow, writing
from portal.partner.letters import tell_ending
from portal.policies import the_policy
from portal.web import settings

TOLD = "partner.ending"


def init_ending(app: Flask) -> None:
    """Once a night."""

    @app.extensions["queue"].periodic_task(crontab(hour="5", minute="21"), name="tell_of_ending_partnerships")
    def each_night() -> None:
        with app.app_context(), writing():
            tell_of_endings(now=utcnow())
            db.session.commit()


def tell_of_endings(*, now: datetime) -> int:
    """A mail for each partnership that came to one of the days. A night without a worker makes it later, and two days
    at once one mail. The log says what was told: a contract that is prolonged has days of its own. How many."""
    days = sorted(int(day) for day in settings().partner_days)
    running = select(Partner).where(Partner.state == APPROVED, Partner.ends_at.is_not(None)).order_by(Partner.id)
    sent = 0
    for partner in db.session.scalars(running.with_for_update()):
        left = _days_left(partner, now)
        due = next((day for day in days if left <= day), None)
        if due is None or left < 0 or _was_told(partner, due):
            continue
        tell_ending(partner, left)
        note(TOLD, by=None, now=now, organisation_id=partner.organisation_id, subject=_subject(partner), days=due)
        sent += 1
    return sent


def _days_left(partner: Partner, now: datetime) -> int:
    """Until the last day, in the vendor's zone; 0 on it, negative behind the end."""
    assert partner.ends_at is not None
    zone = ZoneInfo(the_policy().zone)
    if partner.ends_at <= now:
        return -1
    last = partner.ends_at - timedelta(microseconds=1)
    return (last.astimezone(zone).date() - now.astimezone(zone).date()).days


def _was_told(partner: Partner, day: int) -> bool:
    told = select(AuditEntry.detail).where(
        AuditEntry.kind == TOLD,
        AuditEntry.organisation_id == partner.organisation_id,
        AuditEntry.subject == _subject(partner),
    )
    return any(detail.get("days", -1) <= day for detail in db.session.scalars(told))


def _subject(partner: Partner) -> str:
    assert partner.ends_at is not None
    return f"partner:{partner.id}:{partner.ends_at:%Y-%m-%d}"
