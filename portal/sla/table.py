"""The whole matrix of a policy: plan × tier × severity, with what differs by product, region or channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from babel.dates import get_day_names
from babel.lists import format_list

from portal.sla.calendar import AROUND_THE_CLOCK, Calendar, Minutes
from portal.sla.checks import cases
from portal.sla.policy import COMMITMENTS, Policy, StopsOn
from portal.sla.routing import route_case
from portal.sla.targets import Case, Target, commitments
from portal.sla.terms import Basis
from portal.sla.text import Text

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Row:
    """One line of the matrix. `product`, `region` and `channel` are None where the line holds for all of them.

    `plan` is 'reseller' for the line of those who resell. Targets are as the policy writes them.
    """

    plan: str
    tier: str
    severity: str | None
    product: str | None
    region: str | None
    channel: str | None
    topic: str
    channels: tuple[str, ...]
    discretionary: tuple[str, ...]
    basis: Basis
    first_response: Target | None
    next_response: Target | None
    update: Target | None
    resolution: Target | None
    calendar: str | None
    hours: str
    stops_on: StopsOn
    queue: str
    rank: int

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in COMMITMENTS}
        plain |= {"channels": list(self.channels), "discretionary": list(self.discretionary)}
        return plain | {name: _packed(getattr(self, name)) for name in COMMITMENTS}


def rows(policy: Policy) -> list[Row]:
    """Every plan × tier × severity, each followed by the products, regions and channels that differ from it."""
    found: list[Row] = []
    for case in general_first(policy):
        row = _row(policy, case)
        special = case.product or case.region or case.channel
        plain = next((r for r in reversed(found) if not (r.product or r.region or r.channel)), None)
        if case.channel and case.channel not in row.channels:
            continue
        if special and plain and _promise(plain) == _promise(row):
            continue
        if row.topic == "billing" and any(r.topic == "billing" and _money(r) == _money(row) for r in found):
            continue
        found.append(row)
    return found


def week_in_words(calendar: Calendar) -> str:
    """'Mon-Thu 08:30-12:30 13:15-18:00, Fri 08:30-12:30', or '24x7'. Always in English, for tables and logs."""
    if calendar.is_always_open:
        return "24x7"
    return ", ".join(_spans(calendar, WEEKDAYS))


def week_for_readers(calendar: Calendar) -> Text:
    """The same with the zone, in every language that calendars are named in."""
    if calendar.is_always_open:
        return Text(AROUND_THE_CLOCK)
    told = {}
    for language in AROUND_THE_CLOCK:
        names = get_day_names("abbreviated", locale=language)
        days = [names[day] for day in range(7)]
        told[language] = f"{format_list(list(_spans(calendar, days)), locale=language)} ({calendar.zone})"
    return Text(told)


def _spans(calendar: Calendar, weekdays: Sequence[str]) -> Iterator[str]:
    """'Mon-Thu 08:30-12:30 13:15-18:00' for each run of days with the same hours."""
    spans: list[tuple[int, int, tuple[Minutes, ...]]] = []
    for day, parts in enumerate(calendar.hours):
        if spans and spans[-1][1] == day - 1 and spans[-1][2] == parts:
            spans[-1] = (spans[-1][0], day, parts)
        elif parts:
            spans.append((day, day, parts))
    for first, last, parts in spans:
        yield f"{_days(weekdays, first, last)} {_hours(parts)}"


def general_first(policy: Policy) -> Iterator[Case]:
    """Cases with at most one of product, region and channel; the general one first."""
    for case in dict.fromkeys(cases(policy)):
        if sum(map(bool, (case.product, case.region, case.channel))) <= 1:
            yield case


def _row(policy: Policy, case: Case) -> Row:
    promised = commitments(policy, case)
    first = promised.first_response
    plan = case.plan or next(iter(policy.plans))
    placed = route_case(policy, case._replace(plan=plan, channel=case.channel or next(iter(policy.channels))))
    channels = policy.channels_of(plan, case.tier, reseller=case.reseller)
    if case.topic == "billing" and policy.billing:
        channels = tuple(policy.channels[id_] for id_ in policy.billing.channels)
    return Row(
        plan="reseller" if case.reseller else case.plan,
        tier=case.tier,
        severity=case.severity,
        product=case.product,
        region=case.region,
        channel=case.channel or None,
        topic=case.topic,
        channels=tuple(channel.id for channel in channels),
        discretionary=tuple(channel.id for channel in policy.channels.values() if not channel.guaranteed),
        basis=promised.basis,
        first_response=first,
        next_response=promised.next_response,
        update=promised.update,
        resolution=promised.resolution,
        calendar=first.calendar.id if first else None,
        hours=week_in_words(policy.calendar(policy.tiers[case.tier].hours)),
        stops_on=promised.stops_on,
        queue=placed.queue,
        rank=placed.rank,
    )


def _promise(row: Row) -> tuple[object, ...]:
    return (row.plan, row.tier, row.severity, row.topic, row.basis, *(getattr(row, name) for name in COMMITMENTS))


def _money(row: Row) -> tuple[object, ...]:
    """What a billing question depends on; tiers seldom matter to it."""
    return (row.plan, row.basis, *(getattr(row, name) for name in COMMITMENTS))


def _packed(target: Target | None) -> dict[str, str] | None:
    if target is None:
        return None
    return {"within": target.duration.text, "calendar": target.calendar.id, "basis": target.basis}


def _days(weekdays: Sequence[str], first: int, last: int) -> str:
    return weekdays[first] if first == last else f"{weekdays[first]}-{weekdays[last]}"


def _hours(parts: tuple[Minutes, ...]) -> str:
    return " ".join(f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in parts)
