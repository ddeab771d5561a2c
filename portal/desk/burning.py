"""How much of a promised time is used up, and whether the policy already warns of it."""

from datetime import datetime
from typing import Any, Literal

from portal.sla import Policy
from portal.sla.calendar import stamp
from portal.sla.targets import Case, Target, commitments
from portal.sla.terms import BreachWarning, Commitment

State = Literal["late", "soon", "running", "none"]
CLOCKS: tuple[Commitment, ...] = ("first_response", "next_response", "update", "resolution")


def target_of(policy: Policy, clock: Commitment, case: Case) -> Target | None:
    """The time that the policy gives this clock; None for a case the policy doesn't know any more."""
    if case.plan not in policy.plans or case.tier not in policy.tiers:
        return None
    return commitments(policy, case).of(clock)


def case_of(policy: Policy, row: Any) -> Case:
    """What the promise of a row depends on; products and regions that the policy doesn't name count for none."""
    return Case(
        plan=row.plan,
        tier=row.tier,
        severity=row.severity if row.severity in policy.severities else None,
        product=row.product if row.product in policy.products else None,
        region=row.region if row.region in policy.regions else None,
        channel=row.channel,
        topic=row.topic,
        reseller=bool(row.reseller and policy.resellers),
    )


def left(target: Target, due_at: datetime, now: datetime) -> int:
    """Seconds that still count, on the target's own calendar: closed hours burn nothing."""
    return target.calendar.elapsed(stamp(now), stamp(due_at)) if due_at > now else 0


def part_spent(target: Target, due_at: datetime, now: datetime) -> float:
    """The part of the target that is used up, 0 to 100. What was paused isn't used."""
    duration = target.duration
    whole = target.due(stamp(now)).business_seconds if duration.unit == "business days" else duration.most
    spent = 100 - left(target, due_at, now) / whole * 100 if whole else 100.0
    return round(min(max(spent, 0.0), 100.0), 1)


def state_of(policy: Policy, clock: Commitment | None, target: Target | None, due_at: datetime, now: datetime) -> State:
    """Late; soon late, once the last of the policy's warnings has come; running; or none."""
    if clock is None:
        return "none"
    if due_at < now:
        return "late"
    if target is None:
        return "running"
    steps = [step for step in policy.warnings if clock in step.clock]
    return "soon" if steps and all(has_come(step, target, due_at, now) for step in steps) else "running"


def has_come(step: BreachWarning, target: Target, due_at: datetime, now: datetime) -> bool:
    """Whether so much of the time is used, or so little is left, that the policy's people are told."""
    if step.used is not None:
        return part_spent(target, due_at, now) >= step.used
    assert step.left is not None, "a warning has one of the two"
    if step.left.unit == "hours":
        return (due_at - now).total_seconds() <= step.left.most
    return left(target, due_at, now) <= step.left.most
