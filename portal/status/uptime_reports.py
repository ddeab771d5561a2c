"""What was kept of the availability that contracts commit to: frozen when a period is over, its credit proposed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import gettext as _
from huey import crontab
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from portal.accounts.licences import Contract, Subscription
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.audience import PUBLIC, SIGNED_IN
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.policies import known_versions, policy_at, the_policy
from portal.sla import Policy
from portal.sla.terms import Uptime
from portal.sla.uptime import Interval, Kept, midnights, period_around, work_out
from portal.status.component import Component, ComponentSpan
from portal.status.incident import MAINTENANCE, Incident, IncidentComponent
from portal.status.uptime import UptimeCredit, UptimeReport
from portal.tickets.conversation import clean

PROPOSED, ACCEPTED, DECLINED = "proposed", "accepted", "declined"
LOOKED_BACK = 12  # periods that are still closed when the worker was away
LONGEST_REASON = 2000


@dataclass(frozen=True)
class Held:
    """A contract, or a subscription to a tier, that commits to an availability."""

    organisation_id: int
    reference: str
    plan: str
    tier: str
    product: str | None
    starts_at: datetime
    ends_at: datetime | None

    def covers(self, component: Component, terms: Uptime) -> bool:
        """Whether it is about this component, and the component is there for its organisation."""
        if terms.products and component.product not in terms.products:
            return False
        if self.product and component.product != self.product:
            return False
        mine = {PUBLIC, SIGNED_IN, f"org:{self.organisation_id}", f"plan:{self.plan}"}
        return bool(mine.intersection(component.visibility.split(" ")))


@dataclass(frozen=True)
class Cost:
    """What a contract is owed for the period that runs, if nothing else goes wrong in it."""

    organisation: Organisation
    held: Held
    kept: Kept


@dataclass(frozen=True)
class Running:
    """An outage that lasts."""

    component: Component
    since: datetime
    costs: Sequence[Cost]


class Proof(NamedTuple):
    """What a report was worked out from: the time it is about, and each interval with whether it was left out."""

    begin: datetime
    over: datetime
    intervals: list[tuple[Interval, bool]]


def close_due(*, now: datetime) -> int:
    """Write the reports of every period that is over, each once; returns how many were written."""
    components = db.session.scalars(select(Component).order_by(Component.id)).all()
    return sum(_close(*period, components) for period in _over(now))


def holders(policy: Policy, first: date, after: date) -> list[Held]:
    """Whoever was committed to an availability at any moment of the period."""
    assert policy.uptime
    start, end = midnights(first, after, policy.zone)
    found: dict[tuple[int, str], Held] = {}
    tables: tuple[Any, ...] = (Contract, Subscription)
    for table in tables:
        rows = (
            select(table, Product.slug)
            .outerjoin(Product, Product.id == table.product_id)
            .where(table.starts_at < end, or_(table.ends_at.is_(None), table.ends_at > start))
            .order_by(table.starts_at, table.id)
        )
        if table is Subscription:
            rows = rows.where(Subscription.contract_id.is_(None))  # the contract is read itself
        for row, slug in db.session.execute(rows):
            plan = policy.plans.get(row.plan)
            tier = row.tier or (plan.tiers[0] if plan and plan.tiers else "")
            if tier in policy.uptime.tiers:
                one = Held(row.organisation_id, row.reference, row.plan, tier, slug, row.starts_at, row.ends_at)
                found.setdefault((one.organisation_id, one.reference), one)
    return list(found.values())


def measure(
    policy: Policy, held: Held, component: Component, start: datetime, end: datetime, *, until: datetime
) -> tuple[Kept, dict[str, Any]]:
    """What was kept from `start` to `end`, and the evidence. What happens after `until` isn't known yet.

    The days before the contract or the component began, and after the contract ended, are no part of the period.
    """
    assert policy.uptime
    begin = max(start, held.starts_at, component.begins_at)
    over = max(begin, min(end, held.ends_at or end))
    intervals = intervals_of(component, policy.uptime, begin, min(over, until))
    terms = policy.uptime
    evidence = {
        "from": begin.isoformat(),
        "until": over.isoformat(),
        "percent": str(terms.percent),
        "counts": list(terms.counts),
        "subtracts": terms.subtracts,
        "notice": terms.notice.text if terms.notice else None,
        "intervals": [i.to_json() | {"is_excluded": i.is_excluded(terms)} for i in intervals],
    }
    return work_out(terms, intervals, begin, over), evidence


def intervals_of(component: Component, terms: Uptime, start: datetime, until: datetime) -> list[Interval]:
    """When the component was down or worked on, if that touches the time between; what lasts goes on to `until`."""
    spans = select(ComponentSpan).where(
        ComponentSpan.component_id == component.id,
        ComponentSpan.state.in_(terms.counts),
        ComponentSpan.began_at < until,
        or_(ComponentSpan.ended_at.is_(None), ComponentSpan.ended_at > start),
    )
    found = [Interval("down", span.began_at, min(span.ended_at or until, until)) for span in db.session.scalars(spans)]
    works = (
        select(Incident)
        .join(IncidentComponent)
        .where(
            IncidentComponent.component_id == component.id,
            Incident.kind == MAINTENANCE,
            Incident.is_draft.is_(False),
            Incident.status.not_in(("scheduled", "cancelled")),
            or_(Incident.resolved_at.is_(None), Incident.resolved_at > start),
        )
    )
    for work in db.session.scalars(works.options(selectinload(Incident.updates))):
        found += _worked(work, terms, until)
    return sorted(found, key=lambda i: (i.start, i.end, i.kind))


def _worked(work: Incident, terms: Uptime, until: datetime) -> list[Interval]:
    """When it was worked on: as planned, and what began before the plan or overran it, which nobody was told."""
    begun = [update.at for update in work.updates if update.status == "in_progress"]
    if not begun or begun[0] >= until:
        return []
    start, end = begun[0], min(work.resolved_at or until, until)
    first, last = work.scheduled_for or start, work.scheduled_until or start
    told = work.announced_at
    if first < last and not Interval("maintenance", first, last, told).is_excluded(terms):
        told = None if told is None else max(told, start)  # too late by the plan: a late beginning doesn't mend it
    pieces = [
        Interval("maintenance", start, min(end, first)),
        Interval("maintenance", max(start, first), min(end, last), told),
        Interval("maintenance", max(start, last), end),
    ]
    return [piece for piece in pieces if piece.start < piece.end]


def running(*, now: datetime) -> list[Running]:
    """The outages that last, and what each contract is owed for the period if nothing else goes wrong in it."""
    policy = the_policy()
    if policy.uptime is None:
        return []
    today = now.astimezone(ZoneInfo(policy.zone)).date()
    first, after = period_around(policy.uptime, today)
    start, end = midnights(first, after, policy.zone)
    query = (
        select(Component, ComponentSpan.began_at)
        .join(ComponentSpan, ComponentSpan.component_id == Component.id)
        .where(ComponentSpan.ended_at.is_(None), ComponentSpan.state.in_(policy.uptime.counts))
        .where(Component.archived_at.is_(None))
        .order_by(Component.position, Component.id)
    )
    held = holders(policy, first, after)
    names = {row.id: row for row in db.session.scalars(select(Organisation))} if held else {}
    found = []
    for component, since in db.session.execute(query):
        mine = [one for one in held if one.covers(component, policy.uptime)]
        kept = [(one, measure(policy, one, component, start, end, until=now)[0]) for one in mine]
        found.append(Running(component, since, [Cost(names[one.organisation_id], one, k) for one, k in kept]))
    return found


def periods() -> Sequence[date]:
    """The first days of the periods that were closed, the newest first."""
    return db.session.scalars(select(UptimeReport.begins).distinct().order_by(UptimeReport.begins.desc())).all()


def reports_of(begins: date) -> Sequence[tuple[UptimeReport, UptimeCredit | None]]:
    """The reports of a period, each with its credit, what was worst first."""
    query = (
        select(UptimeReport, UptimeCredit)
        .outerjoin(UptimeCredit, UptimeCredit.report_id == UptimeReport.id)
        .where(UptimeReport.begins == begins)
        .options(joinedload(UptimeReport.organisation), joinedload(UptimeReport.component))
        .order_by(UptimeReport.uptime_percent, UptimeReport.id)
    )
    return [(report, credit) for report, credit in db.session.execute(query)]


def proof_of(report: UptimeReport) -> Proof:
    kept = report.evidence
    intervals = [
        (Interval(one["kind"], *map(datetime.fromisoformat, (one["start"], one["end"]))), one["is_excluded"])
        for one in kept["intervals"]
    ]
    return Proof(datetime.fromisoformat(kept["from"]), datetime.fromisoformat(kept["until"]), intervals)


def credit_of(report: UptimeReport, *, hold: bool = False) -> UptimeCredit | None:
    """What the report proposes; with `hold` kept from others until it is decided."""
    query = select(UptimeCredit).where(UptimeCredit.report_id == report.id)
    if hold:
        query = query.with_for_update(of=UptimeCredit).execution_options(populate_existing=True)
    return db.session.scalar(query)


def decide(credit: UptimeCredit, state: str, *, reason: str, by: User, now: datetime) -> None:
    """Accept what is proposed, for billing to book, or decline it with a reason. Once decided it stays so."""
    reason = clean(reason)[:LONGEST_REASON]
    if credit.state != PROPOSED:
        raise Refused(_("It has been decided already."))
    if state == DECLINED and not reason:
        raise Refused(_("Say why it is declined."))
    credit.state, credit.reason, credit.decided_by_id, credit.decided_at = state, reason, by.id, now


def init_uptime_reports(app: Flask) -> None:
    """Close what is over, once an hour."""

    @app.extensions["queue"].periodic_task(crontab(minute="7"), name="close_uptime")
    def close_each_hour() -> None:
        with app.app_context(), writing():
            close_due(now=utcnow())
            db.session.commit()


def _over(now: datetime) -> Iterator[tuple[Policy, date, date]]:
    """The periods that are over, the newest first, each with the policy that was in force at its end."""
    eldest = db.session.scalar(select(db.func.min(Component.begins_at)))
    known = [policy for name in known_versions() if (policy := policy_at(*name)) and policy.id == the_policy().id]
    current = the_policy().uptime
    if eldest is None or current is None:
        return
    day = now.astimezone(ZoneInfo(the_policy().zone)).date()
    day = period_around(current, day)[0]
    for _nth in range(LOOKED_BACK):
        day -= timedelta(days=1)
        then = max((p for p in known if p.policy.in_force <= day), key=lambda p: p.policy.in_force, default=None)
        if then is None or then.uptime is None:
            return
        first, after = period_around(then.uptime, day)
        if midnights(first, after, then.zone)[1] <= eldest:
            return
        yield then, first, after
        day = first


def _close(policy: Policy, first: date, after: date, components: Sequence[Component]) -> int:
    """Write the reports of one period that aren't there yet, and propose what they say is owed."""
    assert policy.uptime
    start, end = midnights(first, after, policy.zone)
    keys = select(UptimeReport.organisation_id, UptimeReport.contract, UptimeReport.component_id)
    there = {tuple(row) for row in db.session.execute(keys.where(UptimeReport.begins == first))}
    there_then = [c for c in components if c.begins_at < end and not (c.archived_at and c.archived_at <= start)]
    written = 0
    for held in holders(policy, first, after):
        for component in there_then:
            key = (held.organisation_id, held.reference, component.id)
            if key not in there and held.covers(component, policy.uptime):
                kept, evidence = measure(policy, held, component, start, end, until=end)
                if kept.seconds_in_period:
                    written += _freeze(_report(policy, held, component, first, after, kept, evidence))
    return written


def _report(
    policy: Policy, held: Held, component: Component, first: date, after: date, kept: Kept, evidence: dict[str, Any]
) -> UptimeReport:
    return UptimeReport(
        organisation_id=held.organisation_id,
        contract=held.reference,
        component_id=component.id,
        begins=first,
        ends=after,
        plan=held.plan,
        tier=held.tier,
        policy_id=policy.id,
        policy_version=policy.version,
        seconds_in_period=kept.seconds_in_period,
        down_seconds=kept.down_seconds,
        excluded_seconds=kept.excluded_seconds,
        uptime_percent=kept.uptime_percent,
        is_met=kept.met,
        credit_percent=kept.credit_percent,
        evidence=evidence,
    )


def _freeze(report: UptimeReport) -> bool:
    """Two workers at once: the constraint decides, and the other's report is the one."""
    try:
        with db.session.begin_nested():
            db.session.add(report)
            db.session.flush()
            if report.credit_percent:
                db.session.add(UptimeCredit(report_id=report.id, percent=report.credit_percent))
    except IntegrityError:
        return False
    return True
