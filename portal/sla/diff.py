"""What customers gain and lose between two policies, in words.

Times are compared by what they mean: the mean wait over the instants of a sample month, so that a shorter figure on a
calendar that is mostly closed does not pass for an improvement.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache, partial
from typing import Any, Literal

from babel import Locale
from babel.numbers import format_decimal

from portal.sla.calendar import AROUND_THE_CLOCK
from portal.sla.policy import COMMITMENTS, Policy
from portal.sla.steps import N_, Arg, Step, Texts
from portal.sla.table import general_first, week_for_readers, week_in_words
from portal.sla.targets import Case, Target, commitments
from portal.sla.terms import Commitment
from portal.sla.text import Text

Kind = Literal["gain", "loss", "change"]
SAMPLES = range(0, 28 * 24 * 3600, 1800)  # receipts through four weeks, in seconds
NOISE = 0.01  # a difference of the means below this comes from sampling, as between two zones
READERS = tuple(AROUND_THE_CLOCK)
STRENGTH = {"none": 0, "average": 1, "target": 2, "guarantee": 3}


@dataclass(frozen=True)
class Difference:
    """One gain, loss or neutral change. `subject` is the dotted place, `step` the sentence for any language."""

    kind: Kind
    subject: str
    step: Step


def differences(old: Policy, new: Policy) -> list[Difference]:
    """Everything that a customer would notice, in the order of the policy."""
    found = [*_plans(old, new), *_rights(old, new), *_times(old, new), *_hours(old, new), *_lists(old, new)]
    return [*found, *_figures(old, new)]


def _plans(old: Policy, new: Policy) -> Iterator[Difference]:
    for kind, entries in (("plans", (old.plans, new.plans)), ("tiers", (old.tiers, new.tiers))):
        before, after = entries
        for id_ in [id_ for id_ in after if id_ not in before]:
            yield _said("gain", f"{kind}.{id_}", NEW[kind], name=after[id_].name)
        for id_ in [id_ for id_ in before if id_ not in after]:
            yield _said("loss", f"{kind}.{id_}", GONE[kind], name=before[id_].name)


def _rights(old: Policy, new: Policy) -> Iterator[Difference]:
    for plan in (plan for id_, plan in new.plans.items() if id_ in old.plans):
        before = old.plans[plan.id]
        for tier in plan.tiers:
            if tier not in before.tiers and tier in old.tiers:
                yield _said("gain", f"plans.{plan.id}.tiers", TIER_GAINED, plan=plan.name, name=new.tiers[tier].name)
        for tier in before.tiers:
            if tier not in plan.tiers and tier in new.tiers:
                yield _said("loss", f"plans.{plan.id}.tiers", TIER_LOST, plan=plan.name, name=old.tiers[tier].name)
        for tier in (tier for tier in plan.tiers if tier in before.tiers):
            yield from _channels(old, new, plan.id, tier)
        if plan.portal != before.portal:
            kind: Kind = "gain" if plan.portal else "loss"
            yield _said(kind, f"plans.{plan.id}.portal", PORTAL[plan.portal], plan=plan.name)


def _channels(old: Policy, new: Policy, plan: str, tier: str) -> Iterator[Difference]:
    before = {channel.id: channel.name for channel in old.channels_of(plan, tier)}
    after = {channel.id: channel.name for channel in new.channels_of(plan, tier)}
    who: dict[str, Arg] = {"plan": new.plans[plan].name, "tier": new.tiers[tier].name}
    subject = f"plans.{plan}.channels"
    for id_, name in after.items():
        if id_ not in before:
            yield _said("gain", subject, CHANNEL_GAINED, **who, name=name)
    for id_, name in before.items():
        if id_ not in after:
            yield _said("loss", subject, CHANNEL_LOST, **who, name=name)


def _times(old: Policy, new: Policy) -> Iterator[Difference]:
    """Cases that both policies have. Those for one product, region or channel are told only where they differ from
    the general case."""
    at = int(datetime.combine(new.policy.in_force, time(), UTC).timestamp())
    wait = cache(partial(mean_wait, at=at))
    general: dict[Case, list[tuple[Target | None, Target | None]]] = {}
    found: dict[tuple[Kind, Case, Commitment, str, tuple[tuple[str, Arg], ...]], list[Text]] = {}  # → plans it is about
    for case in dict.fromkeys([*general_first(new), *general_first(old)]):
        if not (_has(old, case) and _has(new, case)):
            continue
        was, now = (commitments(policy, _known(policy, case)) for policy in (old, new))
        pairs = [(was.of(name), now.of(name)) for name in COMMITMENTS]
        plain = case._replace(product=None, region=None, channel="")
        if case != plain and [_shape(pair) for pair in pairs] == [_shape(pair) for pair in general.get(plain, [])]:
            continue
        general.setdefault(case, pairs)
        for name, (before, after) in zip(COMMITMENTS, pairs, strict=True):
            for kind, message, args in _target(before, after, wait):
                change = (kind, case._replace(plan=""), name, message, tuple(args.items()))
                plans = found.setdefault(change, [])
                plans += [] if case.reseller else [new.plans[case.plan].name]
    for (kind, case, name, message, filled), plans in found.items():
        subject = f"targets.{case.tier}.{case.severity or '-'}.{name}"
        filling: dict[str, Arg] = {"who": _who(new, case, plans), "what": Step("what", WHAT[name]), **dict(filled)}
        if message == BASIS:
            filling |= {place: Step("basis", BASES[str(filling[place])]) for place in ("old", "new")}
        yield _said(kind, subject, message, **filling)


def _has(policy: Policy, case: Case) -> bool:
    """Whether a policy has this plan, tier, severity, and (for cases about one) may open the channel."""
    if case.reseller:
        return policy.resellers is not None and case.tier == policy.resellers.tier
    if case.plan not in policy.plans or case.tier not in policy.plans[case.plan].tiers:
        return False
    if case.severity not in (policy.tiers[case.tier].severities or (None,)) and case.topic == "product":
        return False
    channels = [channel.id for channel in policy.channels_of(case.plan, case.tier)]
    return not case.channel or case.channel in channels


def _known(policy: Policy, case: Case) -> Case:
    """The case as this policy sees it: a product or region that it doesn't name is any other."""
    product = case.product if case.product in policy.products else None
    return case._replace(product=product, region=case.region if case.region in policy.regions else None)


