"""The worker's rounds of looks: who is due, a second try before anything counts, and what follows from it.

No transaction is open while somebody is looked at. A round that dies costs its looks and nothing else: whoever is due
is claimed for one interval only.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from flask import Flask
from flask_babel import gettext as _
from huey import crontab
from sqlalchemy import delete, or_, select

from portal.db import db, utcnow, writing
from portal.status import raising
from portal.status.component import Component, new_public_id
from portal.status.incident import Incident
from portal.status.looking import Look, Sight, look
from portal.status.probe import Probe, ProbeResult
from portal.web import settings

log = logging.getLogger(__name__)

AT_ONCE = 200  # probes in one round
ABREAST = 50  # looks at the same time
TRY_AGAIN_AFTER = 5.0  # seconds
RECOVERS = 3  # looks in a row that find it well
FLAPPING_RECOVERS = 10  # where it failed again soon after
SLACK = timedelta(seconds=20)  # rounds begin some seconds sooner or later
LONGEST_EVERY = timedelta(days=1)
LATE = timedelta(minutes=10)  # that a look may be behind before somebody should know
HEARD_AT_MOST_EVERY = timedelta(seconds=5)
HEARTBEAT = "heartbeat"


def go_round(*, wait: Callable[[float], None] = time.sleep, again_after: float = TRY_AGAIN_AFTER) -> int:
    """Look at all that are due; returns how many. What fails is tried once more before it counts."""
    due = claim_due(now=utcnow())
    sights = look_at(due)
    failed = {probe_id: due[probe_id] for probe_id, sight in sights.items() if not sight.is_up}
    note_all({probe_id: sight for probe_id, sight in sights.items() if sight.is_up})
    if failed:
        wait(again_after)
        note_all(look_at(failed))
    silent = note_silent(now=utcnow())
    return len(due) + silent


def claim_due(*, now: datetime) -> dict[int, Look]:
    """Take those that are due for this round, so that no other looks too. A clock that was set back stops none."""
    with writing():
        is_due = or_(Probe.next_at <= now + SLACK, Probe.next_at > now + 2 * LONGEST_EVERY)
        query = select(Probe).where(Probe.is_on, Probe.kind != HEARTBEAT, is_due).order_by(Probe.next_at, Probe.id)
        found = db.session.scalars(query.limit(AT_ONCE).with_for_update(skip_locked=True)).all()
        inside = settings().probes_inside
        looks = {one.id: Look(one.kind, one.target, dict(one.asks), one.patience, inside) for one in found}
        for one in found:
            one.next_at = now + timedelta(seconds=one.every)
        db.session.commit()
    return looks


def look_at(looks: Mapping[int, Look]) -> dict[int, Sight]:
    if not looks:
        return {}
    with ThreadPoolExecutor(min(ABREAST, len(looks)), thread_name_prefix="probe") as pool:
        return dict(zip(looks, pool.map(look, looks.values()), strict=True))


def note_all(sights: Mapping[int, Sight]) -> None:
    """Keep what was found, each in a transaction of its own."""
    for probe_id, sight in sights.items():
        _attempt(probe_id, lambda probe, sight=sight: note(probe, sight, now=utcnow()))  # type: ignore[misc]


def note_silent(*, now: datetime) -> int:
    """Those whose heartbeat hasn't come in time; returns how many."""
    query = select(Probe).where(Probe.is_on, Probe.kind == HEARTBEAT, Probe.next_at <= now).order_by(Probe.id)
    ids = [one.id for one in db.session.scalars(query).all()]
    db.session.rollback()
    for probe_id in ids:
        _attempt(probe_id, lambda probe: note_silence(probe, now=now))
    return len(ids)


def _attempt(probe_id: int, act: Callable[[Probe], None]) -> None:
    try:
        with writing():
            probe = db.session.get(Probe, probe_id, with_for_update={"of": Probe})
            if probe and probe.is_on:
                act(probe)
            db.session.commit()
    except Exception as error:
        db.session.rollback()
        log.error("what a probe found could not be kept", extra={"probe": probe_id}, exc_info=error)


def note_silence(probe: Probe, *, now: datetime) -> None:
    if probe.next_at > now:  # heard meanwhile
        return
    probe.next_at = now + timedelta(seconds=probe.every)
    note(probe, Sight(False, None, "silent"), now=now)


