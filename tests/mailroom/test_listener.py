"""Mail by LMTP and SMTP, from the standard library's clients to the real listener."""

import smtplib
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal.db import db
from portal.mailroom.listening import Listener, listen
from portal.mailroom.received import ReceivedMail, raw_of
from tests import cast
from tests.mailroom.writing import CUSTOMER, mail
from tests.running import free_port


@pytest.fixture(params=["lmtp", "smtp"])
def listener(request: pytest.FixtureRequest, app: Flask, entitled: cast.World) -> Iterator[Listener]:
    made = Listener(app, f"{request.param}://127.0.0.1:{free_port()}")
    made.start()
    yield made
    made.stop()


def line_to(listener: Listener) -> smtplib.SMTP:
    kind = smtplib.LMTP if listener.is_lmtp else smtplib.SMTP
    return kind("127.0.0.1", listener.port, timeout=60)


def results(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(ReceivedMail.result)))


def test_a_mail_is_taken_before_it_is_acknowledged(app: Flask, listener: Listener) -> None:
    with line_to(listener) as line:
        assert line.sendmail(CUSTOMER, ["help@vendor.example"], mail()) == {}
    assert results(app) == ["ticket"]


def test_a_mail_to_several_of_our_addresses_is_one(app: Flask, listener: Listener) -> None:
    with line_to(listener) as line:
        assert line.sendmail(CUSTOMER, ["help@vendor.example", "sla@vendor.example"], mail()) == {}
        if listener.is_lmtp:  # one answer for each recipient; the client reads the first alone
            assert line.getreply() == (250, b"2.0.0 taken")
        line.sendmail(CUSTOMER, ["help@vendor.example"], mail())
    assert results(app) == ["ticket", "ticket"]


def test_a_report_comes_from_nobody(app: Flask, listener: Listener) -> None:
    with line_to(listener) as line:
        line.sendmail("", ["help@vendor.example"], mail("carla@heron.example"))
    assert results(app) == ["ignored"]
    with app.app_context():
        assert raw_of(db.session.scalars(db.select(ReceivedMail)).one()).startswith(b"Return-Path: <>\r\n")


def test_mail_stays_with_its_bringer_while_the_database_is_away(
    app: Flask, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    with monkeypatch.context() as patch:
        patch.setattr("portal.mailroom.receiving._take", fail)
        with line_to(listener) as line, pytest.raises(smtplib.SMTPException):
            line.sendmail(CUSTOMER, ["help@vendor.example"], mail())
    assert results(app) == []
    with app.app_context():
        kept = [path for path in (app.extensions["settings"].instance / "mail-in").glob("*/*") if path.is_file()]
    assert kept == []


def test_nobody_listens_by_default(app: Flask) -> None:
    assert listen(app) is None