def _shape(pair: tuple[Target | None, Target | None]) -> tuple[object, ...]:
    return tuple(target and (target.duration, target.calendar.id, target.basis) for target in pair)


def _target(
    was: Target | None, now: Target | None, wait: Callable[[Target], float]
) -> Iterator[tuple[Kind, str, dict[str, Arg]]]:
    if was is None and now is not None:
        yield "gain", PROMISED, {"new": now.duration}
    elif was is not None and now is None:
        yield "loss", NO_LONGER_PROMISED, {"old": was.duration}
    elif was is not None and now is not None:
        args: dict[str, Arg] = {"old": was.duration, "new": now.duration}
        ratio = (wait(now) + 1) / (wait(was) + 1)
        if abs(ratio - 1) > NOISE:
            hours: dict[str, Arg] = {"old_hours": was.calendar.name, "new_hours": now.calendar.name}
            yield ("gain", FASTER, args | hours) if ratio < 1 else ("loss", SLOWER, args | hours)
        elif was.duration != now.duration:
            yield "change", REWORDED, args
        if was.basis != now.basis:
            kind: Kind = "gain" if STRENGTH[now.basis] > STRENGTH[was.basis] else "loss"
            yield kind, BASIS, {"old": was.basis, "new": now.basis}


def mean_wait(target: Target, at: int) -> float:
    """Mean seconds from receipt to due, over receipts spread evenly through the four weeks from `at` (UTC seconds)."""
    return sum(target.due(at + step).latest - at - step for step in SAMPLES) / len(SAMPLES)


def _hours(old: Policy, new: Policy) -> Iterator[Difference]:
    for id_, tier in new.tiers.items():
        if id_ not in old.tiers:
            continue
        was, now = old.calendar(old.tiers[id_].hours), new.calendar(tier.hours)
        if week_in_words(was) != week_in_words(now) or was.zone != now.zone:
            kind: Kind = "gain" if _open_minutes(now.hours) > _open_minutes(was.hours) else "loss"
            if _open_minutes(now.hours) == _open_minutes(was.hours):
                kind = "change"
            weeks: dict[str, Arg] = {"old": week_for_readers(was), "new": week_for_readers(now)}
            yield _said(kind, f"tiers.{id_}.hours", HOURS, tier=tier.name, **weeks)


def _lists(old: Policy, new: Policy) -> Iterator[Difference]:
    """Lists in which an entry more is a gain (or, for what is not covered, a loss)."""
    for subject, read, is_good, (more, less) in LISTS:
        before, after = read(old), read(new)
        added = tuple(text for text in after if str(text) not in map(str, before))
        dropped = tuple(text for text in before if str(text) not in map(str, after))
        if added:
            yield _said("gain" if is_good else "loss", subject, more, items=Texts(added))
        if dropped:
            yield _said("loss" if is_good else "gain", subject, less, items=Texts(dropped))


def _figures(old: Policy, new: Policy) -> Iterator[Difference]:
    for subject, read, message in FIGURES:
        was, now = read(old), read(new)
        if was != now:
            kind: Kind = "gain" if (now or 0) > (was or 0) else "loss"
            yield _said(kind, subject, message, old=_number(was), new=_number(now))


def _who(policy: Policy, case: Case, plans: Iterable[Text]) -> Arg:
    tables: tuple[Mapping[str, Any], ...] = (policy.tiers, policy.severities, policy.products, policy.regions,
                                             policy.channels)  # fmt: skip
    ids = (case.tier, case.severity, case.product, case.region, case.channel)
    named: list[Arg] = [table[id_].name if id_ in table else id_ for table, id_ in zip(tables, ids, strict=True) if id_]
    who: Arg = Step("who", RESELLERS) if case.reseller else Texts(tuple(plans))
    for name in [*named, *([Step("who", BILLING)] if case.topic == "billing" else [])]:
        who = Step("who", NARROWED, {"who": who, "of": name})
    return who


