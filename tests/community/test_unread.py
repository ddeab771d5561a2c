"""How far somebody has read: what is new since stands on the list and in the topic, for them alone."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.community.topic import Post, Topic, TopicReading
from portal.db import db
from portal.jobs import run_due
from portal.tickets.news import News
from portal.web import settings
from tests.cast import World
from tests.community.rows import answered, asked
from tests.desk.rows import file_one

As = Callable[[str], FlaskClient]


@pytest.fixture
def topic(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    with app.app_context():
        monkeypatch.setitem(settings(), "forum_first_posts", 0)
        made = asked(world)
        db.session.commit()
        return made.id


def answer(app: Flask, world: World, topic: int, times: int = 1) -> None:
    with app.app_context():
        for _ in range(times):
            answered(world, db.session.get_one(Topic, topic), "stranger")
        db.session.commit()
        run_due()


def line(app: Flask) -> int:
    """The one thing that somebody was told."""
    with app.app_context():
        return db.session.scalars(db.select(News.id)).one()


def page(topic: int) -> str:
    return f"/community/it-beeps/{topic}"


def test_ones_own_answer_is_nothing_new(app: Flask, world: World, topic: int, as_: As) -> None:
    reader = as_("colleague")
    reader.get(page(topic))
    reader.post(f"/community/topic/{topic}/reply", data={"body": "Mine beeps, too.", "form_key": "a" * 32})
    shown = reader.get(page(topic)).text
    assert "Mine beeps, too." in shown and "New since" not in shown


def test_what_came_since_is_marked_once(app: Flask, world: World, topic: int, as_: As) -> None:
    reader = as_("customer")
    assert "New since" not in reader.get(page(topic)).text
    assert "New answers" not in reader.get("/community/").text
    answer(app, world, topic)
    listed = reader.get("/community/").text
    assert "New answers" in listed and f"{page(topic)}/2" in listed
    assert "It beeps" in reader.get("/community/?show=new").text
    shown = reader.get(page(topic)).text
    assert "New since you were here" in shown and shown.index("New since") < shown.rindex("Press it.")
    assert "New since" not in reader.get(page(topic)).text
    assert "New answers" not in reader.get("/community/").text
    assert "It beeps" not in reader.get("/community/?show=new").text


def test_the_bell_counts_until_it_was_read(app: Flask, world: World, topic: int, as_: As) -> None:
    answer(app, world, topic, 2)
    reader = as_("customer")
    assert '<span class="bell-count" aria-hidden="true">2</span>' in reader.get("/account/").text
    news = reader.get("/news").text
    assert "Sam answered" in news and "It beeps" in news
    reader.get(page(topic))
    assert "bell-count" not in reader.get("/account/").text


def test_a_line_leads_to_its_post_and_is_read(app: Flask, world: World, topic: int, as_: As) -> None:
    answer(app, world, topic)
    reader = as_("customer")
    assert reader.get(f"/news/{line(app)}").location.endswith(f"{page(topic)}/2")
    assert "bell-count" not in reader.get("/account/").text
    assert as_("stranger").get(f"/news/{line(app)}").status_code == 404


def test_news_of_what_was_hidden_say_nothing(app: Flask, world: World, topic: int, as_: As) -> None:
    answer(app, world, topic)
    with app.app_context():
        made = db.session.get_one(Topic, topic)
        made.state, made.author_id = "hidden", None
        db.session.commit()
    assert "It beeps" not in as_("customer").get("/news").text
    assert as_("customer").get(f"/news/{line(app)}").status_code == 404


def test_a_long_topic_is_read_stretch_by_stretch(app: Flask, world: World, topic: int, as_: As) -> None:
    answer(app, world, topic, 30)
    reader = as_("customer")
    reader.get(page(topic))
    assert f"{page(topic)}/21" in reader.get("/community/").text
    reader.get(page(topic) + "?from=21")
    reader.get(page(topic))
    with app.app_context():
        assert db.session.scalars(db.select(TopicReading.number)).all() == [31]


def test_lists_of_ones_own_are_empty_for_visitors(topic: int, client: FlaskClient, as_: As) -> None:
    for show in ("following", "new", "mine"):
        assert "It beeps" not in client.get(f"/community/?show={show}").text
    reader = as_("colleague")
    assert "It beeps" not in reader.get("/community/?show=following").text
    reader.post(f"/community/follow/topic/{topic}")
    assert "It beeps" in reader.get("/community/?show=following").text
    assert "It beeps" in reader.get("/community/?show=new").text


def test_customers_read_there_that_their_ticket_was_answered(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        number = file_one(world)
    as_("agent").post(f"/desk/{number}/reply", data={"body": "Try this."})
    reader = as_("customer")
    page = reader.get("/news").text
    assert "Amir replied" in page and f"#{number}" in page
    assert reader.get(f"/news/{line(app)}").location == f"/tickets/{number}"
    assert as_("stranger").get(f"/news/{line(app)}").status_code == 404


def test_an_answer_begins_with_who_is_mentioned(app: Flask, world: World, topic: int, as_: As) -> None:
    answer(app, world, topic)
    shown = as_("customer").get(f"{page(topic)}?mention=2").text
    assert "@Sam </textarea>" in shown and "mention=2" in shown
    with app.app_context():
        db.session.scalars(db.select(Post).where(Post.number == 2)).one().state = "hidden"
        db.session.commit()
    assert "@Sam" not in as_("customer").get(f"{page(topic)}?mention=2").text
