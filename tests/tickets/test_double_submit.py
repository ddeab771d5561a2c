"""One form makes one ticket, however often and however fast it is sent."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.tickets.drafts import new_key
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def equipped(app: Flask, world: World) -> None:
    writing.equip(app, world)


def test_sending_twice_leads_to_the_same_ticket(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    first, second = (writing.send(browser, form_key=key) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert second.location.partition("?")[0] == first.location.partition("?")[0]
    with app.app_context():
        assert writing.tickets_count() == 1
        assert len([mail for mail in writing.mails() if mail.ticket_id]) == 1


def test_eight_at_once_make_one_ticket(app: Flask, as_: As) -> None:
    key, browsers = new_key(), [as_("customer") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser: writing.send(browser, form_key=key), browsers))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.location.partition("?")[0] for answer in answers}) == 1
    with app.app_context():
        assert writing.tickets_count() == 1
        assert len([mail for mail in writing.mails() if mail.ticket_id]) == 1


def test_a_reply_sent_twice_is_said_once(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    number = writing.filed(browser)
    for _ in range(2):
        answer = browser.post(f"/tickets/{number}/reply", data={"body": "Once", "form_key": key})
        assert answer.status_code == 302
    with app.app_context():
        assert [message.body for message in writing.ticket(number).messages][1:] == ["Once"]
