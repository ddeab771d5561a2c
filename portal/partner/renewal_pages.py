"""What runs out and when: a bar for each month, the list below, and what it is worth."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from sqlalchemy.orm import aliased, joinedload

from portal.accounts.licences import Licence
from portal.accounts.people import Organisation
from portal.billing.accounts import today
from portal.billing.terms import named
from portal.db import db, utcnow
from portal.partner.blueprint import SHORT, TILES, Tile, bp
from portal.partner.order import DELIVERED, PartnerOrder
from portal.partner.ordering import due_until
from portal.partner.ordering_pages import mine
from portal.reports.drawing import columns

MONTHS, BEFORE = 12, 2  # shown ahead; and how many months back something that ran out may still be renewed


@dataclass(frozen=True)
class Due:
    """The orders that run out in one month."""

    month: date  # its first day
    orders: list[PartnerOrder]


@bp.get("/renewals")
def renewals() -> ResponseReturnValue:
    on = today(utcnow())
    months = months_of(list(db.session.scalars(due_orders(on))), on)
    bars = columns([len(one.orders) for one in months])
    return render_template("partner/renewals.html", months=months, bars=bars, today=on, named=named)


def renewals_tile(reseller: Organisation, now: datetime) -> dict[str, Any]:
    """What runs out next, or just did: the first rows of the page."""
    on = today(now)
    return {"next": list(db.session.scalars(due_orders(on).limit(SHORT))), "today": on, "named": named}


TILES.append(Tile("partner/_renewals_tile.html", renewals_tile))


def due_orders(on: date) -> Select[tuple[PartnerOrder]]:
    """Delivered, not renewed, their licence not revoked, and running out within the window; the first to end first."""
    later = aliased(PartnerOrder)
    renewed = select(later.id).where(later.renews_id == PartnerOrder.id).exists()
    revoked = select(Licence.id).where(Licence.id == PartnerOrder.licence_id, Licence.revoked_at.is_not(None)).exists()
    within = (PartnerOrder.ends >= due_until(on, -BEFORE), PartnerOrder.ends <= due_until(on, MONTHS))
    query = mine().where(PartnerOrder.state == DELIVERED, ~renewed, ~revoked, *within)
    shown = (joinedload(PartnerOrder.relation), joinedload(PartnerOrder.item))
    return query.options(*shown).order_by(PartnerOrder.ends, PartnerOrder.id)


def months_of(orders: list[PartnerOrder], on: date) -> list[Due]:
    """One for each month of the window, whether or not something runs out in it: by the last day that is paid."""
    firsts = [due_until(on, ahead) for ahead in range(-BEFORE, MONTHS)]
    return [Due(first, [one for one in orders if _month_of(one) == first]) for first in firsts]


def _month_of(order: PartnerOrder) -> date:
    return (order.ends - timedelta(days=1)).replace(day=1)
