"""Reminders: their days and levels, once each, and what makes them wait."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.audit import AuditEntry
from portal.billing import dunning, invoicing, payments
from portal.billing.account import BillingAccount
from portal.billing.invoice import Invoice
from portal.billing.reminder import DunningHold, InvoiceReminder
from portal.config import ConfigurationError, load_settings
from portal.db import db, writing
from portal.errors import Refused
from portal.jobs import Job, run_due
from portal.mail import Mail
from portal.policies import the_policy
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Ticket
from portal.web import settings
from tests import cast
from tests.billing.rows import an_account, an_invoice
from tests.cast import World

As = Callable[[str], FlaskClient]
ISSUED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # due on the 16th


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(ISSUED, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owing(app: Flask, world: World, clock: time_machine.Traveller) -> World:
    """Heron owes 108.90 euros from 16 November on."""
    with app.app_context():
        invoicing.finalise(an_invoice(an_account(world.heron)), now=ISSUED)
        db.session.execute(db.delete(Job))
        db.session.commit()
    return world


def on(day: int, month: int = 11, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def looked(clock: time_machine.Traveller, at: datetime) -> list[str]:
    """The worker's look at that moment: the subjects that the owner gets of it."""
    clock.move_to(at)
    before = db.session.scalar(db.select(db.func.max(Mail.id))) or 0
    dunning.ask_for_reminders(now=at)
    db.session.commit()
    run_due()
    new = db.select(Mail.subject).where(Mail.id > before, Mail.recipient == "olga@heron.example")
    return list(db.session.scalars(new.order_by(Mail.id)))


def the_account() -> BillingAccount:
    return db.session.scalars(db.select(BillingAccount)).one()


def ada() -> User:
    return db.session.scalars(db.select(User).where(User.email == "ada@vendor.example")).one()


FIRST, LAST = "Reminder: €108.90 overdue", "Last reminder: €108.90 overdue"


