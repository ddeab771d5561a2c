"""After the resolution: the question how it went, its page, closing by itself, and a ticket that goes on."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Membership, User
from portal.db import db, utcnow
from portal.mail import Mail
from portal.tickets import conversation, credentials, progress
from portal.tickets.drafts import new_key
from portal.tickets.ending import ask_due, close_due
from portal.tickets.following_up import is_over
from portal.tickets.rounds import FIRST_WAIT
from portal.tickets.satisfaction import Rating
from portal.tickets.ticket import Credential, Ticket
from tests.cast import ADDRESSES, World
from tests.tickets import writing
from tests.tickets.test_watching import file_one, owing

As = Callable[[str], FlaskClient]
NOW = datetime.now(UTC).replace(microsecond=0)
RESOLVED = NOW - timedelta(hours=3)


@pytest.fixture
def number(app: Flask, world: World) -> int:
    """A ticket of the customer's, resolved three hours ago."""
    with app.test_request_context():
        ticket = file_one(world, *owing(), now=RESOLVED - timedelta(hours=1))
        ticket.product_id = db.session.scalar(db.text("SELECT id FROM product WHERE slug = 'beacon'"))
        credentials.seal(ticket, credentials.encrypt("hunter2"), by=ticket.requester, now=RESOLVED)
        resolve(ticket)
        db.session.commit()
        return ticket.number


def resolve(ticket: Ticket, at: datetime = RESOLVED) -> None:
    agent = db.session.scalars(db.select(User).where(User.email == ADDRESSES["agent"])).one()
    progress.resolve(ticket, "Replace the relay.", by=agent, now=at)


def questions(app: Flask) -> list[Mail]:
    with app.app_context():
        return list(db.session.scalars(db.select(Mail).where(Mail.subject.contains("How did it go")).order_by(Mail.id)))


def ask(app: Flask, now: datetime = NOW) -> str:
    """Ask as the worker does; returns the page that the last question links to."""
    with app.test_request_context():
        ask_due(now=now)
    (*_, mail) = questions(app)
    found = re.search(r"/tickets/rating/[\w-]+", mail.text)
    assert found
    return found[0]


def given(app: Flask) -> tuple[str | None, str]:
    with app.app_context():
        rating = db.session.scalars(db.select(Rating)).one()
        return rating.score, rating.comment


def test_who_filed_it_is_asked_once_when_the_hours_are_over(app: Flask, world: World, number: int) -> None:
    wait = timedelta(hours=writing.policy().satisfaction.asked_after_hours)
    with app.test_request_context():
        assert ask_due(now=RESOLVED + wait - timedelta(seconds=1)) == 0
        assert [ask_due(now=RESOLVED + wait) for _ in range(3)] == [1, 0, 0]
    (mail,) = questions(app)
    assert mail.recipient == world.email("customer") and str(number) in mail.subject
    with app.app_context():
        key = re.search(r"/rating/([\w-]+)\?score=good", mail.text)
        rating = db.session.scalars(db.select(Rating)).one()
        assert key and len(key[1]) == 22 and key[1] not in str(rating.key_hash)  # 128 bits, kept as a hash


def test_a_link_changes_nothing_until_the_button_is_pressed(app: Flask, client: FlaskClient, number: int) -> None:
    page = ask(app)
    for score in ("good", "bad", "", "worse"):
        for method in ("GET", "HEAD"):
            assert client.open(f"{page}?score={score}", method=method).status_code == 200
    assert given(app) == (None, "")
    shown = client.get(f"{page}?score=bad").text
    assert re.search(r'value="bad" required checked', shown) and not re.search(r'value="good" required checked', shown)
    assert client.post(page, data={"score": "bad"}, csrf=False).status_code == 400
    assert given(app) == (None, "")
    assert "Thank you" in client.post(page, data={"score": "bad", "comment": "It came back."}).text
    assert given(app) == ("bad", "It came back.")
    client.post(page, data={"score": "good"})  # one may change one's mind
    assert given(app) == ("good", "")


def test_no_other_answer_is_taken(app: Flask, client: FlaskClient, number: int) -> None:
    page = ask(app)
    for form in ({}, {"score": "worse"}, {"score": "good", "comment": "x" * 2001}):
        assert client.post(page, data=form).status_code == 422
    assert given(app) == (None, "")
    assert client.get("/tickets/rating/forged").status_code == 404
    assert client.post("/tickets/rating/forged", data={"score": "good"}).status_code == 404


def test_a_link_ends(app: Flask, client: FlaskClient, number: int) -> None:
    page = ask(app)
    with app.app_context():
        db.session.scalars(db.select(Rating)).one().expires_at = NOW - timedelta(seconds=1)
        db.session.commit()
    assert client.get(page).status_code == client.post(page, data={"score": "good"}).status_code == 404


