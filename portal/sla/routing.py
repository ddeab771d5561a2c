"""Where a request goes: queue, place in it, skills it needs, and the language it is answered in."""

from typing import NamedTuple

from portal.sla.asking import case_of
from portal.sla.policy import Policy, RoutingRule
from portal.sla.quote import QuoteRequest
from portal.sla.targets import Case


class Route(NamedTuple):
    """`rank` sorts a queue within what is due at the same time, lowest first."""

    queue: str
    rank: int
    skills: tuple[str, ...]
    language: str


def route_case(policy: Policy, case: Case, language: str | None = None) -> Route:
    """The first fitting rule that names a queue or rank decides it; skills of all fitting rules add up.

    Without a rule, product requests go to the policy's first queue with the plan's rank. Resellers have their own
    rank (R9), billing questions their own queue, and requests by some channels stand behind (R14).
    """
    rules = [rule for rule in policy.routing if _fits(rule, case)]
    own_queue, own_rank = None, None
    if case.reseller and policy.resellers:
        own_queue, own_rank = policy.resellers.queue, policy.resellers.rank
    if case.topic == "billing" and policy.billing:
        own_queue = policy.billing.queue
    queue = own_queue or next((rule.queue for rule in rules if rule.queue), None) or next(iter(policy.queues))
    ranked = own_rank or next((rule.rank for rule in rules if rule.rank), None)
    rank = (ranked or policy.plans[case.plan].rank) + policy.channels[case.channel].behind
    skills = tuple(dict.fromkeys(skill for rule in rules for skill in rule.skills))
    return Route(queue, rank, skills, answer_language(policy, language))


def answer_language(policy: Policy, language: str | None) -> str:
    """The language of answers: the asked one if support speaks it, else the policy's fallback (R11, T15)."""
    spoken = policy.languages.support
    wanted = (language or "").replace("_", "-")
    for code in (wanted, wanted.split("-")[0]):
        if code in spoken:
            return code
    return policy.languages.answers_in or spoken[0]


def _fits(rule: RoutingRule, case: Case) -> bool:
    named = ("tier", "plan", "severity", "product", "region", "channel")
    return all(not (wanted := getattr(rule, name)) or getattr(case, name) in wanted for name in named)


def route(policy: Policy, request: QuoteRequest) -> Route:
    """The route of a request. Raises QuoteError where it names what the policy does not know."""
    return route_case(policy, case_of(policy, request), request.language)
