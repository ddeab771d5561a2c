"""What comes along with a mail: its files by the rules of uploads, its HTML as text, reports as notes."""

from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from portal.db import db
from portal.mail import Mail, signed_message_id
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.ticket import Attachment, Message, Ticket
from tests import cast
from tests.mailroom.writing import CUSTOMER, bodies, mail, receive_in
from tests.pictures import picture

PNG = picture()
RELATED = "Please look at this."


def letter(**given: Any) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = CUSTOMER, "A file", "<file@mail.example>"
    message.set_content(given.get("text", RELATED))
    return message


def files(app: Flask) -> list[tuple[str, str, bool]]:
    """(name, type, whether it is with a message) of every file kept."""
    with app.app_context():
        rows = db.session.scalars(db.select(Attachment).order_by(Attachment.id))
        return [(row.filename, row.content_type, row.message_id is not None) for row in rows]


def test_files_go_with_the_message(app: Flask, entitled: cast.World) -> None:
    message = letter()
    message.add_attachment(b"beep\n", maintype="text", subtype="plain", filename="beep.log")
    message.add_attachment(PNG, maintype="image", subtype="png")
    assert receive_in(app, message.as_bytes()).result == "ticket"
    assert files(app) == [("beep.log", "text/plain", True), ("image.png", "image/png", True)]


def test_a_picture_in_the_text_is_a_file(app: Flask, entitled: cast.World) -> None:
    message = letter()
    message.add_alternative("<p>Please <b>look</b> at <img src='cid:1'> this.</p>", subtype="html")
    part: Any = message.get_payload(1)
    part.add_related(PNG, maintype="image", subtype="png", cid="<1>")
    outcome = receive_in(app, message.as_bytes())
    assert bodies(app, outcome.ticket_number) == [("customer", RELATED)]
    assert files(app) == [("image.png", "image/png", True)]


def test_files_that_are_not_taken_are_named(app: Flask, entitled: cast.World) -> None:
    message = letter()
    message.add_attachment(b"MZ\x90", maintype="application", subtype="octet-stream", filename="../run.exe")
    outcome = receive_in(app, message.as_bytes())
    ((_kind, text),) = bodies(app, outcome.ticket_number)
    assert text.startswith(f"{RELATED}\n\nFiles that were not taken:\n- run.exe: this kind of file is not taken.")
    assert files(app) == []


def test_a_mail_sent_along_is_a_file(app: Flask, entitled: cast.World) -> None:
    message, other = letter(), EmailMessage()
    other["From"], other["Subject"] = "bob@heron.example", "Older"
    other.set_content("An older mail.")
    message.add_attachment(other)
    outcome = receive_in(app, message.as_bytes())
    assert files(app) == [("message.eml", "text/plain", True)]
    assert "older" not in bodies(app, outcome.ticket_number)[0][1]


def test_html_alone_becomes_text(app: Flask, entitled: cast.World) -> None:
    message = letter()
    message.set_content("<style>p{}</style><p>One</p><ul><li>two</li></ul><script>x()</script>", subtype="html")
    outcome = receive_in(app, message.as_bytes())
    assert bodies(app, outcome.ticket_number) == [("customer", "One\n\n- two")]


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_long_mail_is_a_file_and_its_beginning(app: Flask, entitled: cast.World, kind: str) -> None:
    message = letter()
    message.set_content("word " * 30_000, subtype=kind)
    outcome = receive_in(app, message.as_bytes())
    ((_kind, text),) = bodies(app, outcome.ticket_number)
    assert LONGEST_BODY - 2000 < len(text) <= LONGEST_BODY
    assert files(app) == [("message.txt", "text/plain", True)]


def test_a_mail_without_words_says_so(app: Flask, entitled: cast.World) -> None:
    message = letter(text="")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="a.png")
    outcome = receive_in(app, message.as_bytes())
    assert bodies(app, outcome.ticket_number) == [("customer", "The mail had no text, only files.")]


def test_a_report_that_mail_did_not_arrive_is_a_note(app: Flask, number: int) -> None:
    with app.app_context():
        ours = signed_message_id("ticket", number, "replied")
        letters = db.session.scalar(db.select(db.func.count()).select_from(Mail))
    report = EmailMessage()
    report["From"], report["Subject"] = "MAILER-DAEMON@mx.heron.example", "Undeliverable"
    report["Return-Path"] = "<>"
    report.make_mixed()
    returned = EmailMessage()
    returned["Message-ID"], returned["Subject"] = ours, "A reply"
    report.attach(_text("No such mailbox."))
    report.add_attachment(returned)
    outcome = receive_in(app, report.as_bytes())
    assert (outcome.result, outcome.ticket_number, outcome.reason) == ("reply", number, "machine")
    kind, text = bodies(app, number)[-1]
    assert kind == "note" and "No such mailbox." in text
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(Mail)) == letters
        events = db.session.scalars(db.select(Ticket)).one().events
        assert [event.kind for event in events][-1] == "noted"


def test_an_absence_is_a_note_and_five_a_day_are_enough(app: Flask, number: int) -> None:
    with app.app_context():
        ours = signed_message_id("ticket", number, "replied")
    headers = {"In_Reply_To": ours, "Auto_Submitted": "auto-replied"}
    results = [receive_in(app, mail(subject="Away", **headers)).result for _ in range(7)]
    assert results == ["reply"] * 5 + ["ignored"] * 2
    with app.app_context():
        assert db.session.scalars(db.select(Message.kind).order_by(Message.id)).all() == ["customer", *["note"] * 5]


def _text(words: str) -> EmailMessage:
    part = EmailMessage()
    part.set_content(words)
    return part
