"""How long it takes until all open tickets go by an edited policy, and until every clock is computed anew and proved.

`python -m bench.clocks` prints the table. A portal of its own on SQLite with full sync, in a temporary folder;
`--database URL` uses an empty PostgreSQL database instead.
"""

import argparse
import resource
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from bench.seed import copy_tickets, prose
from portal import create_app
from portal.accounts.people import Organisation, User
from portal.db import db, utcnow, writing
from portal.jobs import Job, run_due
from portal.operating import take_up_policy
from portal.policies import the_policy
from portal.schema import upgrade
from portal.sla.loading import path_of
from portal.tickets import clocks, conversation, filing, progress
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Ticket, TicketEvent
from tests import cast

TICKETS = 20_000


def start(folder: Path, database: str | None, text: str) -> Flask:
    (folder / "own.toml").write_text(text, encoding="utf-8")
    where = {"database_url": database} if database else {}
    app = create_app(testing=True, instance=folder, policy="own.toml", secret_key="only-for-the-bench", **where)
    upgrade(app)
    return app


def soon() -> str:
    """The next five days, on which two calendars close."""
    return "".join(f'"{utcnow() + timedelta(days=n):%m-%d}", ' for n in range(1, 6))


def fill(many: int) -> None:
    """Open tickets of two organisations, guaranteed and not, with zero to five messages and three pauses."""
    now = utcnow()
    with writing():
        world = cast.gather()
        cast.subscribe(world.heron, "business", "sla-24x5")
        cast.subscribe(world.elsewhere, "team", "standard")
        db.session.commit()
    with writing():
        ids = [pattern(world, n, now=now) for n in range(40)]
        db.session.commit()
        copy_tickets(ids, many - len(ids), all_open=True)
        db.session.commit()


def pattern(world: cast.World, n: int, *, now: datetime) -> int:
    name, organisation = (("customer", world.heron), ("stranger", world.elsewhere))[n % 2]
    by, agent = (db.session.get_one(User, world.ids[who]) for who in (name, "agent"))
    severity = ("high", "normal", "low")[n % 3]
    request = filing.Request(
        form_key=new_key(),
        subject=prose(n, 6).capitalize(),
        body=prose(n, 60),
        language="en",
        zone="Europe/Berlin",
        severity=severity,
        organisation=db.session.get(Organisation, organisation),
    )
    at, turns = now - timedelta(hours=7 * n % 40 + 12), n // 2 % 4
    ticket = filing.file_ticket(request, by=by, now=at)
    progress.triage(ticket, severity, by=agent, now=at + timedelta(minutes=20))
    for turn in range(turns):
        conversation.reply(ticket, prose(n + turn, 30), by=agent, now=at + timedelta(hours=2 * turn + 1), wait=True)
        if turn + 1 < turns or n % 5:
            conversation.reply(ticket, prose(n, 20), by=by, now=at + timedelta(hours=2 * turn + 2))
    clocks.refresh(ticket, now=now)
    db.session.flush()
    return ticket.id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=TICKETS)
    parser.add_argument("--database")
    asked = parser.parse_args()
    text = path_of("demo").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        app = start(Path(folder), asked.database, text)
        with app.test_request_context():
            take_up_policy()
            fill(asked.tickets)
            run_due()  # the letters
            version = the_policy().version
            events = db.session.scalar(select(func.count(TicketEvent.id)))
        edited = text.replace(f'version = "{version}"\nname', 'version = "next"\nname').replace(
            "closed = [", f"closed = [{soon()}"
        )
        edited += '\n[[history]]\nversion = "next"\nin_force = 2026-12-01\nwhat = ["We close on more days."]\n'
        app = start(Path(folder), asked.database, edited)
        with app.app_context():
            take_up_policy()
            db.session.remove()
            began, spent = time.perf_counter(), time.process_time()
            jobs = db.session.scalar(select(func.count(Job.id)).where(Job.kind == "count_by_policy"))
            assert jobs == 1, "an edit asks for one job"
            run_due(limit=10 * asked.tickets)
            took, cpu = time.perf_counter() - began, time.process_time() - spent
            counted = db.session.scalar(select(func.count(Ticket.id)).where(Ticket.counted_by == "next"))
            details = db.session.scalars(select(TicketEvent.detail).where(TicketEvent.kind == "policy_changed"))
            moved = sum(bool(detail["moved"]) for detail in details)
            began, now, wrong = time.perf_counter(), utcnow(), 0
            ids = db.session.scalars(select(Ticket.id).order_by(Ticket.id)).all()
            for first in range(0, len(ids), 200):
                some = (
                    select(Ticket).where(Ticket.id.in_(ids[first : first + 200])).options(selectinload(Ticket.events))
                )
                wrong += sum(bool(clocks.differences(ticket, now=now)) for ticket in db.session.scalars(some))
                db.session.expunge_all()
            proved = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = (asked.tickets, events, counted, moved, f"{took:.1f}", f"{cpu:.1f}", f"{proved:.1f}", wrong, peak)
    print("| open tickets | events | taken over | with another time | s | CPU s | proved anew, s | wrong | peak MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    print("|", " | ".join(map(str, figures)), "|")


if __name__ == "__main__":
    main()
