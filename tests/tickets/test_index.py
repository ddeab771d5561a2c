"""The list: own tickets and, by role, the organisation's; filters, order, pages, and a constant number of queries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.tickets import filing, listing
from portal.tickets.drafts import new_key
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def equipped(app: Flask, world: World) -> None:
    writing.equip(app, world)


def many(app: Flask, world: World, count: int, **fields: object) -> None:
    """Tickets of the customer's, filed by the verb."""
    from portal.accounts.people import Organisation

    with app.test_request_context():
        customer, heron = db.session.get(User, world.ids["customer"]), db.session.get(Organisation, world.heron)
        assert customer
        for n in range(count):
            wanted = {"subject": f"Number {n}", "body": "x", "topic": "billing"} | fields
            asked = filing.Request(form_key=new_key(), language="en", zone="UTC", organisation=heron, **wanted)  # type: ignore[arg-type]
            filing.file_ticket(asked, by=customer, now=utcnow())
        db.session.commit()


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_people_see_theirs_and_owners_all(as_: As) -> None:
    writing.filed(as_("customer"), subject="A product question")
    writing.filed(as_("customer"), topic="billing", subject="A billing question")
    for name, sees in (
        ("customer", (True, True)),
        ("owner", (True, True)),
        ("billing", (False, True)),
        ("colleague", (False, False)),
        ("stranger", (False, False)),
        ("former", (False, False)),
    ):
        page = as_(name).get("/tickets/?whose=organisation").text
        assert ("A product question" in page, "A billing question" in page) == sees, name


def test_filters_narrow_the_list(app: Flask, as_: As) -> None:
    browser = as_("customer")
    first = writing.filed(browser, subject="Gauge stuck at 100 %")
    writing.filed(browser, subject="Relay restarts", product="relay")
    browser.post(f"/tickets/{first}/close")
    for query, shown in (
        ("?status=closed", ("Gauge",)),
        ("?status=open", ("Relay restarts",)),
        ("?product=relay", ("Relay restarts",)),
        ("?q=gauge", ("Gauge",)),
        ("?q=100+%25", ("Gauge",)),
        (f"?q={first}", ("Gauge",)),
        (f"?q=%23{first}", ("Gauge",)),
        ("?q=%25%25%25", ()),
        ("?sort=oldest", ("Gauge", "Relay restarts")),
        ("?status=nonsense&sort=nonsense&page=0", ("Gauge", "Relay restarts")),
        ("?page=99999999999999999999&q=%00", ("Gauge", "Relay restarts")),
    ):
        page = browser.get(f"/tickets/{query}")
        assert page.status_code == 200, query
        assert [word for word in ("Gauge", "Relay restarts") if word in page.text] == list(shown), query


def test_a_number_finds_no_foreign_ticket(as_: As) -> None:
    number = writing.filed(as_("customer"), subject="Secret subject")
    assert "Secret subject" not in as_("stranger").get(f"/tickets/?q={number}&whose=organisation").text


def test_pages_of_twenty_five(app: Flask, world: World, as_: As) -> None:
    many(app, world, listing.PER_PAGE + 2)
    browser = as_("customer")
    assert browser.get("/tickets/").text.count('scope="row"') == listing.PER_PAGE
    for number in (2, 9):
        assert browser.get(f"/tickets/?page={number}").text.count('scope="row"') == 2
    assert "<html" not in browser.get("/tickets/", headers={"HX-Request": "true"}).text


def test_more_rows_need_no_more_queries(app: Flask, world: World, as_: As) -> None:
    browser = as_("customer")
    many(app, world, 2)
    browser.get("/tickets/")
    with counted(app) as few:
        browser.get("/tickets/")
    many(app, world, 20)
    with counted(app) as more:
        browser.get("/tickets/")
    assert len(few) == len(more), "\n".join(more)


def test_an_empty_list_says_what_would_stand_there(as_: As) -> None:
    browser = as_("stranger")
    assert "No tickets yet" in browser.get("/tickets/").text
    assert "No ticket fits" in browser.get("/tickets/?status=closed").text
