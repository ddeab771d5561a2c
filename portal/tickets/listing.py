"""The list of tickets: filters and order from the address, columns instead of entities, a few queries in all."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask_sqlalchemy.pagination import Pagination, SelectPagination
from sqlalchemy import ColumnElement, func, or_, select

from portal.accounts.people import MemberRole, Membership, User
from portal.accounts.products import Product
from portal.db import db
from portal.tickets.ticket import Ticket

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
            text=args.get("q", "").replace("\x00", "").strip()[:200],
            sort=sort if sort in ORDERS else "updated",
        )

    @property
    def is_narrow(self) -> bool:
        return self.status != "all" or bool(self.product or self.text)


def sees_organisation(person: User) -> bool:
    """True for owners and billing contacts: they see tickets of others."""
    roles = (MemberRole.OWNER, MemberRole.BILLING)
    held = select(Membership.id).where(
        Membership.user_id == person.id, Membership.ended_at.is_(None), Membership.role.in_(roles)
    )
    return db.session.scalar(held.limit(1)) is not None


def page_of(person: User, filters: Filters, page: int, *, total: int) -> Pagination:
    """One page of rows, of a `total` that is counted already; behind the last one, that one.

    Staff see their own here; all tickets are at the desk.
    """
    last = max(ceil(total / PER_PAGE), 1)
    asked = {"select": rows(person, filters), "session": db.session(), "total": total}
    return Rows(**asked, page=min(max(1, page), last), per_page=PER_PAGE, error_out=False)


class Rows(SelectPagination):
    """Pages of rows of columns instead of entities."""

    def _query_items(self) -> list[Any]:
        query = self._query_args["select"].limit(self.per_page).offset(self._query_offset)
        return list(self._query_args["session"].execute(query).all())

    def _query_count(self) -> int:
        return int(self._query_args["total"])


def rows(person: User, filters: Filters) -> Any:
    query = Ticket.visible_to(person).with_only_columns(
        *COLUMNS, Product.name.label("product"), User.name.label("requester"), User.email.label("requester_email")
    )
    query = query.outerjoin(Product, Product.id == Ticket.product_id).join(User, User.id == Ticket.requester_id)
    return query.where(*conditions(person, filters)).order_by(*ORDERS[filters.sort])


def conditions(person: User, filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.whose == "mine" or person.is_staff:
        found.append(Ticket.requester_id == person.id)
    if filters.status != "all":
        found.append(Ticket.status.in_(STATUSES[filters.status]))
    if filters.product:
        found.append(Product.slug == filters.product)
    if filters.text:
        found.append(_mentions(filters.text))
    return found


def counts(person: User, filters: Filters) -> dict[str, int]:
    """How many tickets stand in each status, with the other filters as they are."""
    wide = Filters("all", filters.product, filters.whose, filters.text, filters.sort)
    query = Ticket.visible_to(person).with_only_columns(Ticket.status, func.count())
    query = query.outerjoin(Product, Product.id == Ticket.product_id).where(*conditions(person, wide))
    by_status = {status: int(number) for status, number in db.session.execute(query.group_by(Ticket.status)).all()}
    return {name: sum(by_status.get(status, 0) for status in inside) for name, inside in STATUSES.items()}


def _mentions(text: str) -> ColumnElement[bool]:
    """Words of the subject, or a ticket's number as it is read out (12345678, #12345678)."""
    words = [Ticket.subject.icontains(word, autoescape=True) for word in text.split()[:8]]
    spoken = text.lstrip("#").replace(" ", "")
    both: ColumnElement[bool] = db.and_(*words)
    return (
        or_(both, Ticket.number == int(spoken)) if spoken.isascii() and spoken.isdigit() and len(spoken) == 8 else both
    )
