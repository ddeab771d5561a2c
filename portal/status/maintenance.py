"""Planned maintenance: announced, reminded of, and gone through by itself from its beginning to its end."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from huey import crontab
from sqlalchemy import or_, select

from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.policies import the_policy
from portal.sla.uptime import Interval
from portal.status import reporting, telling
from portal.status.component import MAINTENANCE as UNDER_MAINTENANCE
from portal.status.component import OPERATIONAL
from portal.status.incident import MAINTENANCE, Incident
from portal.tickets.conversation import one_line
from portal.web import settings

log = logging.getLogger(__name__)

LONGEST = timedelta(days=7)
UNDER_WAY = ("scheduled", "in_progress", "verifying")


def schedule(
    *,
    title: str,
    body: str,
    starts: datetime,
    ends: datetime,
    components: Iterable[int],
    by: User | None,
    now: datetime,
    form_key: str,
    notify: bool = True,
) -> Incident:
    """Announce a maintenance of these components. Raises `Refused`; a form sent twice breaks a constraint."""
    title = one_line(title)[:200]
    if not title:
        raise Refused(_("Give it a title."))
    if not now < starts < ends <= starts + LONGEST:
        raise Refused(_("It begins in the future, ends after that, and lasts a week at most."))
    planned = Incident(
        kind=MAINTENANCE,
        title=title,
        impact="maintenance",
        status="scheduled",
        began_at=starts,
        scheduled_for=starts,
        scheduled_until=ends,
        announced_at=now,
        created_by_id=by.id if by else None,
        created_at=now,
        updated_at=now,
        form_key=form_key,
    )
    db.session.add(planned)
    db.session.flush()
    reporting.note("opened", incident=planned, by=by, now=now)
    touched = dict.fromkeys(components, OPERATIONAL)
    first = f"{form_key[:62]}.1"
    given = {"by": by, "now": now, "form_key": first, "notify": notify}
    reporting.add_update(planned, status="scheduled", body=body, components=touched, **given)  # type: ignore[arg-type]
    return planned


def reschedule(
    planned: Incident,
    *,
    starts: datetime,
    ends: datetime,
    body: str,
    by: User | None,
    now: datetime,
    form_key: str,
    notify: bool = True,
) -> None:
    """Other times, told as an update and in every calendar. Raises `Refused` once it has begun.

    The notice that contracts ask for counts from now on, unless the new times lie within the old ones: those were
    announced already.
    """
    if planned.status != "scheduled":
        raise Refused(_("It has begun. Its times can’t be changed any more."))
    if not now < starts < ends <= starts + LONGEST:
        raise Refused(_("It begins in the future, ends after that, and lasts a week at most."))
    old_start, old_end = planned.scheduled_for, planned.scheduled_until
    assert old_start is not None and old_end is not None
    if (starts, ends) == (old_start, old_end):
        raise Refused(_("These are its times already."))
    if starts < old_start or ends > old_end:
        planned.announced_at = now
    planned.scheduled_for = planned.began_at = starts
    planned.scheduled_until, planned.reminded_at = ends, None
    planned.ics_sequence += 1
    starts_before, ends_before = old_start.isoformat(), old_end.isoformat()
    reporting.note("rescheduled", incident=planned, by=by, now=now, starts=starts_before, ends=ends_before)
    given = {"by": by, "now": now, "form_key": form_key, "notify": notify}
    reporting.add_update(planned, status="scheduled", body=body, components={}, **given)  # type: ignore[arg-type]


def hurry(planned: Incident, *, by: User | None, now: datetime) -> str:
    """Begin before its time, or end the work before its time; returns the new status. Raises `Refused`.

    What is done outside the announced times counts as downtime for contracts (`uptime_reports`).
    """
    following = {
        "scheduled": ("in_progress", _("The maintenance has begun.")),
        "in_progress": ("verifying", _("The work is done. We check that all is well.")),
        "verifying": ("completed", _("The maintenance is over.")),
    }
    if planned.status not in following:
        raise Refused(_("This maintenance is over already."))
    status, said = following[planned.status]
    _step(planned, status, said, now, now, by=by)
    reporting.note("hurried", incident=planned, by=by, now=now, status=status)
    return status


def is_short_notice(starts: datetime, ends: datetime, *, announced: datetime) -> bool:
    """Whether contracts count it as downtime, by the notice that the policy asks for."""
    terms = the_policy().uptime
    return terms is not None and not Interval("maintenance", starts, ends, announced).is_excluded(terms)


def go_on(*, now: datetime) -> int:
    """Begin what is to begin, check what has ended, close what was checked, and remind of what is near. Returns how
    many were touched. Each in a transaction of its own; after a rest the steps that were missed come one by one."""
    soon = now + timedelta(hours=settings().status_remind_hours)
    is_due = or_(Incident.scheduled_for <= soon, Incident.status != "scheduled")
    query = select(Incident.id).where(Incident.kind == MAINTENANCE, Incident.status.in_(UNDER_WAY), is_due)
    touched = 0
    for number in db.session.scalars(query.order_by(Incident.scheduled_for, Incident.id)).all():
        try:
            with writing(), force_locale(settings().default_locale):
                held = select(Incident).where(Incident.id == number).with_for_update(of=Incident)
                planned = db.session.scalars(held.execution_options(populate_existing=True)).one()
                touched += _take_steps(planned, now)
                db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("a maintenance could not go on", extra={"incident": number}, exc_info=error)
    return touched


def _take_steps(planned: Incident, now: datetime) -> bool:
    begins, ends = planned.scheduled_for, planned.scheduled_until
    assert begins is not None and ends is not None
    checked = ends + timedelta(minutes=settings().status_verify_minutes)
    steps = (
        ("scheduled", "in_progress", begins, _("The maintenance has begun.")),
        ("in_progress", "verifying", ends, _("The work is done. We check that all is well.")),
        ("verifying", "completed", checked, _("The maintenance is over.")),
    )
    before = planned.status
    for old, new, at, said in steps:
        if planned.status == old and at <= now:
            _step(planned, new, said, at, now)
    near = begins - timedelta(hours=settings().status_remind_hours)
    if planned.status == "scheduled" and planned.reminded_at is None and near <= now:
        planned.reminded_at = now
        if planned.announced_at is None or planned.announced_at < near:  # else it has just been told
            telling.remind(planned.updates[-1], now=now)
        return True
    return planned.status != before


def _step(planned: Incident, status: str, said: str, at: datetime, now: datetime, *, by: User | None = None) -> None:
    """One step, told as of the moment that was planned, or right after what was said last."""
    moment = max(at, planned.updates[-1].at) if planned.updates else at
    state = UNDER_MAINTENANCE if status == "in_progress" else OPERATIONAL
    touched = {claim.component_id: state for claim in planned.claims} if status != "verifying" else {}
    key = f"{planned.public_id}.{status}"
    reporting.add_update(planned, status=status, body=said, components=touched, by=by, now=now, at=moment, form_key=key)


def init_maintenance(app: Flask) -> None:
    """Put it into the queue, once a minute."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="maintenance")
    def go_on_every_minute() -> None:
        with app.app_context():
            go_on(now=utcnow())
