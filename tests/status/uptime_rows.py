"""What the tests of availability begin with: a contract, a component of its product, and what happened to it."""

from datetime import UTC, date, datetime

from sqlalchemy import select

from portal.accounts.licences import Contract
from portal.db import db
from portal.status.component import Component, ComponentSpan
from portal.status.uptime import UptimeReport
from portal.status.uptime_reports import close_due

SUMMER = datetime(2026, 8, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 9, tzinfo=UTC)


def october(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def contract(
    organisation_id: int, reference: str = "C-1", starts_at: datetime = SUMMER, ends_at: datetime | None = None
) -> Contract:
    made = Contract(
        organisation_id=organisation_id, reference=reference, plan="business", tier="sla-24x7", starts_at=starts_at
    )
    made.ends_at = ends_at
    db.session.add(made)
    db.session.flush()
    return made


def console(*outages: tuple[str, datetime, datetime | None], visibility: str = "public") -> Component:
    """A component of Beacon, well but for these spans."""
    made = Component(
        slug=f"console-{visibility.replace(':', '-')}", titles={"en": "Console"}, descriptions={}, product="beacon",
        visibility=visibility, begins_at=SUMMER,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    since = SUMMER
    for state, start, end in outages:
        db.session.add(ComponentSpan(component_id=made.id, state="operational", began_at=since, ended_at=start))
        db.session.add(ComponentSpan(component_id=made.id, state=state, began_at=start, ended_at=end))
        if end is None:
            return made
        since = end
    db.session.add(ComponentSpan(component_id=made.id, state="operational", began_at=since))
    db.session.flush()
    return made


def broken_month(organisation_id: int) -> UptimeReport:
    """October, six hours of which were down: the report of an organisation with one contract."""
    console(("major_outage", october(5, 8), october(5, 14)))
    close_due(now=NOVEMBER)
    db.session.flush()
    mine = select(UptimeReport).filter_by(begins=date(2026, 10, 1), organisation_id=organisation_id)
    return db.session.scalars(mine).one()


def uptime_things(organisation_id: int) -> dict[str, object]:
    """What addresses name: a month that was not kept, with the credit that is proposed for it."""
    report = broken_month(organisation_id)
    return {"report_id": report.id, "begins": report.begins.isoformat()}
