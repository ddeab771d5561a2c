"""What a schema can't see: whether the parts of a policy fit together. Each fault is (dotted key, reason)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from portal.sla.calendar import Calendar, public_holidays
from portal.sla.errors import QuoteError
from portal.sla.policy import COMMITMENTS, Block, Figure, Figures, Policy
from portal.sla.targets import Case, fits, settled, spoken

Fault = tuple[str, str]
PROBE = datetime(2026, 1, 1, tzinfo=UTC)  # any instant: a calendar that never opens, never opens from here either


def check_policy(policy: Policy) -> Iterator[Fault]:
    """Every contradiction in a policy that reads well otherwise."""
    for check in (_headers, _calendars, _tiers, _severities, _blocks, _reach, _complete, _rest):
        yield from check(policy)


def _headers(policy: Policy) -> Iterator[Fault]:
    if policy.history and policy.version not in [change.version for change in policy.history]:
        yield "policy.version", f"version {policy.version!r} has no entry in [[history]]"
    for kind in ("plans", "tiers", "channels", "queues"):
        if not getattr(policy, kind):
            yield kind, "is empty; a policy needs at least one"


def _calendars(policy: Policy) -> Iterator[Fault]:
    for calendar in policy.calendars.values():
        key = f"calendars.{calendar.id}"
        if calendar.id == "24x7":
            yield key, "is a name of the schema's own: every policy has the calendar '24x7', open around the clock"
        for i, source in enumerate(calendar.holidays):
            try:
                public_holidays(source, PROBE.year)
            except NotImplementedError:
                place = f"{source.country} {source.subdivision or ''}".strip()
                yield f"{key}.holidays[{i}]", f"no public holidays are known for {place!r}"
                return
        if not _opens(calendar):
            yield key, "is closed on every day that has hours; nothing counted on it would ever be due"


def _opens(calendar: Calendar) -> bool:
    try:
        return calendar.next_opening(PROBE) < PROBE + timedelta(days=366)
    except QuoteError:
        return False


def _tiers(policy: Policy) -> Iterator[Fault]:
    sold = {tier for plan in policy.plans.values() for tier in plan.tiers}
    for plan in policy.plans.values():
        if not plan.tiers:
            yield f"plans.{plan.id}.tiers", "is empty; a plan needs the tier that comes with it"
    for tier in policy.tiers.values():
        key = f"tiers.{tier.id}"
        if tier.id not in sold:
            yield key, "is a tier that no plan may have"
        default = tier.default_severity or policy.policy.default_severity
        if tier.severities and default not in tier.severities:
            said = "default_severity" if tier.default_severity else "severities"
            reason = f"the default severity {default!r} is not among the tier's severities"
            yield f"{key}.{said}", reason if default else "needs a default_severity, here or in [policy]"
        if tier.default_severity and not tier.severities:
            yield f"{key}.default_severity", "contradicts the tier, which has no severities"


def _severities(policy: Policy) -> Iterator[Fault]:
    used = {severity for tier in policy.tiers.values() for severity in tier.severities}
    for severity in policy.severities:
        if severity not in used:
            yield f"severities.{severity}", "is a severity that no tier has"


def _blocks(policy: Policy) -> Iterator[Fault]:
    for i, block in enumerate(policy.targets):
        key = f"targets[{i}]"
        figures = list(_figures_of(block))
        if block.basis == "none" and any(figure for _, figure in figures if figure):
            yield f"{key}.basis", "says 'none', but the block gives a figure"
        if block.calendar and figures and not any(f.within.needs_calendar for _, f in figures if f):
            yield f"{key}.calendar", "is not used: all the block's figures are plain hours, which run around the clock"
        for name, figure in figures:
            if figure and figure.calendar and not figure.within.needs_calendar:
                yield f"{key}.{name}", "has a calendar, but plain hours run around the clock; write 'business hours'"
            if figure and figure.basis == "none":
                yield f"{key}.{name}", "has the basis 'none', but gives a figure"
        if block.reseller and not policy.resellers:
            yield f"{key}.reseller", "speaks of resellers, but there is no [resellers]"
        if "billing" in block.topic and not policy.billing:
            yield f"{key}.topic", "speaks of billing, but there is no [billing]"


def _figures_of(block: Block) -> Iterator[tuple[str, Figure | None]]:
    for name in COMMITMENTS:
        figures = getattr(block, name)
        if isinstance(figures, Figures):
            for severity, figure in figures.by_severity:
                yield f"{name}.{severity}" if severity else name, figure


def cases(policy: Policy) -> Iterator[Case]:
    """Every case that the blocks tell apart; with one of 'anything else' for products, regions and channels."""
    named = {
        kind: [None, *dict.fromkeys(id_ for block in policy.targets for id_ in getattr(block, kind))]
        for kind in ("product", "region", "channel")
    }
    for plan, tier, severity in policy.combinations():
        for item, region, channel in product(*named.values()):
            yield Case(plan.id, tier.id, severity, item, region, channel or "")
    for channel in named["channel"]:
        if policy.resellers:
            for severity in policy.tiers[policy.resellers.tier].severities or (None,):
                yield Case("", policy.resellers.tier, severity, channel=channel or "", reseller=True)
    for plan, tier, _ in policy.combinations():
        if policy.billing:
            yield Case(plan.id, tier.id, topic="billing")


def _reach(policy: Policy) -> Iterator[Fault]:
    """Blocks and figures that no case ever gets: shadowed by later ones, or about what does not exist."""
    heard: set[tuple[int, str]] = set()
    meant: set[int] = set()
    for case in cases(policy):
        last: dict[str, tuple[int, str]] = {}
        for i, block in enumerate(policy.targets):
            if fits(block, case):
                meant.add(i)
                last |= {name: (i, name) for name, _ in spoken(block, case.severity)}
        heard |= set(last.values())
    for i, block in enumerate(policy.targets):
        if i not in meant:
            yield f"targets[{i}]", "can't be reached: no plan with such a tier, severity and channel exists"
            continue
        for name in COMMITMENTS:
            if getattr(block, name) is not None and (i, name) not in heard:
                yield f"targets[{i}].{name}", "can't be reached: later blocks override it in every case"
        yield from _unreached_severities(policy, i, block)


def _unreached_severities(policy: Policy, i: int, block: Block) -> Iterator[Fault]:
    tiers = [policy.tiers[id_] for id_ in block.tier or policy.tiers]
    has = {
        severity for tier in tiers for severity in tier.severities if not block.severity or severity in block.severity
    }
    for name, _ in _figures_of(block):
        severity = name.partition(".")[2]
        if severity and severity not in has:
            yield f"targets[{i}].{name}", f"can't be reached: no tier of this block has the severity {severity!r}"


def _complete(policy: Policy) -> Iterator[Fault]:
    """Every plan × tier × severity is promised something, or 'none' in so many words."""
    gaps: set[str] = set()
    for case in cases(policy):
        said = settled(policy, case)
        may_be_silent = case.topic == "billing" or case.reseller
        if may_be_silent and not any(isinstance(said[name], Figures) for name in COMMITMENTS):
            continue
        who = f"plan {case.plan!r}, tier {case.tier!r}" + (f", severity {case.severity!r}" if case.severity else "")
        figures = [f for name in COMMITMENTS if (f := _figure_in(said[name], case.severity))]
        if said["basis"] is None and not (figures and all(figure.basis for figure in figures)):
            gaps.add(f"no block gives a basis for {who}; write one, with basis = 'none' if nothing is promised")
        if said["basis"] == "none" and not all(figure.basis for figure in figures):
            gaps.add(f"figures are given for {who}, but the basis of an earlier block is 'none'; write one beside them")
        if said["basis"] not in (None, "none") and not figures:
            gaps.add(f"the basis for {who} is {said['basis']!r}, but no figure is given")
        if any(figure.within.needs_calendar and not figure.calendar for figure in figures) and not said["calendar"]:
            gaps.add(f"figures for {who} count business time, but no block gives a calendar")
    yield from (("targets", gap) for gap in sorted(gaps))


def _figure_in(figures: object, severity: str | None) -> Figure | None:
    return figures.given_for(severity)[1] if isinstance(figures, Figures) else None


def _rest(policy: Policy) -> Iterator[Fault]:
    for i, warning in enumerate(policy.warnings):
        if (warning.used is None) == (warning.left is None):
            yield f"warnings[{i}]", "needs either 'used' (percent) or 'left' (a duration), not both and not neither"
    if policy.uptime:
        below = [step.below for step in policy.uptime.credits]
        if below != sorted(below, reverse=True):
            yield "uptime.credits", "must go from the highest availability to the lowest"
        if below and below[0] > policy.uptime.percent:
            yield "uptime.credits[0].below", f"is above the {policy.uptime.percent} % that is committed to"
        notice = policy.uptime.notice
        if notice and (notice.needs_calendar or notice.is_range):
            yield "uptime.notice", f"runs around the clock and is one time; write '120 hours', not {notice.text!r}"
        if not policy.uptime.counts:
            yield "uptime.counts", "must name a state in which the service is down"
    for name, channel in policy.channels.items():
        countries = [number.country for number in channel.numbers if len(number.country) != 2]
        if countries:
            yield f"channels.{name}.numbers", f"{countries[0]!r} is no two-letter country code"
    if policy.resellers and policy.resellers.levels and not policy.resellers.partner_area:
        yield "resellers.levels", "are of no use without partner_area = true, where partners order"
    spoken = policy.languages
    for code in (*spoken.support, spoken.authoritative or "en", *spoken.machine_translated):
        if not (2 <= len(code.split("-")[0]) <= 3 and code.replace("-", "").isalnum()):
            yield "languages", f"{code!r} is no language code such as 'en' or 'zh'"
    if policy.billing:
        for channel_id in policy.billing.channels:
            if not policy.channels[channel_id].guaranteed:
                yield "billing.channels", f"{channel_id!r} is at discretion; billing questions are always possible"
