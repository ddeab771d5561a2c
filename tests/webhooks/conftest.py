"""A receiver, and webhooks that call it."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.tickets.credentials import encrypt
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Ticket
from portal.webhooks.webhook import Webhook, new_secret
from tests import cast
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setitem(app.extensions["settings"], "webhooks_inside", True)
    with receiving() as one:
        yield one


@pytest.fixture
def hook(app: Flask, world: cast.World, receiver: Receiver) -> Callable[..., str]:
    """`hook(organisation_id)` makes one that calls the receiver and returns its secret; `hook(None)` the desk's."""

    def make(organisation_id: int | None = None, url: str = "") -> str:
        secret = new_secret()
        with app.app_context():
            where = {"organisation_id": organisation_id, "url": url or receiver.url}
            makers = {world.heron: "owner", world.elsewhere: "stranger", None: "admin"}
            maker = world.ids[makers[organisation_id]]
            db.session.add(Webhook(made_by_id=maker, sealed=encrypt(secret), **where))
            db.session.commit()
        return secret

    return make


@pytest.fixture
def act(app: Flask, world: cast.World) -> Callable[..., None]:
    """`act(lambda ticket, person: …)` files a ticket, then does things to it; the worker's jobs run after each."""
    filed: list[int] = []

    def do(*verbs: Callable[[Ticket, Callable[[str], User]], object]) -> None:
        def person(name: str) -> User:
            return db.session.get_one(User, world.ids[name])

        with app.app_context():
            if not filed:
                cast.subscribe(world.heron, "enterprise", "sla-24x7")
                request = Request(
                    form_key=secrets.token_hex(16),
                    subject="It beeps",
                    body="All day long.",
                    language="en",
                    zone="UTC",
                    organisation=db.session.get(Organisation, world.heron),
                    product=db.session.get(Product, world.products["beacon"]),
                )
                filed.append(file_ticket(request, by=person("customer"), now=utcnow()).id)
                db.session.commit()
                run_due()
            for verb in verbs:
                verb(db.session.get_one(Ticket, filed[0]), person)
                db.session.commit()
                run_due()

    return do
