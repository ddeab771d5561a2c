"""More chats and longer ones need no more queries: their pages ask every few seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event

from portal.accounts.people import User
from portal.chat.chat import Chat, ChatMessage
from portal.db import db
from tests.cast import World
from tests.chat.rows import MONDAY, begin


@contextmanager
def queries(app: Flask) -> Iterator[list[str]]:
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        told.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_list_of_the_desk(held: Any, app: Flask, world: World, as_: Any) -> None:
    agent, counts = as_("agent"), []
    for many in (2, 12):
        with app.app_context():
            for n in range(many):
                person = User(
                    email=f"{many}-{n}@example.org", name=f"Guest {n}", active=True, fs_uniquifier=f"{many}-{n}"
                )
                person.password = "none"
                chat = Chat(
                    requester=person, rank=1, language="en", zone="UTC", organisation_id=world.heron, began_at=MONDAY
                )
                db.session.add(chat)
            db.session.commit()
        agent.get("/desk/chats")
        with queries(app) as told:
            assert f"Guest {many - 1}" in agent.get("/desk/chats").text
        counts.append(len(told))
    assert counts[0] == counts[1]


def test_a_long_talk(held: Any, app: Flask, world: World, as_: Any) -> None:
    customer = as_("customer")
    chat, counts = begin(customer), []
    for many in (2, 20):
        with app.app_context():
            for n in range(many):
                at = MONDAY + timedelta(seconds=n)
                said = ChatMessage(
                    chat_id=chat, author_id=world.ids["customer"], body=f"line {many} {n}", created_at=at
                )
                db.session.add(said)
            db.session.commit()
        with queries(app) as told:
            assert f"line {many} {many - 1}" in customer.get(f"/chat/{chat}").text
        counts.append(len(told))
    assert counts[0] == counts[1]
