"""What everybody may know of the status page, as one document of plain values in the vocabulary of Statuspage's API v2.

API, feeds, calendar, badges and the static copy are all made of it, so that what is hidden from visitors is left out in
one place, and what is shown needs no database once the document lies on a disk.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from flask_login import AnonymousUserMixin
from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from portal.audience import PUBLIC
from portal.config import Settings
from portal.db import db, read
from portal.status.component import Component, ComponentGroup
from portal.status.incident import (
    INCIDENT,
    OVER,
    AffectedComponent,
    Incident,
    IncidentComponent,
    IncidentEvent,
    IncidentUpdate,
)

ANYBODY = AnonymousUserMixin()
MOST = 100  # incidents, and as many maintenances: those that last, and the newest of the others
INDICATORS = {
    "operational": "none",
    "under_maintenance": "maintenance",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}
BY_WEIGHT = ("none", "maintenance", "minor", "major", "critical")
OVERALL = {  # in Statuspage's words, which programs compare
    "none": "All Systems Operational",
    "maintenance": "Service Under Maintenance",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}
UNDER_WAY = ("in_progress", "verifying")
Document = dict[str, Any]
_VERSION = select(
    *(
        select(figure).scalar_subquery()
        for table in (Component, ComponentGroup, Incident, IncidentUpdate)
        for figure in (func.count(table.id), func.max(table.updated_at))
    ),
    select(func.count(Component.id))
    .where(Component.visibility == PUBLIC, Component.archived_at.is_(None))
    .scalar_subquery(),
    select(func.count(IncidentEvent.id)).scalar_subquery(),  # rises even where the clock was set back
)


def document(config: Settings, *, now: datetime) -> Document:
    """Components, incidents and maintenance that visitors may see; `MOST` of each kind, the newest first."""
    url = config.status_url.rstrip("/") or f"{config.base_url.rstrip('/')}/status"
    page_id = page_id_of(url)
    components = list(db.session.scalars(Component.visible_to(ANYBODY).options(joinedload(Component.group))))
    shown = [one for one in components if one.archived_at is None]
    seen = {one.id: one for one in components}
    happened = [_incident(row, seen, page_id, url, config.default_locale) for row in _incidents()]
    page = {
        "id": page_id,
        "name": config.brand_name,
        "url": url,
        "time_zone": config.default_zone,
        "updated_at": _at(latest()),
    }
    return {
        "page": page,
        "components": [*_components(shown, page_id, config.default_locale)],
        "incidents": [told for kind, told in happened if kind == INCIDENT],
        "scheduled_maintenances": [told for kind, told in happened if kind != INCIDENT],
        "written_at": _at(now),
    }


def version() -> tuple[Any, ...]:
    """Changes whenever the document does: rows of its tables and the latest moment that one was changed."""
    return tuple(read(_VERSION)[0])


def latest() -> datetime | None:
    """When something that visitors may see was changed last."""
    components = Component.visible_to(ANYBODY).order_by(None).with_only_columns(func.max(Component.updated_at))
    incidents = Incident.visible_to(ANYBODY).with_only_columns(func.max(Incident.updated_at))
    found = [moment for query in (components, incidents) if (moment := db.session.scalar(query))]
    return max(found, default=None)


def shown_slugs() -> set[str]:
    """The components that visitors know."""
    query = Component.visible_to(ANYBODY).where(Component.archived_at.is_(None)).order_by(None)
    return set(db.session.scalars(query.with_only_columns(Component.slug)))


def page_id_of(url: str) -> str:
    """Twelve letters that stay while the address does."""
    return sha256(url.encode()).hexdigest()[:12]


def indicator(components: Iterable[Mapping[str, Any]], open_impacts: Iterable[str]) -> str:
    """The worst that components' states and the impacts of open incidents say."""
    said = [INDICATORS[one["status"]] for one in components if not one["group"]]
    return max([*said, *open_impacts], key=BY_WEIGHT.index, default="none")


