"""What a person who signed in has: their products, and which version of each they last told us."""

from functools import cache
from typing import Any

from flask import g, has_request_context
from sqlalchemy import String, bindparam, cast, null, select, union_all

from knowledge.search.ranking import NOTHING_OWN, Own
from knowledge.versions import numbers
from portal.accounts.entitlement import products_held
from portal.accounts.products import Product
from portal.db import Moment, read, utcnow
from portal.tickets.ticket import Ticket

LATEST_TICKETS = 30  # that are looked through for versions


def own(person: Any) -> Own:
    """The products of all that this person holds, and the version in their latest ticket of each product.

    Staff and visitors have nothing of their own. One query in a request, however often it is asked.
    """
    if not person.is_authenticated or person.is_staff:
        return NOTHING_OWN
    kept: dict[int, Own] = g.setdefault("belongings", {}) if has_request_context() else {}
    if person.id not in kept:
        kept[person.id] = _own(person)
    return kept[person.id]


def _own(person: Any) -> Own:
    asked = {"person": person.id, "reader": person.id, "now": utcnow()}
    if person.confirmed_at is not None:
        asked["address"] = person.email.lower()
    rows = read(_belongings("address" in asked), **asked)
    held = {row.slug for row in rows if row.filed_at is None}
    filed = sorted((row for row in rows if row.filed_at), key=lambda row: row.filed_at)
    versions = {row.slug: row.version for row in filed if row.version and numbers(row.version)}
    products = (held - {None}) | {row.slug for row in filed}
    return Own(tuple(sorted(products)), tuple(sorted(versions.items())), has_all=None in held)


@cache
def _belongings(has_address: bool) -> Any:
    """(slug, version, filed at) of what is held, without the last two, and of the latest tickets."""
    held = products_held(has_address).subquery()
    mine = Ticket.readable(is_staff=False, followed=False).where(Ticket.requester_id == bindparam("reader"))
    columns = (Product.slug, Ticket.product_version.label("version"), Ticket.created_at.label("filed_at"))
    latest = mine.join(Product).with_only_columns(*columns).order_by(Ticket.updated_at.desc()).limit(LATEST_TICKETS)
    tickets = latest.subquery()
    never = cast(null(), Moment())
    return union_all(
        select(held.c.slug, cast(null(), String).label("version"), never.label("filed_at")), select(*tickets.c)
    )
