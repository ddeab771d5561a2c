"""The conversation: replies of both sides, notes that stay inside, closing and reopening."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import run_due
from portal.tickets import conversation, progress
from portal.tickets.drafts import new_key
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]
Person = Callable[[str], User]
CANARY = "NOTE-51c0ffee-canary"


@pytest.fixture
def number(app: Flask, world: World, as_: As) -> int:
    writing.equip(app, world)
    return writing.filed(as_("customer"))


def reply(browser: FlaskClient, number: int, body: str = "More to say", **fields: object):  # type: ignore[no-untyped-def]
    data = {"body": body, "form_key": new_key()} | fields
    return browser.post(f"/tickets/{number}/reply", data=data, content_type="multipart/form-data")


def test_a_reply_is_added_with_its_files_and_mails_nobody(app: Flask, as_: As, number: int) -> None:
    browser = as_("customer")
    with app.app_context():
        before = len(writing.mails())
    assert reply(browser, number, files=[writing.file(b"log", "more.log")]).status_code == 302
    page = browser.get(f"/tickets/{number}").text
    assert "More to say" in page and "more.log" in page
    with app.app_context():
        assert len(writing.mails()) == before
        assert writing.ticket(number).events[-1].kind == "customer_replied"


def test_an_agents_reply_is_mailed_to_the_customer(app: Flask, world: World, person: Person, number: int) -> None:
    with app.app_context():
        conversation.reply(writing.ticket(number), "Try **this**.", by=person("agent"), now=utcnow(), wait=True)
        db.session.commit()
        ticket, mail = writing.ticket(number), writing.mails()[-1]
        assert mail.recipient == world.email("customer") and "Try this." in mail.text
        assert "<strong>this</strong>" in mail.html and str(number) in mail.subject
        assert mail.references == writing.mails()[0].references and mail.message_id != writing.mails()[0].message_id
        assert ticket.status == "waiting" and ticket.first_responded_at is not None


def test_a_customers_reply_ends_the_waiting(app: Flask, as_: As, person: Person, number: int) -> None:
    with app.app_context():
        conversation.reply(writing.ticket(number), "Which version?", by=person("agent"), now=utcnow(), wait=True)
        db.session.commit()
    reply(as_("customer"), number)
    with app.app_context():
        ticket = writing.ticket(number)
        assert ticket.status == "open" and ticket.next_response_due_at is not None


def test_an_empty_reply_is_refused_at_the_field(app: Flask, as_: As, number: int) -> None:
    answer = reply(as_("customer"), number, " ", files=[writing.file(b"log", "kept.log")])
    assert answer.status_code == 422 and "body-error" in answer.text and "kept.log" in answer.text


def test_a_reply_is_kept_while_it_is_typed(app: Flask, as_: As, number: int) -> None:
    browser, key = as_("customer"), new_key()
    saved = browser.post(f"/tickets/{number}/draft", data={"body": "Half a th", "form_key": key})
    assert saved.status_code == 204 and "Half a th" in browser.get(f"/tickets/{number}").text
    assert "Half a th" not in as_("owner").get(f"/tickets/{number}").text
    reply(browser, number, "Half a thought", form_key=key)
    with app.app_context():
        assert writing.drafts() == []


def test_an_ended_session_keeps_the_reply(app: Flask, client: FlaskClient, number: int) -> None:
    answer = reply(client, number, "Typed for an hour")
    assert answer.status_code == 302 and "sign-in" in answer.location
    client.post("/account/sign-in", data={"email": "carla@heron.example", "password": writing.cast.PASSWORD})
    assert "Typed for an hour" in client.get(f"/tickets/{number}").text
    back = client.post("/tickets/drafts/claim", data={"answer": "continue"})
    assert f"/tickets/{number}" in back.location and "Typed for an hour" in client.get(back.location).text


def test_a_kept_reply_opens_no_foreign_ticket(app: Flask, client: FlaskClient, number: int) -> None:
    reply(client, number, "Typed by a stranger")
    client.post("/account/sign-in", data={"email": "sam@elsewhere.example", "password": writing.cast.PASSWORD})
    back = client.post("/tickets/drafts/claim", data={"answer": "continue"})
    assert str(number) not in back.location
    assert client.get(f"/tickets/{number}").status_code == 404


def test_strangers_neither_write_nor_close(as_: As, number: int) -> None:
    for name in ("stranger", "colleague", "former"):
        browser = as_(name)
        for action in ("reply", "draft", "close", "reopen"):
            data = {"body": "x", "form_key": new_key()}
            assert browser.post(f"/tickets/{number}/{action}", data=data).status_code == 404


def test_closing_and_reopening(app: Flask, as_: As, number: int) -> None:
    browser = as_("customer")
    assert browser.post(f"/tickets/{number}/close").status_code == 302
    assert reply(browser, number).status_code == 422
    assert browser.post(f"/tickets/{number}/close").status_code == 422
    with app.app_context():
        assert writing.ticket(number).status == "closed" and writing.ticket(number).next_due_at is None
    again = browser.post(f"/tickets/{number}/reopen", data={"body": "Not yet", "form_key": new_key()})
    assert again.status_code == 302
    with app.app_context():
        ticket = writing.ticket(number)
        assert ticket.status == "open" and [message.body for message in ticket.messages][-1] == "Not yet"


def test_a_reply_to_a_ticket_that_was_closed_meanwhile_loses_nothing(
    app: Flask, as_: As, person: Person, number: int
) -> None:
    browser, key = as_("customer"), new_key()
    with app.app_context():
        progress.close(writing.ticket(number), by=person("agent"), now=utcnow())
        db.session.commit()
    refused = reply(browser, number, "Typed for an hour", form_key=key, files=[writing.file(b"log", "more.log")])
    assert refused.status_code == 422 and "This ticket is closed" in refused.text
    for page in (refused.text, browser.get(f"/tickets/{number}").text):
        assert "Typed for an hour</textarea>" in page and "more.log" in page
    browser.post(f"/tickets/{number}/reopen", data={"body": "Typed for an hour", "form_key": key})
    with app.app_context():
        last = writing.ticket(number).messages[-1]
        assert last.body == "Typed for an hour" and [file.filename for file in last.attachments] == ["more.log"]


def test_what_was_sent_as_a_reason_is_no_draft_any_more(app: Flask, as_: As, number: int) -> None:
    browser, key = as_("customer"), new_key()
    browser.post(f"/tickets/{number}/close")
    browser.post(f"/tickets/{number}/draft", data={"body": "Not yet", "form_key": key})
    for _ in range(2):  # pressed twice
        answer = browser.post(f"/tickets/{number}/reopen", data={"body": "Not yet", "form_key": key})
        assert answer.status_code == 302
    assert "Not yet</textarea>" not in browser.get(f"/tickets/{number}").text
    with app.app_context():
        assert writing.drafts() == []
        assert [message.body for message in writing.ticket(number).messages].count("Not yet") == 1


def test_an_ended_session_keeps_the_reason(client: FlaskClient, number: int) -> None:
    client.post(f"/tickets/{number}/reopen", data={"body": "Typed for an hour", "form_key": new_key()})
    client.post("/account/sign-in", data={"email": "carla@heron.example", "password": writing.cast.PASSWORD})
    assert "Typed for an hour" in client.get(f"/tickets/{number}").text


def test_a_reply_reopens_what_was_resolved(app: Flask, as_: As, person: Person, number: int) -> None:
    with app.app_context():
        progress.resolve(writing.ticket(number), "Solved so", by=person("agent"), now=utcnow())
        db.session.commit()
        assert "Solved so" in writing.mails()[-1].text and writing.ticket(number).status == "resolved"
    reply(as_("customer"), number, "It is back")
    with app.app_context():
        ticket = writing.ticket(number)
        assert ticket.status == "open" and ticket.events[-1].kind == "reopened"


def test_triage_is_told_to_the_customer(app: Flask, person: Person, number: int) -> None:
    with app.app_context():
        ticket = writing.ticket(number)
        tier = writing.policy().severities_of(ticket.tier)
        other = next(severity for severity in tier if severity.id != ticket.severity)
        progress.triage(ticket, other.id, by=person("agent"), now=utcnow(), reason="Because of the log")
        db.session.commit()
        mail = writing.mails()[-1]
        assert str(other.name) in mail.text and "Because of the log" in mail.text
        assert ticket.severity == other.id and ticket.severity_claimed != other.id
        for wrong in ("nonsense", None, other.id):
            with pytest.raises(Refused):
                progress.triage(ticket, wrong, by=person("agent"), now=utcnow())


def test_a_note_reaches_no_customer(app: Flask, as_: As, person: Person, number: int) -> None:
    with app.app_context():
        conversation.note(writing.ticket(number), CANARY, by=person("agent"), now=utcnow())
        conversation.reply(writing.ticket(number), "A public word", by=person("agent"), now=utcnow())
        progress.resolve(writing.ticket(number), "Done", by=person("agent"), now=utcnow())
        db.session.commit()
        run_due()
        for mail in writing.mails():
            assert CANARY not in mail.text + mail.html + mail.subject
    for name in ("customer", "owner"):
        browser = as_(name)
        page = browser.get(f"/tickets/{number}").text
        assert CANARY not in page and "A public word" in page
        assert CANARY not in browser.get("/tickets/").text
        for path in ("/tickets/?q=", "/search?q=", "/search/suggest?q=", "/api/search?q="):
            assert CANARY not in browser.get(path + CANARY[5:]).text
    posted = (app.extensions["settings"].instance / "mail").glob("*")
    assert CANARY not in "".join(path.read_text("utf-8", "replace") for path in posted)


def test_a_note_moves_nothing_in_the_customers_list(app: Flask, as_: As, person: Person, number: int) -> None:
    browser = as_("customer")
    newer = writing.filed(browser, subject="Another")
    with app.app_context():
        before = writing.ticket(number).updated_at
        conversation.note(writing.ticket(number), CANARY, by=person("agent"), now=utcnow())
        db.session.commit()
        assert writing.ticket(number).updated_at == before
    page = browser.get("/tickets/").text
    assert page.index(f"#{newer}") < page.index(f"#{number}")


def test_who_filed_and_wrote_is_named_to_others(as_: As, number: int) -> None:
    reply(as_("customer"), number)
    own, others = as_("customer").get(f"/tickets/{number}").text, as_("owner").get(f"/tickets/{number}").text
    assert "You filed the ticket" in own and "You wrote" in own
    assert "Carla filed the ticket" in others and "Carla wrote" in others and "You filed" not in others


def test_a_number_that_is_none_is_not_found(as_: As, number: int) -> None:
    browser = as_("customer")
    for wrong in (0, number + 1, 10**12, 10**30):
        assert browser.get(f"/tickets/{wrong}").status_code == 404
        assert browser.get(f"/tickets/new?draft={wrong}").status_code in (200, 404)
        assert browser.post(f"/tickets/drafts/{wrong}/discard").status_code == 404
