"""Hours, ratings and searches: counted as by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient

from knowledge.search.log import SearchClick, SearchQuery
from portal.db import db
from portal.tickets.satisfaction import Rating
from tests.cast import World
from tests.desk.rows import make_ticket
from tests.reports.test_promises import table

As = Callable[[str], FlaskClient]
MONDAY = datetime(2026, 10, 5, 22, 30, tzinfo=UTC)


def test_hours_are_those_of_the_readers_week(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        for days in (0, 7, 1):
            make_ticket(world, created_at=MONDAY + timedelta(days=days))
        db.session.commit()
    client = as_("agent")
    lines = {line["Day"]: line for line in table(client, "hours")}
    hours = sum(int(line[f"{hour:02}"]) for line in lines.values() for hour in range(24))
    assert hours == 3
    assert (lines["Tuesday"]["00"], lines["Wednesday"]["00"], lines["Monday"]["22"]) == ("2", "1", "0")  # in Berlin


def test_ratings_are_counted_by_tier(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        for score in ("good", "good", "bad", None):
            ticket = make_ticket(world, created_at=MONDAY)
            db.session.add(Rating(ticket_id=ticket.id, asked_at=MONDAY, score=score, comment=""))
        ticket = make_ticket(world, created_at=MONDAY + timedelta(days=90))
        db.session.add(Rating(ticket_id=ticket.id, asked_at=MONDAY, score="bad", comment=""))
        db.session.commit()
    [line] = table(as_("agent"), "ratings")
    assert [line[name] for name in ("Asked", "Satisfied", "Not satisfied")] == ["4", "2", "1"]
    assert line["Satisfied of those who answered, in percent"] == "66.6"


def test_searches_that_ended_in_a_ticket_are_told_apart(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        for number, (results, ticket) in enumerate(((0, None), (3, 12345678), (3, None), (3, None))):
            row = SearchQuery(text="a", folded="a", lang="en", asker=str(number), results=results, ticket_number=ticket)
            row.created_at = row.updated_at = MONDAY
            db.session.add(row)
            db.session.flush()
        db.session.add(SearchClick(query_id=row.id, kind="article", item_id=1, place=1, clicked_at=MONDAY))
        db.session.add(SearchQuery(text="b", folded="b", lang="de", asker="x", results=1, created_at=MONDAY))
        db.session.commit()
    german, english, whole = table(as_("agent"), "searches")
    assert list(english.values()) == ["English", "4", "1", "1", "3", "1", "75.0"]
    assert list(german.values()) == ["German", "1", "0", "0", "1", "0", "100.0"]
    assert list(whole.values()) == ["All", "5", "1", "1", "4", "1", "80.0"]
