"""The queue as a query: what is open, in the order it has to be answered.

Agents ask for it several times a minute, so a page costs one query for its rows and one for all its numbers, which are
kept while nothing happens. Both are built once for each sieve, with parameters for whoever asks and when.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import lru_cache
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import read as columns
from portal.desk.burning import CLOCKS
from portal.desk.sieve import STATUSES, WHOSE, Sieve
from portal.tickets import tags
from portal.tickets.listing import last_event
from portal.tickets.satisfaction import Rating
from portal.tickets.tags import Tag, TicketTag
from portal.tickets.ticket import Ticket

PER_PAGE = 50
MOST_KEPT = 100
COUNTED = STATUSES[:3]  # closed tickets are all of the past: nobody needs their number on every page

Requester, Assignee = aliased(User), aliased(User)
SHOWN = (
    Ticket.number,
    Ticket.subject,
    Ticket.severity,
    Ticket.queue,
    Ticket.plan,
    Ticket.tier,
    Ticket.channel,
    Ticket.topic,
    Ticket.created_at,
    Ticket.next_due_at,
    # The caches hold the due times of the clocks that run: which of them comes first?
    case(*((getattr(Ticket, f"{name}_due_at") == Ticket.next_due_at, name) for name in CLOCKS)).label("clock"),
    Requester.name.label("requester"),
    Requester.email.label("requester_email"),
    Organisation.name.label("organisation"),
    Organisation.region,
    Organisation.is_reseller.label("reseller"),
    Product.name.label("product_name"),
    Product.slug.label("product"),
    tags.listed(),
    func.coalesce(func.nullif(Assignee.name, ""), Assignee.email).label("assignee"),
)


@dataclass(frozen=True)
class Tally:
    """How many there are. `by_status` counts whose tickets are shown, `by_whose` those of the status that is shown."""

    by_status: dict[str, int]
    by_whose: dict[str, int]
    late: int = 0
    hour: int = 0
    today: int = 0
    next_due_at: datetime | None = None


@dataclass(frozen=True)
class Board:
    rows: Any
    tally: Tally
    pages: "Pages"

    @property
    def key(self) -> tuple[Any, ...]:
        """Everything that a drawing of it depends on."""
        tally = self.tally
        numbers = (*tally.by_status.values(), *tally.by_whose.values(), tally.late, tally.hour, tally.today)
        return (tuple(map(tuple, self.rows)), numbers, tally.next_due_at, self.pages.total)


class Pages(Pagination):
    """Paging over rows that were fetched and counted elsewhere, for the paging macro."""

    def __init__(self, page: int, total: int) -> None:
        self.page, self.per_page, self.total, self.max_per_page = page, PER_PAGE, total, PER_PAGE
        self.items = range(max(min(PER_PAGE, total - (page - 1) * PER_PAGE), 0))  # type: ignore[assignment]


def read(sieve: Sieve, person: User, *, now: datetime, zone: ZoneInfo) -> Board:
    """One page of the queue and its numbers. 'Today' ends with the day of `zone`."""
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    given = {"me": person.id, "now": now, "hour": now + timedelta(hours=1), "today": tomorrow}
    tally = count(sieve, given)
    if sieve.status not in COUNTED:
        total = columns(total_query(sieve), **given)[0][0]
    else:
        total = getattr(tally, sieve.due) if sieve.due else tally.by_status[sieve.status]
    last = max(ceil(total / PER_PAGE), 1)  # a page that was worked off gives way to the one before
    sieve = replace(sieve, page=min(sieve.page, last))
    return Board(columns(page_query(sieve), **given), tally, Pages(sieve.page, total))


def count(sieve: Sieve, given: dict[str, Any]) -> Tally:
    """The numbers on the tabs and in the strip."""
    groups = _groups(sieve, given)
    by_whose: dict[str, dict[str, int]] = {name: dict.fromkeys(COUNTED, 0) for name in WHOSE}
    for group in groups:
        of = {None: "unassigned", given["me"]: "mine"}.get(group.assignee_id)
        for name in ("all", of):
            if name:
                by_whose[name][group.status] += group.number
    of_status = {name: numbers.get(sieve.status, 0) for name, numbers in by_whose.items()}
    strip = groups[0][3:] if groups else ()
    return Tally(by_whose[sieve.whose], of_status, *strip)


def _groups(sieve: Sieve, given: dict[str, Any]) -> Any:
    """Counting thousands of tickets for each agent every few seconds would be most of the page: the numbers of the
    whole queue are kept until a ticket changes or `now` moves on, which the page has in steps of some seconds."""
    sieve = replace(sieve, status="open", due="", sort="due", page=1)
    if sieve.is_narrowed:
        return columns(tally_query(sieve), **given)
    kept: dict[Any, Any] = current_app.extensions.setdefault("desk_numbers", {})
    mine = given["me"] if sieve.whose == "mine" else None
    key = (sieve.whose, mine, given["today"], given["now"], last_event())
    found = kept.get(key)
    if found is None:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        found = kept[key] = columns(tally_query(sieve), **given)
    return found


@lru_cache(maxsize=256)
def page_query(sieve: Sieve) -> Select[Any]:
    """The page is chosen first, from tickets alone: the index (status, next_due_at, rank) gives the usual order
    without sorting. Only its fifty rows are then joined with what else they show."""
    order, start = _order(sieve.sort), (sieve.page - 1) * PER_PAGE
    chosen = _found(sieve, Ticket.id).where(Ticket.status == sieve.status, *_of(sieve.whose), *_due(sieve.due))
    ids = chosen.order_by(*order).limit(PER_PAGE).offset(start).subquery()
    query = _with_customer(select(*SHOWN).join(ids, ids.c.id == Ticket.id))
    query = query.outerjoin(Product, Product.id == Ticket.product_id)
    joined: Select[Any] = query.outerjoin(Assignee, Assignee.id == Ticket.assignee_id).order_by(*order)
    return joined


@lru_cache(maxsize=256)
def tally_query(sieve: Sieve) -> Select[Any]:
    """Tickets by status and assignee, from an index alone; the strip's numbers are ranges of another one."""
    is_open = (Ticket.status == "open", *_of(sieve.whose))
    strip = [
        _found(sieve, func.count()).where(*is_open, *_due(due)).scalar_subquery() for due in ("late", "hour", "today")
    ]
    coming = _found(sieve, func.min(Ticket.next_due_at)).where(*is_open, Ticket.next_due_at >= bindparam("now"))
    counted: Select[Any] = (
        _found(sieve, Ticket.status, Ticket.assignee_id, func.count().label("number"), *strip, coming.scalar_subquery())
        .where(Ticket.status.in_(COUNTED))
        .group_by(Ticket.status, Ticket.assignee_id)
    )
    return counted


