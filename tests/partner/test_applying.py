"""Becoming a partner: asked by an owner, decided by the vendor's administrators, told by mail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.partnership import Partner
from portal.accounts.people import Organisation
from portal.audit import AuditEntry
from portal.db import db
from portal.jobs import run_due
from portal.mail import Mail
from portal.partner.ending import tell_of_endings
from tests.cast import World
from tests.partner.acting import let_act, the_partner

As = Callable[[str], FlaskClient]
FORM = {
    "company": "We look after harbours.",
    "website": "https://heron.example",
    "country": "Denmark",
    "expected": "Twenty harbours",
    "agreed": "y",
}
TERMS = {"level": "certified", "reference": "P-17", "starts_on": "2026-01-01"}


def mails(app: Flask) -> list[Mail]:
    with app.app_context():
        run_due()
        return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def applied(app: Flask, as_: As) -> str:
    """The desk's page of Heron Marine's application."""
    assert as_("owner").post("/partner/apply", data=FORM).status_code == 302
    with app.app_context():
        return f"/desk/partners/{the_partner().id}"


def test_an_owner_applies_and_sees_how_it_stands(app: Flask, as_: As, world: World) -> None:
    olga = as_("owner")
    assert olga.post("/partner/apply", data=FORM | {"agreed": ""}).status_code == 422
    assert olga.post("/partner/apply", data=FORM | {"website": "javascript:alert(1)"}).status_code == 422
    page = applied(app, as_)
    shown = olga.get("/partner/apply").text
    assert "Applied" in shown and "<textarea" not in shown
    assert olga.post("/partner/apply", data=FORM).status_code == 422
    assert mails(app)[-1].recipient == world.email("admin")
    assert "We look after harbours." in as_("admin").get(page).text
    assert olga.get("/partner/").status_code == 404


def test_who_owns_nothing_finds_no_form(as_: As) -> None:
    assert [as_(name).get("/partner/apply").status_code for name in ("customer", "billing", "agent")] == [404] * 3


def test_approving_opens_the_area_at_the_partners_level(app: Flask, as_: As, world: World) -> None:
    page = applied(app, as_)
    assert as_("admin").post(f"{page}/terms", data=TERMS | {"level": "golden"}).status_code == 422
    assert as_("admin").post(f"{page}/terms", data=TERMS).status_code == 302
    shown = as_("owner").get("/partner/").text
    assert "Certified" in shown and "P-17" in shown
    told = mails(app)[-1]
    assert told.recipient == world.email("owner") and "Certified" in told.text
    with app.app_context():
        assert db.session.get_one(Organisation, world.heron).is_reseller
        kinds = [entry.kind for entry in db.session.scalars(select(AuditEntry)) if entry.kind.startswith("partner.")]
        assert kinds == ["partner.applied", "partner.approved"]


def test_a_declined_one_reads_why_and_may_apply_again(app: Flask, as_: As) -> None:
    page = applied(app, as_)
    assert as_("admin").post(f"{page}/decline", data={"reason": ""}).status_code == 422
    assert as_("admin").post(f"{page}/decline", data={"reason": "No harbours left."}).status_code == 302
    assert "No harbours left." in as_("owner").get("/partner/apply").text
    assert "No harbours left." in mails(app)[-1].text
    assert as_("admin").post(f"{page}/decline", data={"reason": "Once more."}).status_code == 422
    applied(app, as_)


def test_suspended_resumed_and_ended(app: Flask, as_: As, world: World) -> None:
    page, olga, admin = applied(app, as_), as_("owner"), as_("admin")
    admin.post(f"{page}/terms", data=TERMS)
    seen = []
    for act in ("suspend", "resume", "end"):
        assert admin.post(f"{page}/{act}", data={"reason": "Because."}).status_code == 302
        seen.append(olga.get("/partner/").status_code)
    assert seen == [404, 200, 404]
    with app.app_context():
        assert not db.session.get_one(Organisation, world.heron).is_reseller


@pytest.mark.parametrize("name", ["agent", "reseller", "owner"])
def test_only_administrators_decide(name: str, app: Flask, as_: As) -> None:
    page = applied(app, as_)
    assert as_(name).post(f"{page}/terms", data=TERMS).status_code == (403 if name == "agent" else 404)
    with app.app_context():
        assert the_partner().state == "applied"


def test_no_customer_sees_what_partners_pay(app: Flask, as_: As) -> None:
    for name in ("owner", "customer"):
        for place in ("/support-policy", "/partner/apply"):
            assert "Certified" not in as_(name).get(place).text


def test_an_end_is_told_thirty_and_seven_days_before_and_on_the_day(app: Flask, world: World) -> None:
    last = datetime(2026, 12, 31, 23, tzinfo=UTC)  # midnight in Amsterdam: the last day is the 31st
    with app.app_context():
        let_act(world, datetime(2026, 11, 1, tzinfo=UTC))
        the_partner().ends_at = last
        db.session.commit()
        told = []
        for day in range(40, -2, -1):
            now = last - timedelta(days=day, hours=12)
            with time_machine.travel(now, tick=False):
                for _twice in range(2):
                    told += [day] * tell_of_endings(now=now)
                db.session.commit()
        assert told == [30, 7, 0]
        sent = db.session.scalars(select(Mail).order_by(Mail.id)).all()
        assert [mail.recipient for mail in sent] == [world.email("reseller")] * 3
        assert "31 Dec 2026" in sent[0].text and "ends today" in sent[-1].subject


def test_a_worker_that_was_away_tells_once(app: Flask, world: World) -> None:
    last = datetime(2026, 12, 31, 23, tzinfo=UTC)
    with app.app_context():
        let_act(world, datetime(2026, 11, 1, tzinfo=UTC))
        the_partner().ends_at = last
        db.session.commit()
        with time_machine.travel(last - timedelta(days=5), tick=False):
            assert [tell_of_endings(now=last - timedelta(days=5)) for _time in range(2)] == [1, 0]
        the_partner().ends_at = last + timedelta(days=365)  # prolonged: its days come again
        db.session.commit()
        now = last + timedelta(days=365 - 29)
        with time_machine.travel(now, tick=False):
            assert tell_of_endings(now=now) == 1
        assert db.session.scalars(select(Partner)).one().state == "approved"
