"""What a draft policy would have promised for tickets of the past, and whether it would have been kept."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from portal.sla.errors import QuoteError
from portal.sla.making import make_quote
from portal.sla.policy import Policy
from portal.sla.quote import Quote, QuoteRequest, utc

REQUIRED = ("received_at", "plan")
OPTIONAL = ("tier", "severity", "channel", "product", "region", "reseller", "topic", "first_response_at", "number")
Outcome = Literal["kept", "missed", "unanswered", "unpromised", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "missed", "unanswered", "unpromised", "refused")


@dataclass(frozen=True)
class RowError:
    """A line of the file that could not be used. `line` counts from 1, the heading included."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: {self.reason}"


@dataclass(frozen=True)
class Past:
    """A ticket of the past under the draft. 'unanswered' has a promise but no `first_response_at` in the file."""

    line: int
    number: str
    request: QuoteRequest
    received_at: datetime
    first_response_at: datetime | None
    quote: Quote
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        first = self.quote.first_response
        return {
            "line": self.line,
            "number": self.number or None,
            "plan": self.request.plan,
            "tier": self.quote.tier,
            "severity": self.quote.severity,
            "received_at": utc(self.received_at),
            "due_at": utc(first.due_at) if first else None,
            "first_response_at": utc(self.first_response_at) if self.first_response_at else None,
            "basis": self.quote.basis,
            "outcome": self.outcome,
        }


@dataclass(frozen=True)
class Simulation:
    tickets: tuple[Past, ...]
    errors: tuple[RowError, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(past.outcome == outcome for past in self.tickets)

    def groups(self) -> dict[tuple[str, str, str], dict[Outcome, int]]:
        """Counts of each outcome by (plan, tier, severity), '-' where there is no severity."""
        found: dict[tuple[str, str, str], dict[Outcome, int]] = {}
        for past in self.tickets:
            key = (past.request.plan, past.quote.tier, past.quote.severity or "-")
            counts = found.setdefault(key, dict.fromkeys(OUTCOMES, 0))
            counts[past.outcome] += 1
        return dict(sorted(found.items()))

    def to_json(self) -> dict[str, Any]:
        return {
            "counts": {outcome: self.count(outcome) for outcome in OUTCOMES},
            "tickets": [past.to_json() for past in self.tickets],
            "errors": [{"line": e.line, "column": e.column, "reason": e.reason} for e in self.errors],
        }


def simulate(policy: Policy, lines: Iterable[str]) -> Simulation:
    """Run past tickets through a policy. `lines` are those of a CSV file with a heading.

    Lines that can't be used are reported with their number and column, the others are counted all the same.
    """
    reader = csv.DictReader(lines, strict=True)
    tickets: list[Past] = []
    errors: list[RowError] = []
    try:
        errors += _heading(reader.fieldnames or ())
        if not errors:
            for row in reader:
                outcome = _ticket(policy, reader.line_num, row)
                (tickets if isinstance(outcome, Past) else errors).append(outcome)  # type: ignore[arg-type]
    except csv.Error as error:
        errors.append(RowError(reader.line_num, "-", f"is not CSV: {error}"))
    return Simulation(tuple(tickets), tuple(errors))


def _heading(columns: Iterable[str]) -> Iterator[RowError]:
    names = list(columns)
    for name in REQUIRED:
        if name not in names:
            yield RowError(1, name, f"this column is missing; the file has {', '.join(names) or 'none'}")
    for name in names:
        if name not in REQUIRED + OPTIONAL:
            yield RowError(1, name or "-", f"unknown column; known are {', '.join(REQUIRED + OPTIONAL)}")


def _ticket(policy: Policy, line: int, row: dict[str | Any, str | Any]) -> Past | RowError:
    if None in row or None in row.values():
        return RowError(line, "-", "has not as many cells as the heading")
    cells = {name: value.strip() for name, value in row.items()}
    received, answered = _instant(cells["received_at"]), _instant(cells.get("first_response_at", ""))
    for name, value in (("received_at", received), ("first_response_at", answered)):
        if isinstance(value, str):
            return RowError(line, name, value)
    if not isinstance(received, datetime):
        return RowError(line, "received_at", "is empty")
    if isinstance(answered, datetime) and answered < received:
        return RowError(line, "first_response_at", "lies before received_at")
    reseller = cells.get("reseller", "").lower()
    if reseller not in ("", "yes", "no", "true", "false", "1", "0"):
        return RowError(line, "reseller", f"{reseller!r} is neither yes nor no")
    request = QuoteRequest(
        plan=cells["plan"],
        tier=cells.get("tier") or None,
        severity=cells.get("severity") or None,
        channel=cells.get("channel") or "ticket",
        product=cells.get("product") or None,
        region=cells.get("region") or None,
        reseller=reseller in ("yes", "true", "1"),
        topic=cells.get("topic") or "product",
    )
    try:
        quote = make_quote(policy, request, received)
    except QuoteError as error:
        return RowError(line, error.field if error.field != "at" else "received_at", str(error).partition(": ")[2])
    first = answered if isinstance(answered, datetime) else None
    return Past(line, cells.get("number", ""), request, received, first, quote, _outcome(quote, first))


def _outcome(quote: Quote, answered: datetime | None) -> Outcome:
    if not quote.allowed:
        return "refused"
    if quote.first_response is None:
        return "unpromised"
    if answered is None:
        return "unanswered"
    return "kept" if answered.replace(microsecond=0) <= quote.first_response.due_at else "missed"


def _instant(text: str) -> datetime | str | None:
    """The instant, None if nothing is said, or what is wrong with it."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return f"{text!r} is no ISO 8601 instant such as 2026-11-22T17:00:00Z"
    return at if at.tzinfo else f"{text!r} has no time zone; add Z or an offset such as +01:00"
