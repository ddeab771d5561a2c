"""The reseller's tickets: its own, and those of the customers who let it act for them, for as long as they do."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, func, or_
from sqlalchemy.orm import joinedload

from portal.accounts.partnership import PartnerCustomer, acted_for
from portal.accounts.people import Organisation
from portal.db import db, read, utcnow
from portal.partner import gate
from portal.partner.blueprint import SHORT, TILES, Tile, bp
from portal.tickets.listing import ORDERS, STATUSES, mentions
from portal.tickets.ticket import OPEN_STATUSES, Ticket

PAGE = 25
OWN = "own"  # in place of a customer: the reseller's own tickets
LATE = "late"  # beside the statuses: open, and a clock has run out
_acting = acted_for().with_only_columns(PartnerCustomer.customer_id, PartnerCustomer.reseller_id, PartnerCustomer.name)


@bp.get("/tickets")
def tickets() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "")[:200].strip() for name in ("q", "status", "customer", "sort")}
    customers = acting()
    query = narrowed(mine(customers), asked, customers)
    order = ORDERS.get(asked["sort"], ORDERS["updated"])
    shown = (joinedload(Ticket.organisation), joinedload(Ticket.requester), joinedload(Ticket.product))
    page = db.paginate(query.options(*shown).order_by(*order), per_page=PAGE, max_per_page=PAGE)
    return render_template("partner/tickets.html", page=page, asked=asked, customers=customers, now=utcnow())


def acting() -> dict[int, str]:
    """The customers for whom the reader acts now at this reseller: what it calls them, by their organisation's id."""
    found = read(_acting, reader=current_user.id)
    theirs = [(row.customer_id, row.name) for row in found if row.reseller_id == gate.reseller().id]
    return dict(sorted(theirs, key=lambda pair: pair[1].casefold()))


def mine(customers: dict[int, str]) -> Select[Any]:
    """Tickets of the reseller and of these customers, as far as the reader sees them."""
    of_them = or_(Ticket.organisation_id == gate.reseller().id, Ticket.organisation_id.in_(customers))
    return Ticket.visible_to(current_user).where(of_them)


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
    found = mine(acting())
    counted = found.where(Ticket.status.in_(OPEN_STATUSES)).with_only_columns(
        func.count(), func.count().filter(Ticket.next_due_at < now)
    )
    number, number_late = db.session.execute(counted.order_by(None)).one()
    waiting = found.where(Ticket.status.in_(OPEN_STATUSES), Ticket.next_due_at.is_not(None))
    next_due = waiting.options(joinedload(Ticket.organisation)).order_by(Ticket.next_due_at, Ticket.id).limit(SHORT)
    return {"open": number, "late": number_late, "next": db.session.scalars(next_due).all(), "now": now}


TILES.insert(0, Tile("partner/_tickets_tile.html", tickets_tile))
