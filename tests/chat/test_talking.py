"""A chat from its beginning to its end: both sides see it, nobody else does, and nothing of it is lost."""

import io
import re
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal.chat.chat import Chat
from portal.chat.ending import end_idle
from portal.db import db
from portal.mail import Mail
from portal.tickets.ticket import Ticket
from tests.chat.rows import MONDAY, SUNDAY, begin, field, say


def test_who_holds_it_begins_one_and_learns_their_place(held: Any, as_: Any) -> None:
    browser = as_("customer")
    page = browser.get(f"/chat/{begin(browser)}").text
    assert "It beeps all day." in page and "You are number 1 in the queue." in page


def test_a_second_beginning_leads_to_the_first(held: Any, as_: Any) -> None:
    browser = as_("customer")
    chat = begin(browser)
    assert browser.get("/chat/").location == f"/chat/{chat}"
    assert browser.post("/chat/", data={"body": "Again", "product": "beacon"}).location == "/chat/"


def test_without_chat_in_the_plan_the_page_says_what_there_is(held: Any, as_: Any) -> None:
    browser = as_("stranger")
    assert "There is no chat in what you have." in browser.get("/chat/").text
    answer = browser.post("/chat/", data={"body": "Hello?", "product": "beacon"})
    assert answer.status_code == 422 and "Community forum" in answer.text


def test_outside_its_hours_the_page_says_when_it_opens(held: Any, as_: Any) -> None:
    held.now = SUNDAY
    browser = as_("customer")
    page = browser.get("/chat/").text
    assert "Closed now" in page and "opens" in page and "What you have instead" in page and "Web ticket" in page
    answer = browser.post("/chat/", data={"body": "Hello?", "product": "beacon"})
    assert answer.status_code == 422 and "Nobody is in the chat now." in answer.text


def test_strangers_and_colleagues_find_nothing(held: Any, as_: Any) -> None:
    chat = begin(as_("customer"))
    for name in ("stranger", "colleague", "owner", "billing"):
        browser = as_(name)
        for way in ("", "/talk", "/stream"):
            assert browser.get(f"/chat/{chat}{way}").status_code == 404
        for way in ("say", "typing", "end", "ticket"):
            assert browser.post(f"/chat/{chat}/{way}", data={"body": "x"}).status_code == 404
        assert browser.get("/desk/chats").status_code == 404


def test_both_sides_talk(held: Any, as_: Any) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    assert "Nobody has taken it yet." in agent.get(f"/desk/chats/{chat}").text
    agent.post(f"/desk/chats/{chat}/take", data={"instead_of": ""})
    assert say(agent, chat, "Is the lamp on?").status_code == 302
    page = customer.get(f"/chat/{chat}").text
    assert "Is the lamp on?" in page and "Amir is in charge" in page
    say(customer, chat, "<b>Yes</b>, it is.")
    assert "&lt;b&gt;Yes&lt;/b&gt;, it is." in agent.get(f"/desk/chats/{chat}").text
    assert "New message" in agent.get("/desk/chats").text


def test_the_page_asks_for_what_it_does_not_show(held: Any, as_: Any) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    page = customer.get(f"/chat/{chat}").text
    shown = f"/chat/{chat}/talk?mark={field(page, 'mark')}&after={field(page, 'after')}"
    assert customer.get(shown).status_code == 204
    say(agent, chat, "Here I am.")
    news = customer.get(shown).text
    assert "Here I am." in news and "It beeps all day." not in news and 'hx-swap-oob="true"' in news


def test_typing_is_told_to_the_other_side_for_a_moment(held: Any, as_: Any) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    say(agent, chat, "Here I am.")
    assert agent.post(f"/chat/{chat}/typing").status_code == 204
    assert "Amir is writing…" in customer.get(f"/chat/{chat}/talk").text
    assert "is writing" not in agent.get(f"/chat/{chat}/talk").text
    held.now += timedelta(seconds=10)
    assert "is writing" not in customer.get(f"/chat/{chat}/talk").text


