"""What was promised and what was measured, for everybody: shares and times alone, and none that stand for a few."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from portal.db import utcnow
from portal.desk.words import span
from portal.fragments import fragment
from portal.front.policy_page import plan_and_tier
from portal.policies import the_policy
from portal.reports import figures
from portal.reports.asked import Asked
from portal.reports.figures import Counts, Promise
from portal.reports.sheets import HALF, NEARLY_ALL, by_policy, policy_words, severity_name, share_words, tier_name
from portal.sla import Policy
from portal.web import public, reader

bp = Blueprint("promise_report", __name__)
DAYS = 91  # thirteen weeks, so that every day of the week counts as often
FEWEST = 10  # that a figure stands for: of fewer it would tell how single tickets went


@dataclass(frozen=True)
class Measured:
    """One line. `kept` is 0 to 1; what stands for too few is None."""

    tier: str
    severity: str
    promised: str
    kept: float | None
    half: timedelta | None
    nearly_all: timedelta | None
    is_mine: bool


@bp.get("/support-policy/report")
@public
def show() -> ResponseReturnValue:
    policy, now = the_policy(), utcnow()
    mine = plan_and_tier(reader(), policy)
    hour = now.replace(minute=0, second=0, microsecond=0)
    key = ("promise report", policy, str(get_locale()), mine and mine[1], hour)
    body = fragment(key, lambda: drawn(policy, mine[1] if mine else "", now=now), seconds=3600)
    return render_template("reports/promises.html", body=body)


def drawn(policy: Policy, mine: str, *, now: datetime) -> str:
    asked = period(policy, now=now)
    counts = figures.count(figures.filed(asked.filed), now=now, zone=asked.zone)
    tables = [
        (promise, measured(policy, counts, promise, mine), promise not in figures.ROUNDS)
        for promise in figures.PROMISES
    ]
    words = {"span": span, "share_words": share_words}
    return render_template("reports/_promises.html", asked=asked, tables=tables, fewest=FEWEST, **words)


def period(policy: Policy, *, now: datetime) -> Asked:
    """The last days that are over where the vendor is."""
    zone = ZoneInfo(policy.zone)
    last: date = now.astimezone(zone).date() - timedelta(days=1)
    return Asked(last - timedelta(days=DAYS - 1), last, zone)


def measured(policy: Policy, counts: Counts, promise: Promise, mine: str) -> list[Measured]:
    """The tiers and severities of which the policy says a time."""
    found = counts.of(promise)
    known = {
        (tier.id, severity)
        for tier in policy.tiers.values()
        for severity in (tier.severities or (None,))
        if policy_words(policy, tier.id, severity, promise) != "–"
    }
    lines = []
    for tier, severity in sorted(known, key=lambda key: by_policy(policy, *key)):
        tally = found.get((tier, severity), figures.Tally())
        is_many = len(tally.took) >= FEWEST
        lines.append(
            Measured(
                tier=tier_name(policy, tier),
                severity=severity_name(policy, severity),
                promised=policy_words(policy, tier, severity, promise),
                kept=tally.share if tally.decided >= FEWEST else None,
                half=tally.within(HALF) if is_many else None,
                nearly_all=tally.within(NEARLY_ALL) if is_many else None,
                is_mine=tier == mine,
            )
        )
    return lines