@lru_cache(maxsize=256)
def total_query(sieve: Sieve) -> Select[Any]:
    total: Select[Any] = _found(sieve, func.count()).where(Ticket.status == sieve.status, *_of(sieve.whose))
    return total


def _found(sieve: Sieve, *columns: Any) -> Any:
    """These columns of the tickets that fit the filter form. Whoever passed the gate of the desk sees them all."""
    query: Any = Ticket.readable(is_staff=True).with_only_columns(*columns, maintain_column_froms=True)
    query = _with_customer(query) if sieve.q else query
    return query.where(*_narrow(sieve))


def _with_customer(query: Any) -> Any:
    return query.join(Requester, Requester.id == Ticket.requester_id).outerjoin(
        Organisation, Organisation.id == Ticket.organisation_id
    )


def _narrow(sieve: Sieve) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sieve.queue:
        found.append(Ticket.queue == sieve.queue)
    if sieve.severity:
        found.append(Ticket.severity == sieve.severity)
    if sieve.product:
        found.append(Ticket.product_id.in_(select(Product.id).where(Product.slug == sieve.product)))
    if sieve.rated:
        found.append(Ticket.id.in_(select(Rating.ticket_id).where(Rating.score == sieve.rated)))
    if sieve.tag:
        tagged = select(TicketTag.ticket_id).join(Tag, Tag.id == TicketTag.tag_id)
        found.append(Ticket.id.in_(tagged.where(Tag.name == sieve.tag)))
    if sieve.q:
        places = (Ticket.subject, Organisation.name, Requester.name, Requester.email)
        found.append(or_(*(place.icontains(sieve.q, autoescape=True) for place in places)))
    return found


def _of(whose: str) -> list[ColumnElement[bool]]:
    if whose == "all":
        return []
    return [Ticket.assignee_id == bindparam("me") if whose == "mine" else Ticket.assignee_id.is_(None)]


def _due(due: str) -> list[ColumnElement[bool]]:
    """What is late; what is due from now to the end of the hour or of the day."""
    if not due:
        return []
    if due == "late":
        return [Ticket.next_due_at < bindparam("now")]
    return [and_(Ticket.next_due_at >= bindparam("now"), Ticket.next_due_at < bindparam(due))]


def _order(sort: str) -> tuple[Any, ...]:
    """By due time, then rank. What has no due time comes last, by rank."""
    if sort == "newest":
        return (Ticket.id.desc(),)
    if sort == "oldest":
        return (Ticket.id,)
    if sort == "changed":
        return (Ticket.updated_at.desc(), Ticket.id)
    return (Ticket.next_due_at.nulls_last(), Ticket.rank, Ticket.id)
