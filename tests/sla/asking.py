"""Short ways for tests to ask a policy."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.sla import Policy, Quote, QuoteRequest, load_policy, make_quote


def at(text: str, zone: str = "UTC") -> datetime:
    """`at("2026-11-27 17:30", "Europe/Berlin")` as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def ask(policy: Policy | str, received: datetime, zone: str | None = None, **request: Any) -> Quote:
    chosen = load_policy(policy) if isinstance(policy, str) else policy
    return make_quote(chosen, QuoteRequest(**request), received, zone)


def due(policy: Policy | str, received: datetime, **request: Any) -> datetime:
    first = ask(policy, received, **request).first_response
    assert first, "nothing is promised"
    return first.due_at


def opens(policy: str, plan: str, tier: str | None = None) -> list[str]:
    return [channel.id for channel in load_policy(policy).channels_of(plan, tier)]


def english(texts: Any) -> list[str]:
    return [str(text) for text in texts]
