"""How many were open at the end of each day: from the log, reopened ones too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.reports.asked import Asked
from portal.reports.backlog import Step, backlog
from portal.tickets.ticket import Ticket, TicketEvent
from tests.cast import World
from tests.desk.rows import make_ticket
from tests.reports.test_promises import OCTOBER, table

As = Callable[[str], FlaskClient]
START = datetime(2026, 10, 5, 12, tzinfo=UTC)
WEEK = Asked(START.date(), START.date() + timedelta(days=3), ZoneInfo("UTC"))


def lived(world: World, *log: tuple[int, str], status: str = "open", **fields: Any) -> Ticket:
    """A ticket with this log, of (day from the start, kind)."""
    first, last = (START + timedelta(days=log[place][0]) for place in (0, -1))
    ticket = make_ticket(world, created_at=first, updated_at=last, status=status, **fields)
    for day, kind in log[1:]:
        detail = {"since": "2026-10-01T00:00:00+00:00"} if kind == "joined" else {}
        ticket.events.append(TicketEvent(kind=kind, at=START + timedelta(days=day, minutes=1), detail=detail))
    db.session.flush()
    return ticket


def test_each_day_ends_with_what_was_open_then(app: Flask, world: World) -> None:
    with app.app_context():
        lived(world, (-9, "received"))  # nothing happened to it since
        lived(world, (-9, "received"), (-8, "closed"), status="closed")
        lived(world, (-9, "received"), (1, "resolved"), (2, "closed"), status="closed")
        lived(world, (0, "received"), (0, "resolved"), (2, "reopened"))
        lived(world, (1, "received"), (2, "resolved"), (3, "joined"))
        found = backlog(WEEK)
    days = [WEEK.first + timedelta(days=day) for day in range(4)]
    assert found == [
        Step(days[0], filed=1, settled=1, open=2),
        Step(days[1], filed=1, settled=1, open=2),
        Step(days[2], filed=0, settled=1, open=2),
        Step(days[3], filed=0, settled=0, open=3),
    ]


def test_long_times_are_told_by_the_week(app: Flask, world: World) -> None:
    with app.app_context():
        lived(world, (0, "received"))
        found = backlog(Asked(START.date() - timedelta(days=69), START.date(), ZoneInfo("UTC")))
    assert len(found) == 10
    assert (found[-1].filed, found[-1].open, found[-2].open) == (1, 1, 0)


def test_a_day_ends_where_the_reader_is(app: Flask, world: World) -> None:
    with app.app_context():
        lived(world, (0, "received"))  # 12:00 UTC: the 6th has begun on Kiritimati
        found = backlog(Asked(START.date(), START.date() + timedelta(days=1), ZoneInfo("Pacific/Kiritimati")))
    assert [step.filed for step in found] == [0, 1]


def test_the_file_has_a_line_for_each_day(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        lived(world, (0, "received"))
        db.session.commit()
    lines = table(as_("agent"), "backlog", OCTOBER)
    assert (len(lines), sum(int(line["Filed"]) for line in lines), lines[-1]["Open"]) == (31, 1, "1")
