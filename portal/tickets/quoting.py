"""What a request would be promised: entitlement first, then the quote of the SLA module."""

from dataclasses import dataclass
from datetime import datetime

from portal.accounts.entitlement import entitlement_of, the_policy
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.sla import Policy, Quote, QuoteRequest, make_quote
from portal.sla.entitlement import Entitlement
from portal.tickets.ticket import Ticket


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What of a request the promise depends on."""

    topic: str = "product"  # product, billing
    product: Product | None = None
    severity: str | None = None
    channel: str = "ticket"


def quote_for(
    person: User, organisation: Organisation | None, fields: Fields, *, now: datetime, zone: str
) -> Quote:
    """The promise for this request at this instant, explained in the person's zone and the policy's."""
    return make_quote(the_policy(), request_for(person, organisation, fields, now=now), at=now, zone=zone)


def request_for(person: User, organisation: Organisation | None, fields: Fields, *, now: datetime) -> QuoteRequest:
    entitlement = entitled(person, organisation, fields, now=now)
    return QuoteRequest(
        plan=entitlement.plan,
        tier=entitlement.tier,
        severity=fields.severity,
        channel=fields.channel,
        product=fields.product.slug if fields.product else None,
        region=organisation.region if organisation else None,
        reseller=bool(organisation and organisation.is_reseller),
    )


def entitled(person: User, organisation: Organisation | None, fields: Fields, *, now: datetime) -> Entitlement:
    return entitlement_of(person, fields.product, organisation, now=now)
