"""The home page says what goes on, to those who may know, and asks nothing while all is calm."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.audience import open_to
from portal.db import db, utcnow
from portal.status import maintenance
from portal.status.incident import Incident
from portal.status.reporting import add_update
from tests import cast
from tests.status.rows import component, drafted

As = Callable[[str], FlaskClient]


def begins(app: Flask, title: str, *, visibility: str = "public", product: str | None = None) -> None:
    with app.app_context():
        open_to(visibility)
        part = component(title.lower().replace(" ", "-"), visibility=visibility)
        part.product = product
        drafted([part.id], is_draft=False, title=title, form_key=title)
        db.session.commit()


def test_what_goes_on_stands_above_all(app: Flask, client: FlaskClient, world: cast.World) -> None:
    assert "What goes on" not in client.get("/").text
    begins(app, "Console hangs")
    page = client.get("/").text
    main = page.partition("<main")[2]
    assert main.index("Console hangs") < main.index("<h1")
    with app.app_context():
        found = db.session.scalars(db.select(Incident)).one()
        over = {"status": "resolved", "body": "Well again.", "components": {}, "by": None, "now": utcnow()}
        add_update(found, form_key="over", **over)  # type: ignore[arg-type]
        db.session.commit()
    assert "What goes on" not in client.get("/").text


def test_only_those_who_may_know_read_of_it(app: Flask, client: FlaskClient, as_: As, world: cast.World) -> None:
    begins(app, "Boiler hangs", visibility=f"org:{world.heron}")
    assert "Boiler hangs" in as_("customer").get("/").text
    for browser in (client, as_("stranger")):
        assert "Boiler hangs" not in browser.get("/").text


def test_ones_own_products_come_first(app: Flask, as_: As, world: cast.World) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "business", product_id=world.products["relay"])
        db.session.commit()
    begins(app, "Relay hangs", product="relay")
    begins(app, "Atlas hangs", product="atlas")
    own, other = as_("customer").get("/").text, as_("stranger").get("/").text
    assert own.index("Relay hangs") < own.index("Atlas hangs")
    assert other.index("Atlas hangs") < other.index("Relay hangs")


def test_maintenance_is_told_of_a_week_ahead(app: Flask, client: FlaskClient, world: cast.World) -> None:
    with app.app_context():
        parts = [component("relay").id]
        for days, title in ((3, "New servers"), (20, "New roof")):
            starts = utcnow() + timedelta(days=days)
            when = {"starts": starts, "ends": starts + timedelta(hours=1), "now": utcnow(), "form_key": title}
            maintenance.schedule(title=title, body="x", components=parts, by=None, **when)  # type: ignore[arg-type]
        db.session.commit()
    page = client.get("/").text
    assert "New servers" in page and "New roof" not in page


def test_a_calm_home_page_asks_nothing_of_it(app: Flask, as_: As, world: cast.World) -> None:
    customer, asked = as_("customer"), []
    customer.get("/")
    with app.app_context():
        engine = db.engine

    def count(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        if "incident" in statement:
            asked.append(statement)

    app.extensions.pop("goings_on", None)
    event.listen(engine, "before_cursor_execute", count)
    try:
        for _ in range(3):
            customer.get("/")
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert len(asked) == 1
