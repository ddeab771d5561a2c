"""Why a quote says what it says: the steps from receipt to due, and the reasons for a refusal."""

from datetime import datetime, timedelta

from portal.sla.calendar import Calendar, instant
from portal.sla.policy import Policy, StopsOn
from portal.sla.quote import Quote
from portal.sla.steps import N_, Arg, Days, Moment, Step, Texts
from portal.sla.targets import Case, Commitments, Target
from portal.sla.terms import Basis

MOST_DAYS = 6  # closed days named one by one; the rest are counted
LONGEST = timedelta(days=400)  # beyond that, closed days are not looked up


def explain(policy: Policy, promised: Commitments, received: int, quote: Quote) -> tuple[Step, ...]:
    """The explanation of an allowed quote: received, promised, clock starts, not counted, due, stops."""
    at = instant(received)
    target, clock = promised.first_response, quote.first_response
    steps = [Step("received", RECEIVED, {"when": Moment(at, home_of(policy, target))})]
    if target is None or clock is None:
        return (*steps, Step("promise", NOTHING_PROMISED))
    steps.append(Step("promise", PROMISES[target.basis], {"time": target.duration}))
    steps.append(_start(target, at))
    steps += _skipped(target, at, clock.due_at)
    steps.append(due_step(clock.due_at, clock.earliest_at, home_of(policy, target)))
    steps.append(Step("stop", STOPS[promised.stops_on]))
    return tuple(steps)


def explain_refusal(quote: Quote) -> tuple[Step, ...]:
    """The explanation of a refused quote: its reason."""
    return (quote.refusal,) if quote.refusal else ()


def refuse(policy: Policy, case: Case, *, is_contract: bool = False) -> Step | None:
    """Why plan and tier may not open a request by this channel, with what they have instead; None if they may.

    Billing questions may always be opened, by the channels that the policy opens for them.
    """
    if case.topic == "billing" and policy.billing and case.channel in policy.billing.channels:
        return None
    plan, tier, channel = policy.plans[case.plan], policy.tiers[case.tier], policy.channels[case.channel]
    args: dict[str, Arg] = {"channel": channel.name, "plan": plan.name, "tier": tier.name}
    if not case.reseller and tier.id not in plan.tiers and not is_contract:
        own = Texts(tuple(policy.tiers[id_].name for id_ in plan.tiers))
        return Step("refused", TIER_NOT_SOLD, {**args, "instead": own})
    allowed = policy.channels_of(plan.id, tier.id, reseller=case.reseller)
    if channel in allowed:
        return None
    args["instead"] = Texts(tuple(other.name for other in allowed))
    if not channel.guaranteed:
        return Step("refused", AT_DISCRETION, args)
    if case.reseller:
        return Step("refused", NOT_FOR_RESELLERS, args)
    return Step("refused", NOT_IN_PLAN if allowed else NOTHING_IN_PLAN, args)


def home_of(policy: Policy, target: Target | None) -> str:
    """The zone of those who answer: the calendar's that counts, else the policy's."""
    return target.calendar.zone if target else policy.zone


def due_step(due_at: datetime, earliest_at: datetime | None, home: str) -> Step:
    if earliest_at is None:
        return Step("due", DUE, {"when": Moment(due_at, home)})
    return Step("due", DUE_BETWEEN, {"earliest": Moment(earliest_at, home), "latest": Moment(due_at, home)})


def _start(target: Target, at: datetime) -> Step:
    calendar = target.calendar
    args: dict[str, Arg] = {"calendar": calendar.name}
    if target.duration.unit == "business days":
        return Step("start", START_DAYS, args)
    if calendar.is_always_open:
        return Step("start", START_ALWAYS)
    opens = calendar.next_opening(at)
    if opens - at < timedelta(seconds=1):
        return Step("start", START_OPEN, args)
    args["when"] = Moment(opens, calendar.zone)
    day = next(iter(calendar.dates(at, at)))
    closure = calendar.why_closed(day)
    if closure is None:
        return Step("start", START_OUTSIDE, args)
    if closure.name:
        args["name"] = closure.name
    return Step("start", START_NAMED if closure.name else START_CLOSED[closure.why], args)


def _skipped(target: Target, at: datetime, due: datetime) -> list[Step]:
    """The closed days between, named where they have a name. Only whole days: nights are in the calendar's name."""
    days = closed_days(target.calendar, at, due)
    return [Step("skipped", SKIPPED, {"days": days})] if days.named or days.plain else []


def closed_days(calendar: Calendar, start: datetime, end: datetime) -> Days:
    if calendar.is_always_open or end - start > LONGEST:
        return Days((), 0, 0)
    closures = calendar.closures(start, end)
    named = [(closure.day, closure.name) for closure in closures if closure.why != "weekday"]
    return Days(tuple(named[:MOST_DAYS]), len(named[MOST_DAYS:]), len(closures) - len(named))


RECEIVED = N_("Received on %(when)s.")
NOTHING_PROMISED = N_("No time is promised for the first response.")
PROMISES: dict[Basis, str] = {
    "guarantee": N_("The first response is guaranteed within %(time)s."),
    "target": N_("The target for the first response is %(time)s."),
    "average": N_("On average, the first response takes %(time)s; this is no guarantee."),
    "none": NOTHING_PROMISED,
}
START_ALWAYS = N_("The clock starts at once and runs around the clock.")
START_OPEN = N_("Only business hours count (%(calendar)s). Support is open, so the clock starts at once.")
START_OUTSIDE = N_(
    "Only business hours count (%(calendar)s). Support is closed at this hour, so the clock starts on %(when)s."
)
START_NAMED = N_(
    "Only business hours count (%(calendar)s). Support is closed that day (%(name)s), so the clock starts on %(when)s."
)
START_CLOSED = {
    "holiday": N_("Only business hours count (%(calendar)s). It is a public holiday, so the clock starts on %(when)s."),
    "closed": N_(
        "Only business hours count (%(calendar)s). Support is closed that day, so the clock starts on %(when)s."
    ),
    "weekday": N_(
        "Only business hours count (%(calendar)s). Support is closed on that weekday, so the clock starts on %(when)s."
    ),
}
START_DAYS = N_("Business days count (%(calendar)s), each until the same time of day.")
SKIPPED = N_("Not counted: %(days)s.")
DUE = N_("Due on %(when)s.")
DUE_BETWEEN = N_("Due between %(earliest)s and %(latest)s.")
STOPS: dict[StopsOn, str] = {
    "human_reply": N_("The clock stops with the first response by a person; automatic receipts don't count."),
    "triage_notice": N_(
        "The clock stops when you are told that your ticket is logged; automatic receipts don't count."
    ),
    "automatic_receipt": N_("The clock stops with the receipt that is sent automatically."),
}
TIER_NOT_SOLD = N_("%(tier)s can't be had with the plan %(plan)s, which has: %(instead)s.")
AT_DISCRETION = N_(
    "%(channel)s is answered at the vendor's discretion, so nothing can be promised. You can count on: %(instead)s."
)
NOT_FOR_RESELLERS = N_("Resellers don't have %(channel)s. They have: %(instead)s.")
NOT_IN_PLAN = N_("The plan %(plan)s does not include %(channel)s. It includes: %(instead)s.")
NOTHING_IN_PLAN = N_(
    "The plan %(plan)s does not include %(channel)s. Search, articles and billing questions are open to everybody."
)
