"""A broken uptime month and a late first answer end as lines on an invoice."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.entitlement import grants_of
from portal.accounts.licences import Subscription
from portal.accounts.people import User
from portal.billing import books, crediting, invoicing
from portal.billing.account import BillingAccount
from portal.billing.credit import ServiceCredit
from portal.billing.invoice import Invoice
from portal.db import db
from portal.errors import Refused
from portal.status import uptime_reports
from portal.status.uptime import UptimeCredit
from portal.tickets.credits import Credit
from portal.tickets.ticket import Ticket
from tests.billing.rows import NOW, a_line, an_account, an_invoice
from tests.cast import World
from tests.desk.rows import make_ticket
from tests.status.uptime_rows import broken_month, contract

OCTOBER = date(2026, 10, 1)


def billed_contract(world: World) -> BillingAccount:
    """Heron's contract, 890 euros a month: billed for October from the 1st to the 15th and from then on."""
    agreed = contract(world.heron)
    account = an_account(world.heron)
    held = Subscription(
        organisation_id=world.heron,
        plan=agreed.plan,
        tier=agreed.tier,
        contract_id=agreed.id,
        reference=agreed.reference,
        starts_at=agreed.starts_at,
        currency="EUR",
        interval="month",
        amount=89000,
        billed_until=date(2026, 12, 16),
    )
    db.session.add(held)
    db.session.flush()
    for begins, ends in ((date(2026, 9, 16), date(2026, 10, 16)), (date(2026, 10, 16), date(2026, 11, 16))):
        line = a_line(89000, "SLA", subscription_id=held.id)
        line = type(line)(**line.__dict__ | {"begins": begins, "ends": ends})
        invoicing.finalise(an_invoice(account, line, key=f"sla:{begins}"), now=NOW)
    return account


def accepted_uptime(world: World) -> UptimeCredit:
    report = broken_month(world.heron)
    credit = db.session.scalars(db.select(UptimeCredit).filter_by(report_id=report.id)).one()
    admin = db.session.get_one(User, world.ids["admin"])
    uptime_reports.decide(credit, "accepted", reason="", by=admin, now=NOW)
    db.session.flush()
    return credit


def late_response(world: World, percent: str = "5") -> Credit:
    ticket = make_ticket(world, "late", organisation_id=world.heron, tier="sla-24x7")
    row = Credit(
        ticket_id=ticket.id,
        organisation_id=world.heron,
        requester_id=world.ids["customer"],
        clock="first_response",
        due_at=datetime(2026, 10, 8, tzinfo=UTC),
        month=OCTOBER,
        percent=Decimal(percent),
    )
    db.session.add(row)
    db.session.flush()
    return row


def test_from_the_broken_promise_to_the_line(app: Flask, world: World) -> None:
    with app.app_context():
        account, owed = billed_contract(world), accepted_uptime(world)
        late_response(world)
        # October: 15 of 30 days of the first line and 16 of 31 of the second: 445.00 + 459.3548… = 904.35
        assert crediting.fee_of(account, "sla-24x7", OCTOBER) == 90435
        assert crediting.propose(now=NOW) == 2
        assert crediting.propose(now=NOW) == 0
        uptime, response = db.session.scalars(db.select(ServiceCredit).order_by(ServiceCredit.id))
        assert uptime.amount == round(90435 * owed.percent / 100) and uptime.state == "accepted"
        assert (response.amount, response.state) == (4522, "proposed")  # 5 % are 45.2175
        admin = db.session.get_one(User, world.ids["admin"])
        crediting.decide(response, "accepted", reason="", by=admin, now=NOW)
        invoice = an_invoice(account, a_line(89000, "SLA"), key="next")
        assert crediting.book_onto(invoice, now=NOW) == uptime.amount + response.amount
        invoicing.finalise(invoice, now=NOW)
        assert invoice.net == 89000 - uptime.amount - response.amount
        texts = [line.text for line in invoice.lines if line.kind == "credit"]
        assert "availability in October 2026" in texts[0] and "a late response in October 2026" in texts[1]
        assert {uptime.state, response.state} == {"booked"} and books.check() == []


