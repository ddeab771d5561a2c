"""Rita's house orders: what is sold, who pays, and the forms as a browser sends them."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.partnership import PartnerCustomer
from portal.billing.catalogue import CatalogueItem
from portal.db import db, utcnow
from portal.partner.order import PartnerOrder
from tests.billing.rows import an_account, an_item
from tests.cast import World
from tests.partner.acting import let_act, the_partner

KEY = "0123456789abcdef" * 2
NEW = "new@buyer.example"


def let_order(world: World, level: str = "certified") -> None:
    """Rita sells Relay Team to Heron, who let her act for them; both have billing details. No commit."""
    let_act(world, utcnow())
    the_partner().level = level
    for organisation in (world.reseller, world.heron):
        an_account(organisation)
    an_item("relay-team-resold", "team", 1999, product_id=world.products["relay"], has_seats=True)
    db.session.flush()


def fields(**more: Any) -> dict[str, Any]:
    """The form, filled: three seats for a year, for the customer on record."""
    relation = db.session.scalars(select(PartnerCustomer).where(PartnerCustomer.public_id == "heron-of-rita")).one()
    item = db.session.scalars(select(CatalogueItem).where(CatalogueItem.slug == "relay-team-resold")).one()
    filled = {"customer": relation.id, "item": item.id, "seats": 3, "interval": "year", "licensee": "Heron Marine"}
    return filled | {"email": NEW, "bill_to": "reseller", "form_key": KEY, "renews": ""} | more


def order(browser: FlaskClient, sent: dict[str, Any], shown: int | None = None) -> Any:
    """Look at the price, and confirm the one that was shown."""
    if shown is None:
        shown = shown_to(browser, sent)
    return browser.post("/partner/orders", data=sent | {"shown": shown})


def shown_to(browser: FlaskClient, sent: dict[str, Any]) -> int:
    page = browser.post("/partner/orders/new", data=sent)
    assert page.status_code == 200, page.text
    return int(page.text.split('name="shown" value="')[1].split('"')[0])


def the_orders() -> list[PartnerOrder]:
    return list(db.session.scalars(select(PartnerOrder).order_by(PartnerOrder.id)))


def an_order(world: World, number: int = 0, **more: Any) -> PartnerOrder:
    """A row as it stands after delivery, without licence and invoice."""
    relation = db.session.scalars(select(PartnerCustomer)).first()
    item = db.session.scalars(select(CatalogueItem).where(CatalogueItem.product_id.is_not(None))).first()
    assert relation is not None and item is not None
    on = utcnow().date()
    row = PartnerOrder(
        **{
            "public_id": f"order-{number}",
            "form_key": f"row:{number}",
            "reseller_id": world.reseller,
            "relation_id": relation.id,
            "bill_to_id": world.reseller,
            "licensee": f"Boat {number}",
            "email": f"boat{number}@buyer.example",
            "item_id": item.id,
            "product_id": item.product_id,
            "plan": "team",
            "currency": "EUR",
            "list_amount": 2000,
            "amount": 1600,
            "level": "certified",
            "begins": on,
            "ends": on + timedelta(days=30),
            "state": "delivered",
        }
        | more
    )
    db.session.add(row)
    db.session.flush()
    return row
