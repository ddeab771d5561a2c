"""The list of tickets: filters and order from the address; a few queries of columns, built once for each filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import ceil
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Executable, Integer, and_, bindparam, func, or_, select, union, union_all

from portal.accounts.people import MemberRole, Membership, User
from portal.accounts.products import Product
from portal.db import read
from portal.tickets.ticket import Follower, Ticket, TicketEvent

PER_PAGE = 25
STATUSES: dict[str, tuple[str, ...]] = {
    "open": ("open", "waiting"),
    "waiting": ("waiting",),
    "resolved": ("resolved",),
    "closed": ("closed",),
    "all": ("open", "waiting", "resolved", "closed"),
}
ORDERS: dict[str, tuple[Any, ...]] = {
    "updated": (Ticket.updated_at.desc(), Ticket.id.desc()),
    "newest": (Ticket.created_at.desc(), Ticket.id.desc()),
    "oldest": (Ticket.created_at, Ticket.id),
    "due": (Ticket.next_due_at.is_(None), Ticket.next_due_at, Ticket.id.desc()),
}
COLUMNS = (
    Ticket.number,
    Ticket.subject,
    Ticket.status,
    Ticket.topic,
    Ticket.requester_id,
    Ticket.created_at,
    Ticket.updated_at,
    Ticket.next_due_at,
    Ticket.first_responded_at,
    Ticket.first_response_due_at,
    Product.name.label("product"),
    User.name.label("requester"),
    User.email.label("requester_email"),
)
PRODUCTS = Product.visible_to(None).with_only_columns(Product.slug, Product.name)  # the catalogue is public
# What colleagues have shared with the reader and is not over, for as long as both are members.
SHARED = (
    Ticket.readable(is_staff=False)
    .with_only_columns(Ticket.number, Ticket.subject, Ticket.status)
    .join(Follower, Follower.ticket_id == Ticket.id)
    .where(Follower.user_id == bindparam("reader"), Ticket.status != "closed")
    .order_by(Ticket.updated_at.desc())
    .limit(PER_PAGE)
)
_LAST_EVENT = select(TicketEvent.id, TicketEvent.at).order_by(TicketEvent.id.desc()).limit(1)
LED = (
    select(Membership.organisation_id)
    .where(Membership.user_id == bindparam("reader"), Membership.ended_at.is_(None))
    .where(or_(Membership.role.in_((MemberRole.OWNER, MemberRole.BILLING)), Membership.sees_all))
    .order_by(Membership.organisation_id)
)


@dataclass(frozen=True)
class Filters:
    """What the reader asked to see. Anything unknown counts as not asked."""

    status: str = "all"
    product: str = ""
    whose: str = "mine"  # mine, organisation
    text: str = ""
    sort: str = "updated"

    @classmethod
    def from_args(cls, args: Mapping[str, str], *, sees_more: bool) -> "Filters":
        status, sort = args.get("status", "all"), args.get("sort", "updated")
        return cls(
            status=status if status in STATUSES else "all",
            product=args.get("product", "")[:40],
            whose="organisation" if sees_more and args.get("whose") == "organisation" else "mine",
            text=args.get("q", "").strip()[:200],
            sort=sort if sort in ORDERS else "updated",
        )

    @property
    def is_narrow(self) -> bool:
        return self.status != "all" or bool(self.product or self.text)


def last_event() -> tuple[int, datetime | None]:
    """Differs whenever a ticket changed: all that is done to one is in the log. Its id, and when it was."""
    found = read(_LAST_EVENT)
    return tuple(found[0]) if found else (0, None)


def led_by(person: User) -> tuple[int, ...]:
    """The organisations of which the person sees tickets of others: as their owner or billing contact."""
    return tuple(row.organisation_id for row in read(LED, reader=person.id))


def page_of(person: User, filters: Filters, page: int, *, led: Sequence[int], total: int) -> "Page":
    """One page of rows, of a `total` that is counted already; behind the last one, that one.

    Staff see their own here; all tickets are at the desk.
    """
    last = max(ceil(total / PER_PAGE), 1)
    number = min(max(1, page), last)
    start = (number - 1) * PER_PAGE
    query = _rows(filters, person.is_staff, _others(person, filters, led))
    return Page(number, read(query, **_given(person, led), start=start, end=start + PER_PAGE, size=PER_PAGE), total)


def counts(person: User, filters: Filters, *, led: Sequence[int]) -> dict[str, int]:
    """How many tickets stand in each status, with the other filters as they are."""
    wide = Filters("all", filters.product, filters.whose, filters.text)
    by_status = dict.fromkeys(STATUSES["all"], 0)
    query = _counts(wide, person.is_staff, _others(person, filters, led))
    for row in read(query, **_given(person, led)):
        by_status[row.status] += row.number
    return {name: sum(by_status[status] for status in inside) for name, inside in STATUSES.items()}


class Page(Pagination):
    """Paging over rows that were fetched and counted elsewhere, for the paging macro."""

    def __init__(self, page: int, items: Sequence[Any], total: int) -> None:
        self.page, self.per_page, self.max_per_page = page, PER_PAGE, PER_PAGE
        self.items, self.total = list(items), total


def _others(person: User, filters: Filters, led: Sequence[int]) -> int:
    """Of how many organisations all tickets are asked for, beside the person's own."""
    return len(led) if filters.whose == "organisation" and not person.is_staff else 0


