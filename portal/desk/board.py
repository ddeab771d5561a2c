"""The queue as a query: what is open, in the order it has to be answered."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.tickets.ticket import Ticket

PER_PAGE = 50
STATUSES = ("open", "waiting", "resolved", "closed")
COUNTED = STATUSES[:3]  # closed tickets are all of the past: nobody needs their number on every page
WHOSE = ("all", "unassigned", "mine")
DUE = ("late", "hour", "today")
SORTS = ("due", "newest", "oldest", "changed")

Requester, Assignee = aliased(User), aliased(User)


SHOWN = (
    Ticket.number,
    Ticket.subject,
    Ticket.status,
    Ticket.severity,
    Ticket.queue,
    Ticket.plan,
    Ticket.tier,
    Ticket.channel,
    Ticket.topic,
    Ticket.created_at,
    Ticket.first_response_due_at,
    Ticket.next_response_due_at,
    Ticket.update_due_at,
    Ticket.resolution_due_at,
    Ticket.next_due_at,
    Ticket.assignee_id,
    Requester.name.label("requester_name"),
    Requester.email.label("requester_email"),
    Organisation.name.label("organisation_name"),
    Product.name.label("product_name"),
    Assignee.name.label("assignee_name"),
    Assignee.email.label("assignee_email"),
    Product.slug.label("product"),
    Organisation.region.label("region"),
    Organisation.is_reseller.label("reseller"),
)


@dataclass(frozen=True)
class Sieve:
    """What of the queue is shown. Values that mean nothing are dropped on reading, so any address works."""

    status: str = "open"
    whose: str = "all"
    due: str = ""
    queue: str = ""
    severity: str = ""
    product: str = ""
    q: str = ""
    sort: str = "due"
    page: int = 1

    @classmethod
    def from_arguments(cls, given: Mapping[str, str]) -> "Sieve":
        """Read the query string of a page address."""
        known = {"status": STATUSES, "whose": WHOSE, "due": DUE, "sort": SORTS}
        kept = {name: given[name] for name, values in known.items() if given.get(name) in values}
        typed = ("queue", "severity", "product", "q")
        words = {name: given.get(name, "").replace("\x00", "").strip()[:100] for name in typed}
        if kept.get("status", "open") != "open":
            kept.pop("due", None)  # nothing is due of what isn't open
        page = given.get("page", "")
        return cls(**kept, **words, page=max(int(page), 1) if page.isdecimal() and len(page) < 6 else 1)

    def but(self, **changes: Any) -> dict[str, Any]:
        """The arguments of the same view with these changes, on its first page; what is usual is left out."""
        other = replace(self, page=1, **changes) if "page" not in changes else replace(self, **changes)
        return {f.name: value for f in fields(other) if (value := getattr(other, f.name)) != f.default}

    @property
    def number(self) -> int | None:
        """The ticket number somebody typed or read out on the phone (T12): digits, with or without '#' and spaces."""
        digits = self.q.removeprefix("#").replace(" ", "")
        return int(digits) if digits.isdecimal() and 6 <= len(digits) <= 10 else None

    @property
    def is_narrowed(self) -> bool:
        """True when one of the fields of the filter form is in use."""
        return bool(self.queue or self.severity or self.product or self.q or self.due)


def read(sieve: Sieve, person: User, *, now: datetime, zone: ZoneInfo) -> "Board":
    """One page of the queue in one query, and its numbers in another."""
    tally = count(sieve, person, now=now, zone=zone)
    rows = db.session.execute(_page(sieve, person, now, zone)).all()
    total = tally.of_view if tally.of_view is not None else _closed(sieve, person)
    return Board(rows=rows, tally=tally, pages=Pages(sieve.page, total))


@dataclass(frozen=True)
class Tally:
    """How many there are. `by_status` counts whose tickets are shown, `by_whose` those of the status that is shown."""

    by_status: dict[str, int]
    by_whose: dict[str, int]
    late: int
    hour: int
    today: int
    next_due_at: datetime | None
    of_view: int | None  # None: closed tickets, which aren't counted with the others


@dataclass(frozen=True)
class Board:
    rows: Any
    tally: Tally
    pages: "Pages"


class Pages(Pagination):
    """Paging over rows that were fetched and counted elsewhere, for the paging macro."""

    def __init__(self, page: int, total: int) -> None:
        self.page, self.per_page, self.total, self.max_per_page = page, PER_PAGE, total, PER_PAGE
        self.items = range(max(min(PER_PAGE, total - (page - 1) * PER_PAGE), 0))  # type: ignore[assignment]


def count(sieve: Sieve, person: User, *, now: datetime, zone: ZoneInfo) -> Tally:
    """The numbers on the tabs and in the strip: one grouped query over what isn't closed."""
    nobody, me = Ticket.assignee_id.is_(None), Ticket.assignee_id == person.id
    whose = case((nobody, "unassigned"), (me, "mine"), else_="others")
    bounds = [now, *(_until(name, now, zone) for name in DUE[1:])]
    dues = [func.sum(case((Ticket.next_due_at < bound, 1), else_=0)) for bound in bounds]
    coming = func.min(case((Ticket.next_due_at >= now, Ticket.next_due_at)))
    query = (
        Ticket.visible_to(person)
        .with_only_columns(Ticket.status, whose, func.count(), *dues, coming)
        .where(Ticket.status.in_(COUNTED), *_narrow(sieve))
        .group_by(Ticket.status, whose)
    )
    if sieve.q:
        query = _with_customer(query)
    return _tally(sieve, [tuple(row) for row in db.session.execute(query)])