@pytest.mark.parametrize("how", ["left", "suspended"])
def test_who_may_not_read_the_ticket_is_not_asked(
    how: str, app: Flask, world: World, client: FlaskClient, number: int
) -> None:
    page = ask(app)
    with app.test_request_context():
        if how == "left":
            db.session.execute(
                db.update(Membership).where(Membership.user_id == world.ids["customer"]).values(ended_at=NOW)
            )
        else:
            db.session.get_one(User, world.ids["customer"]).active = False
        db.session.scalars(db.select(Ticket)).one().ask_at = NOW
        db.session.commit()
        assert ask_due(now=NOW) == 0 and len(questions(app)) == 1
    assert client.get(page).status_code == client.post(page, data={"score": "good"}).status_code == 404


def test_a_second_resolution_asks_again_unless_it_is_rated(app: Flask, client: FlaskClient, number: int) -> None:
    first = ask(app)
    for rated in (False, True):
        with app.test_request_context():
            ticket = writing.ticket(number)
            conversation.reply(ticket, "It came back.", by=ticket.requester, now=NOW)
            db.session.commit()
            assert ask_due(now=NOW + timedelta(days=1)) == 0  # open again: nobody is asked
        assert client.post(first, data={"score": "good"}).status_code == (404 if rated else 422)
        with app.test_request_context():
            resolve(writing.ticket(number))
            db.session.commit()
        page = ask(app)
        assert len(questions(app)) == 2
        if not rated:
            assert page != first and client.get(first).status_code == 404
            client.post(page, data={"score": "bad"})


def test_the_ticket_asks_too_and_the_desk_sees_the_answer(app: Flask, as_: As, number: int) -> None:
    customer, agent = as_("customer"), as_("agent")
    assert "How did it go?" in customer.get(f"/tickets/{number}").text
    assert "How did it go?" not in as_("owner").get(f"/tickets/{number}").text
    assert as_("owner").post(f"/tickets/{number}/rating", data={"score": "bad"}).status_code == 404
    assert f"#{number}" not in agent.get("/desk/?status=resolved&rated=bad").text
    sent = customer.post(f"/tickets/{number}/rating", data={"score": "bad", "comment": "<b>Too late</b>"})
    assert sent.status_code == 302 and given(app) == ("bad", "<b>Too late</b>")
    page = agent.get(f"/desk/{number}").text
    assert "Not satisfied" in page and "&lt;b&gt;Too late" in page and "is not satisfied" in page
    assert str(number) in agent.get("/desk/?status=resolved&rated=bad").text
    with app.test_request_context():
        assert ask_due(now=NOW) == 0  # rated already
    assert "You rated the answer" in customer.get(f"/tickets/{number}").text
    told = as_("owner").get(f"/tickets/{number}").text
    assert "rated the answer" in told and "You rated" not in told


def test_it_is_closed_by_itself_after_the_days(app: Flask, as_: As, number: int) -> None:
    days = writing.policy().general.closed_after_days
    assert days
    with app.test_request_context():
        ends = RESOLVED + timedelta(days=days)
        assert close_due(now=ends - timedelta(seconds=1)) == 0
        assert [close_due(now=ends) for _ in range(3)] == [1, 0, 0]
        ticket = writing.ticket(number)
        assert ticket.status == "closed" and ticket.closed_at == ends
        assert [event.by_id for event in ticket.events if event.kind == "closed"] == [None]
        assert db.session.scalars(db.select(Credential)).one().sealed is None
        told = db.session.scalars(db.select(Mail).where(Mail.subject.contains("Resolved:"))).one()
        assert "It closes by itself:" in told.text and "It closes by itself:" in told.html
    assert "The portal closed it" in as_("agent").get(f"/desk/{number}").text
    customer = as_("customer")
    assert customer.post(f"/tickets/{number}/rating", data={"score": "good"}).status_code == 302  # the first answer
    assert customer.post(f"/tickets/{number}/rating", data={"score": "bad"}).status_code == 422
    assert given(app)[0] == "good"


def test_what_was_reopened_is_not_closed(app: Flask, as_: As, number: int) -> None:
    assert "It closes by itself:" in as_("customer").get(f"/tickets/{number}").text
    with app.test_request_context():
        ticket = writing.ticket(number)
        conversation.reply(ticket, "It came back.", by=ticket.requester, now=NOW)
        db.session.commit()
        assert close_due(now=NOW + timedelta(days=400)) == 0 and writing.ticket(number).status == "open"


