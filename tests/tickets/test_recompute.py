"""The due columns are caches: whatever happened, computing them anew from the log finds no difference."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.people import Organisation, User
from portal.db import db
from portal.errors import Refused
from portal.tickets import clocks, conversation, filing, progress
from portal.tickets.cli import tickets
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Ticket
from tests.cast import World, subscribe
from tests.tickets import writing

As = Callable[[str], FlaskClient]
ACTS = ("ask", "answer", "customer", "note", "triage", "resolve", "close", "reopen", "assign")


def act(ticket: Ticket, name: str, agent: User, customer: User, now: object, pick: int) -> None:
    """One verb; what is refused changes nothing."""
    known = writing.policy().severities_of(ticket.tier)
    moves: dict[str, Callable[[], object]] = {
        "ask": lambda: conversation.reply(ticket, "?", by=agent, now=now, wait=True),  # type: ignore[arg-type]
        "answer": lambda: conversation.reply(ticket, "!", by=agent, now=now),  # type: ignore[arg-type]
        "customer": lambda: conversation.reply(ticket, "…", by=customer, now=now),  # type: ignore[arg-type]
        "note": lambda: conversation.note(ticket, "…", by=agent, now=now),  # type: ignore[arg-type]
        "triage": lambda: progress.triage(ticket, known[pick % len(known)].id, by=agent, now=now),  # type: ignore[arg-type]
        "resolve": lambda: progress.resolve(ticket, "!", by=agent, now=now),  # type: ignore[arg-type]
        "close": lambda: progress.close(ticket, by=customer, now=now),  # type: ignore[arg-type]
        "reopen": lambda: progress.reopen(ticket, "…", by=customer, now=now),  # type: ignore[arg-type]
        "assign": lambda: progress.assign(ticket, agent, by=agent, now=now),  # type: ignore[arg-type]
    }
    try:
        moves[name]()
    except Refused:
        db.session.flush()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 20_000), st.integers(0, 3)), max_size=8))
def test_caches_follow_the_log(app: Flask, world: World, acts: list[tuple[str, int, int]]) -> None:
    plan, tier = writing.plan_with_tickets()
    with app.test_request_context():
        subscribe(world.heron, plan, tier)
        people = {name: db.session.get_one(User, world.ids[name]) for name in ("customer", "agent")}
        heron, now = db.session.get(Organisation, world.heron), writing.MONDAY
        asked = filing.Request(form_key=new_key(), subject="S", body="B", language="en", zone="UTC", organisation=heron)
        ticket = filing.file_ticket(asked, by=people["customer"], now=now)
        promise = dict(ticket.promise)
        for name, minutes, pick in acts:
            now += timedelta(minutes=minutes)
            act(ticket, name, people["agent"], people["customer"], now, pick)
            assert clocks.differences(ticket, now=now) == []
            assert (ticket.next_due_at is None) or ticket.status in ("open", "waiting")
        db.session.flush()
        db.session.expire(ticket)
        assert clocks.differences(ticket, now=now) == [] and ticket.promise == promise
        db.session.rollback()


def test_the_command_finds_and_mends_a_wrong_cache(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    number = writing.filed(as_("customer"))
    runner = app.test_cli_runner()
    assert runner.invoke(tickets, ["recompute"]).exit_code == 0
    with app.app_context():
        writing.ticket(number).next_due_at = writing.MONDAY
        db.session.commit()
    found = runner.invoke(tickets, ["recompute", "--dry-run"])
    assert found.exit_code == 1 and f"#{number} next_due_at" in found.output
    assert runner.invoke(tickets, ["recompute"]).exit_code == 1
    assert runner.invoke(tickets, ["recompute"]).exit_code == 0


def test_tidy_removes_files_without_rows(app: Flask, world: World, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from portal.tickets import attachments

    writing.equip(app, world)
    browser = as_("customer")
    number = writing.filed(browser, files=[writing.file(b"log", "app.log")])
    with app.app_context():
        known = attachments.path_of(writing.ticket(number).messages[0].attachments[0])
        stray = known.with_name("f" + "0" * 38)
        stray.write_bytes(b"left over")
        for path in (known, stray):
            os.utime(path, (0, 0))
    assert "1 files removed" in app.test_cli_runner().invoke(tickets, ["tidy"]).output
    assert known.exists() and not stray.exists()
