"""`python -m tests.mailroom.table`: what became of every hostile mail, and of CPython's own, in one table."""

import secrets
import tempfile
import time
from collections import Counter
from pathlib import Path

from flask import Flask

from portal import create_app
from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from portal.mail import signed_message_id
from portal.mailroom.received import Outcome
from portal.mailroom.receiving import receive
from portal.tickets.filing import Request, file_ticket
from tests import cast
from tests.mailroom import hostile
from tests.mailroom.test_hostile import FILES
from tests.mailroom.writing import bodies

RESULTS = ("reply", "ticket", "directions", "ignored", "quarantine")
Sort = tuple[str, list[tuple[str, bytes, tuple[str, ...]]]]


def sorts() -> list[Sort]:
    """The mails by what they try: name, bytes, and the results that are right."""
    own = [(cases.__name__, [tuple(case) for case in cases()]) for cases in OWN]
    theirs = [(path.name, path.read_bytes(), ("directions", "ignored", "quarantine")) for path in FILES]
    return [*own, ("CPython's own", theirs)]  # type: ignore[list-item]


OWN = (hostile.spoofs, hostile.attacks, hostile.machines, hostile.people)


def ticket_of(app: Flask) -> int:
    """The customer's ticket, which none of the mails may join."""
    with app.app_context():
        db.create_all()
        world = cast.gather()
        cast.subscribe(world.heron, "business", "sla-24x5")
        request = Request(
            form_key=secrets.token_hex(16),
            subject="The beacon beeps",
            body="All day.",
            language="en",
            zone="Europe/Berlin",
            organisation=db.session.get(Organisation, world.heron),
        )
        ticket = file_ticket(request, by=db.session.get_one(User, world.ids["customer"]), now=utcnow())
        db.session.commit()
        return int(ticket.number)


def try_one(app: Flask, raw: bytes, number: int) -> tuple[Outcome, bool, float]:
    """(what became of it, whether the customer's ticket changed, seconds)."""
    with app.app_context():
        ours = signed_message_id("ticket", number, "replied")
        raw = raw.replace(b"{id}", ours.encode()).replace(b"{number}", str(number).encode())
        before, begun = bodies(app, number), time.monotonic()
        outcome = receive(raw, now=utcnow())
        return outcome, bodies(app, number) != before, time.monotonic() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            testing=True,
            instance=Path(folder),
            secret_key=secrets.token_hex(16),
            limit_filing="10000 per hour",
            log_level="ERROR",
        )
        number, wrong, crashed, slowest = ticket_of(app), 0, 0, 0.0
        print(f"{'':16}{'mails':>8}" + "".join(f"{result:>12}" for result in RESULTS) + f"{'not right':>12}")
        for name, cases in sorts():
            found: Counter[str] = Counter()
            for _case, raw, right in cases:
                outcome, joined, seconds = try_one(app, raw, number)
                found[outcome.result] += 1
                found["not right"] += outcome.result not in right
                wrong, crashed = wrong + joined, crashed + (outcome.reason == "error")
                slowest = max(slowest, seconds)
            figures = "".join(f"{found[result]:12}" for result in (*RESULTS, "not right"))
            print(f"{name:16}{len(cases):8}{figures}")
        print(f"wrong joins {wrong}, crashes {crashed}, slowest {slowest:.2f} s")


if __name__ == "__main__":
    main()
