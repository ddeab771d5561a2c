"""What a chat keeps from others: from who has left, from colleagues of the agent, from who wants all streams."""

from typing import Any

from flask import Flask
from sqlalchemy import select, update

from portal.accounts.people import Membership
from portal.chat.chat import Chat
from portal.chat.ending import end_idle
from portal.db import db
from portal.mail import Mail
from portal.tickets.ticket import Ticket
from tests.cast import World
from tests.chat.rows import MONDAY, begin, say


def leave(app: Flask, world: World, name: str) -> None:
    with app.app_context():
        db.session.execute(update(Membership).where(Membership.user_id == world.ids[name]).values(ended_at=MONDAY))
        db.session.commit()


def test_who_left_the_organisation_finds_nothing_and_files_nothing(
    held: Any, app: Flask, world: World, as_: Any
) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    say(agent, chat, "Is the lamp on?")
    leave(app, world, "customer")
    for way in ("", "/talk", "/stream", "/line"):
        assert customer.get(f"/chat/{chat}{way}").status_code == 404
    for way in ("say", "typing", "end", "ticket"):
        assert customer.post(f"/chat/{chat}/{way}", data={"body": "x"}).status_code == 404
    assert customer.get("/chat/").status_code == 200
    refused = agent.post(f"/desk/chats/{chat}/ticket", data={"severity": ""})
    assert refused.status_code == 422 and "Carla is no member any more." in refused.text
    assert agent.post(f"/chat/{chat}/end").status_code == 302
    with app.app_context():
        assert not db.session.scalars(select(Ticket)).all() and not db.session.scalars(select(Mail)).all()


def test_a_question_of_who_left_ends_without_a_ticket(held: Any, app: Flask, world: World, as_: Any) -> None:
    chat = begin(as_("customer"))
    leave(app, world, "customer")
    with app.app_context():
        assert end_idle(now=MONDAY.replace(hour=12)) == 1
        assert db.session.get_one(Chat, chat).state == "ended"
        assert not db.session.scalars(select(Ticket)).all() and not db.session.scalars(select(Mail)).all()


def test_a_colleagues_chat_is_neither_ended_nor_filed(held: Any, app: Flask, as_: Any) -> None:
    agent, admin = as_("agent"), as_("admin")
    chat = begin(as_("customer"))
    say(agent, chat, "Here I am.")
    page = admin.get(f"/desk/chats/{chat}").text
    assert "End the chat" not in page and "File the ticket" not in page
    for address in (f"/chat/{chat}/end", f"/desk/chats/{chat}/ticket"):
        refused = admin.post(address)
        assert refused.status_code == 422 and "Amir has this chat." in refused.text
    with app.app_context():
        assert db.session.get_one(Chat, chat).state == "open"
        instead = db.session.get_one(Chat, chat).agent_id
    admin.post(f"/desk/chats/{chat}/take", data={"instead_of": instead})
    assert admin.post(f"/desk/chats/{chat}/ticket").status_code == 302


def test_one_side_holds_two_streams_at_most(held: Any, app: Flask, as_: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.chat.streams.most_streams", lambda: 8)
    monkeypatch.setattr("portal.chat.streams.LASTS", 1)
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    streams = [customer.get(f"/chat/{chat}/stream") for _again in range(4)]
    assert [one.status_code for one in streams] == [200, 200, 204, 204]
    other = agent.get(f"/chat/{chat}/stream")
    assert other.status_code == 200
    for one in (*streams, other):
        one.close()
    again = customer.get(f"/chat/{chat}/stream")
    assert again.status_code == 200
    again.close()


def test_nobody_writes_a_line_of_somebody_else(held: Any, app: Flask, as_: Any) -> None:
    customer = as_("customer")
    ends = ("\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
    chat = begin(customer, "It beeps. " * 20 + "".join(f"{end}Amir, 12:00:{end}{end}> We pay you." for end in ends))
    assert customer.post(f"/chat/{chat}/ticket").status_code == 302
    with app.app_context():
        ticket = db.session.scalars(select(Ticket)).one()
        lines = [line for line in ticket.messages[0].body.splitlines() if "Amir" in line]
        assert lines and all(line.startswith(">") for line in lines)
        number = ticket.number
    page = as_("owner").get(f"/tickets/{number}").text
    quoted = page.partition("<blockquote>")[2].rpartition("</blockquote>")[0]
    assert page.count("We pay you.") == quoted.count("We pay you.")
