"""The reports as tables: what the page draws, and a CSV file holds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from babel import Locale
from babel.dates import get_day_names
from babel.lists import format_list
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.desk.words import span
from portal.formats import date_locale, duration, share, when_day
from portal.policies import the_policy
from portal.reports import asking, figures
from portal.reports.asked import Asked
from portal.reports.backlog import backlog
from portal.reports.figures import Counts, Promise, Tally
from portal.sla import Policy
from portal.sla.targets import Case, commitments
from portal.sla.terms import Commitment

HALF, NEARLY_ALL = 0.5, 0.9
KEPT = 4  # columns of what became of a promise; the others say how long it took
COMMITMENTS: dict[Promise, Commitment] = {
    "first": "first_response",
    "next": "next_response",
    "update": "update",
    "resolution": "resolution",
}
NAMES = ("first-response", "next-response", "update", "resolution", "backlog", "hours", "ratings", "searches")
PROMISED: dict[str, Promise] = {
    "first-response": "first",
    "next-response": "next",
    "update": "update",
    "resolution": "resolution",
}
TITLES = {
    "first-response": _l("First responses in time"),
    "next-response": _l("Next responses in time"),
    "update": _l("Updates in time"),
    "resolution": _l("Resolutions in time"),
    "backlog": _l("Open tickets"),
    "hours": _l("When tickets are filed"),
    "ratings": _l("How it went"),
    "searches": _l("Searches that needed no ticket"),
}


class Column(NamedTuple):
    """`kind`: text, count, share (0 to 1, or None), span (timedelta, or None), day. `part` is its piece of the bar."""

    label: str
    kind: str = "count"
    part: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table. Lines hold raw values; the last of `total` lines sums the others up."""

    name: str
    says: str
    columns: Sequence[Column]
    lines: Sequence[Sequence[Any]]
    total: Sequence[Any] = ()

    @property
    def title(self) -> str:
        return str(TITLES[self.name])

    @property
    def figures(self) -> list[Sequence[Any]]:
        """The lines without what they are called."""
        return [line[1:] for line in self.lines]

    @property
    def head(self) -> list[str]:
        """As a file says it: with the unit."""
        units = {"span": _("%(column)s, in minutes"), "share": _("%(column)s, in percent")}
        return [units[c.kind] % {"column": c.label} if c.kind in units else c.label for c in self.columns]

    @property
    def cells(self) -> list[list[Any]]:
        """As a file holds them: plain numbers."""
        rows = [*self.lines, self.total] if self.total else self.lines
        return [[_plain(cell, column.kind) for cell, column in zip(row, self.columns, strict=True)] for row in rows]

    def written(self, cell: Any, column: Column) -> str:
        """As the page says it."""
        if cell is None:
            return "–"
        if column.kind == "share":
            return share_words(cell)
        if column.kind == "span":
            return span(cell)
        return when_day(cell) if isinstance(cell, date) else str(cell)

    def bar(self, line: Sequence[Any]) -> list[tuple[str, float, float]]:
        """(part, from, width) in percent of a bar that all parts of the line fill."""
        parts = [(c.part, cell) for c, cell in zip(self.columns, line, strict=True) if c.part and cell]
        whole, found, at = sum(cell for _, cell in parts), [], 0.0
        for part, cell in parts:
            found.append((part, round(at, 3), round(100 * cell / whole, 3)))
            at += 100 * cell / whole
        return found


def sheet(name: str, asked: Asked, *, now: datetime) -> Sheet:
    return next(one for one in sheets(asked, now=now, only=name) if one.name == name)


def sheets(asked: Asked, *, now: datetime, only: str = "") -> Iterable[Sheet]:
    """All of them, or one: what isn't wanted is not read."""
    wanted = (only,) if only else NAMES
    is_counted = {*PROMISED, "hours"} & set(wanted)
    counts = figures.count(figures.filed(asked.filed) if is_counted else (), now=now, zone=asked.zone)
    made: dict[str, Callable[[], Sheet]] = {
        **{name: partial(promise_sheet, name, promise, counts) for name, promise in PROMISED.items()},
        "backlog": lambda: backlog_sheet(asked),
        "hours": lambda: hours_sheet(counts),
        "ratings": lambda: ratings_sheet(asked),
        "searches": lambda: searches_sheet(asked),
    }
    return [made[name]() for name in wanted]


# Promises ------------------------------------------------------------------------------------------------------------


def promise_sheet(name: str, promise: Promise, counted: Counts) -> Sheet:
    """What became of one promise by tier and severity, beside what the policy in force says."""
    policy = the_policy()
    found = counted.of(promise)
    is_once = promise not in figures.ROUNDS
    columns = outcome_columns() if is_once else outcome_columns()[:KEPT]
    lines = [
        (*named(policy, tier, severity, promise), *outcomes(found[tier, severity])[: len(columns)])
        for tier, severity in sorted(found, key=lambda key: by_policy(policy, *key))
    ]
    if is_once:
        says = _("Of tickets filed in this time. What took how long counts nights, weekends and waiting, too.")
    else:
        says = _("Of tickets filed in this time. A ticket counts as often as one was owed.")
    total = (_("All"), "", "", *outcomes(figures.whole(found.values()))[: len(columns)]) if len(lines) > 1 else ()
    return Sheet(name, says, (*by_tier(), *columns), lines, total)


def named(policy: Policy, tier: str, severity: str | None, promise: Promise) -> tuple[str, str, str]:
    return (
        tier_name(policy, tier),
        severity_name(policy, severity),
        policy_words(policy, tier, severity, promise),
    )


