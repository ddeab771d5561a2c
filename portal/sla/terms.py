"""The terms of a policy beside its times: what is covered, owed, spoken, asked for and offered.

These dataclasses are the schema of their tables: a field without a default must stand in the file.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from portal.sla.durations import Duration
from portal.sla.reading import Between, Ref
from portal.sla.text import Text

PlanId = Annotated[str, Ref("plans")]
TierId = Annotated[str, Ref("tiers")]
SeverityId = Annotated[str, Ref("severities")]
ChannelId = Annotated[str, Ref("channels")]
CalendarId = Annotated[str, Ref("calendars")]
ProductId = Annotated[str, Ref("products")]
RegionId = Annotated[str, Ref("regions")]
QueueId = Annotated[str, Ref("queues")]
Percent = Annotated[Decimal, Between(0, 100)]
Basis = Literal["guarantee", "target", "average", "none"]
Commitment = Literal["first_response", "next_response", "update", "resolution"]
Outage = Literal["degraded_performance", "partial_outage", "major_outage"]
Addressee = Literal["assignee", "queue", "lead", "contact"]


@dataclass(frozen=True)
class Change:
    """One version in the policy's history, newest first in the file."""

    version: str
    in_force: date
    what: tuple[Text, ...]


@dataclass(frozen=True)
class BreachWarning:
    """A step before a breach: who is told when so much of the time is used, or so much is left. One of the two."""

    clock: tuple[Commitment, ...]
    tell: tuple[Addressee, ...]
    used: Percent | None = None
    left: Duration | None = None


@dataclass(frozen=True)
class Escalation:
    """Whom warnings mean that go to a queue, or to a ticket's agent where there is none: those who are there, and those
    who speak its language and have its skills, as long as anybody is left. An agent whose shift is over is told with
    those who are there."""

    by_shift: bool = False
    by_skill: bool = False


@dataclass(frozen=True)
class Assignment:
    """Tickets of these queues are given to somebody who is there and has what they need, whoever has the fewest; none
    to those who have `most_open` open ones."""

    queues: tuple[QueueId, ...]
    most_open: Annotated[int, Between(1, 999)] | None = None


@dataclass(frozen=True)
class CreditStep:
    """Below this availability (percent of the period), that part of the period's fee (percent) is owed."""

    below: Percent
    credit: Percent


@dataclass(frozen=True)
class Uptime:
    """The availability that is committed to, how it is worked out, and what is owed below it (T14, T20).

    Components of `products` (none named: of all) are down in the states that `counts` names. Planned maintenance
    announced at least `notice` before it begins is taken from the downtime only, or from the period too (`subtracts`);
    announced later, it is downtime.
    """

    percent: Percent
    tiers: tuple[TierId, ...]
    period: Literal["month", "quarter", "year"] = "month"
    products: tuple[ProductId, ...] = ()
    counts: tuple[Outage, ...] = ("partial_outage", "major_outage")
    subtracts: Literal["downtime", "both"] = "downtime"
    notice: Duration | None = None
    formula: Text | None = None
    basis: Basis = "guarantee"
    excludes: tuple[Text, ...] = ()
    credits: tuple[CreditStep, ...] = ()

    def credit_for(self, achieved: Decimal | Fraction) -> Decimal:
        """The credit, in percent of the period's fee, for an availability in percent."""
        exact = Fraction(achieved)
        return max((step.credit for step in self.credits if exact < Fraction(step.below)), default=Decimal(0))


@dataclass(frozen=True)
class ResponseCredit:
    """What is owed, in percent of the month's fee, for each response that comes later than guaranteed (T20)."""

    missed: Commitment
    credit: Percent
    tiers: tuple[TierId, ...]
    severities: tuple[SeverityId, ...] = ()
    most_per_month: Percent | None = None


@dataclass(frozen=True)
class ServiceCredits:
    """Credits for breaches, in general terms; figures stand at `uptime` and in `response_credits`."""

    tiers: tuple[TierId, ...]
    by_contract: bool = False
    how: Text | None = None


@dataclass(frozen=True)
class Coverage:
    """What support does and what it does not (R15, R16); `partly` are the cases between."""

    covered: tuple[Text, ...] = ()
    partly: tuple[Text, ...] = ()
    not_covered: tuple[Text, ...] = ()
    defects: Text | None = None


