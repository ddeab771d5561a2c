"""A component's states over time, worked out from what incidents and maintenance said of it.

All of a component's spans are written anew after each change: a backfilled incident, an edit or two that overlap then
need no rule of their own, and a component has hundreds of updates at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from portal.db import db
from portal.status.component import OPERATIONAL, STATES, Component, ComponentSpan
from portal.status.incident import AffectedComponent, Incident, IncidentUpdate

Step = tuple[datetime, int, str]  # from this moment on the incident of this id says this state
Span = tuple[str, datetime, datetime | None]  # a state, from, until (None: it lasts)


def spans_of(steps: Iterable[Step], begins: datetime) -> list[Span]:
    """The worst that incidents said at each moment since `begins`; where nothing was said, it was operational."""
    said: dict[int, str] = {}
    changes: list[tuple[datetime, str]] = [(begins, OPERATIONAL)]
    for at, incident_id, state in sorted(steps, key=lambda step: step[0]):
        said[incident_id] = state
        changes.append((max(at, begins), worst(said)))
    return _joined(changes)


def worst(said: Mapping[int, str]) -> str:
    """The worst of these states."""
    return max(said.values(), key=STATES.index, default=OPERATIONAL)


def _joined(changes: Sequence[tuple[datetime, str]]) -> list[Span]:
    """Spans between changes of state; of several changes at one moment the last holds."""
    kept: list[tuple[datetime, str]] = []
    for at, state in changes:
        if kept and kept[-1][0] == at:
            kept.pop()
        if not kept or kept[-1][1] != state:
            kept.append((at, state))
    ends = [at for at, _ in kept[1:]] + [None]
    return [(state, at, end) for (at, state), end in zip(kept, ends, strict=True)]


def redraw(components: Iterable[int], *, now: datetime) -> None:
    """Write the spans of these components anew, and the state they are in now."""
    for component_id in sorted(set(components)):
        component = db.session.get_one(Component, component_id, with_for_update=True)
        spans = spans_of(_steps(component_id), component.begins_at)
        db.session.execute(delete(ComponentSpan).where(ComponentSpan.component_id == component_id))
        db.session.add_all(
            ComponentSpan(component_id=component_id, state=state, began_at=began, ended_at=ended)
            for state, began, ended in spans
        )
        if component.state != spans[-1][0]:
            component.state = spans[-1][0]
        component.updated_at = now
    db.session.flush()


def _steps(component_id: int) -> list[Step]:
    query = (
        select(IncidentUpdate.at, IncidentUpdate.incident_id, AffectedComponent.new_state)
        .join(AffectedComponent, AffectedComponent.update_id == IncidentUpdate.id)
        .join(Incident, Incident.id == IncidentUpdate.incident_id)
        .where(AffectedComponent.component_id == component_id, Incident.is_draft.is_(False))
        .order_by(IncidentUpdate.at, IncidentUpdate.id)
    )
    return [(row.at, row.incident_id, row.new_state) for row in db.session.execute(query)]
