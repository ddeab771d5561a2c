"""A customer that owes something, and a payment provider that stands in for the real one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from portal.billing import invoicing
from portal.db import db
from portal.jobs import Job
from tests.billing.rows import an_account, an_invoice
from tests.billing.standin import Standin, standing_in
from tests.billing.using import set_up
from tests.cast import World

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def moving() -> Iterator[time_machine.Traveller]:
    """A clock that goes on from that Monday, and can be moved."""
    with time_machine.travel(AT, tick=True) as traveller:
        yield traveller


@pytest.fixture
def there(app: Flask, moving: time_machine.Traveller) -> Iterator[Standin]:
    with standing_in() as one, set_up(app, one):
        yield one


@pytest.fixture
def debtor(app: Flask, world: World, there: Standin) -> World:
    """Heron owes 108.90 euros."""
    with app.app_context():
        invoice = an_invoice(an_account(world.heron))
        invoicing.finalise(invoice, now=AT)
        db.session.execute(db.delete(Job))
        db.session.commit()
    return world
