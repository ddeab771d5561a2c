"""Moderators keep the categories, and drafts survive."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from knowledge.community.drafting import PostDraft
from knowledge.community.topic import ForumCategory, Topic
from portal.db import db
from tests.community.rows import a_category, asked

GIVEN = {"slug": "pumps", "titles-en": "Pumps", "kinds": ["question"], "visibility": "public", "posting": "everyone"}
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def topic(app: Flask, world: Any) -> int:
    with app.test_request_context():
        topic = asked(world, room=a_category(slug="help"))
        db.session.commit()
        return topic.id


def make(browser: Any, **more: Any) -> Any:
    return browser.post("/community/categories/new", data=GIVEN | {"icon": "server"} | more)


def test_an_administrator_makes_a_category_and_others_do_not(as_: Any, client: Any, world: Any) -> None:
    assert make(as_("agent")).status_code == 404
    assert make(as_("admin")).status_code == 302
    assert "Pumps" in client.get("/community/").text


def test_an_address_is_given_once(as_: Any, world: Any) -> None:
    admin = as_("admin")
    make(admin)
    refused = make(admin)
    assert refused.status_code == 422
    assert "Another category has this address" in refused.text


def test_what_is_put_away_takes_no_topics(app: Flask, as_: Any, topic: int) -> None:
    with app.app_context():
        db.session.scalars(select(ForumCategory)).one().is_archived = True
        db.session.commit()
    refused = as_("colleague").post(f"/community/topic/{topic}/reply", data={"body": "Late.", "form_key": KEY})
    assert refused.status_code == 422
    assert "kept for reading only" in refused.text


def test_a_category_for_staff_is_not_there_for_others(as_: Any, client: Any, world: Any) -> None:
    make(as_("admin"), visibility="staff")
    assert client.get("/community/category/pumps").status_code == 404
    assert as_("customer").get("/community/category/pumps").status_code == 404
    assert as_("agent").get("/community/category/pumps").status_code == 200


def test_a_draft_survives_until_it_is_posted(app: Flask, as_: Any, topic: int) -> None:
    colleague, typed = as_("colleague"), {"body": "Half a sentence", "form_key": KEY}
    kept = colleague.post(f"/community/topic/{topic}/draft", data=typed)
    assert (kept.status_code, "Draft" in kept.headers) == (204, False)
    with app.app_context():
        slug = db.session.scalar(select(Topic.slug))
    assert "Half a sentence" in colleague.get(f"/community/{slug}/{topic}").text
    assert "Half a sentence" not in as_("owner").get(f"/community/{slug}/{topic}").text
    colleague.post(f"/community/topic/{topic}/reply", data=typed | {"body": "A whole one."})
    with app.app_context():
        assert db.session.scalar(select(PostDraft.id)) is None
    late = colleague.post(f"/community/topic/{topic}/draft", data=typed)
    assert late.headers["Draft"] == "none"


def test_a_key_of_another_is_no_way_to_their_draft(as_: Any, topic: int) -> None:
    typed = {"body": "Mine", "title": "Mine", "form_key": KEY}
    as_("colleague").post("/community/draft", data=typed)
    assert as_("stranger").post("/community/draft", data=typed | {"body": "Theirs"}).headers["Draft"] == "none"
    assert "Mine" in as_("colleague").get("/community/new").text