def by_tier() -> tuple[Column, ...]:
    return Column(_("Tier"), "text"), Column(_("Severity"), "text"), Column(_("The policy says"), "text")


def outcome_columns() -> tuple[Column, ...]:
    return (
        Column(_("In time"), part="good"),
        Column(_("Late"), part="bad"),
        Column(_("Not due yet"), part="open"),
        Column(_("Kept"), "share"),
        Column(_("Done"), "count"),
        Column(_("Half within"), "span"),
        Column(_("Nine of ten within"), "span"),
    )


def outcomes(tally: Tally) -> tuple[Any, ...]:
    took = (len(tally.took), tally.within(HALF), tally.within(NEARLY_ALL))
    return (tally.kept, tally.late, tally.open, tally.share, *took)


def tier_name(policy: Policy, tier: str) -> str:
    return policy.tiers[tier].name.to(str(date_locale())) if tier in policy.tiers else tier


def severity_name(policy: Policy, severity: str | None) -> str:
    if severity in policy.severities:
        return policy.severities[severity].name.to(str(date_locale()))
    return severity or "–"


def policy_words(policy: Policy, tier: str, severity: str | None, promise: Promise) -> str:
    """The targets of the plans with this tier, each once: which one counts is the plan's."""
    if tier not in policy.tiers or (severity or "") not in (*policy.tiers[tier].severities, ""):
        return "–"
    plans = [plan.id for plan in policy.plans.values() if tier in plan.tiers]
    promised = [commitments(policy, Case(plan, tier, severity)) for plan in plans]
    targets = [one.of(COMMITMENTS[promise]) for one in promised]
    said = dict.fromkeys(duration(target.duration) for target in targets if target)
    return format_list(list(said), style="or", locale=date_locale()) if said else "–"


def by_policy(policy: Policy, tier: str, severity: str | None) -> tuple[int, str, int, str]:
    """The policy's order: tiers from the most to the least, severities from the worst."""
    tiers, severities = list(policy.tiers), list(policy.severities)
    return (
        -tiers.index(tier) if tier in tiers else 1,
        tier,
        severities.index(severity) if severity in severities else len(severities),
        severity or "",
    )


# The others ----------------------------------------------------------------------------------------------------------


def backlog_sheet(asked: Asked) -> Sheet:
    columns = (Column(_("Until"), "day"), Column(_("Filed")), Column(_("Settled")), Column(_("Open"), part="open"))
    return Sheet("backlog", _("At the end of each day, or week."), columns, backlog(asked))


def hours_sheet(counted: Counts) -> Sheet:
    days = get_day_names("wide", locale=date_locale())
    columns = (Column(_("Day"), "text"), *(Column(f"{hour:02}") for hour in range(24)))
    lines = [(days[day], *(counted.hours[day, hour] for hour in range(24))) for day in range(7)]
    return Sheet("hours", _("By the hour of the week, in your time zone."), columns, lines)


def ratings_sheet(asked: Asked) -> Sheet:
    policy, found = the_policy(), {row.tier: row for row in asking.ratings(asked)}
    columns = (
        Column(_("Tier"), "text"),
        Column(_("Asked")),
        Column(_("Satisfied"), part="good"),
        Column(_("Not satisfied"), part="bad"),
        Column(_("Satisfied of those who answered"), "share"),
    )
    lines = [
        (tier_name(policy, tier), row.asked, row.good, row.bad, _part(row.good, row.good + row.bad))
        for tier, row in sorted(found.items(), key=lambda item: by_policy(policy, item[0], None))
    ]
    return Sheet("ratings", _("Of tickets filed in this time."), columns, lines, _summed(lines, 1, 3, 2))


def searches_sheet(asked: Asked) -> Sheet:
    columns = (
        Column(_("Language"), "text"),
        Column(_("Searches")),
        Column(_("Found nothing")),
        Column(_("Opened a result")),
        Column(_("No ticket"), part="good"),
        Column(_("Ticket filed"), part="bad"),
        Column(_("Without a ticket"), "share"),
    )
    lines = []
    for row in asking.searches(asked):
        without = row.searches - row.tickets
        name = language_words(row.lang, date_locale())
        lines.append((name, row.searches, row.unfound, row.opened, without, row.tickets, _part(without, row.searches)))
    says = _("Searches of this time. Tier and channel don’t narrow them: visitors have neither.")
    return Sheet("searches", says, columns, lines, _summed(lines, 1, 5, 4, of=1))


def _summed(lines: Sequence[Sequence[Any]], first: int, last: int, good: int, of: int | None = None) -> tuple[Any, ...]:
    """A line that sums the counts `first` to `last` up; its share is of `of`, or of the good and the next one."""
    if len(lines) < 2:
        return ()
    sums = [sum(line[place] for line in lines) for place in range(first, last + 1)]
    whole = sums[of - first] if of else sums[good - first] + sums[good - first + 1]
    return (_("All"), *sums, _part(sums[good - first], whole))


def language_words(code: str, locale: Locale) -> str:
    try:
        return Locale.parse(code.replace("-", "_")).get_display_name(locale) or code
    except ValueError:
        return code


def share_words(part: float) -> str:
    """Percent with one place, never rounded up: what was late once is not 100 %."""
    return share(Decimal(_per_mille(part)) / 10)


def _per_mille(part: float) -> int:
    return int(part * 1000 + 1e-9)


def _part(number: int, whole: int) -> float | None:
    return number / whole if whole else None


def _plain(cell: Any, kind: str) -> Any:
    if cell is None:
        return ""
    if kind == "share":
        return f"{_per_mille(cell) / 10:.1f}"
    return int(cell / timedelta(minutes=1)) if kind == "span" else cell
