"""The reseller's tickets: its own, and those of the customers who let it act for them, for as long as they do."""

from math import ceil
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.partnership import PartnerCustomer, acted_for
from portal.accounts.people import Organisation
from portal.db import db, read, utcnow
from portal.partner import gate
from portal.partner.blueprint import SHORT, TILES, Tile, bp
from portal.partner.keeping import kept
from portal.tickets.listing import ORDERS, PER_PAGE, STATUSES, Page, mentions
from portal.tickets.ticket import OPEN_STATUSES, Ticket

OWN = "own"  # in place of a customer: the reseller's own tickets
LATE = "late"  # beside the statuses: open, and a clock has run out
_acting = acted_for().with_only_columns(PartnerCustomer.customer_id, PartnerCustomer.reseller_id, PartnerCustomer.name)


@bp.get("/tickets")
def tickets() -> ResponseReturnValue:
    return render_template("partner/tickets.html", shown=kept("partner/_tickets.html", listed))


def listed() -> dict[str, Any]:
    """The page of the list that the address asks for."""
    asked = {name: request.args.get(name, "")[:200].strip() for name in ("q", "status", "customer", "sort")}
    customers = acting()
    query = narrowed(mine(), asked, customers)
    total = db.session.scalar(query.with_only_columns(func.count())) or 0
    number = min(max(1, request.args.get("page", 1, type=int)), max(ceil(total / PER_PAGE), 1))
    order = ORDERS.get(asked["sort"], ORDERS["updated"])
    ids = query.with_only_columns(Ticket.id).order_by(*order).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    shown = (joinedload(Ticket.organisation), joinedload(Ticket.requester), joinedload(Ticket.product))
    chosen = db.session.scalars(ids).all()
    rows = db.session.scalars(select(Ticket).where(Ticket.id.in_(chosen)).options(*shown).order_by(*order)).all()
    return {"page": Page(number, rows, total), "asked": asked, "customers": customers, "now": utcnow()}


def acting() -> dict[int, str]:
    """The customers for whom the reader acts now at this reseller: what it calls them, by their organisation's id."""
    found = read(_acting, reader=current_user.id)
    theirs = [(row.customer_id, row.name) for row in found if row.reseller_id == gate.reseller().id]
    return dict(sorted(theirs, key=lambda pair: pair[1].casefold()))


def mine() -> Select[Any]:
    """Tickets of the reseller and of the customers for whom it acts, as far as the reader sees them."""
    house = gate.reseller().id
    theirs = acted_for().where(PartnerCustomer.reseller_id == house)
    of_them = or_(Ticket.organisation_id == house, Ticket.organisation_id.in_(theirs))
    return Ticket.visible_to(current_user).where(of_them).params(reader=current_user.id)


def narrowed(query: Select[Any], asked: dict[str, str], customers: dict[int, str]) -> Select[Any]:
    """What the list was asked for. Anything unknown counts as not asked."""
    if asked["status"] == LATE:
        query = late(query)
    elif asked["status"] in STATUSES:
        query = query.where(Ticket.status.in_(STATUSES[asked["status"]]))
    if asked["customer"] == OWN:
        query = query.where(Ticket.organisation_id == gate.reseller().id)
    elif asked["customer"].isdigit() and int(asked["customer"]) in customers:
        query = query.where(Ticket.organisation_id == int(asked["customer"]))
    return query.where(mentions(asked["q"])) if asked["q"] else query


def late(query: Select[Any]) -> Select[Any]:
    return query.where(Ticket.status.in_(OPEN_STATUSES), Ticket.next_due_at < utcnow())


def tickets_tile(reseller: Organisation, now: Any) -> dict[str, Any]:
    """How many stand open and how many are late, and which of them is due next."""
    found = mine()
    counted = found.where(Ticket.status.in_(OPEN_STATUSES)).with_only_columns(
        func.count(), func.count().filter(Ticket.next_due_at < now)
    )
    number, number_late = db.session.execute(counted.order_by(None)).one()
    waiting = found.where(Ticket.status.in_(OPEN_STATUSES), Ticket.next_due_at.is_not(None))
    next_due = waiting.options(joinedload(Ticket.organisation)).order_by(Ticket.next_due_at, Ticket.id).limit(SHORT)
    return {"open": number, "late": number_late, "next": db.session.scalars(next_due).all(), "now": now}


TILES.insert(0, Tile("partner/_tickets_tile.html", tickets_tile))