def test_one_that_fails_keeps_no_other_waiting(
    app: Flask, world: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.test_request_context():
        other = file_one(world, *owing(), now=RESOLVED)
        resolve(other, RESOLVED - timedelta(minutes=1))
        db.session.commit()
        broken, close = other.id, progress.close

        def refuse(ticket: Ticket, **more: object) -> None:
            if ticket.id == broken:
                raise RuntimeError("no")
            close(ticket, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(progress, "close", refuse)
        later = NOW + timedelta(days=400)
        assert [close_due(now=later) for _ in range(2)] == [1, 0]
        monkeypatch.undo()
        assert close_due(now=later + FIRST_WAIT) == 1


def test_a_closed_ticket_goes_on_in_a_new_one(app: Flask, as_: As, number: int) -> None:
    customer = as_("customer")
    assert "File a follow-up ticket" not in customer.get(f"/tickets/{number}").text
    customer.post(f"/tickets/{number}/close")
    page = customer.get(f"/tickets/{number}").text
    assert f"/tickets/new?follows={number}" in page
    form = customer.get(f"/tickets/new?follows={number}").text
    assert 'value="The relay drops out"' in form and re.search(r'<option selected value="beacon"', form)
    data = writing.fields(follows=str(number), subject="The relay drops out")
    sent = customer.post("/tickets/new", data=data)
    assert sent.status_code == 302, sent.text
    with app.app_context():
        later = db.session.scalars(db.select(Ticket).where(Ticket.follows_id.is_not(None))).one()
        assert later.follows_id == writing.ticket(number).id
        after = later.number
    for browser, area in ((customer, "tickets"), (as_("agent"), "desk")):
        assert f'href="/{area}/{after}"' in browser.get(f"/{area}/{number}").text
        assert f'href="/{area}/{number}"' in browser.get(f"/{area}/{after}").text


def test_a_customer_reopens_until_the_days_are_over(app: Flask, as_: As, number: int) -> None:
    days = writing.policy().general.closed_after_days
    assert days
    customer = as_("customer")
    customer.post(f"/tickets/{number}/close")
    key = new_key()
    customer.post(f"/tickets/{number}/draft", data={"form_key": key, "body": "It came back at night."})
    with app.test_request_context():
        ticket = writing.ticket(number)
        ticket.closes_at = utcnow() - timedelta(seconds=1)
        db.session.commit()
    refused = customer.post(f"/tickets/{number}/reopen", data={"form_key": key, "body": "It came back at night."})
    assert refused.status_code == 422
    assert "It came back at night." in refused.text and f"/tickets/{number}/reopen" not in refused.text
    assert "It came back at night." in customer.get(f"/tickets/new?follows={number}").text
    with app.test_request_context():
        ticket = writing.ticket(number)
        assert ticket.status == "closed"
        ticket.closes_at = utcnow() + timedelta(days=days)
        db.session.commit()
    assert customer.post(f"/tickets/{number}/reopen", data={"form_key": key, "body": "Again."}).status_code == 302
    with app.test_request_context():
        assert writing.ticket(number).status == "open"


def test_staff_reopen_what_is_over(app: Flask, as_: As, number: int) -> None:
    with app.test_request_context():
        assert close_due(now=NOW + timedelta(days=400)) == 1
    assert as_("agent").post(f"/desk/{number}/reopen", data={"body": "We found the cause."}).status_code in (200, 302)
    with app.test_request_context():
        assert writing.ticket(number).status == "open"


def test_what_is_closed_unresolved_has_the_same_days(app: Flask, as_: As, number: int) -> None:
    days = writing.policy().general.closed_after_days
    assert days
    with app.test_request_context():
        ticket = writing.ticket(number)
        conversation.reply(ticket, "Not yet.", by=ticket.requester, now=NOW)
        progress.close(ticket, by=ticket.requester, now=NOW)
        assert ticket.closes_at == NOW + timedelta(days=days)
        assert [is_over(ticket, now=ticket.closes_at + more) for more in (timedelta(seconds=-1), timedelta())] == [
            False,
            True,
        ]


def test_nobody_links_to_a_ticket_that_they_do_not_see(app: Flask, as_: As, number: int) -> None:
    as_("customer").post(f"/tickets/{number}/close")
    with app.app_context():
        mine = writing.ticket(number)
        theirs = file_of_stranger(app)
        theirs.follows_id = mine.id  # however it came to be
        db.session.commit()
        other = theirs.number
    stranger = as_("stranger")
    assert str(number) not in stranger.get(f"/tickets/new?follows={number}").text.replace(f"follows={number}", "")
    assert f"/tickets/{number}" not in stranger.get(f"/tickets/{other}").text
    assert f"/tickets/{other}" not in as_("customer").get(f"/tickets/{number}").text
    stranger.post("/tickets/new", data=writing.fields(follows=str(number), subject="Mine"))
    with app.app_context():
        assert db.session.scalars(db.select(Ticket.follows_id).where(Ticket.subject == "Mine")).all() in ([], [None])


def file_of_stranger(app: Flask) -> Ticket:
    """A ticket of somebody of another organisation."""
    person = db.session.scalars(db.select(User).where(User.email == ADDRESSES["stranger"])).one()
    mine = db.session.scalars(db.select(Ticket)).first()
    assert mine
    kept = {
        name: getattr(mine, name)
        for name in ("subject", "language", "plan", "tier", "queue", "rank", "policy_id", "policy_version", "promise")
    }
    theirs = Ticket(form_key="a" * 32, requester=person, promise_zone="UTC", **kept)
    db.session.add(theirs)
    db.session.flush()
    return theirs
