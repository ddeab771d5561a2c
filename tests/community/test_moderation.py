"""Keeping order: what moderators do, what readers see of it, and the log."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from knowledge.community import answering, asking, flags, moderation, sanctions
from knowledge.community.audit import ModerationAct
from knowledge.community.standing import Sanction
from knowledge.community.topic import ForumCategory, Post, Topic
from portal.db import db, utcnow
from portal.errors import Refused
from portal.mail import Mail
from portal.web import settings
from tests import cast


@pytest.fixture
def rooms(app, world) -> dict[str, int]:
    with app.app_context():
        for slug, visibility in (("help", "public"), ("staff", "staff")):
            given = {"visibility": visibility, "titles": {"en": slug}, "descriptions": {}, "kinds": ["question"]}
            db.session.add(ForumCategory(slug=slug, **given))
        moderator = cast.make_user("mo@vendor.example")
        moderator.roles.append(cast.make_role("moderator"))
        db.session.commit()
        return {room.slug: room.id for room in db.session.scalars(select(ForumCategory))}


@pytest.fixture
def moderator(app, rooms) -> Any:
    browser = app.test_client()
    browser.post("/account/sign-in", data={"email": "mo@vendor.example", "password": cast.PASSWORD})
    return browser


@pytest.fixture
def topic(app, rooms, person) -> Callable[..., int]:
    """Makes a topic of the customer with so many answers of the stranger; returns its number."""

    def make(answers: int = 0, title: str = "Charging the beacon") -> int:
        with app.test_request_context():
            room = db.session.get(ForumCategory, rooms["help"])
            given = {"kind": "question", "title": title, "body": "How?", "tags": [], "form_key": f"k-{title}"}
            made = asking.ask(room, by=person("customer"), now=utcnow(), **given)
            for n in range(answers):
                body, key = f"Answer {n} to {title}", f"k-{title}-{n}"
                answering.reply(made, body=body, by=person("stranger"), now=utcnow(), form_key=key)
            db.session.commit()
            return made.id

    return make


@pytest.fixture
def inside(app) -> Iterator[None]:
    with app.test_request_context():
        yield


def post_of(topic_id: int, number: int) -> Post:
    return db.session.execute(select(Post).filter_by(topic_id=topic_id, number=number)).scalar_one()


def test_a_held_post_is_let_through(app, moderator, topic, client) -> None:
    number = topic()
    with app.test_request_context():
        post = post_of(number, 1)
        post.state = post.topic.state = "held"
        db.session.commit()
        post_id = post.id
    assert client.get(f"/community/charging-the-beacon/{number}").status_code == 404
    assert "Charging the beacon" in moderator.get("/community/order").text
    assert moderator.post(f"/community/order/post/{post_id}/let").status_code == 302
    assert client.get(f"/community/charging-the-beacon/{number}").status_code == 200
    assert "let a post stand" in moderator.get("/community/order/log").text


def test_what_is_hidden_is_gone_at_once(app, moderator, topic, client) -> None:
    number = topic(answers=1)
    address = f"/community/charging-the-beacon/{number}"
    assert "Answer 0" in client.get(address).text
    with app.app_context():
        answer, first = post_of(number, 2).id, post_of(number, 1).id
    moderator.post(f"/community/order/post/{answer}/hide")
    assert "Answer 0" not in client.get(address).text
    moderator.post(f"/community/order/post/{first}/hide")
    assert client.get(address).status_code == 404
    assert "Charging" not in client.get("/community/").text


def test_nobody_else_finds_these_pages(as_, rooms, topic) -> None:
    number = topic()
    browser = as_("customer")
    for path in ("order", "order/log", f"order/topic/{number}", "order/person/1"):
        assert browser.get(f"/community/{path}").status_code == 404
    for path in (f"topic/{number}/lock", f"topic/{number}/merge", "post/1/hide", "person/1/ban", "sanction/1/lift"):
        assert browser.post(f"/community/order/{path}").status_code == 404


def test_a_locked_topic_takes_no_answers(app, moderator, topic, as_) -> None:
    number = topic()
    moderator.post(f"/community/order/topic/{number}/lock")
    answer = as_("stranger").post(f"/community/topic/{number}/reply", data={"body": "Me too"})
    assert answer.status_code == 422
    moderator.post(f"/community/order/topic/{number}/pin")
    with app.app_context():
        assert db.session.get(Topic, number).is_pinned


def test_a_topic_moved_to_staff_is_out_of_sight(moderator, topic, rooms, client) -> None:
    number = topic()
    assert moderator.post(f"/community/order/topic/{number}/move", data={"category": rooms["help"]}).status_code == 302
    with client.application.app_context():
        db.session.get(Topic, number).category_id = rooms["staff"]
        db.session.commit()
    assert client.get(f"/community/charging-the-beacon/{number}").status_code == 404


def test_merged_topics_are_one_and_the_old_address_leads_there(app, moderator, topic, client) -> None:
    one, two = topic(answers=2), topic(answers=1, title="Charging again")
    moderator.post(f"/community/order/topic/{two}/merge", data={"into": str(one)})
    with app.app_context():
        into, gone = db.session.get(Topic, one), db.session.get(Topic, two)
        assert (into.posts, gone.posts, gone.merged_into_id) == (5, 0, one)
        assert [p.number for p in db.session.query(Post).filter_by(topic_id=one).order_by(Post.number)] == [
            1,
            2,
            3,
            4,
            5,
        ]
    answer = client.get(f"/community/charging-again/{two}")
    assert (answer.status_code, answer.location) == (301, f"/community/charging-the-beacon/{one}")
    assert "Charging again" not in client.get("/community/").text
    assert moderator.post(f"/community/order/topic/{one}/merge", data={"into": str(two)}).status_code == 422


def test_a_merged_posts_address_leads_to_where_it_stands_now(moderator, topic, client) -> None:
    one, two, three = topic(answers=2), topic(1, "Charging two"), topic(19, "Charging three")
    for gone, into in ((two, one), (one, three)):
        moderator.post(f"/community/order/topic/{gone}/merge", data={"into": str(into)})
    for number, old, now in ((1, two, 24), (2, two, 25), (3, one, 23)):
        answer = client.get(f"/community/charging-the-beacon/{old}/{number}")
        assert answer.location == f"/community/charging-three/{three}?from=21#post-{now}"
    assert client.get(f"/community/charging-the-beacon/{two}/9").status_code == 404


def test_split_posts_begin_a_topic_and_their_numbers_stay_unused(app, topic, inside, person, rooms) -> None:
    number = topic(answers=3)
    old = db.session.get(Topic, number)
    made = moderation.split(old, {3, 4}, "Another matter", by=person("admin"), now=utcnow())
    assert (old.posts, made.posts, made.author_id) == (2, 2, person("stranger").id)
    after = answering.reply(old, body="And now?", by=person("customer"), now=utcnow(), form_key="after")
    assert after.number == 5


def test_enough_flags_of_trusted_members_hold_a_post(inside, topic, person, monkeypatch) -> None:
    monkeypatch.setitem(settings(), "forum_flags_hold", 2)
    post = post_of(topic(answers=1), 2)
    for who in ("colleague", "owner"):
        flags.flag(post, reason="spam", note="", by=person(who), now=utcnow())
        flags.flag(post, reason="spam", note="again", by=person(who), now=utcnow())
    assert (post.state, post.topic.posts) == ("held", 1)
    assert db.session.query(flags.Flag).count() == 2
    moderation.let(post, by=person("admin"), now=utcnow())
    assert post.state == "shown"
    assert db.session.scalars(select(flags.Flag.settled_at)).all().count(None) == 0


def test_newcomers_flags_weigh_nothing(inside, topic, person, monkeypatch) -> None:
    monkeypatch.setitem(settings(), "forum_flags_hold", 1)
    monkeypatch.setitem(settings(), "forum_trusted_posts", 1)
    post = post_of(topic(answers=1), 2)
    flags.flag(post, reason="rude", note="", by=person("colleague"), now=utcnow())
    assert post.state == "shown"
    with pytest.raises(Refused):
        flags.flag(post, reason="rude", note="", by=person("stranger"), now=utcnow())


def test_a_reader_flags_and_a_moderator_reads_why(as_, moderator, topic, app) -> None:
    number = topic(answers=1)
    with app.app_context():
        post_id = post_of(number, 2).id
    reader = as_("customer")
    assert reader.get(f"/community/post/{post_id}/flag").status_code == 200
    assert reader.post(f"/community/post/{post_id}/flag", data={}).status_code == 422
    given = {"reason": "spam", "note": "The third time"}
    assert reader.post(f"/community/post/{post_id}/flag", data=given).status_code == 302
    assert "The third time" in moderator.get("/community/order").text


def test_a_suspended_member_reads_why_appeals_and_is_let_back(app, moderator, topic, as_, person) -> None:
    number = topic()
    with app.app_context():
        stranger = person("stranger").id
    given = {"reason": "Three adverts in a day", "days": "3"}
    assert moderator.post(f"/community/order/person/{stranger}/suspension", data=given).status_code == 302
    browser = as_("stranger")
    refused = browser.post(f"/community/topic/{number}/reply", data={"body": "Hello", "form_key": "x" * 32})
    assert refused.status_code == 422
    assert "Three adverts in a day" in refused.text
    assert "Three adverts in a day" in browser.get("/community/standing").text
    with app.app_context():
        assert "Three adverts in a day" in db.session.scalars(select(Mail.text)).one()
        sanction = db.session.scalars(select(Sanction.id)).one()
    assert browser.post(f"/community/standing/{sanction}/appeal", data={"text": "My cat did it"}).status_code == 302
    assert "My cat did it" in moderator.get("/community/order").text
    assert as_("customer").post(f"/community/standing/{sanction}/appeal", data={"text": "x"}).status_code == 404
    moderator.post(f"/community/order/sanction/{sanction}/lift", data={"answer": "Well then"})
    answer = browser.post(f"/community/topic/{number}/reply", data={"body": "Hello", "form_key": "y" * 32})
    assert answer.status_code == 302


def test_who_keeps_order_is_not_kept_out(inside, rooms, person) -> None:
    for who in ("agent", "admin"):
        with pytest.raises(Refused):
            sanctions.punish(person(who), "ban", reason="x", by=person("admin"), now=utcnow())


def test_every_act_stands_in_the_log_and_nothing_changes_it(inside, topic, person) -> None:
    post = post_of(topic(answers=1), 2)
    moderation.hide(post, by=person("admin"), now=utcnow())
    moderation.steer(post.topic, "lock", by=person("admin"), now=utcnow())
    sanctions.punish(person("stranger"), "ban", reason="Spam", by=person("admin"), now=utcnow())
    acts = db.session.scalars(ModerationAct.visible_to(person("admin"))).all()
    assert [act.kind for act in acts] == ["ban", "lock", "hide"]
    assert db.session.scalars(ModerationAct.visible_to(person("customer"))).all() == []


def test_a_form_with_its_trap_filled_in_waits_for_a_moderator(app, topic, as_, monkeypatch) -> None:
    number = topic()
    monkeypatch.setitem(app.extensions["settings"], "forum_trusted_posts", 5)
    browser = as_("colleague")
    page = browser.get(f"/community/charging-the-beacon/{number}").text
    assert 'name="homepage"' in page
    given = {"body": "Buy this", "form_key": "z" * 32, "homepage": "http://shop.example"}
    assert browser.post(f"/community/topic/{number}/reply", data=given).status_code == 302
    with app.app_context():
        assert post_of(number, 2).state == "held"
    assert "Buy this" not in as_("stranger").get(f"/community/charging-the-beacon/{number}").text


def test_the_author_of_a_hidden_post_reads_why(app, moderator, topic, person) -> None:
    number = topic(answers=1)
    with app.app_context():
        answer = db.session.scalars(select(Post.id).where(Post.topic_id == number, Post.number == 2)).one()
    moderator.post(f"/community/order/post/{answer}/hide", data={"reason": "Please without the serial number."})
    with app.app_context():
        letter = db.session.scalars(select(Mail).where(Mail.subject.like("Your post was hidden%"))).one()
        assert letter.recipient == cast.ADDRESSES["stranger"]
        assert "Please without the serial number." in letter.text
        act = db.session.scalars(select(ModerationAct).where(ModerationAct.kind == "hide")).one()
        assert act.reason == "Please without the serial number."
