"""An edited policy reaches the open tickets in one job; their timelines say what it did."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.jobs import Job, run_due
from portal.mail import Mail
from portal.operating import take_up_policy
from portal.policies import keep_policy, the_policy
from portal.sla import load_policy
from portal.sla.loading import path_of
from portal.tickets import clocks, editing, progress, telling
from portal.tickets.ticket import Ticket, TicketEvent
from tests.cast import World
from tests.tickets.test_watching import file_one

As = Callable[[str], FlaskClient]
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # pages know the time, and show what has happened by then
LATER = MONDAY + timedelta(hours=1)
CLOSED, REASON = "2026-03-03", "We are closed on 3 March."
OFFICE = ("team", "standard", "normal")  # counted in office hours, a target


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "utcnow", lambda: LATER)


def restart(app: Flask, *changes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an edited policy into force, as a new start does."""
    keep_policy()
    text = path_of("demo").read_text(encoding="utf-8")
    for old, new in (*changes, (f'version = "{the_policy().version}"\nname', 'version = "2027.1"\nname')):
        assert old in text
        text = text.replace(old, new)
    text += f'\n[[history]]\nversion = "2027.1"\nin_force = 2026-03-02\nwhat = ["{REASON}"]\n'
    file = app.extensions["settings"].instance / "edited.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setitem(app.extensions["policies"], "demo", load_policy(file))
    monkeypatch.setattr("portal.policies.path_of", lambda _source: file)
    take_up_policy()


CLOSE = ("closed = [", f'closed = [ "{CLOSED}",')


def event_of(ticket: Ticket) -> TicketEvent | None:
    db.session.refresh(ticket)
    return next((event for event in ticket.events if event.kind == "policy_changed"), None)


@pytest.mark.usefixtures("clock")
def test_a_closed_day_more_moves_open_tickets(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        promise, before = dict(ticket.promise), ticket.first_response_due_at
        restart(app, CLOSE, monkeypatch=monkeypatch)
        run_due()
        event = event_of(ticket)
        assert event and before and ticket.first_response_due_at
        assert ticket.first_response_due_at == before + timedelta(days=1)
        assert (ticket.counted_by, ticket.policy_version) == ("2027.1", load_policy("demo").version)
        assert event.detail["moved"][0] == [
            "first_response",
            before.isoformat(),
            ticket.first_response_due_at.isoformat(),
        ]
        assert ticket.promise == promise and ticket.updated_at == LATER
        assert clocks.differences(ticket, now=LATER) == []


@pytest.mark.usefixtures("clock")
def test_both_timelines_say_why(app: Flask, world: World, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        number = ticket.number
        restart(app, CLOSE, monkeypatch=monkeypatch)
        run_due()
    for page in (as_("customer").get(f"/tickets/{number}").text, as_("agent").get(f"/desk/{number}").text):
        assert "The support policy changed to version 2027.1." in page
        assert REASON in page and "counted anew, now due on" in page


@pytest.mark.usefixtures("clock")
def test_the_customer_is_written_to_once(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        before = ticket.first_response_due_at
        restart(app, CLOSE, monkeypatch=monkeypatch)
        run_due()
        take_up_policy()
        run_due()
        db.session.refresh(ticket)
        [mail] = db.session.query(Mail).filter(Mail.subject.contains("Due at another time"))
        assert before and ticket.first_response_due_at and mail.recipient == ticket.requester.email
        for at in (before, ticket.first_response_due_at):
            assert telling.written(at, ticket.requester.zone or ticket.promise_zone) in mail.text


@pytest.mark.usefixtures("clock")
def test_nobody_is_written_to_where_no_promise_moves(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        file_one(world, *OFFICE, now=MONDAY)
        restart(app, ('name = "Beacon"', 'name = "Beacon X"'), monkeypatch=monkeypatch)
        run_due()
        assert not db.session.query(Mail).filter(Mail.subject.contains("Due at another time")).count()


@pytest.mark.usefixtures("clock")
def test_what_nothing_came_of_is_told_to_staff_alone(
    app: Flask, world: World, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        number, seen_at = ticket.number, ticket.updated_at
        restart(app, ('name = "Beacon"', 'name = "Beacon X"'), monkeypatch=monkeypatch)
        run_due()
        assert event_of(ticket) and ticket.updated_at == seen_at and ticket.counted_by == "2027.1"
    assert "No time changed." in as_("agent").get(f"/desk/{number}").text
    assert "2027.1" not in as_("customer").get(f"/tickets/{number}").text


@pytest.mark.usefixtures("clock")
def test_closed_tickets_never_move(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        progress.close(ticket, by=ticket.requester, now=MONDAY)
        db.session.commit()
        restart(app, CLOSE, monkeypatch=monkeypatch)
        run_due()
        assert event_of(ticket) is None and ticket.counted_by is None
        progress.reopen(ticket, "Again.", by=ticket.requester, now=LATER)
        assert clocks.differences(ticket, now=LATER) == []


@pytest.mark.usefixtures("clock")
def test_a_version_without_the_plan_leaves_the_ticket_alone(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        changes = (('"team"', '"crew"'), ("[plans.team]", "[plans.crew]"))
        seen_at = ticket.updated_at
        restart(app, *changes, monkeypatch=monkeypatch)
        run_due()
        assert event_of(ticket) is None and (ticket.counted_by, ticket.updated_at) == (None, seen_at)


@pytest.mark.usefixtures("clock")
def test_many_tickets_are_taken_over_some_at_a_time(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "AT_ONCE", 2)
    with app.test_request_context():
        for _ in range(5):
            file_one(world, *OFFICE, now=MONDAY)
        restart(app, CLOSE, monkeypatch=monkeypatch)
        run_due()
        assert db.session.query(Ticket).filter_by(counted_by="2027.1").count() == 5
        assert db.session.query(Job).filter_by(kind="count_by_policy", state="done").count() == 3
        take_up_policy()
        assert db.session.query(Job).filter_by(kind="count_by_policy").count() == 3, "there is nothing left to do"


@pytest.mark.usefixtures("clock")
def test_a_policy_put_back_counts_again(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        ticket = file_one(world, *OFFICE, now=MONDAY)
        before = ticket.first_response_due_at
        restart(app, CLOSE, monkeypatch=monkeypatch)
        run_due()
        monkeypatch.setitem(app.extensions["policies"], "demo", load_policy("demo"))
        monkeypatch.setattr(editing, "utcnow", lambda: LATER + timedelta(minutes=1))
        take_up_policy()
        run_due()
        db.session.refresh(ticket)
        assert (ticket.first_response_due_at, ticket.counted_by) == (before, None)


def test_a_start_without_an_edit_asks_for_nothing(app: Flask, world: World) -> None:
    with app.test_request_context():
        file_one(world, *OFFICE, now=datetime.now(UTC))
        take_up_policy()
        assert not db.session.query(Job).filter_by(kind="count_by_policy").count()
