"""A quote: what a request would be promised at an instant, how that was counted, and what would be faster.

The promise of a filed ticket is a stored quote (`to_record`); it never changes afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from portal.sla.policy import StopsOn
from portal.sla.steps import Step
from portal.sla.terms import Basis
from portal.sla.text import Text
from portal.sla.wording import Voice, sentences


class QuoteRequest(NamedTuple):
    """What is asked, by ids of the policy. Without `tier` it is the plan's own, without `severity` the tier's default.

    `contract`: the tier is on a contract on record, so it holds even if it isn't sold with the plan (T24).
    `language` is the requester's; it matters for routing alone.
    """

    plan: str
    tier: str | None = None
    severity: str | None = None
    channel: str = "ticket"
    product: str | None = None
    region: str | None = None
    reseller: bool = False
    topic: str = "product"
    language: str | None = None
    contract: bool = False


class Clock(NamedTuple):
    """When something is due, in UTC. `earliest_at` is None unless the promise is a range.

    `business_seconds` are the open seconds of `calendar` between receipt and the due instant.
    """

    due_at: datetime
    earliest_at: datetime | None
    calendar: str
    business_seconds: int

    def to_json(self) -> dict[str, Any]:
        return {
            "due_at": utc(self.due_at),
            "earliest_at": utc(self.earliest_at) if self.earliest_at else None,
            "calendar": self.calendar,
            "business_seconds": self.business_seconds,
        }

    @classmethod
    def from_json(cls, packed: Mapping[str, Any]) -> "Clock":
        earliest = moment(packed["earliest_at"]) if packed["earliest_at"] else None
        return cls(moment(packed["due_at"]), earliest, packed["calendar"], packed["business_seconds"])


@dataclass(frozen=True)
class Faster:
    """A plan, tier or channel with which the first answer would come sooner."""

    kind: Literal["plan", "tier", "channel"]
    id: str
    name: Text
    due_at: datetime
    basis: Basis

    def to_json(self) -> dict[str, Any]:
        at = utc(self.due_at)
        return {"kind": self.kind, "id": self.id, "name": str(self.name), "due_at": at, "basis": self.basis}

    @classmethod
    def from_json(cls, packed: Mapping[str, Any]) -> "Faster":
        names = packed.get("names") or packed["name"]
        return cls(packed["kind"], packed["id"], Text(names), moment(packed["due_at"]), packed["basis"])


@dataclass(kw_only=True, eq=False)
class Quote:
    """The answer to a QuoteRequest. Treat it as frozen.

    `explanation` and `faster` are worked out when they are first asked for. `zone` is the requester's.
    """

    allowed: bool
    tier: str
    queue: str
    rank: int
    severity: str | None
    basis: Basis
    stops_on: StopsOn | None
    policy_id: str
    policy_version: str
    first_response: Clock | None = None
    next_response: Clock | None = None
    update: Clock | None = None
    resolution: Clock | None = None
    zone: str | None = None
    refusal: Step | None = None
    explain: Callable[["Quote"], tuple[Step, ...]] | None = None
    compare: Callable[["Quote"], tuple[Faster, ...]] | None = None
    _steps: tuple[Step, ...] | None = None
    _faster: tuple[Faster, ...] | None = None
    _reason: str | None = None
    _explanation: list[str] | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The explanation in no language yet; `wording.sentences` renders it."""
        if self._steps is None:
            self._steps = self.explain(self) if self.explain else ()
        return self._steps

    @property
    def explanation(self) -> list[str]:
        """The explanation in English sentences, in the requester's zone and the policy's."""
        if self._explanation is None:
            self._explanation = sentences(self, zone=self.zone)
        return self._explanation

    @property
    def faster(self) -> tuple[Faster, ...]:
        """What would be faster, soonest first."""
        if self._faster is None:
            self._faster = self.compare(self) if self.compare else ()
        return self._faster

    @property
    def reason(self) -> str | None:
        """Why the request may not be opened, in English; None if it may. `steps` holds it for other languages."""
        if self._reason is None and self.refusal:
            self._reason = Voice("en", self.zone).say(self.refusal)
        return self._reason

    def to_json(self) -> dict[str, Any]:
        """The published form: plain JSON types, instants in UTC with Z, sentences in English."""
        return {
            "allowed": self.allowed,
            "reason": self.reason,
            "tier": self.tier,
            "queue": self.queue,
            "rank": self.rank,
            "severity": self.severity,
            "basis": self.basis,
            "first_response": _packed(self.first_response),
            "next_response": _packed(self.next_response),
            "update": _packed(self.update),
            "resolution": _packed(self.resolution),
            "stops_on": self.stops_on,
            "policy": {"id": self.policy_id, "version": self.policy_version},
            "explanation": list(self.explanation),
            "faster": [option.to_json() for option in self.faster],
        }

    def to_record(self) -> dict[str, Any]:
        """`to_json` and, beside it, what is needed to say the same in any language and zone later."""
        return self.to_json() | {"zone": self.zone, "steps": [step.to_json() for step in self.steps]}

    @classmethod
    def from_json(cls, packed: Mapping[str, Any]) -> "Quote":
        """A quote from `to_json` or `to_record`. From the former it keeps its English explanation only."""
        refused = next((step for step in packed.get("steps", ()) if step["kind"] == "refused"), None)
        kept = packed.get("steps")
        steps = [Step.from_json(step) for step in kept] if kept is not None else _quoted(packed["explanation"])
        return cls(
            allowed=packed["allowed"],
            tier=packed["tier"],
            queue=packed["queue"],
            rank=packed["rank"],
            severity=packed["severity"],
            basis=packed["basis"],
            stops_on=packed["stops_on"],
            policy_id=packed["policy"]["id"],
            policy_version=packed["policy"]["version"],
            first_response=_unpacked(packed["first_response"]),
            next_response=_unpacked(packed["next_response"]),
            update=_unpacked(packed["update"]),
            resolution=_unpacked(packed["resolution"]),
            zone=packed.get("zone"),
            refusal=Step.from_json(refused) if refused else None,
            _steps=tuple(steps),
            _faster=tuple(Faster.from_json(option) for option in packed["faster"]),
            _reason=packed["reason"],
            _explanation=list(packed["explanation"]),
        )


def utc(at: datetime) -> str:
    """An instant as everybody exchanges it: 2026-11-22T17:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _packed(clock: Clock | None) -> dict[str, Any] | None:
    return clock.to_json() if clock else None


def _unpacked(packed: Mapping[str, Any] | None) -> Clock | None:
    return Clock.from_json(packed) if packed else None


def _quoted(explanation: list[str]) -> list[Step]:
    """Finished sentences as steps that say just that."""
    return [Step("quoted", "%(sentence)s", {"sentence": sentence}) for sentence in explanation]
