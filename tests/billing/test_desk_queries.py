"""The bookkeepers' lists ask the database as often for many customers as for few."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.billing import bank, invoicing, matching
from portal.billing.payment import BankEntry
from portal.db import db, utcnow
from tests.billing.rows import a_line, an_account, an_invoice
from tests.billing.statements import a_credit, a_statement
from tests.cast import World

As = Callable[[str], FlaskClient]


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def more_customers(app: Flask, number: int) -> list[str]:
    """Some more who owe, with transfers that wait and a statement to be confirmed; the addresses of both pages."""
    now = utcnow()
    with app.app_context():
        lines = []
        for one in range(3):
            account = an_account(legal_name=f"Customer {number} {one}")
            draft = an_invoice(account, a_line(9000), key=f"many:{number}:{one}")
            invoice = invoicing.finalise(draft, now=now - timedelta(days=60))
            named = a_credit("7.00", str(invoice.number), ref=f"N{number}{one}")
            lines += [named, a_credit("108.90", "x", payer=account.legal_name, ref=f"E{number}{one}")]
        waits = [a_credit("108.90", "?", payer="Nobody", iban="", ref=f"W{number}{one}") for one in range(3)]
        first = bank.take_in(bank.read(a_statement(*waits)), "w.xml", by=None, now=now)
        bank.confirm(first, matching.seal(bank.preview(first)), by=None, now=now)
        file = bank.take_in(bank.read(a_statement(*lines)), "n.xml", by=None, now=now)
        db.session.commit()
        waiting = db.session.scalars(db.select(db.func.max(BankEntry.id)).where(BankEntry.state == "waiting")).one()
        return [f"/desk/billing/bank/files/{file.id}", f"/desk/billing/bank/entries/{waiting}"]


def test_lists_ask_as_often_for_many(app: Flask, world: World, as_: As) -> None:
    desk, asked = as_("admin"), []
    for number in range(3):
        pages = ["/desk/billing/", "/desk/billing/overdue", "/desk/billing/bank", *more_customers(app, number)]
        counts = []
        for page in pages:
            desk.get(page)
            with counted(app) as seen:
                assert desk.get(page).status_code == 200
            counts.append(len(seen))
        asked.append(counts)
    assert asked[0] == asked[1] == asked[2], asked
    assert max(asked[0]) <= 15, asked
