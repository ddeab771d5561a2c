"""Making a quote. What does not depend on the instant is worked out once for each kind of request and kept."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from portal.sla.asking import case_of, check_instant, check_zone
from portal.sla.calendar import instant
from portal.sla.comparing import options
from portal.sla.explaining import explain, explain_refusal, refuse
from portal.sla.policy import Policy
from portal.sla.quote import Clock, Quote, QuoteRequest
from portal.sla.routing import Route, answer_language, route_case
from portal.sla.steps import Step
from portal.sla.targets import Case, Commitments, Target, commitments


@dataclass(frozen=True)
class Standing:
    """All of a quote that holds whenever it is asked."""

    case: Case
    promised: Commitments
    route: Route
    refusal: Step | None


def make_quote(policy: Policy, request: QuoteRequest, at: datetime, zone: str | None = None) -> Quote:
    """What this request is promised if it is received `at` (aware). `zone` is the requester's, for the explanation.

    Not allowed to open such a request: `allowed` is False, `reason` says why and what there is instead, and no clock
    is set. Raises QuoteError for an unknown plan, tier, severity, channel, product, region or zone, or a naive `at`.
    """
    check_zone(zone)
    received = check_instant(at)
    standing = standing_of(policy, request)
    promised, case = standing.promised, standing.case
    quote = Quote(
        allowed=standing.refusal is None,
        tier=case.tier,
        queue=standing.route.queue,
        rank=standing.route.rank,
        severity=case.severity,
        basis=promised.basis,
        stops_on=promised.stops_on,
        policy_id=policy.id,
        policy_version=policy.version,
        zone=zone,
        refusal=standing.refusal,
        compare=partial(options, policy, request, received),
    )
    if standing.refusal:
        quote.basis, quote.stops_on, quote.explain = "none", None, explain_refusal
        return quote
    quote.first_response = clock(promised.first_response, received)
    quote.next_response = clock(promised.next_response, received)
    quote.update = clock(promised.update, received)
    quote.resolution = clock(promised.resolution, received)
    quote.explain = partial(explain, policy, promised, received)
    return quote


def standing_of(policy: Policy, request: QuoteRequest) -> Standing:
    """Case, commitments, route and refusal of a request; cached on the policy."""
    if request.language:  # to the few languages of support, so that nobody can fill the cache
        request = request._replace(language=answer_language(policy, request.language))
    known = policy.resolved.get(request)
    if not isinstance(known, Standing):
        case = case_of(policy, request)
        refusal = refuse(policy, case, is_contract=request.contract)
        known = Standing(case, commitments(policy, case), route_case(policy, case, request.language), refusal)
        policy.resolved[request] = known
    return known


def clock(target: Target | None, received: int) -> Clock | None:
    """When a target is due that is counted from `received` (UTC seconds)."""
    if target is None:
        return None
    due = target.due(received)
    earliest = None if due.earliest is None else instant(due.earliest)
    return Clock(instant(due.latest), earliest, target.calendar.id, due.business_seconds)
