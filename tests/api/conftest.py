"""Programs of the cast, each with a token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.accounts.people import User
from portal.accounts.tokens import DESK, READ, WRITE, make_token
from portal.db import db, utcnow
from tests import cast
from tests.house.furniture import furnish


class Program:
    """Speaks JSON to the API with one token, and knows no cookies."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.app, self.secret = app, secret

    def get(self, path: str, **arguments: Any) -> TestResponse:
        return self.send("GET", path, query_string=arguments)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> TestResponse:
        headers = {"Idempotency-Key": key} if key is not None else {}
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.send("POST", path, headers=headers, **sent, **more)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        own = {"Authorization": f"Bearer {self.secret}"} | (headers or {})
        browser = self.app.test_client(use_cookies=False)
        return browser.open(f"/api/v1{path}", method=method, headers=own, csrf=False, **more)


Programs = Callable[..., Program]


@pytest.fixture
def program(app: Flask, world: cast.World) -> Programs:
    """`program("customer")` may read and write; `program("agent", DESK)` only what is named."""

    def start(name: str, *scopes: str) -> Program:
        allowed = scopes or ((READ, WRITE, DESK) if name in ("agent", "admin") else (READ, WRITE))
        with app.app_context():
            person = db.session.execute(db.select(User).filter_by(email=world.email(name))).scalar_one()
            _token, secret = make_token(person, "a test", allowed, days=30, now=utcnow())
            db.session.commit()
        return Program(app, secret)

    return start


@pytest.fixture
def things(app: Flask, world: cast.World) -> dict[str, object]:
    """The customer's tickets and files, as addresses call them."""
    with app.test_request_context():
        made = furnish(world)
        db.session.commit()
    return made