def _incidents() -> list[Incident]:
    loaded = (
        selectinload(Incident.updates).selectinload(IncidentUpdate.affected).joinedload(AffectedComponent.component),
        selectinload(Incident.claims).joinedload(IncidentComponent.component),
    )
    found: list[Incident] = []
    for kind in (Incident.kind == INCIDENT, Incident.kind != INCIDENT):
        query = Incident.visible_to(ANYBODY).where(kind, Incident.is_draft.is_(False)).options(*loaded)
        newest = select(Incident.id).where(kind, Incident.is_draft.is_(False))
        newest = newest.where(Incident.id.in_(Incident.visible_to(ANYBODY).with_only_columns(Incident.id)))
        newest = newest.order_by(Incident.began_at.desc(), Incident.id.desc()).limit(MOST)
        kept = or_(Incident.status.not_in(OVER), Incident.id.in_(newest.subquery().select()))
        found += db.session.scalars(query.where(kept).order_by(Incident.began_at.desc(), Incident.id.desc()))
    return found


def _components(shown: list[Component], page_id: str, locale: str) -> Iterable[dict[str, Any]]:
    groups: dict[int, tuple[ComponentGroup, list[str]]] = {}
    for one in shown:
        if one.group:
            groups.setdefault(one.group.id, (one.group, []))[1].append(one.public_id)
        yield _component(one, page_id, locale)
    by_id = {one.public_id: one for one in shown}
    for group, inside in sorted(groups.values(), key=lambda each: (each[0].position, each[0].id)):
        states = [by_id[public_id].state for public_id in inside]
        yield {
            "id": group.public_id,
            "slug": None,
            "name": _called(group.titles, locale),
            "status": max(states, key=lambda state: BY_WEIGHT.index(INDICATORS[state])),
            "created_at": _at(group.created_at),
            "updated_at": _at(group.updated_at),
            "position": group.position + 1,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": page_id,
            "group": True,
            "only_show_if_degraded": False,
            "components": inside,
        }


def _component(one: Component, page_id: str, locale: str) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "slug": one.slug,
        "name": _called(one.titles, locale),
        "status": one.state,
        "created_at": _at(one.created_at),
        "updated_at": _at(one.updated_at),
        "position": one.position + 1,
        "description": _called(one.descriptions, locale) or None,
        "showcase": one.is_uptime_shown,
        "start_date": one.begins_at.date().isoformat(),
        "group_id": one.group.public_id if one.group else None,
        "page_id": page_id,
        "group": False,
        "only_show_if_degraded": False,
    }


def _incident(
    row: Incident, seen: Mapping[int, Component], page_id: str, url: str, locale: str
) -> tuple[str, dict[str, Any]]:
    """The incident with those of its components that visitors may see."""
    moments = {update.status: update.at for update in reversed(row.updates)}
    touched = sorted((seen[c.component_id] for c in row.claims if c.component_id in seen), key=lambda c: c.position)
    told = {
        "id": row.public_id,
        "name": row.title,
        "status": row.status,
        "created_at": _at(row.began_at if row.kind == INCIDENT else row.created_at),
        "updated_at": _at(row.updated_at),
        "monitoring_at": _at(moments.get("monitoring")),
        "resolved_at": _at(row.resolved_at),
        "impact": row.impact if row.kind == INCIDENT else "maintenance",
        "shortlink": f"{url}/incidents/{row.public_id}",
        "started_at": _at(row.began_at),
        "page_id": page_id,
        "incident_updates": [_update(update, row.public_id, seen, locale) for update in reversed(row.updates)],
        "components": [_component(one, page_id, locale) for one in touched],
        "reminder_intervals": None,
        "sequence": row.ics_sequence,
        "postmortem_html": row.postmortem_html,
    }
    if row.kind != INCIDENT:
        told |= {"scheduled_for": _at(row.scheduled_for), "scheduled_until": _at(row.scheduled_until)}
    return row.kind, told


def _update(update: IncidentUpdate, incident: str, seen: Mapping[int, Component], locale: str) -> dict[str, Any]:
    affected = [
        {
            "code": seen[one.component_id].public_id,
            "name": _called(seen[one.component_id].titles, locale),
            "old_status": one.old_state,
            "new_status": one.new_state,
        }
        for one in sorted(update.affected, key=lambda one: one.component_id)
        if one.component_id in seen
    ]
    return {
        "id": update.public_id,
        "status": update.status,
        "body": update.body,
        "html": update.html,
        "incident_id": incident,
        "created_at": _at(update.created_at),
        "updated_at": _at(update.updated_at),
        "display_at": _at(update.at),
        "affected_components": affected,
        "deliver_notifications": update.is_told,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _called(titles: Mapping[str, str], locale: str) -> str:
    return titles.get(locale) or titles.get("en") or next(iter(titles.values()), "")


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
