"""Hours that a walk cannot wait for: a ticket that was filed before, and the work that the worker has each minute.

`python -m tests.browser.hours ADDRESS SUBJECT` files one ninety minutes ago and prints its number; without arguments
what is due is done at once.
"""

import secrets
import sys
from datetime import timedelta

from sqlalchemy import select

from portal import create_app
from portal.accounts.people import User
from portal.accounts.products import Product
from portal.db import db, utcnow, writing
from portal.tickets.ending import ask_due
from portal.tickets.filing import Request, file_ticket
from portal.tickets.watching import watch

AGO = timedelta(minutes=90)


def file_before(address: str, subject: str) -> int:
    person = db.session.execute(select(User).filter_by(email=address)).scalar_one()
    asked = Request(
        form_key=secrets.token_hex(8),
        subject=subject,
        body="All tanks report nothing since this morning.",
        language="en",
        zone="Europe/Amsterdam",
        organisation=db.session.scalars(person.organisations()).first(),
        product=db.session.scalars(Product.visible_to(person).where(Product.slug == "beacon")).one(),
        severity="critical",
    )
    with writing():
        ticket = file_ticket(asked, by=person, now=utcnow() - AGO)
        db.session.commit()
        return ticket.number


if __name__ == "__main__":
    with create_app().app_context():
        if sys.argv[1:]:
            print(file_before(*sys.argv[1:]))
        watch(now=utcnow())
        ask_due(now=utcnow())
