"""Logs say what happened, and hold nothing that opens a door."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from portal.accounts.people import User
from portal.db import db
from portal.jobs import enqueue
from portal.logs import TextLines
from portal.operating import jobs
from tests import cast


def test_the_address_of_a_link_from_a_mail_is_not_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "portal"):
        client.get("/account/recover/this-would-set-a-password")
    (line,) = [record for record in caplog.records if record.getMessage() == "request"]
    assert vars(line)["path"] == "/account/recover/<token>"


def test_an_address_makes_no_second_line(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "portal"):
        client.get("/kb/x%0d%0a23:59:59%20INFO%20request%20status=200%1b[2J")
    (line,) = [record for record in caplog.records if record.getMessage() == "request"]
    told = TextLines().format(line)
    assert "\n" not in told and "\x1b" not in told and "\\r\\n23:59:59" in told


def test_what_the_database_refuses_is_not_repeated_in_the_error(app: Flask, world: cast.World) -> None:
    with app.app_context():
        person = db.session.scalars(db.select(User)).first()
        assert person
        twin = {"email": person.email, "password": "not-to-be-logged", "fs_uniquifier": person.fs_uniquifier}
        with pytest.raises(IntegrityError) as caught:
            db.session.execute(db.insert(User).values(name="Twin", active=True, **twin))
        assert "not-to-be-logged" not in str(caught.value)


def test_given_up_letters_are_listed_without_their_link(app: Flask) -> None:
    with app.app_context():
        job = enqueue("account_letter", template="reset", context={"link": "https://portal/secret"})
        job.state = "dead"
        db.session.commit()
    listed = app.test_cli_runner().invoke(jobs, ["list", "--dead"]).output
    assert "account_letter" in listed and "reset" in listed and "secret" not in listed
