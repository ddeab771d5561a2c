"""Chats of the cast, made through the pages, at an hour when the policy's chat is open."""

import re
from datetime import UTC, datetime

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MONDAY = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # noon in Amsterdam
SUNDAY = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


def begin(customer: FlaskClient, body: str = "It beeps all day.", **fields: str) -> int:
    """The id of the chat."""
    answer = customer.post("/chat/", data={"body": body, "product": "beacon", **fields})
    assert answer.status_code == 302, answer.text
    return int(answer.location.rsplit("/", 1)[1])


def say(browser: FlaskClient, chat: int, body: str, key: str = "", **fields: object) -> TestResponse:
    return browser.post(f"/chat/{chat}/say", data={"body": body, "form_key": key, **fields})


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]
