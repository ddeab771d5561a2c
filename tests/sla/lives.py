"""Lives of tickets for the simulated year: received at awkward times, answered, left waiting, raised, reopened."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.sla.wall import FIRST, Rules, instant

AWKWARD = [  # clocks change, offices close, weeks and years end
    *("2026-01-01", "2026-01-19", "2026-02-17", "2026-03-08", "2026-03-29", "2026-04-03", "2026-04-06", "2026-04-24"),
    *("2026-04-27", "2026-05-14", "2026-05-25", "2026-07-03", "2026-10-04", "2026-10-25", "2026-10-29", "2026-11-01"),
    *("2026-11-26", "2026-12-19", "2026-12-24", "2026-12-25", "2026-12-31"),
]


@dataclass(frozen=True)
class Deed:
    """Something that happens at a minute."""

    minute: int
    kind: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Life:
    received: Deed
    deeds: list[Deed]

    @property
    def last(self) -> int:
        return self.deeds[-1].minute if self.deeds else self.received.minute


def a_life(dice: random.Random, rules: Rules, files: list[str]) -> Life:
    """A ticket of that policy. What happens is mostly what people do, and now and then what only mistakes do. `files`
    are the versions that the policy may become."""
    received = Deed(_receipt(dice), "received", _case(dice, rules))
    now, deeds, is_over = received.minute, [], False
    for _ in range(dice.choice([0, 1, 2, 3, 4, 6, 9, 14])):
        now += _gap(dice)
        deed = _deed(dice, rules, now, is_over, files)
        is_over = deed.kind in ("resolved", "closed") or (is_over and deed.kind in QUIET)
        deeds.append(deed)
    return Life(received, deeds)


QUIET = ("triaged", "severity_changed", "plan_changed", "receipt_sent", "noted", "waiting", "closed",
         "policy_changed")  # fmt: skip


def _receipt(dice: random.Random) -> int:
    if dice.random() < 0.4:
        day = date(2026, 1, 1) + timedelta(days=dice.randrange(365))
    else:
        day = date.fromisoformat(dice.choice(AWKWARD)) + timedelta(days=dice.randrange(-4, 3))
    day = max(day, date(2026, 1, 1))
    hour = dice.choice([*range(24), *range(7, 20)])
    minute = dice.choice([0, 15, 30, 45, dice.randrange(60)])
    return (day - FIRST).days * 1440 + hour * 60 + minute


def _gap(dice: random.Random) -> int:
    longest = dice.choice([0, 1, 10, 90, 600, 3000, 3000, 6000, 12_000])
    return dice.randrange(longest + 1)


def _case(dice: random.Random, rules: Rules) -> dict[str, Any]:
    raw = rules.raw
    plan = dice.choice([*raw["plans"], *[name for name in raw["plans"] if len(rules.tiers_of(name)) > 1] * 3])
    is_reseller = "resellers" in raw and dice.random() < 0.08
    tiers = rules.tiers_of(plan)
    tier = raw["resellers"]["tier"] if is_reseller else dice.choice([*tiers, *tiers[1:] * 2])
    topic = "billing" if dice.random() < 0.06 else "product"
    severities = rules.severities(tier)
    return {
        "plan": plan,
        "tier": tier,
        "severity": dice.choice(severities) if severities and topic == "product" else None,
        "product": dice.choice([None, *raw.get("products", {})]),
        "region": dice.choice([None, *raw.get("regions", {})]),
        "channel": dice.choice([*["ticket"] * 8, *raw["channels"]]),
        "topic": topic,
        "reseller": is_reseller,
    }


def _deed(dice: random.Random, rules: Rules, now: int, is_over: bool, files: list[str]) -> Deed:
    usual = ["agent_replied"] * 6 + ["customer_replied"] * 6 + ["waiting", "triaged", "noted", "receipt_sent"]
    usual += ["severity_changed"] * 3 + ["plan_changed", "resolved", "resolved", "closed", "policy_changed", "joined"]
    afterwards = ["reopened"] * 4 + ["customer_replied", "agent_replied", "closed", "severity_changed", "plan_changed"]
    kind = dice.choice(afterwards if is_over and dice.random() < 0.9 else usual)
    detail: dict[str, Any] = {}
    if kind == "agent_replied":
        detail = {"wait": dice.random() < 0.7, "automatic": dice.random() < 0.05}
    elif kind == "customer_replied":
        detail = {"automatic": dice.random() < 0.1}
    elif kind == "receipt_sent":
        detail = {"automatic": True}
    elif kind in ("triaged", "severity_changed"):
        detail = {"severity": dice.choice([*rules.raw.get("severities", {}), None])}
    elif kind == "plan_changed":
        plan = dice.choice(list(rules.raw["plans"]))
        detail = {"plan": plan, "tier": dice.choice([*rules.tiers_of(plan), None])}
    elif kind == "policy_changed":
        detail = {"file": dice.choice(files)}
    elif kind == "joined":
        detail = _question(dice, now)
    elif kind == "reopened":
        detail = {"by_customer": dice.random() < 0.7}
    return Deed(now, kind, detail)


def _question(dice: random.Random, now: int) -> dict[str, Any]:
    """Of a ticket that was merged into this one: since when it waits, and until when an answer was promised there."""
    since = max(now - _gap(dice), 0)
    owed = dice.choice([None, since + _gap(dice), now + _gap(dice)])
    told = {"since": instant(since).isoformat(), "owed_at": None if owed is None else instant(owed).isoformat()}
    return told | {"since_minute": since, "owed_minute": owed}


def moments(dice: random.Random, life: Life) -> list[int]:
    """The minutes at which to look: at every deed, just before and after it, in between, and long afterwards."""
    found = {life.received.minute, life.last + 20_000, life.last + 60_000}
    for deed in life.deeds:
        found |= {deed.minute - 1, deed.minute, deed.minute + 1}
    found |= {dice.randrange(life.received.minute, life.last + 8000) for _ in range(4)}
    return sorted(minute for minute in found if minute >= life.received.minute)