@dataclass(frozen=True)
class VersionRules:
    """Which versions are supported (R17): the newest `supported_majors`; `advise` what to upgrade to before filing."""

    supported_majors: Annotated[int, Between(1, 99)]
    advise: Literal["patch", "subminor", "minor", "nothing"] = "patch"
    note: Text | None = None


@dataclass(frozen=True)
class Languages:
    """Languages of support (T15, R11) and of the policy itself (R1).

    `more_than` is a published lower bound of their number; `others` says how a request in another language is met.
    `authoritative` is the language that prevails, where the policy says so.
    """

    support: tuple[str, ...]
    more_than: Annotated[int, Between(1, 999)] | None = None
    others: Text | None = None
    answers_in: str | None = None
    authoritative: str | None = None
    machine_translated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registration:
    """What an account is needed for, and how its entitlement is recognised (R12, R13)."""

    needed_for: tuple[ChannelId, ...] = ()
    free_of_charge: bool = True
    recognised_by: tuple[Literal["order_email", "licence_key", "contract", "subscription"], ...] = ()
    licence_key_claims: Annotated[int, Between(1, 99)] | None = None


@dataclass(frozen=True)
class RemoteSupport:
    """Who may get a remote session and under which conditions (T9, R18, R19)."""

    plans: tuple[PlanId, ...] = ()
    resellers: bool = False
    explained_first_by: ChannelId | None = None
    consent: bool = False
    customer_present: bool = False
    tools: tuple[Text, ...] = ()
    credentials_only_by: tuple[ChannelId, ...] = ()
    credentials_never_by: tuple[ChannelId, ...] = ()
    note: Text | None = None


@dataclass(frozen=True)
class ResellerLevel:
    """A step of the partner programme. `discount`, in percent, is taken off the list price of what a partner orders."""

    id: str
    name: Text
    discount: Percent
    note: Text | None = None


@dataclass(frozen=True)
class Resellers:
    """Support for those who resell (R9): their channels, their place in the queue, their area."""

    channels: tuple[ChannelId, ...]
    rank: Annotated[int, Between(1, 999)]
    tier: TierId
    queue: QueueId | None = None
    partner_area: bool = False
    remote_support: bool = False
    note: Text | None = None
    levels: dict[str, ResellerLevel] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Billing:
    """Billing questions are open to every plan; they have no severity. Their times stand in `[[targets]]`."""

    channels: tuple[ChannelId, ...]
    queue: QueueId


@dataclass(frozen=True)
class Attachments:
    """What a request should carry, and what happens to it (T8)."""

    advised: tuple[Text, ...]
    more_on_request: bool = False
    confidential: bool = False
    note: Text | None = None


@dataclass(frozen=True)
class Satisfaction:
    """The short question after a ticket is resolved (Z14), and the one below articles (Z16).

    The mail goes out so many hours after the resolution, and its links hold for so many days.
    """

    asked_when_resolved: bool = False
    asked_after_hours: Annotated[int, Between(0, 720)] = 1
    answer_within_days: Annotated[int, Between(1, 365)] = 30
    asks_for: tuple[Text, ...] = ()
    articles_ask: bool = False
    articles_offer_ticket: bool = False


@dataclass(frozen=True)
class SelfService:
    """What everybody finds without asking anybody (T3 to T7, R3)."""

    portal: tuple[Text, ...] = ()
    community: Literal["everybody", "registered", "customers"] | None = None
    documents: bool = False
    status_page: bool = False
    status_notices: tuple[Literal["maintenance", "outage"], ...] = ()
    monitored: bool = False
    search_first: tuple[Text, ...] = ()


@dataclass(frozen=True)
class OtherService:
    """Something offered beside support (Z15, T17)."""

    name: Text
    by_agreement: bool = False
    note: Text | None = None


@dataclass(frozen=True)
class General:
    """Rules about the policy itself (R2, R7, R8, Z1, T1, T24)."""

    free_of_charge: bool = False
    asking_accepts: bool = False
    may_change_without_notice: bool = False
    contract_prevails: bool = False
    upgrade_takes_effect: Literal["at once", "at renewal"] | None = None
    response_varies_with: tuple[Text, ...] = ()
    ticket_is: Text | None = None
    ticket_receipt: bool = False
    closed_after_days: Annotated[int, Between(1, 365)] | None = None
    ticket_number_on_phone: bool = False
    prefer_ticket_to: tuple[ChannelId, ...] = ()