def _given(person: User, led: Sequence[int]) -> dict[str, int]:
    return {"reader": person.id} | {f"led_{n}": key for n, key in enumerate(led)}


@lru_cache(maxsize=64)
def _rows(filters: Filters, is_staff: bool, others: int) -> Executable:
    """The tickets are chosen first, and only those of the page are joined with what else they show.

    Own ones and each organisation's are in an index by their last change. So each gives the newest of its own until the
    page is full, instead of all that a person sees being gathered and sorted.
    """
    order = ORDERS[filters.sort]
    start, end, size = (bindparam(name, type_=Integer) for name in ("start", "end", "size"))
    found = [
        Ticket.readable(is_staff=is_staff, followed=False)
        .with_only_columns(Ticket.id)
        .where(of, *_conditions(filters))
        .order_by(*order)
        for of in _parts(others)
    ]
    if len(found) == 1:
        ids = found[0].limit(size).offset(start).subquery()
    else:
        newest = [select(part.limit(end).subquery()) for part in found]
        both = union(*newest).subquery()
        ids = select(Ticket.id).join(both, both.c.id == Ticket.id).order_by(*order).limit(size).offset(start).subquery()
    query = select(*COLUMNS).join(ids, ids.c.id == Ticket.id)
    query = query.outerjoin(Product, Product.id == Ticket.product_id).join(User, User.id == Ticket.requester_id)
    return query.order_by(*order)


@lru_cache(maxsize=64)
def _counts(filters: Filters, is_staff: bool, others: int) -> Executable:
    """Tickets by status, from an index alone. Whoever filed one for their organisation counts it among their own."""
    parts = _parts(others)
    apart = [parts[0], *(and_(of, Ticket.requester_id != bindparam("reader")) for of in parts[1:])]
    counted = [
        Ticket.readable(is_staff=is_staff, followed=False)
        .with_only_columns(Ticket.status, func.count().label("number"))
        .where(of, *_conditions(filters))
        .group_by(Ticket.status)
        for of in apart
    ]
    return union_all(*counted)


def _parts(others: int) -> list[ColumnElement[bool]]:
    """The person's own tickets, and those of each organisation. Each is sieved by what the person may see."""
    return [
        Ticket.requester_id == bindparam("reader"),
        *(Ticket.organisation_id == bindparam(f"led_{n}") for n in range(others)),
    ]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.status != "all":
        found.append(Ticket.status.in_(STATUSES[filters.status]))
    if filters.product:
        found.append(Ticket.product_id.in_(select(Product.id).where(Product.slug == filters.product)))
    if filters.text:
        found.append(mentions(filters.text))
    return found


def mentions(text: str) -> ColumnElement[bool]:
    """Words of the subject, or a ticket's number as it is read out (12345678, #12345678)."""
    words = [Ticket.subject.icontains(word, autoescape=True) for word in text.split()[:8]]
    spoken = text.lstrip("#").replace(" ", "")
    both = and_(*words)
    return (
        or_(both, Ticket.number == int(spoken)) if spoken.isascii() and spoken.isdigit() and len(spoken) == 8 else both
    )
