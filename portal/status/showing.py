"""What the status page shows one reader: how things stand, what goes on, what is planned, and ninety days of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from portal.audience import PUBLIC
from portal.db import db, read
from portal.sla.uptime import Day, days, share_up
from portal.status.component import MAINTENANCE, OPERATIONAL, STATES, Component, ComponentGroup, ComponentSpan
from portal.status.incident import (
    INCIDENT,
    OVER,
    AffectedComponent,
    Incident,
    IncidentComponent,
    IncidentEvent,
    IncidentUpdate,
)

DAYS = 90
SOON = timedelta(days=7)  # so far ahead the home page speaks of maintenance
DOWN = ("partial_outage", "major_outage")  # what the public figure counts as not available
PUBLIC_ZONE = "UTC"  # of the days of the bars, which are the same for everybody
_WHOLE = (
    selectinload(Incident.updates).selectinload(IncidentUpdate.affected).selectinload(AffectedComponent.component),
    selectinload(Incident.claims).selectinload(IncidentComponent.component),
)

_EDITION = select(
    *(
        select(figure).scalar_subquery()
        for table in (Incident, Component, ComponentGroup)
        for figure in (func.count(table.id), func.max(table.updated_at))
    ),
    select(func.count(IncidentEvent.id)).scalar_subquery(),  # rises even where the clock was set back
)


@dataclass(frozen=True)
class Line:
    """A component with its last ninety days; `share` is the public figure in percent, None where nothing is known."""

    component: Component
    days: Sequence[Day]
    share: Decimal | None


@dataclass(frozen=True)
class Section:
    """Components under their heading; those in no group come without one."""

    group: ComponentGroup | None
    lines: Sequence[Line]

    @property
    def state(self) -> str:
        return worst([line.component.state for line in self.lines])


def worst(states: Sequence[str]) -> str:
    """The worst of these states."""
    return max(states, key=STATES.index, default=OPERATIONAL)


def worst_of(day: Day) -> str:
    """The worst state that a day had; empty where nothing is known of it."""
    return max((state for state, seconds in day.seconds.items() if seconds), key=STATES.index, default="")


def edition() -> tuple[Any, ...]:
    """What changes whenever the page does: what is drawn is kept by it."""
    return tuple(read(_EDITION)[0])


def sections(person: Any, now: datetime, *, own: Sequence[str] = ()) -> list[Section]:
    """The components that the person sees, in the order of the page; products of their `own` come first."""
    found = db.session.scalars(
        Component.visible_to(person).where(Component.archived_at.is_(None)).options(selectinload(Component.group))
    ).all()
    drawn = _days_of(found, now)
    grouped: dict[int | None, list[Line]] = {}
    for part in found:
        seen = drawn[part.id]
        line = Line(part, seen, share_up(seen, DOWN) if part.is_uptime_shown else None)
        grouped.setdefault(part.group_id, []).append(line)
    made = [Section(lines[0].component.group, lines) for lines in grouped.values()]

    def place(section: Section) -> tuple[bool, int, int]:
        is_own = any(line.component.product in own for line in section.lines if line.component.product)
        group = section.group
        return not is_own, group.position if group else -1, group.id if group else 0

    return sorted(made, key=place)


def _days_of(parts: Sequence[Component], now: datetime) -> dict[int, Sequence[Day]]:
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    query = select(ComponentSpan).where(
        ComponentSpan.component_id.in_([part.id for part in parts]),
        ComponentSpan.ended_at.is_(None) | (ComponentSpan.ended_at > since),
    )
    spans: dict[int, list[tuple[str, datetime, datetime | None]]] = {part.id: [] for part in parts}
    for span in db.session.scalars(query.order_by(ComponentSpan.began_at, ComponentSpan.id)):
        spans[span.component_id].append((span.state, span.began_at, span.ended_at))
    return {key: days(found, first, last, zone=PUBLIC_ZONE, now=now) for key, found in spans.items()}


def going_on(person: Any) -> Sequence[Incident]:
    """Incidents that are not over, and maintenance in progress, the newest first."""
    mine = Incident.visible_to(person).where(Incident.status.not_in((*OVER, "scheduled")), ~Incident.is_draft)
    return db.session.scalars(mine.options(*_WHOLE).order_by(Incident.began_at.desc(), Incident.id.desc())).all()


def planned(person: Any) -> Sequence[Incident]:
    """Maintenance ahead, the next first."""
    mine = Incident.visible_to(person).where(Incident.status == "scheduled", ~Incident.is_draft)
    return db.session.scalars(mine.options(*_WHOLE).order_by(Incident.scheduled_for, Incident.id)).all()


def is_anything_on(now: datetime) -> bool:
    """Whether anything goes on or is planned soon, for whomever."""
    near = (Incident.status == "scheduled") & (Incident.scheduled_for < now + SOON)
    on = Incident.status.not_in((*OVER, "scheduled")) | near
    return db.session.scalar(select(Incident.id).where(on, ~Incident.is_draft).limit(1)) is not None


def soon(person: Any, now: datetime, *, own: Sequence[str] = ()) -> list[Incident]:
    """What goes on, and the maintenance of the next days; what touches a product of their `own` comes first."""
    ahead = [one for one in planned(person) if one.scheduled_for and one.scheduled_for < now + SOON]
    return sorted([*going_on(person), *ahead], key=lambda one: not _touches(one, own))


def _touches(incident: Incident, products: Sequence[str]) -> bool:
    return any(claim.component.product in products for claim in incident.claims if claim.component.product)


def past(person: Any, since: datetime, until: datetime) -> Sequence[Incident]:
    """What began in this time and is over, the newest first."""
    then = (Incident.began_at >= since, Incident.began_at < until, Incident.status.in_(OVER), ~Incident.is_draft)
    mine = Incident.visible_to(person).where(*then).options(*_WHOLE)
    return db.session.scalars(mine.order_by(Incident.began_at.desc(), Incident.id.desc())).all()


def one(public_id: str, person: Any) -> Incident | None:
    """The incident of this address, if the person may see it."""
    return db.session.scalar(Incident.visible_to(person).where(Incident.public_id == public_id).options(*_WHOLE))


def seen_parts(incident: Incident, audiences: Sequence[str]) -> list[Component]:
    """The components of an incident that a reader of these audiences may know of."""
    parts = (claim.component for claim in incident.claims if claim.component.visibility in audiences)
    return sorted(parts, key=lambda part: (part.position, part.id))


def state_for_everybody() -> str:
    """The worst state of what everybody may see: for the header of every page."""
    shown = (Component.visibility == PUBLIC, Component.archived_at.is_(None))
    states = db.session.scalars(select(Component.state).where(*shown).distinct()).all()
    return worst(states) if states else ""


def kinds_open(found: Sequence[Incident]) -> tuple[bool, bool]:
    """Whether an incident and whether a maintenance goes on."""
    kinds = {incident.kind for incident in found}
    return INCIDENT in kinds, MAINTENANCE in kinds or "maintenance" in kinds


def month_of(text: str, today: date) -> date:
    """The first day of the month in an address such as 2026-10; this month where it is none."""
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  (a month has no zone)
    except ValueError:
        found = today.replace(day=1)
    return min(found, today.replace(day=1))