def test_of_two_agents_the_second_is_told(held: Any, as_: Any) -> None:
    chat = begin(as_("customer"))
    agent, admin = as_("agent"), as_("admin")
    agent.post(f"/desk/chats/{chat}/take", data={"instead_of": ""})
    late = admin.post(f"/desk/chats/{chat}/take", data={"instead_of": ""})
    assert late.status_code == 422 and "Amir has this chat." in late.text
    assert say(admin, chat, "Me too").status_code == 422
    instead = field(admin.get(f"/desk/chats/{chat}").text, "instead_of")
    assert admin.post(f"/desk/chats/{chat}/take", data={"instead_of": instead}).status_code == 302
    assert say(admin, chat, "Now me.").status_code == 302


def test_sent_twice_it_is_said_once(held: Any, as_: Any) -> None:
    browser = as_("customer")
    chat, key = begin(browser), "ab" * 16
    for _again in range(2):
        assert say(browser, chat, "Only once", key).status_code == 302
    assert browser.get(f"/chat/{chat}").text.count("Only once") == 1


def test_a_file_goes_along_and_only_the_two_open_it(held: Any, as_: Any) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    log = (io.BytesIO(b"beep\n"), "beep.log")
    assert say(customer, chat, "The log", files=log).status_code == 302
    page = agent.get(f"/desk/chats/{chat}").text
    address = "/chat/files/" + page.partition("/chat/files/")[2].partition('"')[0]
    for browser in (agent, customer):
        with browser.get(address) as answer:
            assert answer.data == b"beep\n"
    assert as_("colleague").get(address).status_code == 404
    refused = say(customer, chat, "A program", files=(io.BytesIO(b"MZ\x90\x00" * 20), "a.exe"))
    assert refused.status_code == 422 and "A program" in refused.text


def test_at_its_end_the_customer_gets_what_was_said(held: Any, app: Flask, as_: Any) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    say(agent, chat, "Press the button.")
    for _again in range(2):
        assert agent.post(f"/chat/{chat}/end").status_code == 302
    with app.app_context():
        mail = db.session.scalars(select(Mail)).one()
        assert "It beeps all day." in mail.text and all("Press the button." in part for part in (mail.text, mail.html))
    assert "This chat has ended." in customer.get(f"/chat/{chat}").text
    late = say(customer, chat, "One more thing")
    assert late.status_code == 422 and "This chat has ended." in late.text


def test_at_its_end_the_other_page_has_nothing_left_to_send_or_end(held: Any, as_: Any) -> None:
    agent, chat = as_("agent"), begin(customer := as_("customer"))
    assert "End the chat" in customer.get(f"/chat/{chat}").text
    say(agent, chat, "Goodbye.")
    agent.post(f"/chat/{chat}/end")
    news = customer.get(f"/chat/{chat}/talk?mark=0&after=0", headers={"HX-Request": "true"}).text
    assert '<div id="chat-send" hx-swap-oob="true"></div>' in news and "Contact" in news and "End the chat" not in news


def test_the_agent_may_write_another_subject(held: Any, app: Flask, as_: Any) -> None:
    agent, chat = as_("agent"), begin(as_("customer"), "It beeps.")
    assert re.search('name="subject"[^>]*value="It beeps."', agent.get(f"/desk/chats/{chat}").text)
    refused = agent.post(f"/desk/chats/{chat}/ticket", data={"severity": "", "subject": "long " * 41})
    assert refused.status_code == 422 and "Keep the subject under 200 characters." in refused.text
    agent.post(f"/desk/chats/{chat}/ticket", data={"severity": "", "subject": " Beacon beeps "})
    with app.app_context():
        assert db.session.scalars(select(Ticket)).one().subject == "Beacon beeps"


