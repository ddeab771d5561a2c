"""What the partner area's tests share: Rita's house with a customer of its own noting, and how they ask and answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.partnership import PartnerCustomer
from portal.db import db
from portal.jobs import run_due
from portal.mail import Mail
from tests.cast import World

As = Callable[[str], FlaskClient]
FORM = {"name": "Heron of the quay", "email": "olga@heron.example", "starts_on": "2026-01-05", "note": "Pays late."}


@dataclass
class Area:
    """The area as Rita uses it."""

    app: Flask
    world: World
    rita: FlaskClient
    owner: FlaskClient

    def add(self, **form: str) -> str:
        """Note a customer; their page's address."""
        answer = self.rita.post("/partner/customers/new", data=FORM | form)
        assert answer.status_code == 302, answer.text
        return str(answer.location)

    def ask(self, page: str) -> str:
        """Ask for consent; the address of the link in the mail."""
        assert self.rita.post(f"{page}/ask").status_code == 302
        link = re.findall(r"/account/consent/[\w-]{20,}", self.mails()[-1].text)
        return str(link[0])

    def give(self, link: str, **form: str) -> int:
        return self.answer(self.owner, link, answer="give", **form)

    def answer(self, browser: FlaskClient, link: str, **form: str) -> int:
        seal = re.search(r'name="seal"[^>]*value="(\w+)"', browser.get(link).text)
        return int(browser.post(link, data={"seal": seal[1] if seal else "", **form}).status_code)

    def mails(self) -> list[Mail]:
        with self.app.app_context():
            run_due()
            return list(db.session.scalars(select(Mail).order_by(Mail.id)))

    def customer_of(self, page: str) -> int | None:
        with self.app.app_context():
            row = select(PartnerCustomer).where(PartnerCustomer.public_id == page.rsplit("/", 1)[1])
            return db.session.scalars(row).one().customer_id


@pytest.fixture
def area(app: Flask, world: World, as_: As) -> Area:
    return Area(app, world, as_("reseller"), as_("owner"))
