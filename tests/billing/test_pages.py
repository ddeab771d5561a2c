"""The customer's billing area through HTTP: order, change, cancel, resume, details, invoices."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.entitlement import entitlement_of
from portal.accounts.licences import Subscription
from portal.accounts.people import Membership, User
from portal.billing.agreement import ChangePreview
from portal.billing.invoice import Invoice
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from tests.billing.rows import an_account, an_item
from tests.cast import World

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
As = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def shop(app: Flask, world: World) -> World:
    """Two plans with seats for sale, and Heron's billing details filled in; the customer owns Heron."""
    with app.app_context():
        an_item("team", "team", 1000, level=1, has_seats=True)
        an_item("business", "business", 3000, level=2, has_seats=True, trial_days=0)
        an_account(world.heron, days_to_pay=30)
        db.session.execute(
            db.update(Membership).where(Membership.user_id == world.ids["customer"]).values(role="owner")
        )
        db.session.execute(db.delete(Subscription))
        db.session.commit()
    return world


def words(page: str) -> str:
    """The page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def ordered(client: FlaskClient, world: World, slug: str = "team", **form: Any) -> Any:
    """Ask for a preview; the page that shows it."""
    with client.application.app_context():
        item = db.session.execute(db.text("SELECT id FROM catalogue_item WHERE slug = :slug"), {"slug": slug}).scalar()
    sent = {"item": item, "seats": 5, "interval": "month"} | form
    return client.post(f"/billing/{world.heron}/order/{slug}", data=sent, follow_redirects=True)


def confirmed(client: FlaskClient, page: Any) -> Any:
    address = re.search(r'action="(/billing/\d+/preview/[^"]+)"', page.text)
    assert address, page.text
    answer = client.post(address[1], follow_redirects=True)
    with client.application.app_context():
        run_due()
    return answer


def test_an_order_from_the_catalogue_to_the_invoice(app: Flask, shop: World, as_: As) -> None:
    owner = as_("customer")
    page = owner.get(f"/billing/{shop.heron}/catalogue").text
    assert "€10.00 a month" in page and "€100.00 a year" in page
    preview = ordered(owner, shop)
    assert "€50.00" in preview.text and "€10.50" in preview.text and "€60.50" in preview.text
    page = words(confirmed(owner, preview).text)
    assert "Team" in page and "renews on 16 Dec 2026" in page
    with app.app_context():
        invoice = db.session.scalars(db.select(Invoice)).one()
        assert (invoice.number, invoice.gross, invoice.state) == ("R2026-00001", 6050, "open")
        assert db.session.scalars(db.select(ChangePreview)).one().gross == 6050
        mails = db.session.scalars(db.select(Mail).order_by(Mail.id)).all()
        assert "Your subscription: Team" in [mail.subject for mail in mails]
    page = owner.get(f"/billing/{shop.heron}/invoices").text
    assert "R2026-00001" in page
    address = re.search(rf'href="(/billing/{shop.heron}/invoices/\w+)"', page)
    assert address and "RF" in owner.get(address[1]).text


def test_an_upgrade_lifts_the_support_at_once(app: Flask, shop: World, as_: As, clock: Any) -> None:
    owner = as_("customer")
    confirmed(owner, ordered(owner, shop))
    clock.move_to(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    owner = as_("customer")
    with app.app_context():
        subscription = db.session.scalars(db.select(Subscription)).one()
        business = db.session.execute(db.text("SELECT id FROM catalogue_item WHERE slug = 'business'")).scalar()
        person = db.session.get_one(User, shop.ids["customer"])
        assert entitlement_of(person, now=utcnow()).plan == "team"
    path = f"/billing/{shop.heron}/subscriptions/{subscription.id}/change"
    assert "Team" in owner.get(path).text
    preview = owner.post(path, data={"item": business, "seats": 5, "interval": "month"}, follow_redirects=True)
    # 15 of 30 days (16 November to 15 December): 25.00 back, 75.00 charged, 21 % on 50.00
    for amount in ("-€25.00", "€75.00", "€50.00", "€10.50", "€60.50"):
        assert amount in preview.text
    confirmed(owner, preview)
    with app.app_context():
        person = db.session.get_one(User, shop.ids["customer"])
        assert entitlement_of(person, now=utcnow()).plan == "business"
        assert [one.gross for one in db.session.scalars(db.select(Invoice).order_by(Invoice.id))] == [6050, 6050]


def test_a_preview_is_used_once_and_not_after_a_change(app: Flask, shop: World, as_: As) -> None:
    owner = as_("customer")
    preview = ordered(owner, shop)
    confirmed(owner, preview)
    address = re.search(r'action="(/billing/\d+/preview/[^"]+)"', preview.text)
    assert address
    assert owner.post(address[1]).status_code == 422
    with app.app_context():
        subscription_id = db.session.scalars(db.select(Subscription.id)).one()
    path = f"/billing/{shop.heron}/subscriptions/{subscription_id}/change"
    with app.app_context():
        team = db.session.execute(db.text("SELECT id FROM catalogue_item WHERE slug = 'team'")).scalar()
    first, second = (
        owner.post(path, data={"item": team, "seats": seats, "interval": "month"}, follow_redirects=True)
        for seats in (6, 7)
    )
    confirmed(owner, first)
    address = re.search(r'action="(/billing/\d+/preview/[^"]+)"', second.text)
    assert address
    answer = owner.post(address[1])
    assert answer.status_code == 422 and "changed meanwhile" in answer.text


def test_cancel_and_resume(app: Flask, shop: World, as_: As) -> None:
    owner = as_("customer")
    confirmed(owner, ordered(owner, shop))
    with app.app_context():
        subscription_id = db.session.scalars(db.select(Subscription.id)).one()
    base = f"/billing/{shop.heron}/subscriptions/{subscription_id}"
    page = words(owner.post(f"{base}/cancel", follow_redirects=True).text)
    assert "ends on 16 Dec 2026" in page
    assert owner.post(f"{base}/cancel").status_code == 422
    page = words(owner.post(f"{base}/resume", follow_redirects=True).text)
    assert "renews on 16 Dec 2026" in page and "The cancellation was taken back." in page
    assert owner.post(f"{base}/resume").status_code == 422


def test_a_downgrade_waits_and_can_be_taken_back(app: Flask, shop: World, as_: As) -> None:
    owner = as_("customer")
    confirmed(owner, ordered(owner, shop))
    with app.app_context():
        subscription_id, item = db.session.execute(db.select(Subscription.id, Subscription.item_id)).one()
    base = f"/billing/{shop.heron}/subscriptions/{subscription_id}"
    preview = owner.post(f"{base}/change", data={"item": item, "seats": 2, "interval": "month"}, follow_redirects=True)
    assert "nothing is charged now" in preview.text
    page = words(confirmed(owner, preview).text)
    assert "From 16 Dec 2026: Team, €20.00 a month" in page
    assert "Keep as it is" in page
    assert "Everything stays as it is." in owner.post(f"{base}/stay", follow_redirects=True).text


@pytest.mark.parametrize(
    "form",
    [{"seats": 0}, {"seats": -4}, {"seats": 10**9}, {"seats": "many"}, {"interval": "once"}, {"item": 10**6}],
    ids=str,
)
def test_bad_orders(shop: World, as_: As, form: dict[str, Any]) -> None:
    answer = ordered(as_("customer"), shop, **form)
    assert answer.status_code == 422


def test_details_are_kept_and_checked(app: Flask, shop: World, as_: As) -> None:
    owner = as_("customer")
    path = f"/billing/{shop.heron}/details"
    good = {
        "legal_name": "Heron Marine Ltd",
        "street": "Hafenstraße 1",
        "city": "Hamburg",
        "country": "DE",
        "vat_number": "DE 136 695 976",
        "lang": "de",
    }
    assert "The billing details are saved" in owner.post(path, data=good, follow_redirects=True).text
    page = owner.get(f"/billing/{shop.heron}/").text
    assert "Hafenstraße 1" in page and "DE136695976" in page and "(being checked)" in page
    for wrong, text in (
        ({"vat_number": "DE1"}, "no VAT number"),
        ({"country": "FR"}, "another country"),
        ({"legal_name": ""}, "needs a name"),
        ({"country": "XX"}, "Choose a country"),
        ({"lang": "xx"}, "Choose one of the languages"),
    ):
        answer = owner.post(path, data=good | wrong)
        assert answer.status_code == 422 and text in answer.text
        assert "Hafenstraße 1" in answer.text
    contact = {"email": "books@heron.example", "gets": ["invoices"]}
    assert (
        "books@heron.example is saved"
        in owner.post(f"/billing/{shop.heron}/contacts", data=contact, follow_redirects=True).text
    )
    assert owner.post(f"/billing/{shop.heron}/contacts", data={"email": "x"}).status_code == 422


def test_without_an_address_nothing_is_ordered(app: Flask, shop: World, as_: As) -> None:
    with app.app_context():
        db.session.execute(db.text("UPDATE billing_account SET street = ''"))
        db.session.commit()
    preview = ordered(as_("customer"), shop)
    assert "Fill in the billing details" in preview.text
    assert not re.search(r'action="/billing/\d+/preview/', preview.text)


def test_members_are_told_whom_to_ask(app: Flask, shop: World, as_: As) -> None:
    colleague = as_("colleague")
    page = colleague.get("/billing/").text
    assert "Ask one of them" in page and "Carla" in page
    assert colleague.get(f"/billing/{shop.heron}/").status_code == 404


@pytest.mark.parametrize("who", ["colleague", "former", "stranger", "reseller", "agent", "editor"])
def test_strangers_find_nothing(app: Flask, shop: World, as_: As, who: str) -> None:
    owner = as_("customer")
    confirmed(owner, ordered(owner, shop))
    with app.app_context():
        public_id = db.session.scalars(db.select(Invoice.public_id)).one()
    client = as_(who)
    for path in ("", "details", "catalogue", "invoices", f"invoices/{public_id}", "order/team"):
        assert client.get(f"/billing/{shop.heron}/{path}").status_code == 404, path
