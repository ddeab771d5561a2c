"""Which tickets a report is about: read from the address, anything unknown counts as not asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from portal.accounts.products import Product
from portal.tickets.ticket import Ticket

USUAL = timedelta(days=27)  # four weeks with today: every day of the week counts as often
LONGEST = timedelta(days=731)  # two years: what a page can be expected to read at once


@dataclass(frozen=True)
class Asked:
    """Days of `zone`, both included; ids of the policy, the product by its slug, "" for all."""

    first: date
    last: date
    zone: ZoneInfo
    product: str = ""
    tier: str = ""
    channel: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str], *, today: date, zone: ZoneInfo) -> "Asked":
        last = min(_day(args.get("to", "")) or today, today)
        first = _day(args.get("from", "")) or last - USUAL
        words = {name: args.get(name, "").replace("\0", "")[:40] for name in ("product", "tier", "channel")}
        return cls(max(min(first, last), last - LONGEST), last, zone, **words)

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        """The first instant that is no longer meant."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    @property
    def of(self) -> list[ColumnElement[bool]]:
        """Which tickets, whenever they were filed."""
        where: list[ColumnElement[bool]] = []
        if self.product:
            where.append(Ticket.product_id.in_(select(Product.id).where(Product.slug == self.product)))
        where += [Ticket.tier == self.tier] if self.tier else []
        return where + ([Ticket.channel == self.channel] if self.channel else [])

    @property
    def filed(self) -> list[ColumnElement[bool]]:
        """The tickets that were filed in this time."""
        return [Ticket.created_at >= self.start, Ticket.created_at < self.end, *self.of]

    def args(self) -> dict[str, Any]:
        """As the address says it."""
        said = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        said |= {"product": self.product, "tier": self.tier, "channel": self.channel}
        return {name: value for name, value in said.items() if value}


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1970, 1, 2) <= found <= date(2100, 1, 1) else None
