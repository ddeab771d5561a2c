"""Remote-access credentials: sealed at the door, for staff's eyes alone, gone when the ticket closes."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.tickets import credentials
from portal.tickets.ticket import Reveal
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]
CANARY = "CRED-7f3a91-canary"


@pytest.fixture(autouse=True)
def equipped(app: Flask, world: World) -> None:
    writing.equip(app, world)


def with_canary(browser: FlaskClient) -> int:
    """A ticket whose credentials were autosaved, refused once, and filed."""
    key = writing.new_key()
    browser.post(
        "/tickets/drafts", data=writing.fields(form_key=key, credentials=CANARY), headers={"HX-Request": "true"}
    )
    refused = writing.send(browser, form_key=key, credentials=CANARY, subject="")
    assert refused.status_code == 422 and CANARY not in refused.text
    return writing.filed(browser, form_key=key, credentials="")


def everything_kept(app: Flask, instance: Path) -> str:
    with app.app_context():
        rows = [str(db.session.execute(table.select()).all()) for table in db.metadata.sorted_tables]
    files = [path.read_bytes().decode("latin-1") for path in instance.rglob("*") if path.is_file()]
    return "\n".join(rows + files)


def test_the_canary_is_nowhere_in_plain(app: Flask, as_: As, instance: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    number = with_canary(as_("customer"))
    with app.app_context():
        run_due()
    assert CANARY not in everything_kept(app, instance)
    assert CANARY not in caplog.text + str([vars(record) for record in caplog.records])
    for name in ("customer", "owner", "agent"):
        assert CANARY not in as_(name).get(f"/tickets/{number}").text


def test_staff_reveal_them_and_it_is_noted(app: Flask, as_: As, person: Callable[[str], User]) -> None:
    number = with_canary(as_("customer"))
    with app.app_context():
        agent = person("agent")
        assert credentials.reveal(writing.ticket(number), by=agent, now=utcnow()) == [CANARY]
        db.session.commit()
        assert db.session.scalars(db.select(Reveal.by_id)).all() == [agent.id]
        assert "credentials_revealed" in [event.kind for event in writing.ticket(number).events]


def test_closing_forgets_them(app: Flask, as_: As, person: Callable[[str], User]) -> None:
    browser = as_("customer")
    number = with_canary(browser)
    browser.post(f"/tickets/{number}/close")
    with app.app_context():
        assert credentials.reveal(writing.ticket(number), by=person("agent"), now=utcnow()) == []


def test_a_discarded_field_is_forgotten(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), writing.new_key()
    writing.send(browser, form_key=key, credentials=CANARY, subject="")
    writing.send(browser, form_key=key, credentials="", forget_credentials="y", subject="")
    with app.app_context():
        assert writing.drafts()[0].sealed is None


def test_another_key_opens_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.errors import Refused

    with app.test_request_context():
        sealed = credentials.encrypt(CANARY)
        assert CANARY not in sealed and credentials.decrypt(sealed) == CANARY
        monkeypatch.setitem(app.extensions["settings"], "credentials_key", "another key altogether")
        with pytest.raises(Refused):
            credentials.decrypt(sealed)
