"""A topic goes on as a private ticket: filed as any ticket, and what must not be read is covered where it stood."""

import secrets
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from knowledge.community import answering, asking, tickets
from knowledge.community.topic import ForumCategory, Post, PostEdition, Topic, TopicTag
from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.tickets.ticket import Ticket
from tests import cast

SECRET = "Hunter2!77"


def person(name: str) -> User:
    return db.session.scalars(select(User).where(User.email == cast.ADDRESSES[name])).one()


def room() -> ForumCategory:
    found = db.session.scalar(select(ForumCategory).where(ForumCategory.slug == "help"))
    if found is None:
        found = ForumCategory(slug="help", titles={"en": "Help"}, descriptions={}, kinds=["question", "discussion"])
        db.session.add(found)
        db.session.flush()
    return found


def begun(by: str = "customer", body: str = "It does not start.") -> Topic:
    topic = asking.ask(
        room(),
        kind="question",
        title="No login",
        body=body,
        tags=[],
        by=person(by),
        now=utcnow(),
        form_key=secrets.token_hex(16),
    )
    db.session.flush()
    return topic


def spill(topic: Topic) -> None:
    """As an older post may hold a secret that nobody found when it was written."""
    first = db.session.scalars(select(Post).where(Post.topic_id == topic.id, Post.number == 1)).one()
    db.session.add(PostEdition(post_id=first.id, edition=1, body=f"password: {SECRET}", by_id=first.author_id))
    answering.rewrite(first, f"My password is {SECRET} and it fails.")
    db.session.flush()


def move(topic: Topic, by: str = "customer") -> Ticket:
    return tickets.move(
        topic, address="https://portal.example/community/x/1", by=person(by), now=utcnow(), language="en", zone="UTC"
    )


@pytest.fixture
def here(app: Flask, world: cast.World) -> Iterator[None]:
    """Heron holds a plan with tickets."""
    with app.test_request_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        yield


def test_the_author_files_it_with_its_promise(here: None) -> None:
    topic = begun()
    spill(topic)
    ticket = move(topic)
    assert ticket.requester_id == person("customer").id
    assert ticket.promise["allowed"] and ticket.first_response_due_at
    assert SECRET in ticket.messages[0].body
    assert "https://portal.example/community/x/1" in ticket.messages[0].body


def test_a_covered_copy_is_left_behind(here: None) -> None:
    topic = begun()
    spill(topic)
    move(topic)
    post = db.session.scalars(select(Post).where(Post.topic_id == topic.id)).one()
    old = db.session.scalars(select(PostEdition).where(PostEdition.post_id == post.id)).one()
    assert post.body == "My password is [password] and it fails."
    assert SECRET not in post.html + old.body
    assert topic.state == "ticket" and topic.locked_at


def test_it_is_filed_once(here: None) -> None:
    topic = begun()
    assert move(topic).id == move(topic, "agent").id
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_staff_file_it_for_the_author(here: None) -> None:
    topic = begun()
    ticket = move(topic, "agent")
    received = ticket.events[0]
    assert ticket.requester_id == person("customer").id
    assert received.detail["taken_by"] == person("agent").id


def test_only_the_author_and_staff_may(here: None) -> None:
    topic = begun()
    may = [name for name in ("customer", "colleague", "stranger", "agent") if tickets.may_move(topic, person(name))]
    assert may == ["customer", "agent"]


def test_only_who_sees_the_ticket_is_led_there(here: None) -> None:
    topic = begun()
    ticket = move(topic)
    assert [tickets.ticket_of(topic, person(name)) for name in ("stranger", "colleague")] == [None, None]
    assert [tickets.ticket_of(topic, person(name)) for name in ("customer", "agent")] == [ticket, ticket]
    assert tickets.began_in(ticket, person("customer")) == topic


def test_a_plan_without_tickets_says_so(app: Flask, world: cast.World) -> None:
    with app.test_request_context():
        topic = begun("stranger")
        with pytest.raises(Refused):
            tickets.move(topic, address="x", by=person("stranger"), now=utcnow(), language="en", zone="UTC")
        assert topic.state == "shown"


def test_nobody_gets_the_ticket_of_a_deleted_author(here: None) -> None:
    topic = begun()
    topic.author_id = None
    db.session.flush()
    assert not tickets.may_move(topic, person("agent"))
    with pytest.raises(Refused, match="no account any more"):
        move(topic, "agent")


def test_what_the_ticket_found_out_is_told_in_its_topic(here: None) -> None:
    topic = begun()
    move(topic)
    tickets.answer(topic, answer="Install 4.2.1.", by=person("agent"), now=utcnow(), form_key=secrets.token_hex(16))
    post = db.session.get_one(Post, topic.accepted_post_id)
    assert (topic.state, topic.locked_at, post.body, post.is_staff) == ("shown", None, "Install 4.2.1.", True)
    ticket = tickets.ticket_of(topic, person("agent"))
    assert ticket and tickets.told_in(ticket, person("agent")) == topic


def test_a_ticket_becomes_an_answered_question_of_staff(here: None) -> None:
    ticket = move(begun())
    told = {"title": "It does not start", "question": "It stays dark.", "answer": "Install 4.2.1."}
    key = secrets.token_hex(16)
    topic = tickets.tell(ticket, category=room(), **told, by=person("agent"), now=utcnow(), form_key=key)
    assert topic.accepted_post_id and topic.author_id == person("agent").id
    assert tickets.told_in(ticket, person("agent")) == topic
    assert tickets.told_in(ticket, person("customer")) is None


@pytest.mark.parametrize("state", ["held", "hidden"])
def test_what_moderators_keep_from_readers_stays_so(here: None, state: str) -> None:
    topic = begun()
    topic.state = state
    move(topic)
    assert topic.state == state and topic.locked_at
    tickets.answer(topic, answer="Install 4.2.1.", by=person("agent"), now=utcnow(), form_key=secrets.token_hex(16))
    assert topic.state == state


def test_neither_address_nor_tag_keeps_a_secret(here: None) -> None:
    topic = begun()
    asking.rename(topic, title=f"My password: {SECRET}", tags=["relay", "carla@heron.example"])
    topic.slug, topic.tags = "my-password-hunter2-77", ["relay", "carla@heron.example"]
    db.session.add(TopicTag(topic_id=topic.id, name="carla@heron.example"))
    move(topic)
    names = set(db.session.scalars(select(TopicTag.name).where(TopicTag.topic_id == topic.id)))
    assert "hunter" not in topic.slug and topic.tags == ["relay"] and names == {"relay"}


def test_of_several_organisations_none_reads_it(here: None, world: cast.World) -> None:
    cast.join(person("customer"), db.session.get_one(Organisation, world.elsewhere), "member")
    db.session.flush()
    assert move(begun()).organisation_id is None
