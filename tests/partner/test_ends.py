"""Time moves: what a reseller may do ends at the very second its contract, its customer or their word ends."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.entitlement import entitlement_of
from portal.accounts.people import Organisation, User
from portal.accounts.tokens import READ, make_token
from portal.db import db
from portal.sla import load_policy
from portal.tickets import quoting
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Message, Ticket
from tests import cast
from tests.api.conftest import Program
from tests.cast import World
from tests.house.access import enter
from tests.mailroom.writing import bodies, mail, receive_in
from tests.partner.acting import let_act, the_consent, the_partner, the_relation
from tests.tickets import writing

END = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ENDINGS: dict[str, Callable[[], object]] = {
    "partnership": the_partner,
    "relation": the_relation,
    "consent": the_consent,
}


@pytest.fixture
def number(app: Flask, world: World, as_: Callable[[str], FlaskClient]) -> int:
    """The number of a customer's ticket; a reseller may act for them."""
    writing.equip(app, world)
    with time_machine.travel(END - timedelta(days=1), tick=False):
        assert enter(app, world.email("customer")).post("/tickets/new", data=writing.fields()).status_code == 302
        with app.app_context():
            let_act(world, END - timedelta(days=1))
            db.session.commit()
            return db.session.scalars(select(Ticket.number)).one()


def answer(browser: FlaskClient, number: int) -> int:
    form = {"form_key": new_key(), "body": "We looked at it on site: the log says nothing."}
    return int(browser.post(f"/tickets/{number}/reply", data=form).status_code)


@pytest.mark.parametrize("what", ENDINGS)
def test_a_customers_ticket_is_gone_at_the_end(what: str, app: Flask, world: World, number: int) -> None:
    with app.app_context():
        ENDINGS[what]().ends_at = END  # type: ignore[attr-defined]
        db.session.commit()
    with time_machine.travel(END - SECOND, tick=False) as clock:
        rita = enter(app, world.email("reseller"))
        assert rita.get(f"/tickets/{number}").status_code == 200 and answer(rita, number) == 302
        clock.move_to(END)
        assert rita.get(f"/tickets/{number}").status_code == 404 and answer(rita, number) == 404
    with app.app_context():
        assert len(db.session.scalars(select(Message)).all()) == 2


def test_a_word_taken_back_counts_at_the_next_click(app: Flask, world: World, number: int) -> None:
    with time_machine.travel(END, tick=False):
        rita = enter(app, world.email("reseller"))
        assert rita.get(f"/tickets/{number}").status_code == 200
        with app.app_context():
            the_consent().withdrawn_at = END
            db.session.commit()
        assert rita.get(f"/tickets/{number}").status_code == 404 and answer(rita, number) == 404


def test_the_partner_contracts_end_takes_channel_and_rank(app: Flask, world: World, number: int) -> None:
    policy = load_policy("demo")
    assert policy.resellers
    fields = quoting.Fields(product=None)
    with app.app_context():
        the_partner().ends_at = END
        db.session.commit()
        rita = db.session.get_one(User, world.ids["reseller"])
        house = db.session.get_one(Organisation, world.reseller)
        before = quoting.quote_for(rita, house, fields, now=END - SECOND, zone="UTC")
        after = quoting.quote_for(rita, house, fields, now=END, zone="UTC")
        assert before.allowed and before.rank == policy.resellers.rank and before.queue == policy.resellers.queue
        assert not after.allowed
        assert entitlement_of(rita, now=END - SECOND).reseller and not entitlement_of(rita, now=END).reseller


@pytest.mark.parametrize("moment, is_filed", [(END - SECOND, True), (END, False)])
def test_no_ticket_is_filed_as_a_reseller_after_the_end(
    moment: datetime, is_filed: bool, app: Flask, world: World, number: int
) -> None:
    with app.app_context():
        the_partner().ends_at = END
        db.session.commit()
    with time_machine.travel(moment, tick=False):
        enter(app, world.email("reseller")).post("/tickets/new", data=writing.fields())
    with app.app_context():
        filed = db.session.scalars(select(Ticket).where(Ticket.organisation_id == world.reseller)).all()
        assert len(filed) == is_filed


def test_a_reseller_answers_as_the_customer_would(app: Flask, world: World, number: int) -> None:
    """Clocks wait for the customer's side, whoever of it speaks."""
    with time_machine.travel(END, tick=False):
        assert answer(enter(app, world.email("reseller")), number) == 302
    with app.app_context():
        said = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert said and said.kind == "customer" and said.author_id == world.ids["reseller"]


def test_a_reseller_reads_no_notes_and_nothing_about_money(app: Flask, world: World, number: int) -> None:
    with app.app_context():
        ticket = db.session.scalars(select(Ticket)).one()
        amir = db.session.get_one(User, world.ids["agent"])
        ticket.messages.append(Message(kind="note", body="Never for customers.", author_id=amir.id, created_at=END))
        db.session.commit()
    with time_machine.travel(END, tick=False):
        rita = enter(app, world.email("reseller"))
        page = rita.get(f"/tickets/{number}").text
        assert "It stopped at two in the morning." in page and "Never for customers." not in page
        assert cast.ADDRESSES["customer"] not in page and cast.ADDRESSES["owner"] not in page
        with app.app_context():
            db.session.scalars(select(Ticket)).one().topic = "billing"
            db.session.commit()
        assert rita.get(f"/tickets/{number}").status_code == 404


@pytest.mark.parametrize("what", ENDINGS)
def test_a_mailed_answer_is_taken_until_the_end(what: str, app: Flask, world: World, number: int) -> None:
    with app.app_context():
        ENDINGS[what]().ends_at = END  # type: ignore[attr-defined]
        db.session.commit()
    answers = [mail(world.email("reseller"), f"Re: [#{number}] It stops", body) for body in ("In time.", "Too late.")]
    with time_machine.travel(END - SECOND, tick=False) as clock:
        assert receive_in(app, answers[0]).ticket_number == number
        clock.move_to(END)
        assert receive_in(app, answers[1]).ticket_number != number
    assert [text for _kind, text in bodies(app, number)][1:] == ["In time."]


def test_a_program_reads_until_the_end(app: Flask, world: World, number: int) -> None:
    with app.app_context():
        the_consent().ends_at = END
        db.session.commit()
    with time_machine.travel(END - SECOND, tick=False) as clock:
        with app.app_context():
            _row, secret = make_token(
                db.session.get_one(User, world.ids["reseller"]), "reads", [READ], days=30, now=END - SECOND
            )
            db.session.commit()
        rita = Program(app, secret)
        assert rita.get(f"/tickets/{number}").status_code == rita.get(f"/tickets/{number}/messages").status_code == 200
        clock.move_to(END)
        assert rita.get(f"/tickets/{number}").status_code == rita.get(f"/tickets/{number}/messages").status_code == 404


def test_other_pages_show_no_more_than_before(app: Flask, world: World, number: int) -> None:
    """A customer's tickets are for the ticket page: own lists, the start page and search know one's own alone."""
    with time_machine.travel(END, tick=False):
        rita = enter(app, world.email("reseller"))
        for address in ("/", "/tickets/", "/tickets/?whose=organisation", "/search?q=Beacon+stops", "/account/"):
            page = rita.get(address)
            assert page.status_code == 200 and str(number) not in page.text, address
            assert "Heron Marine" not in page.text, address
        for address in (f"/account/organisation/{world.heron}", f"/billing/{world.heron}/"):
            assert rita.get(address).status_code == 404, address