def test_each_level_on_its_day_once(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    """Due on the 16th: after 3, 10 and 21 days."""
    with app.app_context():
        sent = {day: looked(clock, ISSUED + timedelta(days=day)) for day in range(60)}
        told = {ISSUED.date() + timedelta(days=day): subjects for day, subjects in sent.items() if subjects}
        assert told == {date(2026, 11, 19): [FIRST], date(2026, 11, 26): [FIRST], date(2026, 12, 7): [LAST]}
        levels = db.session.scalars(db.select(InvoiceReminder.level).order_by(InvoiceReminder.id)).all()
        assert levels == [1, 2, 3]


def test_however_often_the_job_runs(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        assert looked(clock, on(19)) == [FIRST]
        for _ in range(3):
            assert looked(clock, on(19, hour=11)) == []


def test_a_job_that_was_killed_sends_it_once(
    app: Flask, owing: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its end nothing is written: neither the row nor the mail."""
    clock.move_to(on(19))
    with app.app_context():
        assert dunning.remind(the_account(), now=on(19)) == 1
        db.session.rollback()
        assert db.session.scalar(db.select(InvoiceReminder.id)) is None
        assert db.session.scalar(db.select(Mail.id).where(Mail.subject == FIRST)) is None
        assert looked(clock, on(19)) == [FIRST]


def test_several_workers_at_once_send_it_once(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    clock.move_to(on(19))
    with app.app_context():
        account_id = the_account().id
    levels: list[int] = []

    def work() -> None:
        with app.app_context(), writing():
            account = db.session.get_one(BillingAccount, account_id, with_for_update={"of": BillingAccount})
            levels.append(dunning.remind(account, now=on(19)))
            db.session.commit()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(levels) == [0, 0, 0, 1]
    with app.app_context():
        told = db.select(Mail.id).where(Mail.subject == FIRST, Mail.recipient == "olga@heron.example")
        assert len(db.session.scalars(told).all()) == 1


def test_nobody_is_reminded_at_night(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        assert looked(clock, on(19, hour=3)) == [] and looked(clock, on(19, hour=20)) == []


def test_after_a_long_rest_levels_still_come_one_by_one(
    app: Flask, owing: World, clock: time_machine.Traveller
) -> None:
    with app.app_context():
        assert looked(clock, on(20, 12)) == [FIRST]
        assert looked(clock, on(26, 12)) == []
        assert looked(clock, on(27, 12)) == [FIRST]  # seven days after the first, as 3 and 10 are


def test_the_setting_is_the_days(
    app: Flask, owing: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "dunning_days", ())
        assert looked(clock, on(30)) == []
        monkeypatch.setitem(settings(), "dunning_days", ("5",))
        assert looked(clock, on(20)) == []
        assert looked(clock, on(21)) == [LAST]


@pytest.mark.parametrize("days", ["10|3", "3|3", "soon", "3|-1", "0.5"])
def test_days_that_are_none(tmp_path: Path, days: str) -> None:
    with pytest.raises(ConfigurationError, match="dunning_days"):
        load_settings({"PORTAL_DUNNING_DAYS": days}, instance=tmp_path)


def test_what_is_paid_is_not_reminded(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        paid = payments.receive(the_account(), 10890, way="transfer", key="t", now=on(18))
        payments.settle(paid, now=on(18))
        assert looked(clock, on(30)) == []


def test_a_payment_under_way_is_waited_for(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    """A debit takes days; a refused card is the provider's to try again."""
    with app.app_context():
        invoice = db.session.scalars(db.select(Invoice)).one()
        begun = payments.begin(invoice, way="sepa_debit", key="charge:1", now=on(18))
        assert looked(clock, on(19)) == []
        payments.fail(begun, "insufficient_funds", now=on(20))
        assert FIRST in looked(clock, on(20))


def test_a_dispute_pauses(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        paid = payments.receive(the_account(), 100, way="card", key="c", now=on(18))
        payments.settle(paid, now=on(18))
        payments.dispute(paid, None, now=on(18))
        assert looked(clock, on(20)) == []
        payments.dispute(paid, False, now=on(21))
        assert len(looked(clock, on(21))) == 1


def a_severe_ticket(world: World, severity: str) -> int:
    cast.subscribe(world.heron, "enterprise", "sla-24x7")
    carla = db.session.get_one(User, world.ids["customer"])
    asked = Request(
        form_key="severe",
        language="en",
        zone="Europe/Berlin",
        organisation=db.session.get(Organisation, world.heron),
        product=db.session.get(Product, world.products["beacon"]),
        severity=severity,
        subject="All is down",
        body="Nothing works.",
    )
    number = file_ticket(asked, by=carla, now=ISSUED).number
    db.session.commit()
    return number


def test_a_ticket_of_the_most_severe_kind_pauses(
    app: Flask, owing: World, clock: time_machine.Traveller, as_: As
) -> None:
    severities = list(the_severities(app))
    with app.test_request_context():
        number = a_severe_ticket(owing, severities[0])
    with app.app_context():
        assert looked(clock, on(20)) == []
    assert (
        "Reminders wait while a ticket of severity “Critical” is open."
        in as_("billing").get(f"/billing/{owing.heron}/").text
    )
    with app.app_context():
        ticket = db.session.scalars(db.select(Ticket).where(Ticket.number == number)).one()
        ticket.status = "resolved"
        db.session.commit()
        assert looked(clock, on(21)) == [FIRST]


def the_severities(app: Flask) -> list[str]:
    with app.app_context():
        return list(the_policy().severities)


def test_a_less_severe_ticket_does_not(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.test_request_context():
        a_severe_ticket(owing, the_severities(app)[1])
    with app.app_context():
        assert looked(clock, on(20)) == [FIRST]


def test_a_hold_lasts_to_its_day(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        dunning.hold(the_account(), date(2026, 11, 24), reason="They pay on the 24th", by=ada(), now=on(18))
        assert looked(clock, on(24)) == []
        assert looked(clock, on(25)) == [FIRST]
        with pytest.raises(Refused):
            dunning.hold(the_account(), date(2026, 11, 24), reason="x", by=ada(), now=on(25))


def test_the_last_reminder_tells_staff(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        for day in (on(19), on(26), on(7, 12)):
            looked(clock, day)
        told = db.session.scalars(db.select(Mail).where(Mail.subject.startswith("All reminders"))).all()
        assert [(mail.recipient, mail.subject) for mail in told] == [
            ("ada@vendor.example", "All reminders were sent to Heron Marine Ltd")
        ]
        assert "/desk/billing/accounts/" in told[0].text


def test_the_mail_says_how_to_pay(app: Flask, owing: World, clock: time_machine.Traveller) -> None:
    with app.app_context():
        looked(clock, on(19))
        invoice = db.session.scalars(db.select(Invoice)).one()
        mail = db.session.scalars(db.select(Mail).where(Mail.subject == FIRST).order_by(Mail.id)).first()
        assert mail is not None
        for part in (invoice.number, invoice.payment_reference, "NL91ABNA0417164300", f"/invoices/{invoice.public_id}"):
            assert str(part) in mail.text and str(part) in (mail.html or "")


def test_the_customer_sees_what_is_overdue(app: Flask, owing: World, clock: time_machine.Traveller, as_: As) -> None:
    client = as_("owner")
    assert "overdue" not in client.get(f"/billing/{owing.heron}/").text
    clock.move_to(on(20))
    page = as_("billing").get(f"/billing/{owing.heron}/").text
    assert "€108.90 overdue" in page and "4 days late" in page


def test_the_desk_reminds_and_lets_wait(app: Flask, owing: World, clock: time_machine.Traveller, as_: As) -> None:
    clock.move_to(on(17))
    desk, path = as_("admin"), "/desk/billing/overdue"
    page = desk.get(path).text
    assert "Heron Marine Ltd" in page and "Not reminded yet" in page
    with app.app_context():
        account_id = the_account().id
    assert (
        "Reminder 1 is sent." in desk.post(f"{path}/{account_id}/send", data={"stamp": 0}, follow_redirects=True).text
    )
    assert desk.post(f"{path}/{account_id}/send", data={"stamp": 0}).status_code == 422  # pressed twice
    assert "Reminder 1 of 3" in desk.get(path).text
    answer = desk.post(f"{path}/{account_id}/hold", data={"until": "2026-11-01", "reason": "They call back"})
    assert answer.status_code == 422 and "within a year" in answer.text and "They call back" in answer.text
    held = {"until": "2026-11-30", "reason": "They call back"}
    page = desk.post(f"{path}/{account_id}/hold", data=held, follow_redirects=True).text
    assert "Reminders wait until" in page and "They call back" in page
    assert desk.post(f"{path}/{account_id}/send", data={"stamp": 1}).status_code == 422
    assert "They call back" not in as_("owner").get(f"/billing/{owing.heron}/").text
    page = as_("admin").post(f"{path}/{account_id}/release", follow_redirects=True).text
    assert "Reminders go on." in page and "Remind now" in page
    with app.app_context():
        assert db.session.scalars(db.select(DunningHold.ended_at)).one() == on(17)
        row = db.session.scalars(db.select(InvoiceReminder)).one()
        assert row.by_id == owing.ids["admin"]
        kinds = db.session.scalars(db.select(AuditEntry.kind).where(AuditEntry.kind.startswith("billing."))).all()
        assert sorted(kinds) == ["billing.reminded", "billing.reminders_go_on", "billing.reminders_held"]
