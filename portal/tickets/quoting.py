"""What a request would be promised: entitlement first, then the quote of the SLA module."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.entitlement import held_in, region_of
from portal.accounts.people import Organisation, User
from portal.policies import the_policy
from portal.sla import Policy, Quote, QuoteRequest, make_quote
from portal.sla.entitlement import Entitlement, entitled
from portal.sla.routing import route
from portal.tickets import clocks
from portal.tickets.ticket import Ticket


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What of a request the promise depends on."""

    topic: str = "product"  # product, billing
    product: Any = None  # of Product: the entity, or a row with its slug
    severity: str | None = None
    channel: str = "ticket"


def quote_for(person: User, organisation: Organisation | None, fields: Fields, *, now: datetime, zone: str) -> Quote:
    """The promise for this request at this instant, explained in the person's zone and the policy's."""
    held = held_for(person, organisation, fields, now=now)
    return make_quote(the_policy(), request_for(held, organisation, fields, now=now), at=now, zone=zone)


def held_for(
    person: User, organisation: Organisation | None, fields: Fields, *, now: datetime, acting: bool = False
) -> Entitlement:
    """What the person has for the product, as a member of the organisation (None: of any, or on their own), or
    `acting` for it as a reseller."""
    product = fields.product.slug if fields.product else None
    grants, sells = held_in(person, organisation, now=now, acting=acting)
    return entitled(the_policy(), grants, product=product, now=now, reseller=sells)


def held_of(ticket: Ticket, fields: Fields, *, now: datetime) -> Entitlement:
    """What counts for the ticket now: what its requester has, or the customer for whom a reseller filed it."""
    acting = ticket.reseller_id is not None
    return held_for(ticket.requester, ticket.organisation, fields, now=now, acting=acting)


def rank_for(quote: Quote, question: QuoteRequest, *, acting: bool) -> int:
    """The place in the queue. What a reseller files for a customer stands with its own requests (R9), if that is
    before the customer's."""
    policy = the_policy()
    if not acting or policy.resellers is None:
        return quote.rank
    return min(quote.rank, route(policy, question._replace(reseller=True)).rank)


def request_for(held: Entitlement, organisation: Any, fields: Fields, *, now: datetime) -> QuoteRequest:
    """The question to the SLA module, for an organisation or a row with its id.

    A product or region that the policy doesn't name has the targets of all.
    """
    policy, region = the_policy(), region_of(organisation, now=now)
    return QuoteRequest(
        plan=held.plan,
        tier=held.tier,
        severity=fields.severity,
        channel=fields.channel,
        product=fields.product.slug if fields.product and fields.product.slug in policy.products else None,
        region=region if region in policy.regions else None,
        reseller=held.reseller,
        topic="billing" if fields.topic == "billing" else "product",
        contract=held.is_contract,
    )


def severities(policy: Policy, tier: str, topic: str = "product") -> list[str]:
    """The severities that a request may have, worst first; none for billing and for tiers without."""
    if topic == "billing" or tier not in policy.tiers:
        return []
    return [severity.id for severity in policy.severities_of(tier)]


def severity_name(ticket: Ticket, severity: str | None, *, locale: str) -> str:
    """As the policy of the ticket calls it; the bare id where that policy doesn't know it (any more)."""
    known = clocks.policy_of(ticket).severities.get(severity or "")
    return known.name.to(locale) if known else severity or ""


def holding_words(ticket: Ticket, *, locale: str) -> str:
    """'Business, SLA 24x5': what the ticket is held to, as its policy names it."""
    policy = clocks.policy_of(ticket)
    plan, tier = policy.plans.get(ticket.plan), policy.tiers.get(ticket.tier)
    plan_name, tier_name = plan.name.to(locale) if plan else ticket.plan, tier.name.to(locale) if tier else ticket.tier
    return _("%(plan)s, %(tier)s", plan=plan_name, tier=tier_name)
