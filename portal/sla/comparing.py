"""What would be faster: other channels of the same plan, tiers it can have, and plans above it."""

from collections.abc import Iterator

from portal.sla.asking import case_of
from portal.sla.calendar import instant
from portal.sla.explaining import refuse
from portal.sla.policy import Policy
from portal.sla.quote import Faster, Quote, QuoteRequest
from portal.sla.targets import Due, commitments
from portal.sla.terms import Basis


def options(policy: Policy, request: QuoteRequest, received: int, quote: Quote) -> tuple[Faster, ...]:
    """Alternatives that are answered sooner than the quote, soonest first; for a refused one, any that are allowed."""
    own = quote.first_response.due_at if quote.first_response else None
    found = []
    for kind, id_, name, other in _alternatives(policy, request):
        due, basis = _first_response(policy, other, received)
        if due and (own is None or instant(due.latest) < own):
            found.append(Faster(kind, id_, name, instant(due.latest), basis))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda option: option.due_at))


def _alternatives(policy: Policy, request: QuoteRequest) -> Iterator[tuple[str, str, object, QuoteRequest]]:
    if request.topic == "billing":
        return
    case = case_of(policy, request)
    for channel in policy.channels.values():
        if channel.id != case.channel:
            yield "channel", channel.id, channel.name, request._replace(channel=channel.id)
    if case.reseller:
        return
    plan = policy.plans[case.plan]
    for tier_id in plan.tiers:
        if tier_id != case.tier:
            yield "tier", tier_id, policy.tiers[tier_id].name, _with(policy, request, plan.id, tier_id)
    for other in policy.plans.values():
        if other.id != case.plan and other.rank <= plan.rank:
            tier_id = case.tier if case.tier in other.tiers else other.tiers[0]
            yield "plan", other.id, other.name, _with(policy, request, other.id, tier_id)


def _with(policy: Policy, request: QuoteRequest, plan: str, tier: str) -> QuoteRequest:
    """The same request under another plan and tier, with a severity that the tier has."""
    severity = request.severity if request.severity in policy.tiers[tier].severities else None
    return request._replace(plan=plan, tier=tier, severity=severity, contract=False)


def _first_response(policy: Policy, request: QuoteRequest, received: int) -> tuple[Due | None, Basis]:
    case = case_of(policy, request)
    promised = commitments(policy, case)
    if promised.first_response is None or refuse(policy, case, is_contract=request.contract):
        return None, "none"
    return promised.first_response.due(received), promised.basis
