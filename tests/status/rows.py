"""What the tests of the status page begin with: components, and moments told as minutes after one hour."""

from datetime import UTC, datetime, timedelta

from portal.db import db, utcnow
from portal.status import maintenance, reporting
from portal.status.component import Component, ComponentGroup, ComponentSpan
from portal.status.incident import Incident

HOUR = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return HOUR + timedelta(minutes=minutes)


def component(slug: str = "console", *, visibility: str = "public", group: ComponentGroup | None = None) -> Component:
    """A component that has been well since ninety days before the hour."""
    begins = HOUR - timedelta(days=90)
    made = Component(
        slug=slug, titles={"en": slug.title()}, descriptions={}, visibility=visibility, group=group, begins_at=begins
    )
    db.session.add(made)
    db.session.flush()
    db.session.add(ComponentSpan(component_id=made.id, state=made.state, began_at=begins))
    db.session.flush()
    return made


def planned_work(components: list[int]) -> Incident:
    """Two hours of maintenance in a week."""
    starts = utcnow() + timedelta(days=7)
    told = {"title": "New servers", "body": "We put in new servers.", "form_key": "planned-work", "by": None}
    when = {"starts": starts, "ends": starts + timedelta(hours=2), "now": utcnow()}
    return maintenance.schedule(**told, **when, components=components)  # type: ignore[arg-type]


def drafted(components: list[int], **more: object) -> Incident:
    """An incident that a probe wrote and nobody has published."""
    told = {"title": "It hangs", "impact": "major", "status": "investigating", "body": "We look.", "form_key": "draft"}
    given = {"components": dict.fromkeys(components, "major_outage"), "by": None, "now": utcnow(), "source": "probe"}
    return reporting.open_incident(**(told | given | {"is_draft": True} | more))  # type: ignore[arg-type]
