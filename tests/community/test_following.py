"""Following from the page, the list of it, and the links of mails that end it."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.community import following
from knowledge.community.following import Follow, Preference, stop_key
from knowledge.community.topic import Topic
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.web import settings
from tests.cast import World
from tests.community.rows import a_category, answered, asked, who

As = Callable[[str], FlaskClient]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def topic(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """A topic in a category that everybody reads."""
    with app.app_context():
        monkeypatch.setitem(settings(), "forum_first_posts", 0)
        made = asked(world)
        db.session.commit()
        return made.id


def paces(app: Flask, world: World, name: str) -> dict[str, str]:
    with app.app_context():
        rows = db.session.scalars(db.select(Follow).filter_by(user_id=world.ids[name]).order_by(Follow.id))
        return {row.kind: row.pace for row in rows}


def test_a_topic_a_category_and_a_tag_are_followed(app: Flask, world: World, topic: int, as_: As) -> None:
    reader = as_("colleague")
    with app.app_context():
        room = db.session.get_one(Topic, topic).category_id
    for kind, key in (("topic", topic), ("category", room), ("tag", "relay")):
        assert reader.post(f"/community/follow/{kind}/{key}", data={"pace": "daily"}).status_code == 302
        assert reader.post(f"/community/follow/{kind}/{key}").status_code == 302, "twice is once"
    assert paces(app, world, "colleague") == {"topic": "daily", "category": "daily", "tag": "daily"}
    page = reader.get("/community/following").text
    assert "It beeps" in page and "Questions" in page and "#relay" in page
    reader.post(f"/community/follow/topic/{topic}", data={"pace": "weekly", "listed": "yes"})
    reader.post("/community/follow/tag/relay", data={"stop": "yes", "pace": "daily"})
    assert paces(app, world, "colleague") == {"topic": "weekly", "category": "daily"}


def test_a_press_swaps_in_place(topic: int, as_: As) -> None:
    reader = as_("colleague")
    part = reader.post(f"/community/follow/topic/{topic}", headers=HTMX).text
    assert "at once, by mail" in part and "<html" not in part
    assert "Follow this topic" in reader.post(f"/community/follow/topic/{topic}", data={"stop": "1"}, headers=HTMX).text


@pytest.mark.parametrize("what", ["topic/999", "topic/x", "category/999", "person/1", "tag/!", "topic/99999999999"])
def test_what_is_not_there_is_not_followed(topic: int, as_: As, what: str) -> None:
    assert as_("colleague").post(f"/community/follow/{what}").status_code == 404


def test_what_one_may_not_read_is_neither_followed_nor_listed(app: Flask, world: World, topic: int, as_: As) -> None:
    with app.app_context():
        room = a_category(slug="inside", titles={"en": "Inside"}, visibility="staff")
        secret = asked(world, "agent", room=room, title="Never said").id
        following.follow("topic", secret, by=who(world, "colleague"), now=utcnow())  # from when it could be read
        inside = room.id
        db.session.commit()
    reader = as_("colleague")
    assert reader.post(f"/community/follow/category/{inside}").status_code == 404
    assert "Never said" not in reader.get("/community/following").text
    assert reader.post(f"/community/follow/topic/{secret}", data={"stop": "1"}).status_code == 302
    assert reader.post(f"/community/follow/topic/{secret}").status_code == 404


def test_what_is_mailed_is_chosen(app: Flask, world: World, topic: int, as_: As) -> None:
    reader = as_("stranger")
    assert reader.post("/community/following", data={"pace": "weekly"}).status_code == 302
    with app.app_context():
        chosen = db.session.get_one(Preference, world.ids["stranger"])
        assert (chosen.pace, chosen.follows_own, chosen.mails_mentions) == ("weekly", False, False)
        answered(world, db.session.get_one(Topic, topic), "stranger")
        answered(world, db.session.get_one(Topic, topic), "customer", "@Sam, thanks.")
        db.session.commit()
        run_due()
    assert paces(app, world, "stranger") == {}
    with app.app_context():
        assert not db.session.scalars(db.select(Mail).where(Mail.recipient == world.email("stranger"))).all()
    assert reader.post("/community/following", data={"pace": "hourly"}).status_code == 422
    assert "mentioned you" in reader.get("/news").text


@pytest.mark.parametrize("what", ["follow", "digest", "mention"])
def test_one_press_ends_it_and_a_look_does_not(
    app: Flask, world: World, topic: int, client: FlaskClient, what: str
) -> None:
    with app.app_context():
        reader = who(world, "colleague")
        following.follow("topic", topic, by=reader, now=utcnow(), pace="daily")
        db.session.commit()
        number = db.session.scalar(db.select(Follow.id)) if what == "follow" else reader.id
        key = stop_key(what, number or 0)
    assert client.get(f"/community/mails/{key}").status_code == 200
    assert paces(app, world, "colleague") == {"topic": "daily"}
    bare = app.test_client()  # neither cookie nor token of a form (RFC 8058)
    for _ in range(2):
        assert bare.post(f"/community/mails/{key}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    left = {"follow": {}, "digest": {"topic": "portal"}, "mention": {"topic": "daily"}}
    assert paces(app, world, "colleague") == left[what]
    with app.app_context():
        chosen = db.session.get(Preference, world.ids["colleague"])
        assert (chosen is not None and not chosen.mails_mentions) == (what == "mention")


def test_a_forged_link_is_none(client: FlaskClient, app: Flask, topic: int) -> None:
    with app.app_context():
        key = stop_key("follow", 1)
    assert client.get(f"/community/mails/{key[:-1]}{'A' if key[-1] != 'A' else 'B'}").status_code == 404
    assert client.post("/community/mails/x").status_code == 404
