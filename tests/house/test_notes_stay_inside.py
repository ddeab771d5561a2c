"""What staff write to each other is marked `NOTE-` here, and is in nothing that anybody else can read."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.people import Organisation, User, staff
from portal.accounts.tokens import READ, WRITE, make_token
from portal.db import db, utcnow
from portal.desk.saved import SavedSearch
from portal.jobs import run_due
from portal.mail import Mail
from portal.mailroom.receiving import receive
from portal.tickets import conversation, family, merging, progress, remote, splitting, tags, tasks
from portal.tickets.canned import CannedReply
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Message, Ticket
from portal.webhooks.webhook import Delivery, Webhook
from tests import cast
from tests.house.access import ALLOWED, Row, enter, table
from tests.house.furniture import furnish
from tests.house.test_access import address

MARK = "NOTE-"
ABOVE = "The-ticket-of-another-customer"  # whose problem the customer's ticket is a part of
OUTSIDE = ("visitor", "customer", "colleague", "owner", "billing", "former", "stranger", "reseller")
WAYS: tuple[Mapping[str, str], ...] = ({}, {"HX-Request": "true"})
ASKED = ("/tickets/?q=note", "/search?q=note", "/search/suggest?q=note", "/api/search?q=note", "/kb/?q=note")
Things = Mapping[str, object]


@pytest.fixture
def things(app: Flask, world: cast.World, tmp_path: Path) -> Things:
    """The cast's things, with a mark wherever staff write what is for staff."""
    with app.test_request_context():
        things = furnish(world)
        db.session.execute(db.update(Webhook).values(is_on=True))
        db.session.commit()
        mark_all(world, things)
        run_due()
        db.session.commit()
        return things


def mark_all(world: cast.World, things: Things) -> None:
    """Each of the customer's tickets goes through what can be done at the desk."""
    now, agent = utcnow(), db.session.get_one(User, world.ids["agent"])
    for number in (things["number"], things["@billing number"]):
        ticket = db.session.scalars(select(Ticket).filter_by(number=number)).one()
        write_inside(ticket, agent)
        conversation.reply(ticket, "We look into it.", by=agent, now=now)
    ticket = db.session.scalars(select(Ticket).filter_by(number=things["number"])).one()
    twin, carla = filed(world, "customer", world.heron, "Beeps again"), db.session.get_one(User, world.ids["customer"])
    write_inside(twin, agent)
    conversation.reply(twin, "And another thing.", by=carla, now=now)
    merging.merge(twin, ticket, by=agent, now=now)
    splitting.split(ticket, ticket.messages[-1], "Another thing", by=agent, now=now)
    above = filed(world, "stranger", world.elsewhere, ABOVE)
    family.put_below(ticket, above, by=agent, now=now)
    family.tell_all(above, "It is fixed soon.", by=agent, now=now)
    remote.propose(ticket, "To look at it", explained=True, by=agent, now=now)
    remote.agree(ticket, by=carla, now=now)
    progress.resolve(ticket, "It is fixed.", by=agent, now=now)
    progress.reopen(ticket, "It is not.", by=carla, now=now)
    db.session.add(CannedReply(owner_id=agent.id, name="NOTE-name", body="NOTE-body", is_shared=True))
    db.session.add(SavedSearch(owner_id=agent.id, name="NOTE-search", query="?q=NOTE-words", is_shared=True))
    db.session.commit()
    receive(
        b"From: carla@heron.example\nAuto-Submitted: auto-replied\nSubject: NOTE-away [#%d]\n\nNOTE-away"
        % number_of(ticket),
        now=now,
    )


def write_inside(ticket: Ticket, agent: User) -> None:
    now = utcnow()
    conversation.note(ticket, "NOTE-4711: @Ada do you know them?", by=agent, now=now)
    conversation.note_of_machine(ticket, "NOTE-machine did not arrive", now=now)
    tags.tag(ticket, ["NOTE-tag"], by=agent, now=now)
    tasks.add_task(ticket, "NOTE-task: call them", person=agent, due_on=None, by=agent, now=now)
    db.session.flush()


