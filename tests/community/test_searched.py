"""Topics in the one search."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from knowledge.articles.writing import publish
from knowledge.community import answering
from knowledge.community.topic import Post, Topic
from portal.db import db, utcnow
from portal.jobs import run_due
from tests.community.rows import a_category, answered, asked, who
from tests.knowledge.conftest import HARBOUR

Find = Callable[[str], str]


@pytest.fixture
def topic(app: Flask, world: Any) -> int:
    with app.test_request_context():
        room = a_category(slug="help")
        topic = asked(world, room=room, title="Gateway blinks violet", body="The **lamp** blinks since Monday.")
        answered(world, topic, "colleague", "Replace the quibblewire.")
        db.session.commit()
        run_due()
        return topic.id


def change(app: Flask, verb: Callable[[Topic, Post], Any]) -> None:
    with app.test_request_context():
        topic = db.session.scalars(select(Topic)).one()
        verb(topic, db.session.scalars(select(Post).where(Post.number == 2)).one())
        db.session.commit()
        run_due()


def test_a_topic_is_found_by_its_question_and_by_its_best_answer(client: Any, topic: int) -> None:
    assert "violet" in client.get("/search?q=violet+lamp").text
    page = client.get("/search?q=quibblewire").text
    assert f"/{topic}#post-2" in page
    assert "Community" in page


def test_an_accepted_answer_is_told(app: Flask, client: Any, world: Any, topic: int) -> None:
    change(app, lambda asked, post: answering.accept(asked, post, by=who(world, "customer"), now=utcnow()))
    assert "Answered" in client.get("/search?q=quibblewire").text


def test_what_is_hidden_is_found_no_more(app: Flask, client: Any, topic: int) -> None:
    def hide(asked: Topic, _post: Post) -> None:
        asked.state = "hidden"

    with app.test_request_context():  # before the index knows
        hide(db.session.scalars(select(Topic)).one(), None)  # type: ignore[arg-type]
        db.session.commit()
    assert "Gateway blinks" not in client.get("/search?q=quibblewire").text


def test_what_is_for_plans_is_found_by_them_alone(app: Flask, client: Any, as_: Any, topic: int) -> None:
    change(app, lambda asked, _post: (setattr(asked.category, "visibility", "staff"), answering.look_again(asked)))
    assert "Gateway blinks" not in client.get("/search?q=quibblewire").text
    assert "Gateway blinks" in as_("agent").get("/search?q=quibblewire").text


def test_titles_alike_are_offered_with_their_mark(app: Flask, as_: Any, world: Any, topic: int) -> None:
    change(app, lambda asked, post: answering.accept(asked, post, by=who(world, "customer"), now=utcnow()))
    page = as_("colleague").get("/community/similar?title=blinks+violet").text
    assert "Gateway blinks" in page
    assert "Solved" in page
    assert as_("colleague").get("/community/similar?title=a").text.strip() == ""


def test_topics_alike_stand_before_articles(app: Flask, as_: Any, topic: int) -> None:
    with app.test_request_context():
        for n in range(6):
            name = f"violet-{n}"
            publish(
                replace(HARBOUR, external_id=f"en/{name}", slug=name, title=f"Blinks violet: gateway {n}"), now=utcnow()
            )
        db.session.commit()
        run_due()
    page = as_("colleague").get("/community/similar?title=gateway+blinks+violet").text
    assert page.index("Gateway blinks") < page.index("Blinks violet: gateway")
    assert page.count("Blinks violet: gateway") == 4
