"""kill -9 of the worker amid calls: every event arrives, each under one id however often it was called for.

A sample in the suite; `FOYER_KILLS=50 pytest tests/webhooks/test_survives.py` is the whole.
"""

import os
import random
import secrets
import time
from pathlib import Path

from flask import Flask

from portal.accounts.people import Organisation, User
from portal.db import db, utcnow, writing
from portal.jobs import sweep
from portal.tickets.credentials import encrypt
from portal.tickets.filing import Request, file_ticket
from portal.webhooks.webhook import Delivery, Webhook, new_secret
from tests import cast
from tests.jobs.conftest import application
from tests.running import Portal, wait_for
from tests.webhooks.receiver import is_signed, receiving

KILLS = int(os.environ.get("FOYER_KILLS", "2"))
TICKETS = 5  # between two kills


def test_every_event_arrives(tmp_path: Path) -> None:
    portal = Portal(tmp_path, mode="production", webhooks_inside="true", mail_url="file")
    with receiving() as receiver, application(portal) as app:
        receiver.delay = 0.05
        secret = listen(app, receiver.url)
        portal.start_worker(module="tests.jobs.kinds")
        try:
            for _ in range(KILLS):
                file_some(app)
                time.sleep(random.uniform(0, 0.4))
                assert portal.worker
                portal.worker.kill()
                portal.start_worker(module="tests.jobs.kinds")
            wait_for(lambda: all_sent(app), 60 + 10 * KILLS, every=0.5)
        finally:
            portal.stop()
        with app.app_context():
            ids = set(db.session.scalars(db.select(Delivery.message_id)))
    assert len(ids) == KILLS * TICKETS
    assert {headers["webhook-id"] for headers, _body in receiver.calls} == ids
    assert all(is_signed(headers, body, secret) for headers, body in receiver.calls)
    bodies = {headers["webhook-id"]: body for headers, body in receiver.calls}
    assert all(bodies[headers["webhook-id"]] == body for headers, body in receiver.calls)


def listen(app: Flask, url: str) -> str:
    secret = new_secret()
    with app.app_context(), writing():
        world = cast.gather()
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        owner = world.ids["owner"]
        db.session.add(Webhook(organisation_id=world.heron, made_by_id=owner, url=url, sealed=encrypt(secret)))
        db.session.commit()
    return secret


def file_some(app: Flask) -> None:
    for _ in range(TICKETS):
        with app.app_context(), writing():
            customer = db.session.scalars(db.select(User).filter_by(email=cast.ADDRESSES["customer"])).one()
            heron = db.session.scalars(db.select(Organisation).filter_by(name="Heron Marine")).one()
            asked = {"form_key": secrets.token_hex(16), "subject": "It beeps", "body": "All day.", "language": "en"}
            file_ticket(Request(zone="UTC", topic="billing", organisation=heron, **asked), by=customer, now=utcnow())
            db.session.commit()


def all_sent(app: Flask) -> bool:
    """Whether nothing is left, with what the sweep of each minute does."""
    with app.app_context():
        sweep()
        states = db.session.scalars(db.select(Delivery.state)).all()
        db.session.rollback()
        return len(states) == KILLS * TICKETS and set(states) == {"sent"}
