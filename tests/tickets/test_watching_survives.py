"""kill -9 of the worker amid warnings and broken promises: each is told, and told once.

A sample in the suite; with `FOYER_KILLS=300` a third of the kills is here, the others in tests/mailroom:
`FOYER_KILLS=300 pytest -n0 -s tests/tickets/test_watching_survives.py tests/mailroom/test_mail_survives.py`.
"""

import os
import random
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from portal.accounts.people import Organisation, User
from portal.db import db, utcnow, writing
from portal.mail import Mail
from portal.sla.timers import Timer
from portal.tickets import clocks, filing
from portal.tickets.credits import Credit
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Ticket
from portal.tickets.watching import tell_due
from tests import cast
from tests.jobs.conftest import application
from tests.running import Portal, wait_for
from tests.tickets.test_watching import owing

KILLS = max(1, int(os.environ.get("FOYER_KILLS", "9")) // 3)
TICKETS = 10 + 3 * KILLS  # of each kind


def file_some(app: Flask) -> dict[str, set[int]]:
    """Half of them are about to be late, so that somebody is to be warned; half are late. By their ids."""
    with app.app_context(), writing():
        world, (plan, tier, severity) = cast.gather(), owing()
        cast.subscribe(world.heron, plan, tier)
        db.session.flush()
        first, now = promised(world, severity), utcnow()
        assert first.due_at and first.started_at
        warned_at = first.warnings[-1].at
        soon = warned_at - first.started_at + (first.due_at - warned_at) / 10
        late = first.due_at - first.started_at + timedelta(hours=1)
        filed = {
            name: {file_one(world, severity, now - since).id for _again in range(TICKETS)}
            for name, since in (("soon", soon), ("late", late))
        }
        for ids in filed.values():  # these nobody is killed amid: the others have to be told of as they are
            tell_due(db.session.get_one(Ticket, min(ids)), now=now)
        db.session.commit()
        return filed


def promised(world: cast.World, severity: str) -> Timer:
    """The clock of a ticket that is filed now, and then is not."""
    with db.session.begin_nested() as attempt:
        first = clocks.timers_of(file_one(world, severity, utcnow()), now=utcnow()).first_response
        attempt.rollback()
    return first


def file_one(world: cast.World, severity: str, at: datetime) -> Ticket:
    asked = filing.Request(
        form_key=new_key(),
        subject="It beeps",
        body="All day.",
        language="en",
        zone="UTC",
        severity=severity,
        organisation=db.session.get(Organisation, world.heron),
        is_receipted=False,
    )
    return filing.file_ticket(asked, by=db.session.get_one(User, world.ids["customer"]), now=at)


def test_no_warning_and_no_breach_is_lost_or_told_twice(tmp_path: Path) -> None:
    portal = Portal(tmp_path, mode="production", log_level="WARNING")
    with application(portal) as app:
        filed, amid = file_some(app), 0
        try:
            for _kill in range(KILLS):
                before = left(app)
                portal.start_worker(module="tests.tickets.hurried")
                wait_for(lambda: left(app) < before, 60, every=0.01)  # noqa: B023
                time.sleep(random.uniform(0, 0.05))
                assert portal.worker
                portal.worker.kill()
                amid += left(app) > 0
            portal.start_worker(module="tests.tickets.hurried")
            wait_for(lambda: left(app) == 0, 120, every=0.5)
        finally:
            portal.stop()
        print(f"{KILLS} kills, {amid} of them amid tickets that were told of")
        with app.app_context():
            check(filed)


def left(app: Flask) -> int:
    """Tickets that something is due to be told of."""
    with app.app_context():
        return db.session.scalar(select(func.count()).where(Ticket.watch_at <= utcnow())) or 0


def check(filed: dict[str, set[int]]) -> None:
    """Tickets of one kind were told of alike, those too that nobody was killed amid."""
    for kind, word in (("soon", "Due soon"), ("late", "We are late")):
        stories = {story(db.session.get_one(Ticket, key)) for key in filed[kind]}
        assert len(stories) == 1 and word in str(stories), "\n".join(map(str, stories))
    owed = Counter(db.session.scalars(select(Credit.ticket_id)))
    assert set(owed) <= filed["late"] and set(owed.values()) == {1}  # a month owes so much and no more
    assert all(not clocks.differences(ticket, now=utcnow()) for ticket in db.session.scalars(select(Ticket)))


def story(ticket: Ticket) -> tuple[str, ...]:
    """What its log says was told, and the mails that told it."""
    events = [event for event in ticket.events if event.kind in ("warned", "breached")]
    said = [f"{event.kind} {event.detail['clock']} {event.detail.get('step_at')}" for event in events]
    about = Mail.subject.contains(f"#{ticket.number}") & ~Mail.subject.contains("Given to you")  # by turns
    mails = db.session.scalars(select(Mail).where(about)).all()
    return (*sorted(said), *sorted(f"{mail.recipient} {mail.subject.partition('] ')[2]}" for mail in mails))
