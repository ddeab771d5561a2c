"""The terms of a subscription, and what changing them costs: worked out here, pure but for reading prices."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from flask_babel import get_locale
from sqlalchemy import select

from portal.accounts.licences import Subscription
from portal.billing.catalogue import MONTH, YEAR, CatalogueItem, Price
from portal.billing.periods import after, part_of
from portal.db import db

MOST_SEATS = 100_000
Way = Literal["new", "now", "later", "trial"]


@dataclass(frozen=True)
class Terms:
    """What is bought: so many seats of an item, by the month or year, for `amount` each, in minor units."""

    item: int
    seats: int
    interval: str
    currency: str
    amount: int

    @property
    def total(self) -> int:
        """Of one interval."""
        return self.amount * self.seats

    @property
    def for_a_year(self) -> int:
        return self.total * (1 if self.interval == YEAR else 12)

    def record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Part:
    """One line of what a change costs; `net` is below zero for what is given back."""

    kind: str  # subscription, proration
    item: int
    seats: int
    amount: int  # of one seat for a whole interval
    net: int
    begins: date
    ends: date
    days: int
    of_days: int


@dataclass(frozen=True)
class Change:
    """What a change comes to. With `way` later nothing is charged before `on`."""

    way: Way
    on: date
    terms: Terms
    parts: tuple[Part, ...]
    period_from: date
    billed_until: date
    anchor_day: int
    trial_until: date | None = None

    @property
    def net(self) -> int:
        return sum(part.net for part in self.parts)


def price_of(item: CatalogueItem, currency: str, interval: str, on: date) -> int | None:
    """What one seat of it costs on that day; None where it isn't sold so."""
    query = select(Price.amount).where(
        Price.item_id == item.id, Price.currency == currency, Price.interval == interval, Price.starts_on <= on
    )
    return db.session.scalar(query.order_by(Price.starts_on.desc()).limit(1))


def prices_of(items: Iterable[CatalogueItem], currency: str, on: date) -> dict[tuple[int, str], int | None]:
    """The same for several items at once, by item and interval."""
    asked = [item.id for item in items]
    query = select(Price.item_id, Price.interval, Price.amount).where(
        Price.item_id.in_(asked), Price.currency == currency, Price.starts_on <= on
    )
    found: dict[tuple[int, str], int | None] = {(key, interval): None for key in asked for interval in (MONTH, YEAR)}
    for key, interval, amount in db.session.execute(query.order_by(Price.starts_on)):  # the newest is the last
        found[key, interval] = amount
    return found


def terms_of(subscription: Subscription) -> Terms:
    """The running terms of a subscription that is billed here."""
    return Terms(
        subscription.item_id or 0,
        subscription.seats,
        subscription.interval or MONTH,
        subscription.currency or "",
        subscription.amount or 0,
    )


def planned_of(subscription: Subscription) -> Terms | None:
    """The terms that count from the next interval on, where somebody planned others."""
    return Terms(**subscription.next_terms) if subscription.next_terms else None


def begin(terms: Terms, on: date, *, trial_days: int = 0) -> Change:
    """A new subscription: the first interval is charged at once, or after the trial."""
    if trial_days:
        until = on + timedelta(days=trial_days)
        return Change("trial", on, terms, (), on, until, until.day, until)
    ends = after(on, terms.interval, on.day)
    return Change("new", on, terms, (_whole(terms, on, ends),), on, ends, on.day)


def change(subscription: Subscription, wanted: Terms, *, is_higher: bool, on: date) -> Change:
    """From the running terms to the wanted ones.

    `is_higher` says that the plan is the better one. What buys more (a higher plan, more seats, a longer interval)
    counts at once: what is left of the old terms is given back, the same days are charged by the new ones. What buys
    less counts from the next interval on. Before a trial ends everything is free.
    """
    running = terms_of(subscription)
    starts, ends = subscription.period_from, subscription.billed_until
    if starts is None or ends is None:
        raise ValueError("this subscription is not billed here")
    anchor = subscription.anchor_day or starts.day
    if subscription.trial_until and on < subscription.trial_until:
        return Change("trial", on, wanted, (), starts, ends, anchor, subscription.trial_until)
    if not is_more(running, wanted, is_higher=is_higher):
        return Change("later", ends, wanted, (), starts, ends, anchor)
    given_back = _rest(running, starts, ends, on, -1)
    if wanted.interval != running.interval:
        until = after(on, wanted.interval, on.day)
        return Change("now", on, wanted, (given_back, _whole(wanted, on, until)), on, until, on.day)
    charged = _rest(wanted, starts, ends, on, 1)
    return Change("now", on, wanted, (given_back, charged), starts, ends, anchor)


def is_more(running: Terms, wanted: Terms, *, is_higher: bool) -> bool:
    """Whether the wanted terms buy more in one way and less in none."""
    same = running.item == wanted.item
    longer = running.interval == MONTH and wanted.interval == YEAR
    shorter = running.interval == YEAR and wanted.interval == MONTH
    if shorter or wanted.seats < running.seats or not (same or is_higher):
        return False
    return longer or wanted.seats > running.seats or is_higher


def renewed(terms: Terms, starts: date, anchor_day: int) -> Part:
    """The line of the interval that begins on that day."""
    return _whole(terms, starts, after(starts, terms.interval, anchor_day))


def with_price(terms: Terms, amount: int | None) -> Terms:
    """The same at the price of the day; where it isn't sold any more the old price stays."""
    return terms if amount is None else replace(terms, amount=amount)


def _whole(terms: Terms, starts: date, ends: date) -> Part:
    days = (ends - starts).days
    return Part("subscription", terms.item, terms.seats, terms.amount, terms.total, starts, ends, days, days)


def _rest(terms: Terms, starts: date, ends: date, on: date, sign: int) -> Part:
    net = sign * part_of(terms.total, starts, ends, on, ends, terms.currency)
    days = max(0, (ends - max(on, starts)).days)
    return Part("proration", terms.item, terms.seats, terms.amount, net, on, ends, days, (ends - starts).days)


def named(texts: Mapping[str, str]) -> str:
    """The name or summary in the reader's language, else in English, else as it comes."""
    language = str(get_locale() or "en").replace("_", "-")
    return texts.get(language) or texts.get(language.split("-")[0]) or texts.get("en") or next(iter(texts.values()), "")
