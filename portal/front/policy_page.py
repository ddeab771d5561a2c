"""The public policy page, written by the policy: what each plan has, when, and how fast."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask_babel import gettext as _

from portal.accounts.entitlement import entitlement_of
from portal.band import Band, Closure, draw_week
from portal.db import utcnow
from portal.formats import closure_words, date_locale, listed, share
from portal.front import words
from portal.policies import known_versions, the_policy
from portal.sla import Policy
from portal.sla.calendar import Calendar
from portal.sla.policy import COMMITMENTS, Channel, Plan, Severity, Tier
from portal.sla.targets import Case, Target, commitments
from portal.sla.text import Text
from portal.web import choose_zone


@dataclass(frozen=True)
class Row:
    """Plans that have the same figures in a tier: one line of its table, a target (or None) for each severity."""

    plans: tuple[Plan, ...]
    targets: tuple[Target | None, ...]
    is_mine: bool


@dataclass(frozen=True)
class Times:
    """One tier's table: for each commitment that it has, rows of plans by severities (one column without any)."""

    tier: Tier
    severities: tuple[Severity, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]


@dataclass(frozen=True)
class Week:
    """A calendar that something counts on, drawn for the coming week."""

    calendar: Calendar
    band: Band
    closures: tuple[tuple[date, Text | None], ...]


def plan_and_tier(person: Any, policy: Policy) -> tuple[str, str] | None:
    """The reader's own plan and tier, if they signed in and this policy knows both."""
    if not person.is_authenticated or person.is_staff:
        return None
    held = entitlement_of(person, now=utcnow())
    known = held.plan in policy.plans and held.tier in policy.tiers
    return (held.plan, held.tier) if known else None


def policy_context(policy: Policy, mine: tuple[str, str] | None) -> dict[str, Any]:
    """Everything that the page of a version shows."""
    locale = date_locale()
    return {
        "policy": policy,
        "mine": mine,
        "is_current": the_policy() is policy,
        "tables": time_tables(policy, mine),
        "opening": opening_hours(policy, now=utcnow(), zone=choose_zone(), locale=locale),
        "channels": [(channel, who_has(policy, channel)) for channel in policy.channels.values()],
        "my_channels": {channel.id for channel in policy.channels_of(*mine)} if mine else set(),
        "credits": credit_sentences(policy, locale),
        "uptime": availability(policy, locale),
        "languages_said": said_languages(policy, locale),
        "search_first": listed(policy.self_service.search_first),
        "versions": known_versions(),
        "commitments": words.COMMITMENTS,
        "bases": words.BASES,
        "stops": words.STOPS,
        "recognised": words.RECOGNISED,
    }


def said_languages(policy: Policy, locale: Locale) -> str:
    """The languages of support, by their names in the reader's language."""
    names = [Locale.parse(code).get_display_name(locale) or code for code in policy.languages.support]
    return listed(names)


def time_tables(policy: Policy, mine: tuple[str, str] | None = None) -> list[Times]:
    """The tiers that have a figure, each with its commitments. `mine` is the reader's (plan, tier)."""
    found = []
    for tier in policy.tiers.values():
        groups = tuple((name, tuple(_rows(policy, tier, name, mine))) for name in COMMITMENTS)
        stated = tuple((name, rows) for name, rows in groups if any(t for row in rows for t in row.targets))
        if stated:
            found.append(Times(tier, tuple(policy.severities[id_] for id_ in tier.severities), stated))
    return found


def _rows(policy: Policy, tier: Tier, commitment: str, mine: tuple[str, str] | None) -> Iterator[Row]:
    plans = [plan for plan in policy.plans.values() if tier.id in plan.tiers]
    figures = [(plan, _targets(policy, plan, tier, commitment)) for plan in plans]
    for targets, group in groupby(figures, key=lambda pair: pair[1]):
        members = tuple(plan for plan, _ in group)
        yield Row(members, targets, any((plan.id, tier.id) == mine for plan in members))


