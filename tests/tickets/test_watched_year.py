"""Tickets of a simulated year in the database, watched on a controlled clock: every broken promise is told once, a
second after it was due, and no other. What is due when is counted by the oracle of `tests.sla.year`."""

import os
import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from flask import Flask
from sqlalchemy import func, select

from portal.accounts.people import User
from portal.db import db
from portal.tickets import clocks
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Ticket
from portal.tickets.watching import watch
from tests.cast import World
from tests.sla.editions import rules_of
from tests.sla.lives import Life, a_life
from tests.sla.recount import Desk
from tests.sla.wall import instant
from tests.tickets import writing

TICKETS = int(os.environ.get("WATCHED_TICKETS", "10"))
SECOND, LONG_AFTER = timedelta(seconds=1), 60_000


def put(life: Life, requester: User) -> Ticket:
    """The bare ticket: what it is about and when it came."""
    detail, policy = life.received.detail, writing.policy()
    ticket = Ticket(
        form_key=new_key(),
        subject="A year",
        language="en",
        topic=detail["topic"],
        requester=requester,
        plan=detail["plan"],
        tier=detail["tier"],
        severity=detail["severity"],
        queue="support",
        rank=1,
        policy_id=policy.id,
        policy_version=policy.version,
        promise={},
        promise_zone="UTC",
    )
    db.session.add(ticket)
    happen(ticket, "received", instant(life.received.minute), detail)
    return ticket


def happen(ticket: Ticket, kind: str, at: datetime, detail: dict[str, object]) -> None:
    ticket.record(kind, by=None, at=at, **detail)
    clocks.refresh(ticket, now=at)
    db.session.commit()


def watch_until(until: datetime, *, since: datetime) -> None:
    """The worker's rounds, each a second after something may be due. `since` is the time by then: a ticket that was
    raised may be due for a warning at once."""
    while (due := db.session.scalar(select(func.min(Ticket.watch_at)))) and due < until:
        watch(now=max(due, since) + SECOND)


def counted(life: Life) -> Counter[tuple[object, ...]]:
    desk = Desk(rules_of("demo"), life.received)
    for deed in life.deeds:
        desk.pass_time(deed.minute)
        desk.see(deed)
    desk.pass_time(life.last + LONG_AFTER)
    return Counter({(clock, due) for clock, due, _stopped in desk.breaches()})


def test_every_broken_promise_of_a_year_is_told_once_and_in_time(app: Flask, world: World) -> None:
    dice, broken = random.Random(1), 0
    with app.test_request_context():
        requester = db.session.get_one(User, world.ids["customer"])
        for _ in range(TICKETS):
            life = a_life(dice, rules_of("demo"), ["demo"])
            life = Life(life.received, [deed for deed in life.deeds if deed.kind != "policy_changed"])
            ticket = put(life, requester)
            for before, deed in pairwise([life.received, *life.deeds]):
                watch_until(instant(deed.minute), since=instant(before.minute))
                db.session.refresh(ticket)
                happen(ticket, deed.kind, instant(deed.minute), deed.detail)
            watch_until(instant(life.last + LONG_AFTER), since=instant(life.last))
            db.session.refresh(ticket)
            events = [event for event in ticket.events if event.kind == "breached"]
            told = [(event.detail["clock"], datetime.fromisoformat(event.detail["due_at"])) for event in events]
            assert Counter(told) == counted(life), life
            broken += len(told)
            # A question that comes with a merged ticket may be late already, and is told of then.
            merges = [instant(deed.minute) for deed in life.deeds if deed.kind == "joined"]
            timely = [{max(due, since) + SECOND for since in (due, *merges)} for _clock, due in told]
            late = [(*one, event.at) for event, one, at in zip(events, told, timely, strict=True) if event.at not in at]
            assert not late, (late, life)
            assert clocks.differences(ticket, now=instant(life.last + LONG_AFTER)) == []
            ticket.watch_at = None
            db.session.commit()
        assert broken >= TICKETS, "most of these lives break some"
