"""Tickets whose outcome is known: rows, as the clocks leave them."""

from datetime import datetime, timedelta
from typing import Any

from portal.tickets.ticket import Ticket
from tests.cast import World
from tests.desk.rows import make_ticket


def kept(world: World, at: datetime, *, after: timedelta, **fields: Any) -> Ticket:
    """Filed at `at` and answered after that long, in time."""
    outcome = {"first_promised_at": at + after, "first_responded_at": at + after}
    return make_ticket(world, created_at=at, **(outcome | fields))


def late(world: World, at: datetime, *, after: timedelta, **fields: Any) -> Ticket:
    return kept(world, at, after=after, first_promised_at=at, first_was_late=True, **fields)