@cache
def _open_minutes(week: tuple[tuple[tuple[int, int], ...], ...]) -> int:
    return sum(end - start for day in week for start, end in day)


def _number(value: Decimal | int | None) -> Arg:
    if value is None:
        return Step("figure", NO_FIGURE)
    return Text({language: format_decimal(value, locale=language, decimal_quantization=False) for language in READERS})


def _said(kind: Kind, subject: str, message: str, **args: Arg) -> Difference:
    return Difference(kind, subject, Step(kind, message, args))


def _languages(codes: Iterable[str]) -> tuple[Text, ...]:
    """The languages by their names in those of the readers."""
    spoken = [Locale.parse(code, sep="-") for code in codes]
    return tuple(
        Text({reader: locale.get_display_name(reader) or str(locale) for reader in READERS}) for locale in spoken
    )


NEW = {"plans": N_("There is a new plan: %(name)s."), "tiers": N_("There is a new support tier: %(name)s.")}
GONE = {"plans": N_("The plan %(name)s is gone."), "tiers": N_("The support tier %(name)s is gone.")}
TIER_GAINED = N_("%(plan)s can now have %(name)s.")
TIER_LOST = N_("%(plan)s can no longer have %(name)s.")
CHANNEL_GAINED = N_("%(plan)s with %(tier)s now has %(name)s.")
CHANNEL_LOST = N_("%(plan)s with %(tier)s no longer has %(name)s.")
PORTAL = {True: N_("%(plan)s now has the customer portal."), False: N_("%(plan)s no longer has the customer portal.")}
PROMISED = N_("%(who)s: %(what)s is now promised within %(new)s.")
NO_LONGER_PROMISED = N_("%(who)s: %(what)s is no longer promised (it was %(old)s).")
FASTER = N_("%(who)s: %(what)s comes sooner, %(new)s (%(new_hours)s) instead of %(old)s (%(old_hours)s).")
SLOWER = N_("%(who)s: %(what)s comes later, %(new)s (%(new_hours)s) instead of %(old)s (%(old_hours)s).")
REWORDED = N_("%(who)s: %(what)s is now written %(new)s instead of %(old)s, which means the same.")
BASIS = N_("%(who)s: %(what)s is now %(new)s, no longer %(old)s.")
NARROWED = N_("%(who)s, %(of)s")
RESELLERS, BILLING, NO_FIGURE = N_("resellers"), N_("billing questions"), N_("none")
WHAT: dict[str, str] = {
    "first_response": N_("the first response"),
    "next_response": N_("every next response"),
    "update": N_("an update"),
    "resolution": N_("the resolution"),
}
BASES = {"guarantee": N_("guaranteed"), "target": N_("our target"), "average": N_("on average")}
HOURS = N_("%(tier)s: support hours are now %(new)s instead of %(old)s.")
COVERS = (N_("Now covered: %(items)s."), N_("No longer covered: %(items)s."))
EXCLUDES = (N_("Now excluded: %(items)s."), N_("No longer excluded: %(items)s."))
SPEAKS = (N_("Support now speaks: %(items)s."), N_("Support no longer speaks: %(items)s."))
OFFERS = (N_("Now offered beside support: %(items)s."), N_("No longer offered beside support: %(items)s."))
LISTS: tuple[tuple[str, Callable[[Policy], tuple[Text, ...]], bool, tuple[str, str]], ...] = (
    ("coverage.covered", lambda policy: policy.coverage.covered, True, COVERS),
    ("coverage.not_covered", lambda policy: policy.coverage.not_covered, False, EXCLUDES),
    ("languages.support", lambda policy: _languages(policy.languages.support), True, SPEAKS),
    ("services", lambda policy: tuple(service.name for service in policy.services), True, OFFERS),
)
FIGURES: tuple[tuple[str, Callable[[Policy], Decimal | int | None], str], ...] = (
    ("uptime.percent", lambda p: p.uptime.percent if p.uptime else None,
     N_("The availability committed to, in percent, is now %(new)s instead of %(old)s.")),
    ("uptime.credits", lambda p: sum((s.credit for s in p.uptime.credits), Decimal(0)) if p.uptime else None,
     N_("The availability credits, in percent and added up, are now %(new)s instead of %(old)s.")),
    ("response_credits", lambda p: sum((c.credit for c in p.response_credits), Decimal(0)),
     N_("The credits for late responses, in percent and added up, are now %(new)s instead of %(old)s.")),
    ("versions.supported_majors", lambda p: p.versions.supported_majors if p.versions else None,
     N_("The number of supported major versions is now %(new)s instead of %(old)s.")),
)  # fmt: skip
