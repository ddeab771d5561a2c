"""Incidents that nobody wrote by hand: opened once for a component that isn't well, ended when all is well again."""

from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.db import db, writing
from portal.status import reporting
from portal.status.component import MAINTENANCE, OPERATIONAL, Component, new_public_id
from portal.status.incident import INCIDENT, OVER, Incident, IncidentComponent, IncidentUpdate
from portal.status.probe import Alert, Probe
from portal.web import settings

CALM_FOR = timedelta(minutes=10)  # of what came and went: until it counts as over
AGAIN = ".again"
FLAPS_WITHIN = timedelta(minutes=30)  # what fails again so soon is the same incident
RULES = ("draft", "incident", "nothing")


def title_of(component: Component) -> str:
    titles = component.titles
    return str(titles.get(settings().default_locale) or next(iter(titles.values()), component.slug))


def raise_incident(
    component: Component | None,
    *,
    title: str,
    body: str,
    state: str,
    impact: str,
    source: str,
    key: str,
    rule: str,
    now: datetime,
) -> Incident | None:
    """The incident for it: one that is open already, one that just ended, or a new one. None while it is worked on.

    Without a component it would be shown to everybody, so then it is a draft.
    """
    if component is None:
        return new_incident({}, title, body, impact, source, key, is_draft=True, now=now)
    if component.state == MAINTENANCE:
        return None
    known = latest_about(component.id)
    if known and not known.is_over:
        return known
    if known and known.source == source and known.resolved_at and known.resolved_at > now - FLAPS_WITHIN:
        reporting.add_update(
            known,
            status="investigating",
            body=body,
            components={component.id: state},
            by=None,
            now=reporting.not_before(known, now),
            form_key=f"{key}{AGAIN}",
        )
        return known
    return new_incident({component.id: state}, title, body, impact, source, key, is_draft=rule == "draft", now=now)


def new_incident(
    components: dict[int, str],
    title: str,
    body: str,
    impact: str,
    source: str,
    key: str,
    *,
    is_draft: bool,
    now: datetime,
) -> Incident:
    return reporting.open_incident(
        title=title[:200],
        impact=impact,
        status="investigating",
        body=body,
        components=components,
        by=None,
        now=now,
        form_key=key,
        source=source,
        source_key=key,
        is_draft=is_draft,
    )


def latest_about(component_id: int) -> Incident | None:
    """The newest incident about a component, those that are open first."""
    about = select(Incident).join(IncidentComponent).where(IncidentComponent.component_id == component_id)
    open_first = (Incident.resolved_at.is_not(None), Incident.began_at.desc(), Incident.id.desc())
    return db.session.scalar(about.where(Incident.kind == INCIDENT).order_by(*open_first).limit(1))


def settle(incident: Incident, *, source: str, now: datetime) -> bool:
    """End it, unless something else still fails, or somebody has taken it in hand; returns whether it ended.

    An alert that came back once is watched for a while first, so that what comes and goes is told as one thing. Probes
    wait for several good looks instead (`probing.damped`).
    """
    failing = select(func.count()).select_from(Probe)
    failing = failing.where(Probe.incident_id == incident.id, Probe.state == "down", Probe.is_on)
    firing = select(func.count()).select_from(Alert).where(Alert.incident_id == incident.id, Alert.status == "firing")
    db.session.flush()
    if db.session.scalar(failing) or db.session.scalar(firing):
        return False
    by_hand = select(IncidentUpdate.id).filter_by(incident_id=incident.id).where(IncidentUpdate.by_id.is_not(None))
    if incident.status in OVER or incident.source != source or db.session.scalar(by_hand.limit(1)):
        return False
    if source == "alert" and _came_back(incident) and now < _last_trouble(incident) + CALM_FOR:
        if incident.status != "monitoring":
            reporting.add_update(
                incident,
                status="monitoring",
                body=_("It is well at present. As it came and went before, we watch it for a while."),
                components={},
                by=None,
                now=reporting.not_before(incident, now),
                form_key=f"{incident.public_id}.calm.{new_public_id()}",
                notify=False,
            )
        return False
    components = {claim.component_id: OPERATIONAL for claim in incident.claims}
    reporting.add_update(
        incident,
        status="resolved",
        body=_("All is well again."),
        components=components,
        by=None,
        now=reporting.not_before(incident, now),
        form_key=f"{incident.public_id}.settled.{new_public_id()}",
    )
    return True


def settle_calm(*, now: datetime) -> int:
    """End what alerts told of, that came and went and has been calm since; returns how many. Each in a transaction
    of its own."""
    watched = select(Incident.id).where(Incident.status == "monitoring", Incident.source == "alert")
    found = db.session.scalars(watched.order_by(Incident.id)).all()
    db.session.rollback()
    ended = 0
    for number in found:
        with writing(), force_locale(settings().default_locale):
            incident = db.session.get(Incident, number, with_for_update={"of": Incident}, populate_existing=True)
            ended += bool(incident and settle(incident, source="alert", now=now))
            db.session.commit()
    return ended


def _came_back(incident: Incident) -> bool:
    again = select(IncidentUpdate.id).where(
        IncidentUpdate.incident_id == incident.id, IncidentUpdate.form_key.endswith(AGAIN, autoescape=True)
    )
    return db.session.scalar(again.limit(1)) is not None


def _last_trouble(incident: Incident) -> datetime:
    """When one of its alerts was last heard of."""
    heard = db.session.scalar(select(func.max(Alert.heard_at)).where(Alert.incident_id == incident.id))
    return heard or incident.began_at
