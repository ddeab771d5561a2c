"""A category and what is written in it, by the verbs themselves."""

from typing import Any

from knowledge.community.answering import reply
from knowledge.community.asking import ask
from knowledge.community.topic import ForumCategory, Post, Topic
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.tickets.drafts import new_key
from tests.cast import World


def a_category(**changed: Any) -> ForumCategory:
    given: dict[str, Any] = {"slug": "questions", "titles": {"en": "Questions"}, "descriptions": {"en": "Ask."}}
    room = ForumCategory(**(given | {"kinds": ["question", "discussion", "idea"]} | changed))
    db.session.add(room)
    db.session.flush()
    return room


def asked(world: World, name: str = "customer", *, room: ForumCategory | None = None, **given: Any) -> Topic:
    words: dict[str, Any] = {"kind": "question", "title": "It beeps", "body": "All day.", "tags": ["relay"]} | given
    room = room or db.session.scalar(db.select(ForumCategory).order_by(ForumCategory.id)) or a_category()
    topic: Topic = ask(room, **words, by=who(world, name), now=utcnow(), form_key=new_key())
    return topic


def answered(world: World, topic: Topic, name: str, body: str = "Press it.") -> Post:
    return reply(topic, body=body, by=who(world, name), now=utcnow(), form_key=new_key())


def who(world: World, name: str) -> User:
    return db.session.get_one(User, world.ids[name])
