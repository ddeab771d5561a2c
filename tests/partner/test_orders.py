"""Orders of resellers: the price before it counts, one order a form, the licence and who is recognised by it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.entitlement import entitlement_of
from portal.accounts.licences import Licence
from portal.accounts.people import User
from portal.audit import AuditEntry
from portal.billing.invoice import Invoice
from portal.billing.money import rounded, step
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import run_due
from portal.mail import Mail
from portal.partner import ordering
from portal.partner.pricing import at_discount
from portal.policies import the_policy
from tests import cast
from tests.billing.test_desk_queries import counted
from tests.cast import World
from tests.partner.acting import the_consent, the_partner, the_relation
from tests.partner.selling import NEW, an_order, fields, let_order, order, shown_to, the_orders

As = Callable[[str], FlaskClient]


@pytest.fixture
def rita(app: Flask, world: World, as_: As) -> FlaskClient:
    with app.app_context():
        let_order(world)
        db.session.commit()
    return as_("reseller")


@pytest.fixture
def form(app: Flask, rita: FlaskClient) -> dict[str, Any]:
    with app.app_context():
        return fields()


@given(
    st.integers(0, 10**10),
    st.decimals(0, 100, places=2, allow_nan=False),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_the_partners_price_is_the_nearest_amount_and_never_above_the_list(
    units: int, percent: Decimal, currency: str
) -> None:
    listed = units * step(currency)
    found = at_discount(listed, percent, currency)
    exact = listed * (100 - percent) / 100
    assert 0 <= found <= listed and found % step(currency) == 0
    assert abs(found - exact) * 2 <= step(currency)
    assert listed - found == rounded(listed * percent / 100, currency)


def test_an_order_is_priced_delivered_invoiced_and_mailed(
    app: Flask, world: World, rita: FlaskClient, form: Any
) -> None:
    answer = order(rita, form)
    assert answer.status_code == 302 and "/partner/orders/" in answer.location
    with app.app_context():
        (placed,) = the_orders()
        resellers = the_policy().resellers
        assert resellers is not None
        discount = Decimal(str(resellers.levels["certified"].discount))
        assert placed.amount == at_discount(placed.list_amount, discount, "EUR") < placed.list_amount
        invoice = db.session.get_one(Invoice, placed.invoice_id)
        assert invoice.net == placed.amount * 3 and invoice.account.organisation_id == world.reseller
        licence = db.session.get_one(Licence, placed.licence_id)
        assert (licence.order_email, licence.seats, licence.sold_by_id) == (NEW, 3, world.reseller)
        run_due()
        assert db.session.get_one(Invoice, placed.invoice_id).number
        told = {one.recipient: one for one in db.session.scalars(select(Mail))}
        assert NEW in told and world.email("reseller") in told
        assert "€" not in told[NEW].text and "EUR" not in told[NEW].text
        kinds = db.session.scalars(select(AuditEntry.kind)).all()
        assert {"partner.order_placed", "licence.issued"} <= set(kinds)
    assert "Relay" in rita.get(answer.location).text or "Team" in rita.get(answer.location).text


def test_the_invoice_to_the_customer_shows_the_list_price_alone(
    app: Flask, world: World, rita: FlaskClient, form: Any, as_: As
) -> None:
    answer = order(rita, form | {"bill_to": "customer"})
    assert answer.status_code == 302
    with app.app_context():
        run_due()
        (placed,) = the_orders()
        invoice = db.session.get_one(Invoice, placed.invoice_id)
        assert invoice.account.organisation_id == world.heron
        assert invoice.net == placed.list_amount * 3
        assert [int(line.unit_amount) for line in invoice.lines] == [placed.list_amount]
        secret = f"{placed.amount * 3 / 100:,.2f}", f"{placed.amount / 100:,.2f}"
        page = f"/billing/{world.heron}/invoices/{invoice.public_id}"
        mails = " ".join(
            one.text for one in db.session.scalars(select(Mail)) if one.recipient != "rita@reseller.example"
        )
    shown = as_("owner").get(page).text + as_("owner").get(f"/billing/{world.heron}/").text
    for amount in secret:
        assert amount not in shown and amount not in mails


def test_the_customer_pays_only_who_agreed(app: Flask, rita: FlaskClient, form: Any) -> None:
    with app.app_context():
        the_consent().withdrawn_at = utcnow()
        db.session.commit()
    answer = rita.post("/partner/orders/new", data=form | {"bill_to": "customer"})
    assert answer.status_code == 422 and "has not agreed" in answer.text
    assert rita.post("/partner/orders/new", data=form).status_code == 200


def test_one_form_makes_one_order_however_often_sent(app: Flask, rita: FlaskClient, form: Any) -> None:
    shown = shown_to(rita, form)
    places = {order(rita, form, shown).location for _ in range(3)}
    assert len(places) == 1
    with app.app_context():
        assert len(the_orders()) == 1
        assert len(db.session.scalars(select(Licence)).all()) == 1
        assert len(db.session.scalars(select(Invoice)).all()) == 1


def test_a_price_that_was_not_shown_is_refused(app: Flask, rita: FlaskClient, form: Any) -> None:
    answer = order(rita, form, shown_to(rita, form) - 1)
    assert answer.status_code == 422 and "price has changed" in answer.text
    with app.app_context():
        assert the_orders() == []


def test_whoever_registers_with_the_address_is_recognised(
    app: Flask, world: World, rita: FlaskClient, form: Any
) -> None:
    order(rita, form)
    with app.app_context():
        person = cast.make_user(NEW)
        db.session.flush()
        now = utcnow()
        assert entitlement_of(person, "relay", now=now).plan == "team"
        person.confirmed_at = None
        db.session.flush()
        assert entitlement_of(person, "relay", now=now).plan == "free"


def test_a_licence_goes_to_another_address_until_it_is_claimed(
    app: Flask, world: World, rita: FlaskClient, form: Any
) -> None:
    page = order(rita, form).location
    assert rita.post(f"{page}/address", data={"email": "right@buyer.example"}).status_code == 302
    with app.app_context():
        (placed,) = the_orders()
        assert placed.email == "right@buyer.example"
        old, right = cast.make_user(NEW), cast.make_user("right@buyer.example")
        db.session.flush()
        assert entitlement_of(old, "relay", now=utcnow()).plan == "free"
        assert entitlement_of(right, "relay", now=utcnow()).plan == "team"
        told = db.session.scalars(select(Mail.recipient)).all()
        assert {NEW, "right@buyer.example"} <= set(told)
        db.session.scalars(select(Licence)).one().organisation_id = world.heron
        db.session.commit()
    answer = rita.post(f"{page}/address", data={"email": "other@buyer.example"})
    assert answer.status_code == 422 and "claimed" in answer.text


def test_cancelling_ends_the_licence_and_credits_the_invoice(app: Flask, rita: FlaskClient, form: Any) -> None:
    page = order(rita, form).location
    with app.app_context():
        run_due()
    assert rita.post(f"{page}/cancel", data={"reason": ""}).status_code == 422
    assert rita.post(f"{page}/cancel", data={"reason": "Ordered twice"}).status_code == 302
    with app.app_context():
        (placed,) = the_orders()
        assert (placed.state, placed.reason) == ("cancelled", "Ordered twice")
        assert db.session.scalars(select(Licence)).one().revoked_at is not None
        invoice, note = db.session.scalars(select(Invoice).order_by(Invoice.id)).all()
        assert note.corrects_id == invoice.id and note.gross == invoice.gross
        person = cast.make_user(NEW)
        db.session.flush()
        assert entitlement_of(person, "relay", now=utcnow()).plan == "free"
    again = rita.post(f"{page}/cancel", data={"reason": "Again"})
    assert again.status_code == 422 and "cancelled already" in again.text


def test_cancelling_before_the_invoice_is_made_leaves_none(app: Flask, rita: FlaskClient, form: Any) -> None:
    page = order(rita, form).location
    assert rita.post(f"{page}/cancel", data={"reason": "A slip"}).status_code == 302
    with app.app_context():
        run_due()
        assert db.session.scalars(select(Invoice)).all() == []


def test_what_was_ordered_long_ago_is_not_cancelled_here(app: Flask, rita: FlaskClient, form: Any) -> None:
    page = order(rita, form).location
    with app.app_context():
        days = app.extensions["settings"].order_cancel_days
        the_orders()[0].placed_at -= timedelta(days=days)
        db.session.commit()
    answer = rita.post(f"{page}/cancel", data={"reason": "Late"})
    assert answer.status_code == 422 and "too long ago" in answer.text


def test_a_renewal_carries_the_licence_on_once(app: Flask, rita: FlaskClient, form: Any) -> None:
    first = order(rita, form).location.rsplit("/", 1)[1]
    again = form | {"renews": first, "form_key": "a" * 32, "seats": 4}
    shown = shown_to(rita, again)
    assert order(rita, again, shown).status_code == 302
    second = order(rita, again | {"form_key": "b" * 32}, shown)
    assert second.status_code == 422 and "renewed already" in second.text
    with app.app_context():
        old, new = the_orders()
        licence = db.session.scalars(select(Licence)).one()
        assert (new.renews_id, new.begins, new.licence_id) == (old.id, old.ends, None)
        assert licence.ends_at is not None and licence.seats == 4
        assert licence.ends_at.date() in (new.ends, new.ends - timedelta(days=1))
    refused = rita.post(f"/partner/orders/{first}/cancel", data={"reason": "No"})
    assert refused.status_code == 422 and "Cancel the renewal first" in refused.text


def test_of_two_renewals_at_once_one_counts(app: Flask, rita: FlaskClient, form: Any, as_: As) -> None:
    first = order(rita, form).location.rsplit("/", 1)[1]
    asked = [form | {"renews": first, "form_key": sign * 32} for sign in ("a", "b", "c")]
    browsers, shown = [as_("reseller") for _ in asked], shown_to(rita, asked[0])
    with ThreadPoolExecutor(len(asked)) as pool:
        codes = sorted(
            pool.map(lambda one: order(one[0], one[1], shown).status_code, zip(browsers, asked, strict=True))
        )
    assert codes == [302, 422, 422]
    with app.app_context():
        assert [one.renews_id is None for one in the_orders()] == [True, False]
        assert len(db.session.scalars(select(Invoice)).all()) == 2


def test_of_one_form_sent_at_once_one_order_comes(app: Flask, rita: FlaskClient, form: Any, as_: As) -> None:
    browsers, shown = [as_("reseller") for _ in range(3)], shown_to(rita, form)
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda one: order(one, form, shown), browsers))
    assert [one.status_code for one in answers] == [302] * 3 and len({one.location for one in answers}) == 1
    with app.app_context():
        assert len(the_orders()) == len(db.session.scalars(select(Licence)).all()) == 1


def test_a_cancelled_renewal_gives_the_old_end_back_and_can_be_had_again(
    app: Flask, rita: FlaskClient, form: Any
) -> None:
    first = order(rita, form).location.rsplit("/", 1)[1]
    with app.app_context():
        before = db.session.scalars(select(Licence)).one().ends_at
    again = form | {"renews": first, "form_key": "a" * 32}
    page = order(rita, again).location
    assert rita.post(f"{page}/cancel", data={"reason": "Too early"}).status_code == 302
    assert rita.get(page).status_code == 200
    with app.app_context():
        licence = db.session.scalars(select(Licence)).one()
        assert licence.ends_at == before and licence.revoked_at is None
    assert order(rita, again | {"form_key": "b" * 32}).status_code == 302


def test_foreign_orders_and_customers_are_not_there(
    app: Flask, world: World, rita: FlaskClient, form: Any, as_: As
) -> None:
    page = order(rita, form).location
    with app.app_context():
        relation = the_relation()
        order_of_another = an_order(world, 9, reseller_id=world.elsewhere, bill_to_id=world.elsewhere).public_id
        another = cast.make_organisation("Other Shop", is_reseller=True)
        db.session.flush()
        foreign = type(relation)(public_id="foreign", reseller_id=another.id, name="X", email="x@x.example")
        db.session.add(foreign)
        db.session.commit()
        theirs = foreign.id
    for name in ("owner", "customer", "billing", "stranger", "agent", "admin"):
        browser = as_(name)
        for path in (page, "/partner/orders", "/partner/orders/new", "/partner/renewals"):
            assert browser.get(path).status_code == 404, (name, path)
    assert rita.get(f"/partner/orders/{order_of_another}").status_code == 404
    assert rita.get(f"/partner/orders/new?renews={order_of_another}").status_code == 404
    assert rita.post(f"/partner/orders/{order_of_another}/cancel", data={"reason": "x"}).status_code == 404
    assert rita.post("/partner/orders/new", data=form | {"customer": theirs}).status_code == 422


def test_an_ended_partnership_orders_nothing(app: Flask, world: World, rita: FlaskClient, form: Any) -> None:
    shown = shown_to(rita, form)
    with app.app_context():
        the_partner().ends_at = utcnow()
        db.session.commit()
    assert order(rita, form, shown).status_code == 404
    with app.test_request_context():
        by = db.session.get_one(User, world.ids["reseller"])
        item = the_relation()
        from portal.billing.catalogue import CatalogueItem

        sold = db.session.scalars(select(CatalogueItem)).one()
        wanted = ordering.Wanted(item, sold, 1, "year", "X", NEW)
        with pytest.raises(Refused, match="partnership has ended"):
            ordering.price(item.reseller, wanted, by=by, now=utcnow())


def test_the_list_is_searched_sorted_paged_and_written(app: Flask, world: World, rita: FlaskClient) -> None:
    with app.app_context():
        for number in range(30):
            an_order(world, number, state="cancelled" if number == 7 else "delivered")
        db.session.commit()
    assert "order-29" in rita.get("/partner/orders").text and 'order-0"' not in rita.get("/partner/orders").text
    assert '/partner/orders/order-0"' in rita.get("/partner/orders?page=2").text
    found = rita.get("/partner/orders?q=boat17@").text
    assert '/order-17"' in found and '/order-18"' not in found
    found = rita.get("/partner/orders?state=cancelled").text
    assert '/order-7"' in found and '/order-8"' not in found
    assert "No order here" in rita.get("/partner/orders?q=nothing-like-it").text
    assert rita.get("/partner/orders?csv=1").text.count("\r\n") == 31
    assert rita.get("/partner/orders?sort=nonsense&page=99999999999").status_code in (200, 404)


def test_lists_ask_as_much_for_many_as_for_one(app: Flask, world: World, rita: FlaskClient) -> None:
    asked: dict[str, list[int]] = {"/partner/orders": [], "/partner/renewals": []}
    for numbers in (range(1), range(1, 20)):
        with app.app_context():
            for number in numbers:
                an_order(world, number)
            db.session.commit()
        for path, counts in asked.items():
            rita.get(path)
            with counted(app) as seen:
                rita.get(path)
            counts.append(len(seen))
    for path, (one, many) in asked.items():
        assert one == many, path


def test_renewals_stand_in_the_month_in_which_they_run_out(app: Flask, world: World, rita: FlaskClient) -> None:
    assert "Nothing to renew" in rita.get("/partner/renewals").text
    with app.app_context():
        on = utcnow().date()
        soon = an_order(world, 1)
        an_order(world, 2, ends=on + timedelta(days=800))
        an_order(world, 3, state="cancelled")
        an_order(world, 4, ends=on - timedelta(days=3))
        old = an_order(world, 5)
        an_order(world, 6, renews_id=old.id, ends=on + timedelta(days=60))
        db.session.commit()
        assert soon.state == "delivered"
    tile = rita.get("/partner/").text
    assert [number for number in range(1, 7) if f"/partner/orders/order-{number}" in tile] == [1, 4, 6]
    assert tile.index("/order-4") < tile.index("/order-1") and "Has run out" in tile
    page = rita.get("/partner/renewals").text
    shown = {number: f'renews=order-{number}"' in page for number in range(1, 7)}
    assert shown == {1: True, 2: False, 3: False, 4: True, 5: False, 6: True}
    assert page.count("Has run out") == 1 and page.count("<rect") >= 14
