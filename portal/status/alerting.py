"""What Prometheus' Alertmanager tells (webhook, version 4). All of a message is checked before any of it counts.

An alert is known by its fingerprint and when it began: told again it changes nothing, and tells nobody.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.db import db
from portal.status import raising
from portal.status.component import Component
from portal.status.incident import Incident
from portal.status.probe import Alert, AlertSource
from portal.tickets.conversation import clean

MOST = 500  # alerts in one message
LONGEST = 1_000  # characters of a label or annotation
MOST_LABELS = 64
MOST_BYTES = 1_000_000
NEVER = 1  # the year of Go's zero time: it has not ended
STATES = {"critical": ("major_outage", "major"), "warning": ("degraded_performance", "minor")}
OTHERWISE = ("partial_outage", "minor")


class NotRead(ValueError):
    """Why a message is no use: the field, and what it should be."""


@dataclass(frozen=True)
class Told:
    """One alert of a message."""

    fingerprint: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None


def read(text: bytes) -> list[Told]:
    """The alerts of a message. Raises `json.JSONDecodeError` for what is no JSON, else `NotRead`."""
    try:
        message = json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # no UTF-8, a number of thousands of digits, too deep
        raise json.JSONDecodeError(str(error), "", 0) from None
    if not isinstance(message, dict) or message.get("version") != "4":
        raise NotRead("version: '4' is read here")
    alerts = message.get("alerts")
    if not isinstance(alerts, list) or len(alerts) > MOST:
        raise NotRead(f"alerts: a list of at most {MOST}")
    return [_read_one(alert, f"alerts[{number}]") for number, alert in enumerate(alerts)]


def _read_one(alert: Any, where: str) -> Told:
    if not isinstance(alert, dict):
        raise NotRead(f"{where}: an object")
    mark, status = alert.get("fingerprint"), alert.get("status")
    if not isinstance(mark, str) or not 1 <= len(mark) <= 64 or not mark.isalnum():
        raise NotRead(f"{where}.fingerprint: 1 to 64 letters and digits")
    if status not in ("firing", "resolved"):
        raise NotRead(f"{where}.status: firing or resolved")
    starts = _moment(alert.get("startsAt"), f"{where}.startsAt")
    if starts is None:
        raise NotRead(f"{where}.startsAt: a time")
    ends = _moment(alert.get("endsAt"), f"{where}.endsAt") if alert.get("endsAt") else None
    labels = _texts(alert.get("labels", {}), f"{where}.labels")
    return Told(mark, status, labels, _texts(alert.get("annotations", {}), f"{where}.annotations"), starts, ends)


def _moment(text: Any, where: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise NotRead(f"{where}: a time as in RFC 3339") from None
    if found.year == NEVER:
        return None
    if found.tzinfo is None:
        raise NotRead(f"{where}: a time with its offset")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise NotRead(f"{where}: a time of these centuries") from None


def _texts(given: Any, where: str) -> dict[str, str]:
    fits = isinstance(given, dict) and len(given) <= MOST_LABELS
    if not fits or not all(isinstance(value, str) and len(key) <= 100 for key, value in given.items()):
        raise NotRead(f"{where}: at most {MOST_LABELS} texts by name")
    return {clean(key): clean(value)[:LONGEST] for key, value in given.items()}


def take(source: AlertSource, alerts: list[Told], *, now: datetime) -> int:
    """Keep what is new, open and end incidents by it; returns how many alerts were news. The caller holds `source`."""
    source.heard_at = now
    marks = {one.fingerprint for one in alerts}
    query = select(Alert).where(Alert.source_id == source.id, Alert.fingerprint.in_(marks))
    known = {one.fingerprint: one for one in db.session.scalars(query)}
    return sum(_take_one(source, known, told, now=now) for told in alerts)


def _take_one(source: AlertSource, known: dict[str, Alert], told: Told, *, now: datetime) -> bool:
    alert = known.get(told.fingerprint)
    if alert is None:
        if told.status == "resolved":
            return False  # nobody heard of it
        alert = known[told.fingerprint] = Alert(source_id=source.id, fingerprint=told.fingerprint)
        db.session.add(alert)
    elif told.starts_at < alert.starts_at or alert.status == "resolved" == told.status:
        return False  # on its way for long, or told again
    elif told.starts_at == alert.starts_at and (alert.status == told.status or alert.status == "resolved"):
        alert.heard_at = now
        return False
    was_firing = alert.status == "firing"
    alert.status, alert.labels, alert.annotations = told.status, dict(told.labels), dict(told.annotations)
    alert.starts_at, alert.ends_at, alert.heard_at = told.starts_at, told.ends_at, now
    if told.status == "resolved":
        _end(alert, now=now)
    elif not was_firing:
        _begin(source, alert, now=now)
    db.session.flush()
    return True


def _begin(source: AlertSource, alert: Alert, *, now: datetime) -> None:
    db.session.flush()
    if source.opens == "nothing":
        return
    component = component_of(source, alert)
    if component is None and (open_one := draft_of(source)):
        alert.incident_id = open_one.id
        return
    state, impact = STATES.get(alert.labels.get("severity", ""), OTHERWISE)
    title = alert.annotations.get("summary") or alert.labels.get("alertname") or _("An alert")
    raised = raising.raise_incident(
        component,
        title=title,
        body=alert.annotations.get("description") or title,
        state=state,
        impact=impact,
        source="alert",
        key=f"alert.{alert.id}.{alert.starts_at.isoformat()}",
        rule=source.opens,
        now=now,
    )
    alert.incident_id = raised.id if raised else None


def draft_of(source: AlertSource) -> Incident | None:
    """The draft that holds this source's alerts about no component of ours: one, however many there are."""
    query = select(Incident).join(Alert, Alert.incident_id == Incident.id).where(Alert.source_id == source.id)
    still_draft = (Incident.is_draft, Incident.resolved_at.is_(None), ~Incident.claims.any())
    return db.session.scalar(query.where(*still_draft).order_by(Incident.id.desc()).limit(1))


def _end(alert: Alert, *, now: datetime) -> None:
    if alert.incident_id is not None:
        incident = db.session.get(Incident, alert.incident_id, with_for_update={"of": Incident})
        if incident:
            raising.settle(incident, source="alert", now=now)


def component_of(source: AlertSource, alert: Alert) -> Component | None:
    """The one that its label `component` names, else the source's."""
    slug = alert.labels.get("component")
    named = select(Component).where(Component.slug == slug, Component.archived_at.is_(None))
    found = db.session.scalar(named) if slug else None
    return found or (db.session.get(Component, source.component_id) if source.component_id else None)