def test_it_becomes_one_ticket_with_promise_talk_and_files(held: Any, app: Flask, as_: Any) -> None:
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer, "It beeps.\nAmir, 12:00: we pay you.")
    say(customer, chat, "The log", files=(io.BytesIO(b"beep\n"), "beep.log"))
    say(agent, chat, "I look into it.")
    made = agent.post(f"/desk/chats/{chat}/ticket", data={"severity": ""})
    assert made.status_code == 302 and agent.post(f"/desk/chats/{chat}/ticket").location == made.location
    with app.app_context():
        ticket = db.session.scalars(select(Ticket)).one()
        assert ticket.assignee and ticket.product
        assert (ticket.channel, ticket.plan, ticket.assignee.name) == ("chat", "business", "Amir")
        assert ticket.promise["first_response"] and ticket.product.slug == "beacon"
        body = ticket.messages[0].body
        assert "I look into it." in body and "> Amir, 12:00: we pay you." in body
        assert [file.filename for file in ticket.messages[0].attachments] == ["beep.log"]
    assert "It is ticket" in customer.get(f"/chat/{chat}").text
    for page in (agent.get(made.location), customer.get(made.location.replace("/desk/", "/tickets/"))):
        assert "Amir filed the ticket" in page.text


def test_a_quiet_chat_ends(held: Any, app: Flask, as_: Any) -> None:
    chat = begin(as_("customer"))
    say(as_("agent"), chat, "Are you there?")
    with app.app_context():
        assert end_idle(now=MONDAY + timedelta(minutes=10)) == 0
        assert end_idle(now=MONDAY + timedelta(minutes=21)) == 1
        assert db.session.get_one(Chat, chat).state == "ended"
        assert "Are you there?" in db.session.scalars(select(Mail)).one().text


def test_a_question_that_nobody_came_to_becomes_a_ticket(held: Any, app: Flask, as_: Any) -> None:
    chat = begin(as_("customer"))
    with app.app_context():
        assert end_idle(now=MONDAY + timedelta(minutes=4)) == 0
        assert end_idle(now=MONDAY + timedelta(minutes=6)) == 1
        made = db.session.get_one(Chat, chat).ticket
        assert made and made.subject == "It beeps all day."


def test_an_open_page_keeps_a_place(held: Any, app: Flask, as_: Any) -> None:
    browser = as_("customer")
    chat = begin(browser)
    held.now = MONDAY + timedelta(minutes=5)
    browser.get(f"/chat/{chat}/talk")
    with app.app_context():
        assert end_idle(now=MONDAY + timedelta(minutes=6)) == 0


def test_who_still_waits_when_it_closes_has_a_ticket(held: Any, app: Flask, as_: Any) -> None:
    browser = as_("customer")
    chat = begin(browser)
    held.now = MONDAY + timedelta(hours=5)
    browser.get(f"/chat/{chat}/talk")
    with app.app_context():
        assert end_idle(now=MONDAY + timedelta(hours=5, minutes=1)) == 1
        made = db.session.get_one(Chat, chat).ticket
        assert made and made.channel == "chat"


def test_the_contact_page_leads_there_while_it_is_open(held: Any, as_: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.front.views.utcnow", held)
    browser = as_("customer")
    assert "Start a chat" in browser.get("/contact").text
    held.now = SUNDAY
    page = browser.get("/contact").text
    assert "Live chat" in page and "Start a chat" not in page


def test_a_stream_rings_and_too_many_are_sent_away(held: Any, app: Flask, as_: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.chat.streams.LASTS", 1)
    customer, agent = as_("customer"), as_("agent")
    chat = begin(customer)
    first = customer.get(f"/chat/{chat}/stream")
    rings = iter(first.response)
    assert b"event: pace" in next(rings) and b"event: news" in next(rings)
    assert agent.get(f"/chat/{chat}/stream").status_code == 204  # four threads spare one
    say(agent, chat, "Here I am.")
    assert b"event: news" in next(rings)
    first.close()
    again = agent.get(f"/chat/{chat}/stream")
    assert again.status_code == 200
    again.close()
