"""Fields that the vendor asks for on tickets of a product: set up by admins, filled in by customers, corrected here."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.tickets.custom_fields import FieldValue, TicketField, answered
from portal.tickets.ticket import Draft, Ticket
from tests.cast import World
from tests.desk.rows import the
from tests.tickets.writing import equip, fields, filed, send, tickets_count

As = Callable[[str], FlaskClient]


def ask(app: Flask, world: World, kind: str = "text", product: str = "beacon", **more: Any) -> str:
    """A field; the name of its input."""
    with app.app_context():
        labels = {"en": "Serial number", "de": "Seriennummer"}
        field = TicketField(product_id=world.products[product], kind=kind, **({"labels": labels} | more))
        db.session.add(field)
        db.session.commit()
        return f"field-{field.id}"


def said(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(FieldValue.value).order_by(FieldValue.field_id)))


@pytest.fixture
def customer(app: Flask, world: World, as_: As) -> FlaskClient:
    equip(app, world)
    return as_("customer")


def test_the_form_of_the_product_asks_and_the_ticket_says(
    app: Flask, world: World, customer: FlaskClient, as_: As
) -> None:
    name = ask(app, world)
    assert "Serial number" in customer.get("/tickets/new?product=beacon").text
    assert "Serial number" not in customer.get("/tickets/new?product=relay").text
    number = filed(customer, **{name: "  SN-1 2  "})
    assert said(app) == ["SN-1 2"]
    for browser, page in ((customer, f"/tickets/{number}"), (as_("agent"), f"/desk/{number}")):
        text = browser.get(page).text
        assert "Serial number" in text and "SN-1 2" in text
    assert "Seriennummer" in customer.get("/tickets/new?product=beacon&lang=de").text


def test_choosing_the_product_brings_its_fields(app: Flask, world: World, customer: FlaskClient) -> None:
    name = ask(app, world)
    before = customer.get("/tickets/quote?topic=product&product=relay&offered=").text
    after = customer.get("/tickets/quote?topic=product&product=beacon&offered=").text
    assert f'name="{name}"' not in before and f'name="{name}"' in after


@pytest.mark.parametrize(
    ("kind", "value", "status"),
    [
        ("text", "", 422),
        ("text", "a" * 301, 422),
        ("text", "a" * 300, 302),
        ("number", "twelve", 422),
        ("number", "4.5", 302),
        ("number", "1" * 40, 422),
        ("choice", "Blue", 422),
        ("choice", "Red", 302),
        ("choice", "", 422),
    ],
)
def test_what_has_to_be_filled_in_is_checked(
    app: Flask, world: World, customer: FlaskClient, kind: str, value: str, status: int
) -> None:
    name = ask(app, world, kind, is_required=True, choices=["Red", "Green"] if kind == "choice" else [])
    answer = send(customer, **{name: value})
    assert answer.status_code == status
    with app.app_context():
        assert tickets_count() == (status == 302)
    if status == 422:
        assert 'aria-invalid="true"' in answer.text and "It stopped at two" in answer.text


def test_what_need_not_be_filled_in_may_stay_empty(app: Flask, world: World, customer: FlaskClient) -> None:
    for kind in ("text", "number", "choice"):
        ask(app, world, kind, choices=["Red"])
    filed(customer)
    assert said(app) == []


def test_a_field_of_another_product_is_not_kept(app: Flask, world: World, customer: FlaskClient) -> None:
    name = ask(app, world, product="relay", is_required=True)
    filed(customer, **{name: "SN-1"})
    assert said(app) == []


def test_a_draft_keeps_what_was_typed(app: Flask, world: World, customer: FlaskClient) -> None:
    name = ask(app, world)
    customer.post("/tickets/drafts", data=fields(**{name: "SN-1"}))
    with app.app_context():
        draft = db.session.scalars(db.select(Draft)).one().id
    assert 'value="SN-1"' in customer.get(f"/tickets/new?draft={draft}").text


def test_a_new_field_is_asked_at_once(app: Flask, world: World, customer: FlaskClient) -> None:
    """The empty form is kept for all who have the same choices; a field is one of them."""
    assert "Serial number" not in customer.get("/tickets/new?product=beacon").text
    ask(app, world)
    assert "Serial number" in customer.get("/tickets/new?product=beacon").text


def test_an_agent_corrects_it(app: Flask, world: World, customer: FlaskClient, as_: As) -> None:
    name, agent = ask(app, world, is_required=True), as_("agent")
    number = filed(customer, **{name: "SN-1"})
    assert "SN-1" in customer.get(f"/tickets/{number}").text
    assert agent.post(f"/desk/{number}/fields", data={name: "SN-2"}).status_code == 302
    assert "SN-2" in customer.get(f"/tickets/{number}").text
    assert agent.post(f"/desk/{number}/fields", data={name: ""}).status_code == 422
    assert said(app) == ["SN-2"]
    with app.app_context():
        assert [event.kind for event in the(number).events].count("fields_changed") == 1


def test_what_is_asked_no_more_stays_where_it_was_answered(
    app: Flask, world: World, customer: FlaskClient, as_: As
) -> None:
    name, admin = ask(app, world, "choice", choices=["Red", "Green"], is_required=True), as_("admin")
    number = filed(customer, **{name: "Red"})
    key = name.removeprefix("field-")
    changed = {"label-en": "Colour", "choices": "Green\nYellow"}
    assert admin.post(f"/desk/fields/{key}", data=changed).status_code == 302
    assert "Red" in admin.get(f"/desk/{number}").text and "Colour" in customer.get(f"/tickets/{number}").text
    admin.post(f"/desk/fields/{key}/retire")
    assert "Colour" not in customer.get("/tickets/new?product=beacon").text
    assert "Red" in customer.get(f"/tickets/{number}").text
    admin.post(f"/desk/fields/{key}/retire")
    assert "Yellow" in customer.get("/tickets/new?product=beacon").text


def test_admins_set_them_up(app: Flask, world: World, as_: As) -> None:
    admin = as_("admin")
    form = {"product": world.products["beacon"], "kind": "choice", "label-en": "Colour", "choices": "Red\nRed\n\nGreen"}
    assert admin.post("/desk/fields", data=form | {"is_required": "y", "position": "3"}).status_code == 302
    with app.app_context():
        field = db.session.scalars(db.select(TicketField)).one()
        assert (field.choices, field.is_required, field.position) == (["Red", "Green"], True, 3)
        key = field.id
    assert "Colour" in admin.get("/desk/fields").text and "Green" in admin.get(f"/desk/fields/{key}").text


@pytest.mark.parametrize(
    "wrong",
    [{"label-en": ""}, {"kind": "magic"}, {"product": "999"}, {"choices": "Red"}, {"position": "-1"}],
)
def test_what_makes_no_field_is_refused(app: Flask, world: World, as_: As, wrong: dict[str, str]) -> None:
    form = {"product": world.products["beacon"], "kind": "choice", "label-en": "Colour", "choices": "Red\nGreen"}
    assert as_("admin").post("/desk/fields", data=form | wrong).status_code == 422
    with app.app_context():
        assert not db.session.scalars(db.select(TicketField)).all()


def test_agents_set_none_up(app: Flask, world: World, as_: As) -> None:
    key, agent = ask(app, world).removeprefix("field-"), as_("agent")
    for path in ("/desk/fields", f"/desk/fields/{key}"):
        assert (agent.get(path).status_code, agent.post(path).status_code) == (403, 403)
    assert agent.post(f"/desk/fields/{key}/retire").status_code == 403
    assert as_("customer").get("/desk/fields").status_code == 404


def test_a_merge_and_a_split_take_along_what_was_said(app: Flask, world: World, customer: FlaskClient, as_: As) -> None:
    first, second = ask(app, world), ask(app, world, labels={"en": "Site"})
    agent, older = as_("agent"), filed(customer, **{first: "SN-1"})
    newer = filed(customer, **{first: "SN-2", second: "Rotterdam"})
    agent.post(f"/desk/{newer}/tag", data={"names": "rotterdam"})
    assert agent.post(f"/desk/{newer}/merge", data={"into": str(older)}).status_code == 302
    page = agent.get(f"/desk/{older}").text
    assert "SN-1" in page and "Rotterdam" in page and "rotterdam" in page
    with app.app_context():
        message = the(older).messages[-1].id
    agent.post(f"/desk/{older}/split", data={"message": message, "subject": "Another thing"})
    with app.app_context():
        made = db.session.scalars(db.select(Ticket).order_by(Ticket.id.desc())).first()
        assert made and [row.value for row in answered(made.id)] == ["SN-1", "Rotterdam"]
