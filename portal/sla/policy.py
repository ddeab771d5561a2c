"""A support policy as read from its file: the one source of every time, right and word that support has.

The dataclasses here and in `terms.py` are the schema. `docs/policy-file.md` explains each key for authors.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from portal.sla import terms
from portal.sla.calendar import Calendar, always
from portal.sla.durations import Duration
from portal.sla.reading import Between, Zone
from portal.sla.terms import (
    Basis,
    CalendarId,
    ChannelId,
    Commitment,
    PlanId,
    ProductId,
    QueueId,
    RegionId,
    SeverityId,
    TierId,
)
from portal.sla.text import Text

StopsOn = Literal["human_reply", "triage_notice", "automatic_receipt"]
Topic = Literal["product", "billing"]
Rank = Annotated[int, Between(1, 999)]
COMMITMENTS: tuple[Commitment, ...] = ("first_response", "next_response", "update", "resolution")


@dataclass(frozen=True)
class Header:
    """Who says this, where it holds, since when. `zone` is the zone that the policy speaks in."""

    id: str
    version: str
    name: Text
    vendor: str
    in_force: date
    zone: Zone
    free_plan: PlanId
    edition: Text | None = None
    region: Text | None = None
    default_severity: SeverityId | None = None
    source: Text | None = None


@dataclass(frozen=True)
class Named:
    """A product or region."""

    id: str
    name: Text
    note: Text | None = None


@dataclass(frozen=True)
class Plan:
    """What a customer holds. `tiers[0]` comes with it, the others are bought in addition (T2). A lower `rank` is
    answered first; `priority` is the number that the vendor publishes for it, where there is one (R5)."""

    id: str
    name: Text
    rank: Rank
    tiers: tuple[TierId, ...]
    channels: tuple[ChannelId, ...] = ()
    portal: bool = False
    commercial: bool = True
    priority: Rank | None = None
    summary: Text | None = None


@dataclass(frozen=True)
class Tier:
    """A level of support. Its channels are added to the plan's; `priority_channels` are answered before others'.

    `contact` is what its customers are given (T13); `by_contract` and `negotiable` are what the signed contract
    settles (T20).
    """

    id: str
    name: Text
    hours: CalendarId
    severities: tuple[SeverityId, ...] = ()
    default_severity: SeverityId | None = None
    channels: tuple[ChannelId, ...] = ()
    priority_channels: tuple[ChannelId, ...] = ()
    contact: tuple[Literal["named", "email", "phone", "pin"], ...] = ()
    contract: bool = False
    by_contract: tuple[Commitment, ...] = ()
    negotiable: tuple[Literal["hours", Commitment], ...] = ()
    summary: Text | None = None


@dataclass(frozen=True)
class PhoneNumber:
    """A number for a country (ISO 3166). `tiers` and `plans` say whose it is; empty means everybody's (T22, Z2)."""

    country: str
    number: str
    extension: str | None = None
    tiers: tuple[TierId, ...] = ()
    plans: tuple[PlanId, ...] = ()
    pin: bool = False


@dataclass(frozen=True)
class Channel:
    """A way to reach support. Not `guaranteed` means at the vendor's discretion (R10). Requests that come by it rank
    `behind` so many places (R14). Its `hours` bound when somebody is there."""

    id: str
    name: Text
    guaranteed: bool = True
    hours: CalendarId | None = None
    behind: Annotated[int, Between(0, 999)] = 0
    numbers: tuple[PhoneNumber, ...] = ()
    pin: tuple[TierId, ...] = ()
    note: Text | None = None


@dataclass(frozen=True)
class Severity:
    """How bad it is, worst first in the file. `hours` bound the vendor's work on it, `beyond_hours` says when it
    goes on outside them (Z6 to Z9)."""

    id: str
    name: Text
    wording: Text
    examples: tuple[Text, ...] = ()
    workaround: Literal["none", "partial", "exists"] | None = None
    hours: CalendarId | None = None
    beyond_hours: Text | None = None


@dataclass(frozen=True)
class Figure:
    """One committed time. What it does not say itself, its block says."""

    within: Duration
    calendar: CalendarId | None = None
    basis: Basis | None = None


@dataclass(frozen=True)
class Figures:
    """A commitment's figure for each severity; under None the one for all. A figure of None takes it away."""

    by_severity: tuple[tuple[str | None, Figure | None], ...]

    def given_for(self, severity: str | None) -> tuple[bool, Figure | None]:
        """Whether anything is said about that severity, and what."""
        for name, figure in self.by_severity:
            if name is None or name == severity:
                return True, figure
        return False, None


@dataclass(frozen=True)
class Block:
    """One `[[targets]]` block: whom it fits, and what it commits to. Later blocks override earlier ones key by key."""

    tier: tuple[TierId, ...] = ()
    plan: tuple[PlanId, ...] = ()
    severity: tuple[SeverityId, ...] = ()
    product: tuple[ProductId, ...] = ()
    region: tuple[RegionId, ...] = ()
    channel: tuple[ChannelId, ...] = ()
    topic: tuple[Topic, ...] = ()
    reseller: bool = False
    basis: Basis | None = None
    calendar: CalendarId | None = None
    stops_on: StopsOn | None = None
    first_response: Figures | None = None
    next_response: Figures | None = None
    update: Figures | None = None
    resolution: Figures | None = None
    note: Text | None = None