def number_of(ticket: Ticket) -> int:
    return ticket.number


def filed(world: cast.World, name: str, organisation: int, subject: str) -> Ticket:
    request = Request(
        form_key=secrets.token_hex(16),
        subject=subject,
        body="All day.",
        language="en",
        zone="UTC",
        topic="billing" if name == "stranger" else "product",
        organisation=db.session.get_one(Organisation, organisation),
    )
    return file_ticket(request, by=db.session.get_one(User, world.ids[name]), now=utcnow())


def test_no_page_of_anybody_else_shows_one(app: Flask, world: cast.World, things: Things) -> None:
    shown = 0
    for actor in OUTSIDE:
        browser = enter(app, cast.ADDRESSES.get(actor))
        for row in opened_by(actor):
            is_theirs = actor == "stranger" or row.rule.startswith("/demo/mail")  # which holds everybody's mail
            for headers in WAYS:
                with browser.get(address(row, things), headers=headers) as answer:
                    assert MARK.encode() not in answer.data, f"{row} {headers} shows {actor} what is for staff"
                    assert is_theirs or ABOVE.encode() not in answer.data, f"{row} {headers} shows {actor} a stranger's"
                    shown += answer.status_code == 200
        for asked in ASKED:
            assert "4711" not in browser.get(asked).text, asked
    assert shown > 300


def opened_by(actor: str) -> list[Row]:
    gets = [row for row in table() if not row.is_unsafe and "/stream" not in row.rule]
    return [row for row in gets if row.statuses[actor] in ALLOWED]


def test_no_program_reads_one(app: Flask, world: cast.World, things: Things) -> None:
    """Neither the customers' nor those of staff that have no part in the desk."""
    for name in ("customer", "colleague", "owner", "billing", "stranger", "agent"):
        with app.app_context():
            person = db.session.get_one(User, world.ids[name])
            secret = make_token(person, "Night job", [READ, WRITE], days=1, now=utcnow())[1]
            db.session.commit()
        browser, headers = app.test_client(), {"Authorization": f"Bearer {secret}"}
        for number in numbers(app):
            for way in ("", "/messages"):
                answer = browser.get(f"/api/v1/tickets/{number}{way}", headers=headers)
                assert MARK not in answer.text, f"{name}: {answer.text}"
        listed = browser.get("/api/v1/tickets?limit=100&q=", headers=headers)
        assert "NOTE-4711" not in listed.text


def numbers(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(Ticket.number)))


def test_no_mail_and_no_webhook_says_one(app: Flask, things: Things) -> None:
    """To staff neither: their mails say that there is one, and where."""
    with app.app_context():
        inside = set(db.session.scalars(staff().with_only_columns(User.email)))
        mails = db.session.scalars(select(Mail)).all()
        assert {mail.recipient for mail in mails} & inside and {mail.recipient for mail in mails} - inside
        for mail in mails:
            said = f"{mail.subject} {mail.text} {mail.html}"
            assert MARK not in said, said
        told = db.session.scalars(select(Delivery.body)).all()
        assert len(told) > 5 and not [body for body in told if MARK in body or '"note"' in json.loads(body)]


def test_notes_are_there_for_staff(app: Flask, things: Things) -> None:
    """Else the others would prove nothing."""
    page = enter(app, cast.ADDRESSES["agent"]).get(f"/desk/{things['number']}").text
    for mark in ("NOTE-4711", "NOTE-machine", "NOTE-task", "note-tag", ABOVE, "NOTE-name"):
        assert mark.casefold() in page.casefold(), mark
    with app.app_context():
        assert db.session.scalar(select(db.func.count()).select_from(Message).where(Message.kind == "note")) == 6
