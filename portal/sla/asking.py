"""From a request to a case of the policy: defaults filled in, and everything unknown refused by name."""

from collections.abc import Iterable
from datetime import datetime

from portal.sla.calendar import FIRST_YEAR, LAST_YEAR, beyond, stamp
from portal.sla.errors import QuoteError
from portal.sla.policy import Policy, Topic
from portal.sla.quote import QuoteRequest
from portal.sla.reading import is_zone
from portal.sla.targets import Case


def case_of(policy: Policy, request: QuoteRequest) -> Case:
    """The case that a request is. Raises QuoteError naming the field and what it may be."""
    plan = _known("plan", request.plan, policy.plans)
    topic: Topic = "billing" if request.topic == "billing" else "product"
    if request.topic != topic:
        raise QuoteError("topic", request.topic, ("product", "billing"))
    _known("channel", request.channel, policy.channels)
    for field, value, known in (
        ("product", request.product, policy.products),
        ("region", request.region, policy.regions),
        ("tier", request.tier, policy.tiers),
    ):
        if value is not None:
            _known(field, value, known)
    reseller = bool(request.reseller and policy.resellers)
    tier = request.tier or policy.plans[plan].tiers[0]
    if reseller and policy.resellers:
        tier = policy.resellers.tier
    return Case(
        plan=plan,
        tier=tier,
        severity=_severity(policy, tier, request),
        product=request.product,
        region=request.region,
        channel=request.channel,
        topic=topic,
        reseller=reseller,
    )


def check_instant(at: object) -> int:
    """UTC seconds of an aware datetime; QuoteError for a naive one, or one outside the years that calendars know."""
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise QuoteError("at", at, reason=f"{at} has no time zone; give an instant such as 2026-11-22T17:00:00Z")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise beyond(at.year)
    return stamp(at)


def check_zone(zone: str | None) -> None:
    if zone is not None and not (isinstance(zone, str) and is_zone(zone)):
        raise QuoteError("zone", zone, reason=f"{zone!r} is no IANA time zone such as 'Europe/Amsterdam'")


def _severity(policy: Policy, tier: str, request: QuoteRequest) -> str | None:
    if request.severity is None:
        return None if request.topic == "billing" else policy.default_severity(tier)
    valid = policy.tiers[tier].severities
    if request.severity not in policy.severities:
        raise QuoteError("severity", request.severity, valid)
    if request.topic == "billing":
        return None
    if not valid:
        raise QuoteError("severity", request.severity, reason=f"tier {tier!r} has no severities; leave it out")
    return _known("severity", request.severity, valid)


def _known(field: str, value: str, known: Iterable[str]) -> str:
    if value not in known:
        raise QuoteError(field, value, known)
    return value
