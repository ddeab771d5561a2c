"""The list: own tickets and, by role, the organisation's; filters, order, pages, and a constant number of queries."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from portal.tickets import filing, listing
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Ticket
from tests import cast
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def equipped(app: Flask, world: World) -> None:
    writing.equip(app, world)


def many(app: Flask, world: World, count: int, **fields: object) -> None:
    """Tickets of the customer's, filed by the verb."""
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


@pytest.fixture
def crowded(app: Flask, world: World) -> None:
    """Tickets of many people, in two organisations and in none, in every status. One person leads in both."""
    names = ("customer", "owner", "colleague", "former")
    with app.test_request_context():
        people = [db.session.get_one(User, world.ids[name]) for name in names]
        heron, elsewhere = (db.session.get_one(Organisation, key) for key in (world.heron, world.elsewhere))
        cast.join(people[1], elsewhere, "billing")
        now, statuses, places = utcnow(), listing.STATUSES["all"], (heron, elsewhere, heron, heron, None)
        for n in range(42):
            asked = filing.Request(
                form_key=new_key(),
                subject=f"Number {n}",
                body="x",
                topic="product" if n % 3 else "billing",
                language="en",
                zone="UTC",
                organisation=heron,
            )
            ticket = filing.file_ticket(asked, by=people[0], now=now)
            ticket.requester, ticket.organisation, ticket.status = people[n % 4], places[n % 5], statuses[n // 2 % 4]
            ticket.created_at = ticket.updated_at = now - timedelta(minutes=n * 7 % 20)  # some at the same moment
            ticket.next_due_at = now + timedelta(minutes=n * 5 % 30) if n % 2 else None
        db.session.commit()


def listed(browser: FlaskClient, address: str) -> list[int]:
    """The numbers that the pages of a list show, one page after another."""
    found: list[int] = []
    for page in range(1, 9):
        text = browser.get(f"{address}&page={page}").text
        found += [int(number) for number in re.findall(r'class="num">#(\d{8})<', text)]
        if 'rel="next"' not in text:
            return found
    raise AssertionError("the pages have no end")


def test_the_organisations_list_is_all_that_one_may_see(
    app: Flask, world: World, as_: As, crowded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its order, each ticket once, though the query goes by who filed it and for whom."""
    monkeypatch.setattr(listing, "PER_PAGE", 5)
    for name in ("customer", "owner", "billing", "stranger", "former"):
        browser = as_(name)
        for sort in listing.ORDERS:
            for status in ("all", "open"):
                with app.app_context():
                    seen = Ticket.visible_to(db.session.get_one(User, world.ids[name])).order_by(*listing.ORDERS[sort])
                    seen = seen.where(Ticket.status.in_(listing.STATUSES[status])).with_only_columns(Ticket.number)
                    numbers = [row.number for row in db.session.execute(seen)]
                address = f"/tickets/?whose=organisation&sort={sort}&status={status}"
                assert listed(browser, address) == numbers, (name, sort, status)
                page = browser.get(address).text
                assert re.search(rf'value="{status}" selected>\w+ \({len(numbers)}\)', page), (name, sort, status)


def test_the_own_list_leaves_out_what_belongs_to_an_organisation_one_left(as_: As, crowded: None) -> None:
    alone = listed(as_("former"), "/tickets/?whose=mine")
    assert alone
    assert alone == listed(as_("former"), "/tickets/?whose=organisation")


def test_one_statement_serves_each_reader_their_own(app: Flask, world: World, as_: As, crowded: None) -> None:
    """The query is built once; whose it is comes with each request."""
    for name in ("owner", "customer", "owner", "stranger"):
        with app.app_context():
            own = {
                t.number for t in db.session.scalars(db.select(Ticket).where(Ticket.requester_id == world.ids[name]))
            }
        assert set(listed(as_(name), "/tickets/?whose=mine")) <= own, name