def _tally(sieve: Sieve, groups: list[tuple[Any, ...]]) -> Tally:
    shown = {"all": ("mine", "unassigned", "others"), "mine": ("mine",), "unassigned": ("unassigned",)}
    mine = [group for group in groups if group[1] in shown[sieve.whose]]
    by_status = {status: sum(group[2] for group in mine if group[0] == status) for status in COUNTED}
    by_whose = {
        name: sum(group[2] for group in groups if group[0] == sieve.status and group[1] in members)
        for name, members in shown.items()
    }
    burning = [group for group in mine if group[0] == "open"]
    late, hour, today = (sum(group[i] or 0 for group in burning) for i in (3, 4, 5))
    numbers = {"late": late, "hour": hour - late, "today": today - late}
    coming = min((group[6] for group in burning if group[6]), default=None)
    of_view = by_status.get(sieve.status)
    if sieve.due and sieve.status == "open":
        of_view = numbers[sieve.due]
    return Tally(by_status, by_whose, late, numbers["hour"], numbers["today"], coming, of_view)


def _page(sieve: Sieve, person: User, now: datetime, zone: ZoneInfo) -> Select[Any]:
    """The page's rows as columns.

    The page is chosen first, from tickets alone: the index (status, next_due_at, rank) gives the usual order without
    sorting. Only its fifty rows are then joined with what else they show.
    """
    chosen = Ticket.visible_to(person).with_only_columns(Ticket.id)
    chosen = _with_customer(chosen) if sieve.q else chosen
    conditions = (Ticket.status == sieve.status, *_narrow(sieve), *_of(sieve.whose, person), *_due(sieve, now, zone))
    start = (sieve.page - 1) * PER_PAGE
    ids = chosen.where(*conditions).order_by(*_order(sieve.sort)).limit(PER_PAGE).offset(start).subquery()
    query = select(*SHOWN).join(ids, ids.c.id == Ticket.id)
    query = _with_customer(query).outerjoin(Product, Product.id == Ticket.product_id)
    return query.outerjoin(Assignee, Assignee.id == Ticket.assignee_id).order_by(*_order(sieve.sort))


def _with_customer(query: Any) -> Any:
    return query.join(Requester, Requester.id == Ticket.requester_id).outerjoin(
        Organisation, Organisation.id == Ticket.organisation_id
    )


def _closed(sieve: Sieve, person: User) -> int:
    query = Ticket.visible_to(person).with_only_columns(func.count())
    query = _with_customer(query) if sieve.q else query
    closed = query.where(Ticket.status == sieve.status, *_narrow(sieve), *_of(sieve.whose, person))
    return db.session.scalar(closed) or 0


def _narrow(sieve: Sieve) -> list[ColumnElement[bool]]:
    """The conditions of the filter form."""
    found: list[ColumnElement[bool]] = []
    if sieve.queue:
        found.append(Ticket.queue == sieve.queue)
    if sieve.severity:
        found.append(Ticket.severity == sieve.severity)
    if sieve.product:
        found.append(Ticket.product_id.in_(select(Product.id).where(Product.slug == sieve.product)))
    if sieve.q:
        places = (Ticket.subject, Organisation.name, Requester.name, Requester.email)
        found.append(or_(*(place.icontains(sieve.q, autoescape=True) for place in places)))
    return found


def _of(whose: str, person: User) -> list[ColumnElement[bool]]:
    if whose == "all":
        return []
    return [Ticket.assignee_id == person.id if whose == "mine" else Ticket.assignee_id.is_(None)]


def _due(sieve: Sieve, now: datetime, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    if not sieve.due:
        return []
    if sieve.due == "late":
        return [Ticket.next_due_at < now]
    return [and_(Ticket.next_due_at >= now, Ticket.next_due_at < _until(sieve.due, now, zone))]


def _until(name: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The end of 'within the hour', or of the agent's own day."""
    if name == "hour":
        return now + timedelta(hours=1)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone)


def _order(sort: str) -> tuple[Any, ...]:
    if sort == "newest":
        return (Ticket.id.desc(),)
    if sort == "oldest":
        return (Ticket.id,)
    if sort == "changed":
        return (Ticket.updated_at.desc(), Ticket.id)
    return (Ticket.next_due_at.nulls_last(), Ticket.rank, Ticket.id)