def hear(probe: Probe, *, now: datetime) -> None:
    """A heartbeat. Whoever sends them faster than is of use is heard once in a few seconds."""
    if probe.looked_at and timedelta(0) <= now - probe.looked_at < HEARD_AT_MOST_EVERY:
        return
    probe.next_at = now + timedelta(seconds=probe.every + probe.patience)
    note(probe, Sight(True, None), now=now)


def note(probe: Probe, sight: Sight, *, now: datetime) -> None:
    """One result, what it makes of the probe, and what follows for the component."""
    kept = {"is_up": sight.is_up, "latency_ms": sight.latency_ms, "found": sight.found[:200]}
    db.session.add(ProbeResult(probe_id=probe.id, at=now, **kept))
    if sight.is_up or probe.kind != HEARTBEAT:
        probe.looked_at = now
    probe.passes, probe.fails = (probe.passes + 1, 0) if sight.is_up else (0, probe.fails + 1)
    state = damped(probe)
    if state != probe.state:
        probe.state, probe.changed_at = state, now
    follow(probe, sight.found, now=now)


def damped(probe: Probe) -> str:
    """Down after one failure, for it was tried twice; up only after several looks in a row, more where it flaps."""
    if probe.fails:
        return "down"
    if probe.state == "down" and probe.kind != HEARTBEAT:
        flaps = probe.incident is not None and len(probe.incident.updates) > 2
        return "up" if probe.passes >= (FLAPPING_RECOVERS if flaps else RECOVERS) else "down"
    return "up"


def follow(probe: Probe, found: str, *, now: datetime) -> None:
    """Open what the rule says, once for each time that it is down; end it when it is up."""
    if probe.state == "down" and probe.incident_id is None and probe.opens != "nothing" and found:
        component = probe.component
        title = probe.asks.get("title") or _("%(component)s does not answer", component=raising.title_of(component))
        raised = raising.raise_incident(
            component,
            title=title,
            body=_("Our monitoring noticed a problem. We are looking into it."),
            state=probe.gives,
            impact=probe.impact,
            source="probe",
            key=f"probe.{probe.id}.{new_public_id()}",
            rule=probe.opens,
            now=now,
        )
        probe.incident_id = raised.id if raised else None
    elif probe.state == "up" and probe.incident_id is not None:
        incident = db.session.get(Incident, probe.incident_id, with_for_update={"of": Incident})
        if incident and probe.asks.get("resolves", True):
            raising.settle(incident, source="probe", now=now)
        probe.incident_id = None


def overdue(*, now: datetime) -> list[str]:
    """The names of probes that should have been looked at long ago. Heartbeats wait to be heard, so never those."""
    query = select(Probe.name).where(Probe.is_on, Probe.kind != HEARTBEAT, Probe.next_at < now - LATE)
    return list(db.session.scalars(query.order_by(Probe.next_at, Probe.id)))


def new_token() -> tuple[str, str]:
    """A secret for an address, and what is kept of it."""
    token = secrets.token_urlsafe(24)
    return token, hashed(token)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def latest(ids: Iterable[int], most: int = 60) -> dict[int, list[ProbeResult]]:
    """The newest results of each, oldest first."""
    found: dict[int, list[ProbeResult]] = {}
    for probe_id in ids:
        query = select(ProbeResult).filter_by(probe_id=probe_id).order_by(ProbeResult.at.desc(), ProbeResult.id.desc())
        found[probe_id] = list(reversed(db.session.scalars(query.limit(most)).all()))
    return found


def components() -> list[Component]:
    query = select(Component).where(Component.archived_at.is_(None)).order_by(Component.position, Component.id)
    return list(db.session.scalars(query))


def forget_results(*, now: datetime) -> int:
    """Remove results that are older than `probes_kept_days`; returns how many."""
    old = ProbeResult.at < now - timedelta(days=settings().probes_kept_days)
    return len(db.session.execute(delete(ProbeResult).where(old).returning(ProbeResult.id)).all())


def init_probing(app: Flask) -> None:
    """A round each minute, in a thread of its own: who hangs keeps no other work waiting."""
    busy = threading.Lock()

    def go() -> None:
        try:
            with app.app_context():
                go_round()
        except Exception as error:
            log.error("a round of probes failed", exc_info=error)
        finally:
            busy.release()

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="calm")
    def settle_each_minute() -> None:
        with app.app_context():
            raising.settle_calm(now=utcnow())

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="probe")
    def probe_each_minute() -> None:
        if busy.acquire(blocking=False):
            threading.Thread(target=go, name="probes", daemon=True).start()
