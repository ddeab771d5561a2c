"""Which times a request is promised: the `[[targets]]` blocks that fit it, read from top to bottom."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

from portal.sla.calendar import Calendar
from portal.sla.durations import Duration
from portal.sla.policy import COMMITMENTS, Block, Figures, Policy, StopsOn, Topic
from portal.sla.terms import Basis, Commitment
from portal.sla.text import Text


class Case(NamedTuple):
    """What the promise depends on, checked and complete: every id exists in the policy."""

    plan: str
    tier: str
    severity: str | None = None
    product: str | None = None
    region: str | None = None
    channel: str = "ticket"
    topic: Topic = "product"
    reseller: bool = False


class Due(NamedTuple):
    """When a target is due, in UTC seconds. `earliest` is None unless the target is a range."""

    latest: int
    earliest: int | None
    business_seconds: int


@dataclass(frozen=True)
class Target:
    """One committed time with the calendar it counts on."""

    duration: Duration
    calendar: Calendar
    basis: Basis

    def due(self, at: int) -> Due:
        """Counted from `at` (UTC seconds)."""
        latest = self.count(at, self.duration.most)
        earliest = None if self.duration.least is None else self.count(at, self.duration.least)
        seconds = self.duration.most
        if self.duration.unit == "business days":
            seconds = self.calendar.elapsed(at, latest)
        return Due(latest, earliest, seconds)

    def count(self, at: int, amount: int) -> int:
        if self.duration.unit == "hours":
            return at + amount
        if self.duration.unit == "business hours":
            return self.calendar.add(at, amount)
        return self.calendar.add_days(at, amount)

    def moved(self, due: int, since: int, until: int) -> int:
        """A due instant when the time between two others is left out: what was left at the first is left then."""
        if due <= since:
            return due
        if self.duration.unit == "hours":
            return due + until - since
        return self.calendar.add(until, self.calendar.elapsed(since, due))


@dataclass(frozen=True)
class Commitments:
    """All that a request is promised. `basis` is the first response's; None fields are not promised at all."""

    basis: Basis
    stops_on: StopsOn
    first_response: Target | None
    next_response: Target | None
    update: Target | None
    resolution: Target | None
    notes: tuple[Text, ...] = ()

    def of(self, commitment: Commitment) -> Target | None:
        target: Target | None = getattr(self, commitment)
        return target


def commitments(policy: Policy, case: Case) -> Commitments:
    """What this case is promised. Cached on the policy."""
    known = policy.resolved.get(case)
    if not isinstance(known, Commitments):
        known = policy.resolved[case] = _resolve(policy, case)
    return known


def is_known(policy: Policy, case: Case) -> bool:
    """Whether a policy, another version perhaps, has all that the case names."""
    tier = policy.tiers.get(case.tier)
    return (
        tier is not None
        and case.plan in policy.plans
        and (
            case.severity is None
            if case.topic == "billing" or not tier.severities
            else case.severity in tier.severities
        )
        and case.channel in policy.channels
        and (case.product is None or case.product in policy.products)
        and (case.region is None or case.region in policy.regions)
    )


def fits(block: Block, case: Case) -> bool:
    """Whether a block speaks about this case. Blocks about billing or resellers say so; all others don't mean them."""
    return (
        case.topic in (block.topic or ("product",))
        and block.reseller == case.reseller
        and all(not (wanted := getattr(block, name)) or getattr(case, name) in wanted for name in SELECTORS)
    )


SELECTORS = ("tier", "plan", "severity", "product", "region", "channel")
SETTINGS = ("basis", "calendar", "stops_on", *COMMITMENTS)


def _resolve(policy: Policy, case: Case) -> Commitments:
    said = settled(policy, case)
    basis: Basis = said["basis"] or "none"  # type: ignore[assignment]
    targets = {name: _target(policy, said[name], case.severity, said["calendar"], basis) for name in COMMITMENTS}
    first = targets["first_response"]
    notes = tuple(block.note for block in policy.targets if block.note and fits(block, case))
    stops_on: StopsOn = said["stops_on"] or policy.clocks.stops_on  # type: ignore[assignment]
    return Commitments(first.basis if first else basis, stops_on, notes=notes, **targets)


def settled(policy: Policy, case: Case) -> dict[str, object]:
    """The last word of the fitting blocks on each setting; None where none speaks."""
    said: dict[str, object] = dict.fromkeys(SETTINGS)
    for block in policy.targets:
        if fits(block, case):
            if block.basis == "none":  # takes away what earlier blocks gave
                said |= dict.fromkeys(COMMITMENTS)
            said |= dict(spoken(block, case.severity))
    return said


def spoken(block: Block, severity: str | None) -> Iterator[tuple[str, object]]:
    """The settings that a block makes for a severity."""
    for spec in fields(block):
        if spec.name in SETTINGS and (value := getattr(block, spec.name)) is not None:
            if isinstance(value, Figures) and not value.given_for(severity)[0]:
                continue
            yield spec.name, value


def _target(policy: Policy, figures: object, severity: str | None, calendar_id: object, basis: Basis) -> Target | None:
    figure = figures.given_for(severity)[1] if isinstance(figures, Figures) else None
    if figure is None:
        return None
    wanted = figure.calendar or (str(calendar_id) if calendar_id else None)
    calendar = policy.calendar(wanted if figure.within.needs_calendar else None)
    return Target(figure.within, calendar, figure.basis or basis)
