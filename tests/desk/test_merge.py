"""Two tickets about one thing: one goes on in the other, and neither a word nor a promise is lost."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.mail import Mail, thread_id
from portal.tickets import clocks, conversation, credits, drafts, merging, progress, watching
from portal.tickets.ticket import Draft, Message
from tests.cast import World
from tests.desk.rows import file_one, the
from tests.mailroom.writing import bodies, mail, receive_in

As = Callable[[str], FlaskClient]
Person = Callable[[str], User]


@pytest.fixture
def other(app: Flask, number: int, world: World) -> int:
    """A second ticket of the same customer, filed after the first."""
    with app.app_context():
        return file_one(world, subject="It drops out again", body="And once more.")


def merge(agent: FlaskClient, number: int, into: int) -> int:
    return agent.post(f"/desk/{number}/merge", data={"into": str(into)}).status_code


def test_what_was_said_goes_on_in_the_other_ticket(app: Flask, number: int, other: int, agent: FlaskClient) -> None:
    assert merge(agent, other, number) == 302
    assert bodies(app, number) == [("customer", "It drops out every night."), ("customer", "And once more.")]
    with app.app_context():
        assert the(other).status == "closed" and not the(other).messages
        assert the(number).status == "open"


def test_the_customer_is_told_in_the_old_thread(app: Flask, number: int, other: int, agent: FlaskClient) -> None:
    merge(agent, other, number)
    with app.app_context():
        letter = db.session.scalars(db.select(Mail).order_by(Mail.id.desc())).first()
        assert letter and f"[#{number}]" in letter.subject and str(other) in letter.text
        assert letter.references == [thread_id(other)] and letter.recipient == "carla@heron.example"


def test_the_old_number_leads_to_the_other_ticket(number: int, other: int, agent: FlaskClient, as_: As) -> None:
    merge(agent, other, number)
    assert agent.get(f"/desk/{other}").location == f"/desk/{number}"
    customer = as_("customer")
    assert customer.get(f"/tickets/{other}").location == f"/tickets/{number}"
    assert f"#{other} goes on here: It drops out again" in customer.get(f"/tickets/{number}").text
    assert as_("stranger").get(f"/tickets/{other}").status_code == 404


def test_the_list_still_knows_the_old_number(number: int, other: int, agent: FlaskClient) -> None:
    merge(agent, other, number)
    assert agent.get(f"/desk/?q={other}").location.endswith(f"/desk/{other}")


def test_a_reply_on_the_old_page_joins_the_other_ticket(
    app: Flask, number: int, other: int, agent: FlaskClient, as_: As
) -> None:
    customer = as_("customer")
    assert customer.get(f"/tickets/{other}").status_code == 200
    merge(agent, other, number)
    form = {"body": "Still out.", "form_key": drafts.new_key()}
    assert customer.post(f"/tickets/{other}/reply", data=form).status_code == 302
    assert bodies(app, number)[-1] == ("customer", "Still out.")


def test_a_reply_by_mail_to_the_old_thread_joins_the_other_ticket(
    app: Flask, number: int, other: int, agent: FlaskClient
) -> None:
    with app.app_context():
        thread = thread_id(other)
    merge(agent, other, number)
    outcome = receive_in(app, mail(subject="Re: dropping out", body="By mail.", In_Reply_To=thread))
    assert (outcome.result, outcome.ticket_number) == ("reply", number)
    outcome = receive_in(app, mail(subject=f"Re: [#{other}] dropping out", body="By its number."))
    assert (outcome.result, outcome.ticket_number) == ("reply", number)
    assert [text for _kind, text in bodies(app, number)[-2:]] == ["By mail.", "By its number."]


def test_a_chain_of_merges_leads_to_its_end(
    app: Flask, number: int, other: int, agent: FlaskClient, world: World
) -> None:
    with app.app_context():
        third = file_one(world, subject="A third time")
    merge(agent, third, other)
    merge(agent, other, number)
    assert agent.get(f"/desk/{third}").location == f"/desk/{number}"
    assert len(bodies(app, number)) == 3


def test_the_earlier_promise_holds(app: Flask, number: int, other: int, agent: FlaskClient) -> None:
    """What is answered already has no first answer to give: the question that joins it is owed one by its own time."""
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    with app.app_context():
        owed = the(other).first_response_due_at
        assert owed and the(number).next_due_at != owed
    merge(agent, other, number)
    with app.app_context():
        assert the(number).next_response_due_at == owed
        assert the(number).first_responded_at and not the(other).next_due_at
        assert not clocks.differences(the(number), now=utcnow())


def test_what_nobody_awaits_moves_no_clock(app: Flask, number: int, other: int, agent: FlaskClient) -> None:
    for one in (number, other):
        agent.post(f"/desk/{one}/reply", data={"body": "Try this.", "wait": "y"})
    merge(agent, other, number)
    with app.app_context():
        assert the(number).status == "waiting" and the(number).next_response_due_at is None


def test_no_promise_is_lost(app: Flask, number: int, other: int, agent: FlaskClient) -> None:
    """The older ticket is to be resolved sooner: it may not go on in the younger one, whose time is later."""
    with app.app_context():
        the(other).events[0].at += timedelta(hours=1)
        db.session.commit()
    answer = agent.post(f"/desk/{number}/merge", data={"into": str(other)})
    assert answer.status_code == 422 and f"It is promised more than #{other} is" in answer.text
    with app.app_context():
        assert the(number).status == "open" and len(the(number).messages) == 1


def test_what_was_late_is_told_once(app: Flask, world: World, person: Person) -> None:
    then = datetime.now(UTC).replace(microsecond=0)
    with app.app_context():
        number, other = file_one(world), file_one(world)
        conversation.reply(the(number), "Try this.", by=person("agent"), now=then + timedelta(minutes=1))
        later = then + timedelta(hours=6)
        merging.merge(the(other), the(number), by=person("agent"), now=later)
        db.session.commit()
        due = [event for event in the(other).events if event.kind == "breached"]
        copied = [event for event in the(number).events if event.kind == "breached"]
        assert [event.detail["clock"] for event in due] == ["first_response"] and copied[0].detail["of"] == other
        owed = db.session.scalar(db.select(db.func.count(credits.Credit.id)))
        watching.tell_due(the(number), now=later + timedelta(minutes=1))
        assert db.session.scalar(db.select(db.func.count(credits.Credit.id))) == owed
        assert the(number).next_response_due_at and the(number).next_response_due_at < later


def test_only_what_the_same_people_read_is_merged(
    app: Flask, number: int, world: World, agent: FlaskClient, person: Person
) -> None:
    with app.app_context():
        colleagues = file_one(world, who="colleague")
        private, billing = file_one(world), file_one(world, topic="billing", product=None)
        the(private).organisation_id = None
        closed = file_one(world)
        progress.close(the(closed), by=person("agent"), now=utcnow())
        db.session.commit()
    page = agent.get(f"/desk/{number}").text
    for into in (colleagues, private, billing, closed, number, 12345678, "x"):
        assert f'value="{into}"' not in page.partition('id="merge-into"')[2].partition("</select>")[0]
        assert merge(agent, number, into) == 422  # type: ignore[arg-type]
    with app.app_context(), pytest.raises(Refused):
        merging.merge(the(number), the(colleagues), by=person("agent"), now=utcnow())


def test_what_was_begun_on_it_goes_along(app: Flask, number: int, other: int, agent: FlaskClient, as_: As) -> None:
    agent.post(f"/desk/{other}/draft?kind=reply", data={"body": "Half an answer"})
    agent.post(f"/desk/{number}/draft?kind=note", data={"body": "A thought"})
    key = drafts.new_key()
    as_("customer").post(f"/tickets/{other}/draft", data={"body": "Half a question", "form_key": key})
    merge(agent, other, number)
    with app.app_context():
        kept = db.session.scalars(db.select(Draft).where(Draft.ticket_id == the(number).id).order_by(Draft.id)).all()
        assert sorted(text for draft in kept for text in draft.fields.values() if text) == [
            *("A thought", "Half a question", "Half an answer")
        ]
    page = agent.get(f"/desk/{number}").text
    assert "Half an answer" in page and "A thought" in page
    assert "Half a question" in as_("customer").get(f"/tickets/{number}").text


def test_a_merged_ticket_is_not_opened_again(
    app: Flask, number: int, other: int, agent: FlaskClient, person: Person
) -> None:
    merge(agent, other, number)
    with app.app_context(), pytest.raises(Refused):
        progress.reopen(the(other), "Again.", by=person("customer"), now=utcnow())
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count(Message.id)).where(Message.ticket_id == the(other).id)) == 0


def test_customers_merge_nothing(number: int, other: int, as_: As) -> None:
    assert as_("customer").post(f"/desk/{other}/merge", data={"into": str(number)}).status_code == 404


def test_a_reply_that_waits_for_a_merge_joins_the_other_ticket(
    app: Flask, number: int, other: int, as_: As, person: Person
) -> None:
    """It was sent while the tickets were being merged: whoever comes second finds the first one's work."""
    customer, answers = as_("customer"), []
    form = {"body": "At the same time.", "form_key": drafts.new_key()}
    sending = threading.Thread(target=lambda: answers.append(customer.post(f"/tickets/{other}/reply", data=form)))
    with app.app_context(), writing():
        one, into = the(other), the(number)
        merging.hold(one, into)
        merging.merge(one, into, by=person("agent"), now=utcnow())
        sending.start()
        sending.join(0.7)
        assert not answers, "it should wait"
        db.session.commit()
    sending.join(20)
    assert answers[0].status_code == 302
    assert bodies(app, number)[-1] == ("customer", "At the same time.")
    with app.app_context():
        assert the(other).status == "closed" and not the(other).messages