@dataclass(frozen=True)
class RoutingRule:
    """Requests that fit go to `queue`, with `rank` instead of the plan's, needing `skills` of whoever answers."""

    tier: tuple[TierId, ...] = ()
    plan: tuple[PlanId, ...] = ()
    severity: tuple[SeverityId, ...] = ()
    product: tuple[ProductId, ...] = ()
    region: tuple[RegionId, ...] = ()
    channel: tuple[ChannelId, ...] = ()
    queue: QueueId | None = None
    rank: Rank | None = None
    skills: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clocks:
    """How clocks run (DESIGN: Arithmetic). `severity_decided_by` the vendor: a customer's choice is a claim (Z10)."""

    stops_on: StopsOn = "human_reply"
    pauses: tuple[Literal["waiting_on_customer"], ...] = ("waiting_on_customer",)
    paused_clocks: tuple[Literal["update", "resolution"], ...] = ("update", "resolution")
    severity_decided_by: Literal["vendor", "customer"] = "vendor"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The whole file. Made by `load_policy`; two loads are two objects, compared by identity."""

    policy: Header
    plans: dict[str, Plan]
    tiers: dict[str, Tier]
    channels: dict[str, Channel]
    targets: tuple[Block, ...]
    queues: dict[str, Text]
    calendars: dict[str, Calendar] = field(default_factory=dict)
    severities: dict[str, Severity] = field(default_factory=dict)
    products: dict[str, Named] = field(default_factory=dict)
    regions: dict[str, Named] = field(default_factory=dict)
    routing: tuple[RoutingRule, ...] = ()
    clocks: Clocks = field(default_factory=Clocks)
    billing: terms.Billing | None = None
    warnings: tuple[terms.BreachWarning, ...] = ()
    escalation: terms.Escalation = field(default_factory=terms.Escalation)
    assignment: terms.Assignment | None = None
    uptime: terms.Uptime | None = None
    response_credits: tuple[terms.ResponseCredit, ...] = ()
    service_credits: terms.ServiceCredits | None = None
    coverage: terms.Coverage = field(default_factory=terms.Coverage)
    versions: terms.VersionRules | None = None
    languages: terms.Languages = field(default_factory=lambda: terms.Languages(support=("en",)))
    registration: terms.Registration = field(default_factory=terms.Registration)
    remote_support: terms.RemoteSupport | None = None
    resellers: terms.Resellers | None = None
    attachments: terms.Attachments | None = None
    satisfaction: terms.Satisfaction = field(default_factory=terms.Satisfaction)
    self_service: terms.SelfService = field(default_factory=terms.SelfService)
    services: tuple[terms.OtherService, ...] = ()
    general: terms.General = field(default_factory=terms.General)
    history: tuple[terms.Change, ...] = ()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def id(self) -> str:
        return self.policy.id

    @property
    def version(self) -> str:
        return self.policy.version

    @property
    def name(self) -> Text:
        return self.policy.name

    @property
    def zone(self) -> str:
        return self.policy.zone

    def calendar(self, calendar_id: str | None = None) -> Calendar:
        """A calendar by id; '24x7' stands in every policy, and without an id it is that one."""
        found = self.calendars.get(calendar_id or "24x7")
        return found or self._always

    def severities_of(self, tier_id: str, topic: Topic = "product") -> tuple[Severity, ...]:
        """The severities that a customer of that tier chooses from, worst first; billing questions have none."""
        return () if topic == "billing" else tuple(self.severities[id_] for id_ in self.tiers[tier_id].severities)

    def default_severity(self, tier_id: str) -> str | None:
        """The severity of a ticket that names none; None where the tier has no severities."""
        tier = self.tiers[tier_id]
        return (tier.default_severity or self.policy.default_severity) if tier.severities else None

    def channels_of(self, plan_id: str, tier_id: str | None = None, *, reseller: bool = False) -> tuple[Channel, ...]:
        """The channels that plan and tier may open and count on, in the order of the file."""
        if reseller and self.resellers:
            allowed: tuple[str, ...] = self.resellers.channels
        else:
            plan = self.plans[plan_id]
            allowed = plan.channels + self.tiers[tier_id or plan.tiers[0]].channels
        return tuple(channel for channel in self.channels.values() if channel.id in allowed and channel.guaranteed)

    def numbers_of(self, channel_id: str, plan_id: str, tier_id: str) -> tuple[PhoneNumber, ...]:
        """The phone numbers of a channel that plan and tier call: dedicated ones where the tier has them (T22)."""
        numbers = [n for n in self.channels[channel_id].numbers if not n.plans or plan_id in n.plans]
        dedicated = [number for number in numbers if tier_id in number.tiers]
        return tuple(dedicated or (number for number in numbers if not number.tiers))

    def combinations(self) -> Iterator[tuple[Plan, Tier, str | None]]:
        """Every plan × tier it may have × severity of the tier (None where it has none)."""
        for plan in self.plans.values():
            for tier in (self.tiers[id_] for id_ in plan.tiers):
                for severity in tier.severities or (None,):
                    yield plan, tier, severity

    @cached_property
    def _always(self) -> Calendar:
        return always(self.zone)

    @cached_property
    def resolved(self) -> dict[object, object]:
        """What `targets.commitments` and `quote` found out before; their memory, not an author's."""
        return {}
