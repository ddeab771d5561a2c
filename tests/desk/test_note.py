"""Internal notes: for staff, and for no byte that a customer gets."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.mail import Mail
from tests.desk.rows import NOTE, seen_on, the


def test_a_note_is_kept(app: Flask, number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/note", data={"body": NOTE}).status_code == 302
    page = agent.get(f"/desk/{number}").text
    assert NOTE in page and "is-note" in page
    with app.app_context():
        assert the(number).messages[-1].kind == "note"


def test_no_customer_ever_reads_it(
    app: Flask, number: int, agent: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    agent.post(f"/desk/{number}/note", data={"body": NOTE})
    agent.post(f"/desk/{number}/reply", data={"body": "A public answer."})
    agent.post(f"/desk/{number}/resolve", data={"body": "Solved."})
    for who in ("customer", "owner"):
        browser = as_(who)
        for address in (f"/tickets/{number}", "/tickets/", "/tickets/?whose=organisation", "/search?q=canary"):
            answer = browser.get(address)
            assert answer.status_code == 200 and NOTE not in answer.text
    with app.app_context():
        assert all(NOTE not in mail.text + mail.html for mail in db.session.scalars(db.select(Mail)))


def test_a_note_moves_no_clock(app: Flask, number: int, agent: FlaskClient) -> None:
    with app.app_context():
        before = the(number).next_due_at
    agent.post(f"/desk/{number}/note", data={"body": "Thinking."})
    with app.app_context():
        assert the(number).next_due_at == before and not the(number).first_responded_at


def test_a_note_may_cross_a_message(number: int, agent: FlaskClient, as_: Callable[[str], FlaskClient]) -> None:
    seen = seen_on(agent.get(f"/desk/{number}").text)
    as_("admin").post(f"/desk/{number}/reply", data={"body": "I have this one."})
    assert agent.post(f"/desk/{number}/note", data={"body": "Good.", "seen": seen}).status_code == 302


def test_an_empty_note_is_refused(number: int, agent: FlaskClient) -> None:
    answer = agent.post(f"/desk/{number}/note", data={"body": ""})
    assert answer.status_code == 422 and "Please write the note first." in answer.text
