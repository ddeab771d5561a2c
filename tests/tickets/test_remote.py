"""Remote sessions: explained first, agreed to by the customer, begun with the user present, and on record."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.licences import Subscription
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.mail import Mail
from portal.tickets import credentials, merging, progress, remote
from portal.tickets.news import News
from portal.tickets.ticket import Credential, Ticket
from tests.cast import PASSWORD, World
from tests.desk.rows import file_one, make_ticket, the

As = Callable[[str], FlaskClient]
PURPOSE = "See why the relay drops out"


@pytest.fixture
def number(app: Flask, world: World) -> int:
    with app.app_context():
        return file_one(world)


def kinds(app: Flask, number: int) -> list[str]:
    with app.app_context():
        return [event.kind for event in the(number).events if event.kind.startswith(("remote", "credentials"))]


def propose(client: FlaskClient, number: int, **fields: str) -> int:
    sent = {"purpose": PURPOSE, "explained": "y", **fields}
    return client.post(f"/desk/{number}/remote/propose", data=sent).status_code


def begin(client: FlaskClient, number: int, **fields: str) -> int:
    return client.post(f"/desk/{number}/remote/begin", data=fields).status_code


@pytest.mark.fact("T9")
def test_from_the_proposal_to_the_end(app: Flask, number: int, as_: As) -> None:
    agent, customer = as_("agent"), as_("customer")
    assert propose(agent, number) == 302
    page = customer.get(f"/tickets/{number}").text
    assert PURPOSE in page and "I agree" in page
    customer.post(f"/tickets/{number}/remote/agree")
    assert begin(agent, number, present="y") == 302
    assert "A session is under way" in customer.get(f"/tickets/{number}").text
    agent.post(f"/desk/{number}/remote/end")
    assert kinds(app, number) == ["remote_proposed", "remote_agreed", "remote_begun", "remote_ended"]
    assert "Remote session began" in customer.get(f"/tickets/{number}").text
    assert "Earlier sessions" in agent.get(f"/desk/{number}").text


def test_the_customer_is_asked_by_mail_and_the_agent_hears_the_answer(
    app: Flask, world: World, number: int, as_: As
) -> None:
    propose(as_("agent"), number)
    as_("customer").post(f"/tickets/{number}/remote/agree")
    with app.app_context():
        [mail] = db.session.scalars(db.select(Mail).where(Mail.subject.contains("A remote session?")))
        assert mail.recipient == world.email("customer") and PURPOSE in mail.text
        heard = db.session.execute(db.select(News.user_id, News.kind)).all()
    assert (world.ids["agent"], "remote_agreed") in [tuple(row) for row in heard]


@pytest.mark.fact("T9")
def test_it_is_explained_first(app: Flask, number: int, as_: As) -> None:
    answer = as_("agent").post(f"/desk/{number}/remote/propose", data={"purpose": PURPOSE})
    assert answer.status_code == 422
    assert "Explain the session to the customer first." in answer.text and PURPOSE in answer.text
    assert kinds(app, number) == []


@pytest.mark.fact("T9")
def test_nothing_begins_without_consent(app: Flask, number: int, as_: As) -> None:
    agent = as_("agent")
    assert begin(agent, number, present="y") == 422
    propose(agent, number)
    assert begin(agent, number, present="y") == 422
    assert kinds(app, number) == ["remote_proposed"]


@pytest.mark.fact("T9")
def test_nothing_begins_without_the_user(app: Flask, number: int, as_: As) -> None:
    agent = as_("agent")
    propose(agent, number)
    as_("customer").post(f"/tickets/{number}/remote/agree")
    assert begin(agent, number) == 422
    assert kinds(app, number)[-1] == "remote_agreed"


@pytest.mark.fact("R18")
def test_plans_without_remote_support_get_none(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        ticket = make_ticket(world, who="stranger", organisation_id=world.elsewhere)
        number = ticket.number
        ticket.events[0].detail = {"plan": ticket.plan, "tier": ticket.tier}
        db.session.commit()
    agent = as_("agent")
    assert "Propose a session" not in agent.get(f"/desk/{number}").text
    assert propose(agent, number) == 422
    assert kinds(app, number) == []


@pytest.mark.fact("R18")
def test_an_entitlement_that_ended_meanwhile_begins_nothing(app: Flask, number: int, world: World, as_: As) -> None:
    agent = as_("agent")
    propose(agent, number)
    as_("customer").post(f"/tickets/{number}/remote/agree")
    with app.app_context():
        for row in db.session.scalars(db.select(Subscription)):
            row.ends_at = utcnow()
        db.session.commit()
    assert begin(agent, number, present="y") == 422


def test_nobody_else_agrees(app: Flask, number: int, as_: As) -> None:
    propose(as_("agent"), number)
    address = f"/tickets/{number}/remote/agree"
    assert as_("stranger").post(address).status_code == 404
    assert as_("owner").post(address).status_code == 403  # reads it, and filed it not
    assert as_("agent").post(address).status_code == 403
    assert kinds(app, number) == ["remote_proposed"]


def test_the_customer_declines_takes_back_or_ends_it(app: Flask, number: int, as_: As) -> None:
    agent, customer, told = as_("agent"), as_("customer"), []
    for steps in range(3):
        propose(agent, number)
        if steps:
            customer.post(f"/tickets/{number}/remote/agree")
        if steps == 2:
            begin(agent, number, present="y")
        customer.post(f"/tickets/{number}/remote/end")
        told.append(kinds(app, number)[-1])
        assert begin(agent, number, present="y") == 422
    assert told == ["remote_dropped", "remote_dropped", "remote_ended"]


def test_one_session_at_a_time(number: int, as_: As) -> None:
    assert [propose(as_("agent"), number) for _ in range(2)] == [302, 422]


@pytest.mark.fact("R19")
def test_credentials_given_with_the_consent_are_sealed_and_forgotten(app: Flask, number: int, as_: As) -> None:
    secret, agent = "root / SECRET-canary-11", as_("agent")
    propose(agent, number)
    as_("customer").post(f"/tickets/{number}/remote/agree", data={"credentials": secret})
    with app.app_context():
        [row] = db.session.scalars(db.select(Credential))
        assert row.sealed and secret not in row.sealed and credentials.decrypt(row.sealed) == secret
    assert secret not in agent.get(f"/desk/{number}").text
    assert secret in agent.post(f"/desk/{number}/credentials", data={"password": PASSWORD}).text
    agent.post(f"/desk/{number}/close")
    assert kinds(app, number)[-2:] == ["remote_dropped", "credentials_purged"]
    with app.app_context():
        assert db.session.scalar(db.select(Credential.sealed)) is None


def test_a_ticket_that_was_merged_has_no_session(app: Flask, world: World, number: int) -> None:
    with app.app_context():
        ticket: Ticket = the(file_one(world))
        earlier = the(number)
        agent = db.session.get_one(User, world.ids["agent"])
        remote.propose(ticket, PURPOSE, explained=True, by=agent, now=utcnow())
        merging.merge(ticket, earlier, by=agent, now=utcnow())
        assert remote.current(ticket.id) is None and remote.current(earlier.id) is None


def test_closing_by_nobody_ends_it_too(app: Flask, world: World, number: int) -> None:
    with app.app_context():
        ticket, agent = the(number), db.session.get_one(User, world.ids["agent"])
        remote.propose(ticket, PURPOSE, explained=True, by=agent, now=utcnow())
        progress.close(ticket, by=None, now=utcnow())
        assert remote.current(ticket.id) is None
