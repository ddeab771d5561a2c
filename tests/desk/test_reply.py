"""Answering: the customer is told, clocks stop, two agents don't cross, and nothing typed is lost."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.mail import Mail
from portal.tickets.ticket import Draft
from tests.desk.rows import keys_on, seen_on, the

As = Callable[[str], FlaskClient]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def test_a_reply_reaches_the_customer(app: Flask, number: int, agent: FlaskClient, as_: As) -> None:
    answer = agent.post(f"/desk/{number}/reply", data={"body": "Please update to 4.2."})
    assert answer.status_code == 302 and answer.location == f"/desk/{number}"
    assert "Please update to 4.2." in as_("customer").get(f"/tickets/{number}").text
    with app.app_context():
        mails = db.session.scalars(db.select(Mail).filter_by(recipient="carla@heron.example").order_by(Mail.id)).all()
        assert "Please update to 4.2." in mails[-1].text
        assert the(number).first_responded_at


def test_the_text_of_the_mail_has_no_marks_to_read_over(app: Flask, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/reply", data={"body": "**Update** by [this page](https://help.example/up)."})
    with app.app_context():
        mail = db.session.scalars(db.select(Mail).order_by(Mail.id.desc())).first()
        assert mail and "Update by this page (https://help.example/up)." in mail.text
        assert "A reply to" in mail.subject and "has replied" in mail.text


def test_and_waits_for_the_customer(app: Flask, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/reply", data={"body": "Which version?", "wait": "y"})
    with app.app_context():
        assert the(number).status == "waiting"


def test_with_htmx_the_ticket_comes_back(number: int, agent: FlaskClient) -> None:
    answer = agent.post(f"/desk/{number}/reply", data={"body": "Done."}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and answer.text.lstrip().startswith('<div id="desk-ticket"')
    assert "on its way" in answer.text and "<p>Done.</p>" in answer.text


def test_files_go_along(app: Flask, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/reply", data={"body": "See the picture.", "files": (BytesIO(PNG), "wiring.png")})
    with app.app_context():
        message = the(number).messages[-1]
        assert [file.filename for file in message.attachments] == ["wiring.png"]
        assert not db.session.scalars(db.select(Draft)).all()


def test_a_refused_file_keeps_the_text_and_the_good_file(app: Flask, number: int, agent: FlaskClient) -> None:
    files = [(BytesIO(PNG), "good.png"), (BytesIO(b"MZ" + b"\0" * 64), "bad.exe")]
    answer = agent.post(f"/desk/{number}/reply", data={"body": "Both here.", "files": files})
    assert answer.status_code == 422 and "Both here." in answer.text and "bad.exe" in answer.text
    agent.post(f"/desk/{number}/reply", data={"body": "One is enough."})
    with app.app_context():
        assert [file.filename for file in the(number).messages[-1].attachments] == ["good.png"]


def test_an_empty_reply_is_refused(number: int, agent: FlaskClient) -> None:
    answer = agent.post(f"/desk/{number}/reply", data={"body": "  "})
    assert answer.status_code == 422 and "Please write the reply first." in answer.text


def test_a_reply_that_crosses_another_is_kept(app: Flask, number: int, agent: FlaskClient, as_: As) -> None:
    seen = seen_on(agent.get(f"/desk/{number}").text)
    as_("admin").post(f"/desk/{number}/reply", data={"body": "I have this one."})
    answer = agent.post(f"/desk/{number}/reply", data={"body": "My long answer", "seen": seen})
    assert answer.status_code == 422
    assert "Someone has written meanwhile" in answer.text and "My long answer</textarea>" in answer.text
    with app.app_context():
        assert [message.body for message in the(number).messages][1:] == ["I have this one."]
    agent.post(f"/desk/{number}/reply", data={"body": "My long answer", "seen": seen_on(answer.text)})
    with app.app_context():
        assert the(number).messages[-1].body == "My long answer"


def test_ones_own_message_is_no_crossing(number: int, agent: FlaskClient) -> None:
    seen = seen_on(agent.get(f"/desk/{number}").text)
    assert agent.post(f"/desk/{number}/note", data={"body": "Looking.", "seen": seen}).status_code == 302
    assert agent.post(f"/desk/{number}/reply", data={"body": "Found it.", "seen": seen}).status_code == 302


def test_the_same_form_answers_once(app: Flask, number: int, agent: FlaskClient) -> None:
    for _ in range(2):
        assert agent.post(f"/desk/{number}/reply", data={"body": "Once.", "form_key": "k1"}).status_code == 302
    with app.app_context():
        assert [message.body for message in the(number).messages].count("Once.") == 1


def test_a_note_and_a_reply_of_one_page_are_both_kept(app: Flask, number: int, agent: FlaskClient) -> None:
    page = agent.get(f"/desk/{number}").text  # sent twice from here, with the browser's way back between
    for kind, key in zip(("reply", "note", "resolve"), keys_on(page), strict=True):
        assert agent.post(f"/desk/{number}/{kind}", data={"body": kind, "form_key": key}).status_code == 302
    with app.app_context():
        assert [message.body for message in the(number).messages][1:] == ["reply", "note", "resolve"]


def test_a_late_autosave_brings_nothing_back(number: int, agent: FlaskClient) -> None:
    page = agent.get(f"/desk/{number}").text
    sent = {"body": "Sent at once.", "form_key": keys_on(page)[0]}
    agent.post(f"/desk/{number}/reply", data=sent)
    assert agent.post(f"/desk/{number}/draft?kind=reply", data=sent).status_code == 204
    assert "Sent at once.</textarea>" not in agent.get(f"/desk/{number}").text


def test_a_closed_ticket_is_refused_with_the_text_kept(number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/close")
    answer = agent.post(f"/desk/{number}/reply", data={"body": "One more thing"})
    assert answer.status_code == 422 and "This ticket is closed" in answer.text and "One more thing" in answer.text


def test_a_draft_is_there_when_one_comes_back(number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/draft?kind=reply", data={"body": "Half a thou"}).status_code == 204
    assert "Half a thou</textarea>" in agent.get(f"/desk/{number}").text
    agent.post(f"/desk/{number}/reply", data={"body": "Half a thought."})
    assert "Half a thou</textarea>" not in agent.get(f"/desk/{number}").text


@pytest.mark.parametrize("seen", ["9" * 20, "9" * 5000, "-1", "x", "\x00", "٣"])
@pytest.mark.parametrize("key", ["k" * 65, "\x00", "k1\n", ""])
def test_bad_hidden_fields_lose_no_words(app: Flask, number: int, agent: FlaskClient, seen: str, key: str) -> None:
    answer = agent.post(f"/desk/{number}/reply", data={"body": "Written long", "seen": seen, "form_key": key})
    assert answer.status_code == 302 or "Written long</textarea>" in answer.text
    with app.app_context():
        assert the(number).messages[-1].body == "Written long" or "Written long</textarea>" in answer.text


def test_a_draft_may_hold_what_no_database_takes(number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/draft?kind=reply", data={"body": "Half \x00 a thou"}).status_code == 204
    assert "Half  a thou</textarea>" in agent.get(f"/desk/{number}").text


def test_an_empty_draft_is_none(app: Flask, number: int, agent: FlaskClient) -> None:
    for body, state in (("", "none"), ("Half a thought", None), (" ", "none")):
        answer = agent.post(f"/desk/{number}/draft?kind=reply", data={"body": body})
        assert answer.status_code == 204 and answer.headers.get("Draft") == state
    with app.app_context():
        assert not db.session.scalars(db.select(Draft)).all()


def test_as_much_as_the_field_takes_is_not_too_long(app: Flask, number: int, agent: FlaskClient, as_: As) -> None:
    """The browser counts the end of a line once and sends it as two characters."""
    body = "123456789\r\n" * 4_999 + "123456789"
    assert agent.post(f"/desk/{number}/reply", data={"body": body}).status_code == 302
    reply = as_("customer").post(f"/tickets/{number}/reply", data={"body": body, "form_key": "b" * 32})
    assert reply.status_code == 302 and reply.location.endswith("#latest")


def test_the_mail_leads_to_the_message_itself(app: Flask, number: int, agent: FlaskClient, as_: As) -> None:
    """Also when others have followed it; the last one has a name of its own besides."""
    for body in ("First.", "Second."):
        agent.post(f"/desk/{number}/reply", data={"body": body})
    page = as_("customer").get(f"/tickets/{number}").text
    with app.app_context():
        sent = db.session.scalars(db.select(Mail).where(Mail.subject.contains("A reply to")).order_by(Mail.id)).all()
        for message, mail in zip(the(number).messages[-2:], sent, strict=True):
            assert f"/tickets/{number}#m{message.id}\n" in mail.text and f'id="m{message.id}"' in page
    assert page.count('id="latest"') == 1 and page.index('id="latest"') < page.index("Second.")
