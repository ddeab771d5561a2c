"""A row of the queue as the board shows it: how long there is left, and how much of the time is used up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale

from portal.desk import burning
from portal.desk.words import CLOCKS, short_when, span
from portal.sla import Policy


@dataclass(frozen=True, slots=True)
class Line:
    """`row` is the query's; `spent` is the part of the time that is used up, 0 to 100; `clock` is "" for none."""

    row: Any
    state: burning.State
    clock: str
    left: str
    when: str
    spent: float
    filed: str
    plan: str
    queue: str
    severity: str
    level: int


def line(row: Any, policy: Policy, now: datetime, zone: ZoneInfo, locale: Locale) -> Line:
    clock, due_at = row.clock, row.next_due_at
    target = burning.target_of(policy, clock, burning.case_of(policy, row)) if clock else None
    severities = list(policy.severities)
    is_known = row.severity in severities
    return Line(
        row=row,
        state=burning.state_of(policy, clock, target, due_at, now),
        clock=str(CLOCKS[clock]) if clock else "",
        left=span(due_at - now) if due_at else "",
        when=short_when(due_at, now, zone, locale) if due_at else "",
        spent=burning.part_spent(target, due_at, now) if target else 0.0,
        filed=short_when(row.created_at, now, zone, locale),
        plan=policy.plans[row.plan].name.to(locale) if row.plan in policy.plans else row.plan,
        queue=policy.queues[row.queue].to(locale) if row.queue in policy.queues else row.queue,
        severity=policy.severities[row.severity].name.to(locale) if is_known else row.severity or "",
        level=severities.index(row.severity) + 1 if is_known else len(severities),
    )
