"""Chats and mail go when the settings say so; what became a ticket stays."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.chat.chat import Chat, ChatMessage
from portal.chat.keeping import forget_chats
from portal.db import db, utcnow
from portal.mailroom import received
from portal.mailroom.keeping import forget_mail
from portal.mailroom.received import ReceivedMail
from portal.tickets.attachments import strays
from portal.tickets.ticket import Attachment, Message
from tests.chat.conftest import clock, held  # noqa: F401
from tests.chat.rows import begin, say
from tests.mailroom.writing import mail, receive_in

LATER = timedelta(days=365, minutes=1)


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def strays_of(app: Flask) -> Any:
    """Files of nobody; other tests leave some, too."""
    with app.app_context():
        return strays(utcnow() + LATER)


@pytest.mark.usefixtures("held")
def test_chats_that_ended_long_ago_go_with_their_files(app: Flask, as_: Any) -> None:
    customer, agent, before = as_("customer"), as_("agent"), len(strays_of(app))
    for is_filed in (True, False):
        chat = begin(customer)
        say(customer, chat, "The log", files=(io.BytesIO(b"beep\n"), "beep.log"))
        agent.post(f"/desk/chats/{chat}/take")
        agent.post(f"/desk/chats/{chat}/ticket") if is_filed else agent.post(f"/chat/{chat}/end")
    live = begin(customer)
    with app.app_context():
        ended = db.session.scalars(select(Chat.ended_at).where(Chat.id != live)).all()
        assert forget_chats(now=min(ended) + timedelta(days=364)) == 0
        assert forget_chats(now=max(ended) + LATER) == 2
        db.session.commit()
        assert db.session.scalars(select(Chat.id)).all() == [live] and count(ChatMessage) == 1
        [file] = db.session.scalars(select(Attachment))
        assert db.session.get_one(Message, file.message_id).kind == "customer"
    assert len(strays_of(app)) == before + 1


def test_mail_goes_but_is_known_when_it_comes_again(app: Flask, as_: Any) -> None:
    raw = mail("eve@nowhere.example", "Psst", "I am a stranger.")
    receive_in(app, raw)
    with app.app_context():
        row = db.session.scalars(select(ReceivedMail)).one()
        assert forget_mail(now=row.received_at + timedelta(days=364)) == 0
        row.result, row.settled = "quarantine", ""
        assert forget_mail(now=row.received_at + LATER) == 0, "somebody has to decide first"
        row.result = "directions"
        assert forget_mail(now=row.received_at + LATER) == 1
        db.session.commit()
        assert (row.sender, row.subject, received.raw_of(row)) == ("", "", b"")
        key = row.id
    receive_in(app, raw)
    with app.app_context():
        assert count(ReceivedMail) == 1
    page = as_("agent").get(f"/desk/mail/{key}")
    assert page.status_code == 200 and "It is kept no longer." in page.text and "Put it away" not in page.text


def test_zero_keeps_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    receive_in(app, mail("eve@nowhere.example", "Psst", "I am a stranger."))
    for name in ("chats_kept_days", "mail_kept_days"):
        monkeypatch.setitem(app.extensions["settings"], name, 0)
    with app.app_context():
        assert (forget_chats(now=utcnow() + 9 * LATER), forget_mail(now=utcnow() + 9 * LATER)) == (0, 0)
