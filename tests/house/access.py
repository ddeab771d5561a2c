"""The access table (`access.txt`) and how one cell of it is tried: one route, one method, one member of the cast."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.accounts.people import User
from portal.accounts.sessions import open_sign_in
from portal.db import db, utcnow
from tests.house.routes import methods

TABLE = Path(__file__).with_name("access.txt")
ACTORS = (
    *("visitor", "customer", "colleague", "owner", "billing", "former", "stranger", "reseller"),
    *("agent", "editor", "admin"),
)
ALLOWED = {"200", "204", "302", "400", "422", "304"}


@dataclass(frozen=True)
class Row:
    """One line: a route and method, on one of the cast's things (`@billing`), and the status each actor sees."""

    method: str
    rule: str
    thing: str
    statuses: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.rule}{self.thing}"

    @property
    def is_unsafe(self) -> bool:
        return self.method != "GET"


def table() -> list[Row]:
    rows = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        thing = words.pop(2) if words[2].startswith("@") else ""
        method, rule, *statuses = words
        assert len(statuses) == len(ACTORS), f"{len(statuses)} statuses, {len(ACTORS)} actors: {line}"
        rows.append(Row(method, rule, thing, dict(zip(ACTORS, statuses, strict=True))))
    return rows


def declared(app: Flask) -> set[tuple[str, str]]:
    """Every (method, rule) of the application."""
    return {(method, rule.rule) for rule in app.url_map.iter_rules() for method in methods(rule.methods)}


def enter(app: Flask, email: str | None) -> FlaskClient:
    """A browser whose session is already that person's (the sign-in page has tests of its own)."""
    browser = app.test_client()
    if email is None:
        return browser
    with app.app_context():
        person = db.session.scalars(db.select(User).where(User.email == email)).one()
        sign_in, token = open_sign_in(person, now=utcnow())
        key = sign_in.id
        db.session.commit()
    with browser.session_transaction() as session:
        session |= {"_user_id": token, "sign_in": key, "_fresh": True, "fs_cc": "set", "fs_paa": time.time()}
    return browser


def status(answer: TestResponse) -> str:
    """The status as the table writes it: `in` is the way to the sign-in page."""
    return "in" if answer.status_code == 302 and "/account/sign-in" in answer.location else str(answer.status_code)