def _targets(policy: Policy, plan: Plan, tier: Tier, commitment: str) -> tuple[Target | None, ...]:
    severities: tuple[str | None, ...] = tier.severities or (None,)
    cases = (Case(plan.id, tier.id, severity) for severity in severities)
    return tuple(getattr(commitments(policy, case), commitment) for case in cases)


def opening_hours(policy: Policy, *, now: datetime, zone: str, locale: Locale) -> list[Week]:
    """The calendars of the policy with a drawing of the coming seven days and the closures of the coming month."""
    return [week_of(calendar, now=now, zone=zone, locale=locale) for calendar in policy.calendars.values()]


def week_of(calendar: Calendar, *, now: datetime, zone: str, locale: Locale) -> Week:
    """The coming seven days of a calendar, drawn in the reader's zone."""
    soon = calendar.shortened(now - timedelta(days=1), now + timedelta(days=8))
    band = draw_week(
        calendar.intervals(now - timedelta(days=1), now + timedelta(days=9)),
        first=now.astimezone(ZoneInfo(zone)).date(),
        zone=zone,
        locale=locale,
        now=now,
        closures=[Closure.of(c.day, calendar.zone, closure_words(c.name)) for c in soon],
        rtl=locale.text_direction == "rtl",
    )
    closed = tuple((c.day, c.name) for c in calendar.shortened(now, now + timedelta(days=45)))
    return Week(calendar, band, closed)


def who_has(policy: Policy, channel: Channel) -> list[Plan | Tier]:
    """The plans and the bought tiers that may open a channel, in the order of the file."""
    plans: list[Plan | Tier] = [plan for plan in policy.plans.values() if _plan_has(policy, plan, channel)]
    tiers = [
        tier
        for tier in policy.tiers.values()
        if channel.id in tier.channels and not any(plan.tiers[0] == tier.id for plan in policy.plans.values())
    ]
    return plans + [tier for tier in tiers if len(plans) < len(policy.plans)]


def _plan_has(policy: Policy, plan: Plan, channel: Channel) -> bool:
    return channel.id in plan.channels or channel.id in policy.tiers[plan.tiers[0]].channels


def credit_sentences(policy: Policy, locale: Locale) -> list[str]:
    """What is owed for late responses, a sentence a rule; the general ones of the policy first."""
    found = []
    if policy.service_credits and policy.service_credits.how:
        found.append(policy.service_credits.how.to(str(locale)))
    for rule in policy.response_credits:
        tiers = listed(policy.tiers[id_].name for id_ in rule.tiers)
        credit = share(rule.credit, locale)
        said = _("%(tiers)s: %(share)s of the month's fee for each late response.", tiers=tiers, share=credit)
        if rule.severities:
            named = listed(policy.severities[id_].name for id_ in rule.severities)
            said += " " + _("It holds for: %(severities)s.", severities=named)
        if rule.most_per_month:
            said += " " + _("At most %(share)s a month.", share=share(rule.most_per_month, locale))
        found.append(said)
    return found


@dataclass(frozen=True)
class Availability:
    """The availability that is committed to, in words."""

    sentence: str
    steps: tuple[str, ...]


def availability(policy: Policy, locale: Locale) -> Availability | None:
    """None where the policy commits to no availability."""
    uptime = policy.uptime
    if uptime is None:
        return None
    tiers = listed(policy.tiers[id_].name for id_ in uptime.tiers)
    periods = {"month": _("a month"), "quarter": _("a quarter"), "year": _("a year")}
    committed, period = share(uptime.percent, locale), periods[uptime.period]
    sentence = _("%(tiers)s: available for %(share)s of %(period)s.", tiers=tiers, share=committed, period=period)
    steps = tuple(
        _(
            "Below %(share)s: %(credit)s of the fee is credited.",
            share=share(step.below, locale),
            credit=share(step.credit, locale),
        )
        for step in uptime.credits
    )
    return Availability(sentence, steps)
