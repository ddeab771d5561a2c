"""Licences that run out: who holds them is told some days before, for each of those days once."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from huey import crontab
from sqlalchemy import select

from portal.accounts.forms import known_by
from portal.accounts.licences import Licence
from portal.accounts.texts import N_
from portal.audit import AuditEntry, note
from portal.billing import telling
from portal.billing.accounts import look
from portal.db import db, utcnow, writing
from portal.formats import when_day
from portal.mail import compose
from portal.policies import the_policy
from portal.web import is_zone, settings

TOLD = "licence.ending"
ENDING = N_("%(product)s: the licence …%(hint)s ends on %(day)s")


def init_expiring(app: Flask) -> None:
    """Once a night."""

    @app.extensions["queue"].periodic_task(crontab(hour="5", minute="31"), name="tell_of_ending_licences")
    def each_night() -> None:
        with app.app_context(), writing():
            tell_of_endings(now=utcnow())
            db.session.commit()


def tell_of_endings(*, now: datetime) -> int:
    """A mail for each licence that came to one of the days; a night without a worker makes it later, and two days at
    once one mail. The log says what was told: a licence that is prolonged has days of its own. How many."""
    days = sorted(int(day) for day in settings().licence_days)
    if not days:
        return 0
    soon = (Licence.ends_at > now, Licence.ends_at <= now + timedelta(days=days[-1] + 1))
    query = select(Licence).where(*soon, Licence.revoked_at.is_(None)).order_by(Licence.id)
    sent = 0
    for licence in db.session.scalars(query.with_for_update()):
        last = _last_day(licence)
        left = (last - now.astimezone(ZoneInfo(the_policy().zone)).date()).days
        due = next((day for day in days if left <= day), None)
        subject = f"licence:{licence.id}:{last.isoformat()}"
        if due is None or _was_told(subject, due):
            continue
        _tell(licence)
        hint = f"…{licence.key_hint}"
        about: dict[str, Any] = {
            "organisation_id": licence.organisation_id,
            "subject": subject,
            "hint": hint,
            "days": due,
        }
        note(TOLD, by=None, now=now, **about)
        sent += 1
    return sent


def _last_day(licence: Licence) -> date:
    assert licence.ends_at is not None
    return (licence.ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(the_policy().zone)).date()


def _was_told(subject: str, day: int) -> bool:
    told = select(AuditEntry.detail).where(AuditEntry.kind == TOLD, AuditEntry.subject == subject)
    return any(detail.get("days", -1) <= day for detail in db.session.scalars(told))


def _tell(licence: Licence) -> None:
    """The organisation's owners and billing contacts; the address of the order while nobody has claimed it."""
    day = telling.Said(lambda: when_day(_last_day(licence)))
    about: dict[str, Any] = {"product": licence.product.name, "hint": licence.key_hint, "day": day}
    if licence.organisation is not None:
        place = telling.address_of(licence.organisation_id, "licences")
        takers = list(telling.told(look(licence.organisation), telling.CHANGES))
    else:
        place, takers = f"{settings().base_url.rstrip('/')}/account/licences", _by_order(licence)
    for email, lang, zone in takers:
        compose(email, "billing/mail/ending", ENDING, locale=lang, zone=zone, address=place, **about)


def _by_order(licence: Licence) -> list[tuple[str, str, str]]:
    if licence.order_email is None:
        return []
    person = known_by(licence.order_email)
    locale, zone = (person.locale, person.zone) if person else (None, None)
    lang = locale if locale in settings().languages else settings().default_locale
    return [(licence.order_email, str(lang), str(zone if is_zone(zone) else settings().default_zone))]
