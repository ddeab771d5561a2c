"""Every mail of the table, and those that CPython tests its parser with: nothing joins, breaks or is lost."""

import importlib.util
import time
from pathlib import Path

import pytest
from flask import Flask

from portal.db import db
from portal.mail import Mail, signed_message_id
from portal.mailroom.received import ReceivedMail, raw_of
from portal.tickets.ticket import Ticket
from tests.mailroom import hostile
from tests.mailroom.hostile import Case
from tests.mailroom.writing import bodies, receive_in

SECONDS = 5  # on a machine that does other things, too
SPEC = importlib.util.find_spec("test")
DATA = (
    Path(SPEC.submodule_search_locations[0], "test_email", "data") if SPEC and SPEC.submodule_search_locations else None
)
FILES = sorted(DATA.glob("*.txt")) if DATA else []


@pytest.mark.parametrize("case", hostile.CASES, ids=[case.name[:40] for case in hostile.CASES])
def test_a_hostile_mail_is_kept_and_joins_nothing(app: Flask, number: int, case: Case) -> None:
    with app.app_context():
        ours = signed_message_id("ticket", number, "replied")
    raw = case.raw.replace(b"{id}", ours.encode()).replace(b"{number}", str(number).encode())
    before, begun = bodies(app, number), time.monotonic()
    outcome = receive_in(app, raw)
    assert time.monotonic() - begun < SECONDS
    assert outcome.result in case.right and outcome.reason != "error", outcome
    assert bodies(app, number) == before
    with app.app_context():
        row = db.session.scalars(db.select(ReceivedMail)).one()
        assert raw_of(row) == (raw or b"\n")
        assert (row.result, row.reason) == (outcome.result, outcome.reason)


def test_no_mail_of_a_machine_is_answered(app: Flask, number: int) -> None:
    with app.app_context():
        before = db.session.scalar(db.select(db.func.count()).select_from(Mail))
    for case in hostile.machines():
        receive_in(app, case.raw)
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(Mail)) == before


def test_there_are_sixty_and_more() -> None:
    assert len(hostile.CASES) >= 60


@pytest.mark.skipif(not FILES, reason="this Python was installed without its own tests")
def test_mails_that_cpython_tests_its_parser_with(app: Flask, number: int) -> None:
    """None of them is from anybody we know: no ticket comes of them, and each is kept."""
    results = {path.name: receive_in(app, path.read_bytes()).result for path in FILES}
    with app.app_context():
        assert db.session.scalars(db.select(Ticket.number)).all() == [number]
        kept = db.session.scalar(db.select(db.func.count()).select_from(ReceivedMail))
    assert kept and kept >= len({path.read_bytes() for path in FILES}) - 5  # a few differ in line ends alone
    assert not [name for name, result in results.items() if result in ("ticket", "reply")]


@pytest.mark.skipif(not FILES, reason="this Python was installed without its own tests")
def test_the_same_mails_from_a_customer_become_tickets_or_are_put_aside(app: Flask, number: int) -> None:
    results = []
    for path in FILES:
        head, mark, body = path.read_bytes().partition(b"\n\n")
        lines = [line for line in head.split(b"\n") if not line.lower().startswith((b"from", b"message-id"))]
        raw = b"\n".join([b"From: carla@heron.example", *lines]) + mark + body
        results.append(receive_in(app, raw, limit_filing="1000 per hour"))
    assert {outcome.result for outcome in results} <= {"ticket", "quarantine", "ignored"}
    assert not [outcome for outcome in results if outcome.reason == "error"]
