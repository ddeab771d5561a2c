"""An article from a resolved ticket, without who it was."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.articles.revision import Revision
from knowledge.insight.drafting import _part, clean, material_of
from portal.db import db
from portal.tickets.ticket import Ticket
from tests.knowledge.insight.stories import answer, file, resolve

As = Callable[[str], FlaskClient]
DESK = "/kb/desk/insight"
ASKED = """Hello Amir,

the beacon of Heron Marine beeps all day. My address is carla@heron.example, call +49 30 1234567.

Kind regards
Carla
Heron Marine"""
ANSWERED = "Dear Carla,\n\nplease set `quiet = true` and restart it.\n\nBest regards,\nAmir"


@pytest.fixture
def number(app: Flask, world: object) -> int:
    number = file(app, "customer", "Beacon of Heron Marine beeps", ASKED)
    answer(app, number, ANSWERED, note="NOTE-7741: they pay late")
    resolve(app, number, "Good to hear, Carla. I'll resolve this.")
    return number


def test_a_draft_holds_the_question_and_the_answers(app: Flask, as_: As, number: int) -> None:
    editor = as_("agent")
    there = editor.post(f"{DESK}/ticket/{number}").location
    with app.app_context():
        revision = db.session.scalars(select(Revision)).one()
        assert there == f"/kb/desk/{revision.id}"
        assert revision.state == "draft"
        assert "beeps" in revision.title
        assert "`quiet = true`" in revision.body
        assert "## What helps" in revision.body


def test_nobody_is_named_in_it(app: Flask, as_: As, number: int) -> None:
    as_("agent").post(f"{DESK}/ticket/{number}")
    with app.app_context():
        revision = db.session.scalars(select(Revision)).one()
        text = f"{revision.title} {revision.body} {revision.article.slug}".lower()
    for word in ("carla", "heron", "amir", "1234567", "regards", "dear", "note-7741", "pay late"):
        assert word not in text, word


def test_the_editor_sees_what_was_left_out(as_: As, number: int) -> None:
    page = as_("agent").get(f"{DESK}/ticket/{number}").text
    assert '<del class="insight-cut">carla@heron.example,</del>' in page
    assert "NOTE-7741" not in page
    assert "quiet = true" in page


def test_nothing_left_out_is_not_counted(app: Flask, as_: As, world: object) -> None:
    number = file(app, "customer", "The lamp beeps", "It beeps all day.")
    answer(app, number, "Set `quiet = true`.")
    resolve(app, number, "Good to hear.")
    page = as_("agent").get(f"{DESK}/ticket/{number}")
    assert page.status_code == 200 and "left out, struck" not in page.text and "<del" not in page.text


def test_one_ticket_makes_one_draft(app: Flask, as_: As, number: int) -> None:
    editor = as_("agent")
    first = editor.post(f"{DESK}/ticket/{number}").location
    assert editor.post(f"{DESK}/ticket/{number}").location == first
    assert "Open that draft" in editor.get(f"{DESK}/ticket/{number}").text


def test_the_name_of_a_mailbox_may_be_a_word_of_the_answer(app: Flask, number: int) -> None:
    with app.app_context():
        ticket = db.session.scalars(select(Ticket).where(Ticket.number == number)).one()
        assert ticket.assignee
        ticket.assignee.email = "beacon@vendor.example"
        material = material_of(ticket)
    assert "beacon" in material.parts[0].text


def test_an_open_ticket_has_no_answer_yet(app: Flask, as_: As, world: object) -> None:
    number = file(app, "customer", "It beeps", "All day")
    assert as_("agent").post(f"{DESK}/ticket/{number}").status_code == 422


def test_who_sees_no_tickets_finds_no_such_page(as_: As, number: int) -> None:
    assert as_("editor").get(f"{DESK}/ticket/{number}").status_code == 404, "writes articles, but answers no tickets"
    assert as_("customer").get(f"{DESK}/ticket/{number}").status_code == 404
    assert as_("customer").post(f"{DESK}/ticket/{number}").status_code == 404


def test_the_desk_offers_it_when_the_ticket_is_resolved(as_: As, number: int) -> None:
    assert f"{DESK}/ticket/{number}" in as_("agent").get(f"/desk/{number}").text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Guten Tag Frau Hofer, das Relay startet neu.", "Das Relay startet neu."),
        ("Sehr geehrte Damen und Herren,\n\nes geht nicht.\n\nMit freundlichen Grüßen\nLena", "Es geht nicht."),
        ("您好，安装失败。\n\n谢谢", "安装失败。"),
        ("Здравствуйте!\nНе работает.\n\nС уважением,\nИван", "Не работает."),
        ("We sit at Keizerskade 12, 1011 AB Amsterdam.", "We sit at [address]."),
        ("Thank you, that line tells a lot. Restart it.", "Thank you, that line tells a lot. Restart it."),
        ("Hofers Relay steht bei Lena Hofer.", "Hofers Relay steht bei [name]."),
    ],
)
def test_greetings_signatures_and_streets_are_taken_out(text: str, left: str, app: Flask) -> None:
    with app.app_context():
        assert clean(text, ["Lena Hofer", "Hofer", "Lena"]) == left


@pytest.mark.parametrize("text", ["a b ", "a.", "'a", "Aa ", "Karen said foo-bar at 12 Main Street. ", "1 "])
def test_a_long_message_holds_nobody_up(text: str) -> None:
    """Customers write it: 50 kB of it took minutes."""
    message = (text * 50_000)[:50_000]
    begun = time.monotonic()
    part = _part("customer", datetime.now(UTC), message, ["Karen"])
    assert "".join(piece for piece, _ in part.pieces) == message
    assert time.monotonic() - begun < 5


def test_what_is_struck_is_what_is_gone() -> None:
    message = (
        "Dear Ann,\n\nAnn and Karen Miller moved the relay to 12 Main Street, then Karen\nwent home.\n\nRegards\nAnn"
    )
    pieces = _part("customer", datetime.now(UTC), message, ["Karen", "Miller", "Ann"]).pieces
    assert [text for text, is_removed in pieces if is_removed] == [
        *("Dear Ann,\n\nAnn", "Karen Miller", "12 Main Street,", "Karen", "Regards\nAnn")
    ]


def test_what_the_check_of_the_community_finds_goes_too(app: Flask) -> None:
    text = "Bel me op 06 12345678, the password for the guest account is Marigold_19."
    assert clean(text, []) == "Bel me op [phone], the password for the guest account is [password]."
