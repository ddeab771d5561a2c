"""A ticket that was filed after a search: the search is marked with it, whoever searched, and nobody else's is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.search.log import SearchQuery
from knowledge.search.memory import write_noted
from portal.db import db, utcnow
from tests import cast
from tests.tickets.writing import equip, filed

As = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def may_file(app: Flask, world: cast.World) -> None:
    app.extensions["search_memory"].waiting.clear()
    equip(app, world)


def searched(app: Flask) -> dict[str, int | None]:
    """What is remembered, and the ticket that followed."""
    with app.app_context():
        write_noted()
        return {row.text: row.ticket_number for row in db.session.scalars(db.select(SearchQuery))}


def search(browser: FlaskClient, text: str, **headers: str) -> None:
    assert browser.get("/search", query_string={"q": text}, headers=headers).status_code == 200


def sign_in(browser: FlaskClient, world: cast.World) -> None:
    given = {"email": world.email("customer"), "password": cast.PASSWORD}
    assert browser.post("/account/sign-in", data=given).status_code == 302


def test_the_search_nearest_to_the_subject_is_marked(app: Flask, as_: As) -> None:
    customer = as_("customer")
    for text in ("beacon stops", "invoice", "my colours"):
        search(customer, text)
    number = filed(customer, subject="Beacon stops at night")
    assert searched(app) == {"beacon stops": number, "invoice": None, "my colours": None}


def test_else_it_is_the_last_one(app: Flask, as_: As) -> None:
    customer = as_("customer")
    for text in ("invoice", "my colours"):
        search(customer, text)
    assert searched(app) == {"invoice": None, "my colours": None}
    number = filed(customer, subject="Beacon stops at night")
    assert searched(app) == {"invoice": None, "my colours": number}


def test_a_form_that_is_not_taken_marks_nothing(app: Flask, as_: As) -> None:
    customer = as_("customer")
    search(customer, "beacon stops")
    assert customer.post("/tickets/new", data={"subject": "Beacon stops"}).status_code in (302, 422)
    assert searched(app) == {"beacon stops": None}


def test_other_peoples_searches_and_old_ones_are_left_alone(app: Flask, as_: As) -> None:
    search(as_("colleague"), "beacon stops")
    customer = as_("customer")
    search(customer, "beacon is slow")
    searched(app)
    with app.app_context():
        long_ago = utcnow() - timedelta(hours=3)
        db.session.execute(
            db.update(SearchQuery).where(SearchQuery.text == "beacon is slow").values(updated_at=long_ago)
        )
        db.session.commit()
    filed(customer, subject="Beacon stops at night")
    assert searched(app) == {"beacon stops": None, "beacon is slow": None}


def test_who_searched_before_signing_in_is_recognised(app: Flask, world: cast.World, client: FlaskClient) -> None:
    search(client, "beacon stops")
    sign_in(client, world)
    number = filed(client, subject="Beacon stops at night")
    assert searched(app) == {"beacon stops": number}


def test_a_visitors_search_counts_only_where_the_subject_has_words_of_it(
    app: Flask, world: cast.World, client: FlaskClient
) -> None:
    search(client, "the invoice at hand")
    sign_in(client, world)
    filed(client, subject="Beacon stops at night")
    assert searched(app) == {"the invoice at hand": None}


def test_visitors_after_the_sign_in_are_others(app: Flask, world: cast.World, client: FlaskClient) -> None:
    sign_in(client, world)
    search(app.test_client(), "beacon stops")  # the same browser behind the same address
    filed(client, subject="Beacon stops at night")
    assert searched(app) == {"beacon stops": None}


def test_a_visitor_with_another_browser_is_another(app: Flask, world: cast.World, client: FlaskClient) -> None:
    search(app.test_client(), "beacon stops", User_Agent="Another/1.0")
    sign_in(client, world)
    filed(client, subject="Beacon stops at night")
    assert searched(app) == {"beacon stops": None}


def test_searching_sets_no_cookie_and_keeps_no_name(app: Flask, client: FlaskClient, world: cast.World) -> None:
    answer = client.get("/search?q=beacon+stops")
    assert "Set-Cookie" not in answer.headers
    sign_in(client, world)
    filed(client, subject="Beacon stops at night")
    searched(app)
    with app.app_context():
        [row] = db.session.scalars(db.select(SearchQuery))
        kept = " ".join(str(value) for value in vars(row).values())
    assert world.email("customer") not in kept and "127.0.0.1" not in kept


def test_midnight_parts_nobody_from_their_search(app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    from knowledge.search import memory

    customer, midnight = as_("customer"), utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(memory, "utcnow", lambda: midnight - timedelta(minutes=5))
    search(customer, "beacon stops")
    monkeypatch.setattr(memory, "utcnow", lambda: midnight + timedelta(minutes=5))
    number = filed(customer, subject="Beacon stops at night")
    assert searched(app) == {"beacon stops": number}
