"""Mail that a real worker speaks to a real SMTP server."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask import Flask

from portal.db import db, writing
from portal.jobs import Job
from portal.mail import Mail, Unprotected, send_by_smtp, store
from tests.jobs.conftest import Bench, started
from tests.running import Portal, free_port, mail_server, wait_for


@pytest.fixture(scope="module")
def smtp_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def sender(smtp_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    url = f"smtp://127.0.0.1:{smtp_port}"
    vendor = {"mail_from": "help@vendor.example", "brand_name": "Vendor"}
    yield from started(Portal(tmp_path_factory.mktemp("mail"), mode="production", mail_url=url, **vendor))


def write(app: Flask, subject: str) -> str:
    with app.app_context(), writing():
        mail = store("carla@heron.example", subject, "Grüße", "<p>Grüße</p>", "de")
        db.session.commit()
        return mail.message_id


def test_mail_reaches_the_server_as_it_was_written(sender: Bench, smtp_port: int) -> None:
    with mail_server(smtp_port) as received:
        message_id = write(sender.app, "Ticket 12345678: Größe")
        wait_for(lambda: received)
    mail = received[0]
    assert (mail["Subject"], mail["To"]) == ("Ticket 12345678: Größe", "carla@heron.example")
    assert (mail["From"], mail["Message-ID"]) == ("Vendor <help@vendor.example>", message_id)
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "de")
    assert mail.get_body(("plain",)).get_content().strip() == "Grüße"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Grüße</p>"


def test_mail_waits_while_the_server_is_down(sender: Bench, smtp_port: int) -> None:
    wait_for(lambda: unsent(sender.app) == 0)
    ids = {write(sender.app, f"Mail {number}") for number in range(3)}
    wait_for(lambda: refused(sender.app) == 3)
    with mail_server(smtp_port) as received:
        sender.let_time_pass()
        wait_for(lambda: len(received) == 3)
    wait_for(lambda: unsent(sender.app) == 0)
    assert {mail["Message-ID"] for mail in received} == ids


def test_no_password_is_told_in_clear(smtp_port: int) -> None:
    message = EmailMessage()
    message["To"] = "carla@heron.example"
    with mail_server(smtp_port) as received, pytest.raises(Unprotected):
        send_by_smtp(message, f"smtp://us:secret@127.0.0.1:{smtp_port}")
    assert not received


def refused(app: Flask) -> int:
    with app.app_context():
        errors = db.session.scalars(db.select(Job.last_error).where(Job.last_error.is_not(None)))
        return sum(error.startswith("ConnectionRefusedError") for error in errors if error)


def unsent(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(db.select(Mail.id).where(Mail.sent_at.is_(None))).all())
