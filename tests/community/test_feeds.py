"""Feeds, sitemap and what is told to search engines: public words alone, gone at once when hidden."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask

from knowledge.community import answering
from knowledge.community.topic import Topic
from portal.db import db, utcnow
from tests.community.rows import a_category, answered, asked, who

PLACES = ("/community/feed.atom", "/community/category/help/feed.atom", "/community/sitemap.xml")


@pytest.fixture
def topic(app: Flask, world: Any) -> int:
    with app.test_request_context():
        topic = asked(world, room=a_category(slug="help"), title="Blinks </script> & hums", body="\ufffe Why <b>?")
        post = answered(world, topic, "agent", "Because.")
        answering.accept(topic, post, by=who(world, "customer"), now=utcnow())
        db.session.commit()
        return topic.id


def change(app: Flask, topic: int, **fields: str) -> None:
    with app.app_context():
        row = db.session.get_one(Topic, topic)
        for name, value in fields.items():
            setattr(row.category if name == "visibility" else row, name, value)
        db.session.commit()


@pytest.mark.parametrize("place", PLACES)
def test_public_topics_stand_there(client: Any, topic: int, place: str) -> None:
    answer = client.get(place)
    ElementTree.fromstring(answer.data)
    assert f"/{topic}" in answer.text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fields", [{"state": "hidden"}, {"state": "held"}, {"visibility": "signed-in"}])
def test_others_do_not(app: Flask, client: Any, topic: int, place: str, fields: dict[str, str]) -> None:
    change(app, topic, **fields)
    assert f"/{topic}<" not in client.get(place).text


def test_a_topic_has_its_own_feed(app: Flask, client: Any, as_: Any, topic: int) -> None:
    feed = client.get(f"/community/topic/{topic}/feed.atom")
    assert len(list(ElementTree.fromstring(feed.data).iter("{http://www.w3.org/2005/Atom}entry"))) == 2
    change(app, topic, state="held")
    assert client.get(f"/community/topic/{topic}/feed.atom").status_code == 404
    assert as_("customer").get(f"/community/topic/{topic}/feed.atom").status_code == 404


def test_the_page_says_which_answer_was_accepted(app: Flask, client: Any, topic: int) -> None:
    page = client.get(f"/community/-/{topic}", follow_redirects=True).text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    assert found
    told = json.loads(found[1])
    assert told["@type"] == "QAPage"
    assert told["mainEntity"]["acceptedAnswer"]["text"] == "Because."
    assert told["mainEntity"]["name"] == "Blinks </script> & hums"


def test_robots_are_told_of_it(client: Any) -> None:
    assert "/community/sitemap.xml" in client.get("/robots.txt").text
