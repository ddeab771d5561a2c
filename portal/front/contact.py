"""The contact page: each way to reach support that the reader has, what it needs and promises, and when it is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global

from portal.accounts.entitlement import entitlement_of
from portal.accounts.pins import PhonePin, may_have_pin, pin_of
from portal.formats import date_locale
from portal.front.home import ICONS, Hours, hours_at
from portal.front.policy_page import Week, week_of, who_has
from portal.policies import the_policy
from portal.sla import Policy, Quote, QuoteRequest, make_quote
from portal.sla.entitlement import Entitlement
from portal.sla.policy import Channel, PhoneNumber
from portal.sla.text import Text
from portal.tickets.telling import promised_sentence
from portal.web import choose_zone, settings


@dataclass(frozen=True)
class Line:
    """A number to call, and the plans or tiers that it is for."""

    number: PhoneNumber
    holders: tuple[Text, ...]

    @property
    def href(self) -> str:
        """As RFC 3966 writes it."""
        digits = "".join(c for c in self.number.number if c.isdigit())
        extension = f";ext={self.number.extension}" if self.number.extension else ""
        return f"tel:{'+' if self.number.number.startswith('+') else ''}{digits}{extension}"


@dataclass(frozen=True)
class Way:
    """A channel as this reader has it. `hours` and `week` are None for one that is open at any time."""

    id: str
    icon: str
    name: Text
    note: Text | None
    hours: Hours | None
    week: Week | None
    promise: str
    severity: Text | None
    lines: tuple[Line, ...]
    address: str
    needs_pin: bool


@dataclass(frozen=True)
class Other:
    """A channel that the reader doesn't have, and who does."""

    id: str
    icon: str
    name: Text
    holders: Sequence[Any]


@dataclass(frozen=True)
class Contact:
    ways: list[Way]
    others: list[Other]
    plan_name: Text | None
    has_pins: bool
    pin: PhonePin | None
    asks_number: bool


def contact_for(person: Any, *, now: datetime) -> Contact:
    """The page for a visitor, for somebody who signed in, or for staff, who see every number and no promise."""
    policy = the_policy()
    answers = person.is_authenticated and person.is_staff
    held = None if answers else entitlement_of(person, now=now)
    reached = [channel for channel in policy.channels.values() if is_reached(channel)]
    had = [channel for channel in reached if held is None or held.may_open(channel.id)]
    asks = person.is_authenticated and not answers and may_have_pin(person, now=now)
    return Contact(
        ways=[way_of(policy, channel, held, now) for channel in had],
        others=[
            Other(channel.id, ICONS[channel.id], channel.name, who_has(policy, channel))
            for channel in reached
            if channel not in had
        ],
        plan_name=policy.plans[held.plan].name if held and person.is_authenticated and not held.reseller else None,
        has_pins=asks,
        pin=pin_of(person) if asks else None,
        asks_number=policy.general.ticket_number_on_phone,
    )


def is_reached(channel: Channel) -> bool:
    """Whether the portal can lead there: by its form, by chat, by a number, by mail. The rest the policy page names."""
    return channel.guaranteed and bool(channel.numbers or channel.id in ("ticket", "email", "chat"))


def way_of(policy: Policy, channel: Channel, held: Entitlement | None, now: datetime) -> Way:
    """The channel as `held` has it (None: as staff see it, with all of its numbers)."""
    numbers = policy.numbers_of(channel.id, held.plan, held.tier) if held else channel.numbers
    quote = quote_of(policy, channel, held, now) if held else None
    opening = calendar_of(channel, numbers, policy, held)
    calendar = policy.calendar(opening) if opening else None
    return Way(
        id=channel.id,
        icon=ICONS[channel.id],
        name=channel.name,
        note=channel.note,
        hours=hours_at(calendar, now) if calendar else None,
        week=week_of(calendar, now=now, zone=choose_zone(), locale=date_locale()) if calendar else None,
        promise=promised_sentence(quote, zone=choose_zone()) if quote else "",
        severity=policy.severities[quote.severity].name if quote and quote.severity else None,
        lines=tuple(Line(number, holders_of(policy, channel, number)) for number in nearest_first(numbers)),
        address=settings().mail_from if channel.id == "email" else "",
        needs_pin=bool(held and held.tier in channel.pin),
    )


def calendar_of(
    channel: Channel, numbers: Sequence[PhoneNumber], policy: Policy, held: Entitlement | None
) -> str | None:
    """When somebody is there: a number of the tier's own is answered in the hours of the tier."""
    if held and numbers and all(held.tier in number.tiers for number in numbers):
        return policy.tiers[held.tier].hours
    return channel.hours


def quote_of(policy: Policy, channel: Channel, held: Entitlement, now: datetime) -> Quote:
    """What who asks now by this channel is promised, with the severity that is usual for their tier."""
    asked = QuoteRequest(
        plan=held.plan, tier=held.tier, channel=channel.id, reseller=held.reseller, contract=held.is_contract
    )
    return make_quote(policy, asked, now, choose_zone())


def nearest_first(numbers: Sequence[PhoneNumber]) -> list[PhoneNumber]:
    """The numbers of the country that the reader's zone lies in, then the others in the policy's order."""
    here = get_global("zone_territories").get(ZoneInfo(choose_zone()).key)
    return sorted(numbers, key=lambda number: number.country.upper() != here)


def holders_of(policy: Policy, channel: Channel, number: PhoneNumber) -> tuple[Text, ...]:
    """Whom a number is for: the tiers or plans it names, else all plans that have the channel."""
    named = [policy.plans[plan].name for plan in number.plans] + [policy.tiers[tier].name for tier in number.tiers]
    return tuple(named or (plan.name for plan in policy.plans.values() if channel.id in plan.channels))