def test_the_line_opens_the_late_ticket_for_who_may_see_it(app: Flask, world: World, as_: Callable[[str], Any]) -> None:
    with app.app_context():
        account = billed_contract(world)
        number = db.session.get_one(Ticket, late_response(world).ticket_id).number
        crediting.propose(now=NOW)
        credit = db.session.scalars(db.select(ServiceCredit)).one()
        crediting.decide(credit, "accepted", reason="", by=db.session.get_one(User, world.ids["admin"]), now=NOW)
        invoice = an_invoice(account, a_line(89000, "SLA"), key="next")
        crediting.book_onto(invoice, now=NOW)
        invoicing.finalise(invoice, now=NOW)
        page = f"/billing/{world.heron}/invoices/{invoice.public_id}"
        db.session.commit()
    shown = as_("owner").get(page).text
    assert f'href="/tickets/{number}">' in shown and "a late response in October 2026</a>" in shown


def test_what_only_bills_a_contract_grants_nothing_twice(app: Flask, world: World) -> None:
    with app.app_context():
        billed_contract(world)
        owner = db.session.get_one(User, world.ids["owner"])
        assert [grant.source for grant in grants_of(owner, now=NOW) if grant.tier] == ["contract"]


def test_a_corrected_invoice_gives_its_credit_back(app: Flask, world: World) -> None:
    with app.app_context():
        account, admin = an_account(), db.session.get_one(User, world.ids["admin"])
        credit = crediting.goodwill(account, 5000, reason="Sorry", by=admin, form_key="g", now=NOW)
        invoice = an_invoice(account, a_line(89000, "SLA"))
        crediting.book_onto(invoice, now=NOW)
        invoicing.finalise(invoice, now=NOW)
        assert (credit.left, credit.state) == (0, "booked")
        note = invoicing.credit_note(invoice, reason="Wrong.", by=admin, key="n", now=NOW)
        invoicing.finalise(note, now=NOW)
        assert (note.net, credit.left, credit.state) == (84000, 5000, "accepted")
        again = an_invoice(account, a_line(89000, "SLA"), key="again")
        assert crediting.book_onto(again, now=NOW) == 5000
        assert books.check() == []


def test_what_nobody_paid_is_no_fee(app: Flask, world: World) -> None:
    with app.app_context():
        account = billed_contract(world)
        for invoice in db.session.scalars(db.select(Invoice)).all():
            key = f"n{invoice.id}"
            invoicing.finalise(invoicing.credit_note(invoice, reason="All", by=None, key=key, now=NOW), now=NOW)
        assert crediting.fee_of(account, "sla-24x7", OCTOBER) == 0
        late_response(world)
        assert crediting.propose(now=NOW) == 0
        line = a_line(89000, "SLA", subscription_id=db.session.scalars(db.select(Subscription.id)).one())
        line = type(line)(**line.__dict__ | {"begins": OCTOBER, "ends": date(2026, 11, 1)})
        invoicing.finalise(an_invoice(account, line, key="at last"), now=NOW)
        assert crediting.propose(now=NOW) == 1


def test_decided_once_and_with_a_reason(app: Flask, world: World) -> None:
    with app.app_context():
        billed_contract(world)
        late_response(world)
        crediting.propose(now=NOW)
        credit = db.session.scalars(db.select(ServiceCredit)).one()
        admin = db.session.get_one(User, world.ids["admin"])
        with pytest.raises(Refused):
            crediting.decide(credit, "declined", reason=" ", by=admin, now=NOW)
        crediting.decide(credit, "declined", reason="The customer's own network.", by=admin, now=NOW)
        with pytest.raises(Refused):
            crediting.decide(credit, "accepted", reason="", by=admin, now=NOW)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 20000), max_size=4), st.lists(st.integers(0, 15000), max_size=4))
def test_credits_never_go_below_nothing_nor_get_lost(
    app: Flask, world: World, credits: list[int], bills: list[int]
) -> None:
    with app.app_context():
        account = an_account()
        admin = db.session.get_one(User, world.ids["admin"])
        for number, amount in enumerate(credits):
            crediting.goodwill(account, amount, reason="Sorry", by=admin, form_key=f"{account.id}-{number}", now=NOW)
        taken = 0
        for number, amount in enumerate(bills):
            invoice = an_invoice(account, a_line(amount), key=f"bill:{account.id}:{number}")
            taken += crediting.book_onto(invoice, now=NOW + timedelta(days=number))
            assert 0 <= invoice.net <= amount
        left = db.session.scalars(db.select(ServiceCredit.left).filter_by(account_id=account.id)).all()
        assert taken + sum(left) == sum(credits)
        assert taken == min(sum(credits), sum(bills))
        db.session.rollback()
    with app.app_context():
        assert db.session.scalar(db.select(Invoice.id).limit(1)) is None
