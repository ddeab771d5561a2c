"""What somebody might try in the community, and what comes of it: over HTTP, as browsers and others send it."""

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from knowledge.community import answering, asking, following
from knowledge.community.answering import edit, vote
from knowledge.community.telling import Told
from knowledge.community.topic import Post, PostVote, Topic
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import run_due
from portal.mail import Mail
from portal.tickets.drafts import new_key
from portal.web import settings
from tests import cast
from tests.community.rows import a_category, answered, asked, who

As = Callable[[str], FlaskClient]


@pytest.fixture
def topic(app: Flask, world: cast.World) -> int:
    """A question of the customer's with an answer of the stranger's."""
    with app.test_request_context():
        made = asked(world)
        answered(world, made, "stranger")
        db.session.commit()
        return made.id


def reply(browser: FlaskClient, topic: int, body: str = "Turn it off.", key: str = "") -> TestResponse:
    return browser.post(f"/community/topic/{topic}/reply", data={"body": body, "form_key": key or new_key()})


def count(app: Flask, table: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_one_form_posts_once(app: Flask, topic: int, as_: As) -> None:
    browser, key = as_("colleague"), new_key()
    assert [reply(browser, topic, key=key).status_code for _again in range(3)] == [302] * 3
    assert count(app, Post) == 3


def test_one_form_posts_once_when_sent_at_once(app: Flask, topic: int, as_: As) -> None:
    browser, key, room = as_("colleague"), new_key(), first_room(app)
    form = {
        "category": room,
        "kind": "question",
        "product": "",
        "title": "It hums",
        "body": "All night.",
        "form_key": key,
    }
    found: list[int] = []

    def send() -> None:
        other = app.test_client()
        for cookie in (browser._cookies or {}).values():
            other.set_cookie(cookie.key, cookie.decoded_value)
        found.append(other.post("/community/new", data=form).status_code)

    threads = [threading.Thread(target=send) for _each in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(found) == {302}
    assert count(app, Topic) == 2


def first_room(app: Flask) -> int:
    with app.app_context():
        return int(db.session.scalar(select(Topic.category_id)) or 0)


def test_nobody_thanks_themselves_or_twice(app: Flask, world: cast.World, topic: int) -> None:
    with app.test_request_context():
        post = db.session.scalars(select(Post).where(Post.number == 2)).one()
        with pytest.raises(Refused):
            vote(post, by=who(world, "stranger"), now=utcnow())
        for _again in range(3):
            vote(post, by=who(world, "customer"), now=utcnow())
        db.session.commit()
        assert (post.votes, db.session.scalar(select(func.count()).select_from(PostVote))) == (1, 1)


@pytest.mark.parametrize(
    "title",
    ["Category", "New", "Mails", "Topic", "Tag", "Person", "From ticket", "???", "\u200b\u200b", "日本語", "a" * 200],
)
def test_every_title_has_a_page(app: Flask, world: cast.World, topic: int, client: FlaskClient, title: str) -> None:
    with app.test_request_context():
        made = asked(world, title=title)
        db.session.commit()
        address = f"/community/{made.slug}/{made.id}"
    answer = client.get(address)
    assert answer.status_code == 200 and "It beeps" not in answer.text.partition("</h1>")[0].rpartition("<h1")[2]


def test_no_title_is_taken_for_another_page(app: Flask) -> None:
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("community.")]
    second = {found[1] for rule in rules if (found := re.match(r"/community/([^<>/]+)/<", rule))}
    assert second <= asking.TAKEN


@pytest.mark.parametrize("state", ["held", "hidden"])
def test_what_is_not_shown_is_there_for_its_author_and_keepers_alone(
    app: Flask, world: cast.World, topic: int, as_: As, client: FlaskClient, state: str
) -> None:
    with app.test_request_context():
        kept = asked(world, title="CANARY-4711 in the title", body="CANARY-4711 in the body", tags=["canary-4711"])
        answered(world, kept, "customer", "CANARY-4711 in the answer")
        kept.state = state
        other = db.session.get_one(Topic, topic)
        answered(world, other, "customer", "CANARY-4712 in an answer").state = state
        db.session.commit()
        address, open_address = f"/community/{kept.slug}/{kept.id}", f"/community/{other.slug}/{other.id}"
    for name, sees in (("", False), ("stranger", False), ("colleague", False), ("customer", True), ("agent", True)):
        browser = as_(name) if name else client
        assert (browser.get(address).status_code == 200) == sees, name
        assert ("CANARY-4712" in browser.get(open_address).text) == sees, name
        for way in ("2",):
            assert (browser.get(f"{address}/{way}").status_code != 404) == sees
        for listed in lists(app):
            assert sees or "CANARY-" not in browser.get(listed).text, f"{listed} shows {name or 'visitors'}"
        if not sees and name:
            assert reply(browser, kept_id(address)).status_code == 404


def kept_id(address: str) -> int:
    return int(address.rpartition("/")[2])


def lists(app: Flask) -> list[str]:
    """Every public address without an argument, and with those that lists take."""
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and "<" not in rule.rule}
    plain = sorted(
        rule
        for rule in rules
        if rule.startswith(("/community", "/sitemap", "/search", "/kb/", "/api/search")) or rule == "/"
    )
    asked_for = [
        "/community/category/questions",
        "/community/?show=mine",
        "/community/?show=unanswered",
        "/community/?tag=canary-4711",
    ]
    return [*plain, *asked_for, "/search?q=canary", "/search/suggest?q=canary", "/api/search?q=canary"]


@pytest.mark.parametrize(
    "query",
    [
        "from=99999999999999999999",
        "from=-5",
        "from=x",
        "after=1.99999999999999999",
        "after=99999999999999999.1",
        "sort=thanks&after=999999999.5",
        "show=%00&tag=%00",
        "after=%D9%A1.1",
        "quote=99999999999999999999",
    ],
)
def test_odd_arguments_break_nothing(app: Flask, topic: int, as_: As, query: str) -> None:
    client = as_("colleague")
    with app.app_context():
        made = db.session.get_one(Topic, topic)
        address = f"/community/{made.slug}/{made.id}"
    for path in (address, "/community/", "/community/category/questions"):
        assert client.get(f"{path}?{query}").status_code < 500


def test_an_enormous_post_is_refused_and_kept_in_its_field(app: Flask, topic: int, as_: As) -> None:
    answer = reply(as_("colleague"), topic, "x" * 900_000)
    assert answer.status_code in (413, 422)
    assert count(app, Post) == 2


def test_a_number_of_elsewhere_is_not_found(app: Flask, world: cast.World, topic: int, as_: As) -> None:
    with app.test_request_context():
        inner = a_category(slug="inside", visibility="staff")
        made = asked(world, "agent", room=inner, title="CANARY-4713")
        db.session.commit()
        key = made.id
    browser = as_("customer")
    assert browser.get(f"/community/canary-4713/{key}").status_code == 404
    assert reply(browser, key).status_code == 404
    assert browser.get("/community/category/inside").status_code == 404
    form = {
        "category": inner_id(app),
        "kind": "question",
        "product": "",
        "title": "Let me in",
        "body": "Please.",
        "form_key": new_key(),
    }
    assert browser.post("/community/new", data=form).status_code in (404, 422)
    for listed in lists(app):
        assert "CANARY-4713" not in browser.get(listed).text


def inner_id(app: Flask) -> int:
    from knowledge.community.topic import ForumCategory

    with app.app_context():
        return db.session.scalars(select(ForumCategory.id).filter_by(slug="inside")).one()


@pytest.mark.parametrize(
    "link",
    [
        "[x](https://e.example/{n})",
        "[x](//e.example/{n})",
        "[x](&#104;ttps://e.example/{n})",
        "[x](https:\\/\\/e.example/{n})",
        "[x][{n}]\n\n[{n}]: //e.example/{n}\n\n",
        "<HTTPS://e.example/{n}>",
    ],
)
def test_a_newcomers_links_are_counted_however_they_are_written(
    app: Flask, world: cast.World, topic: int, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    with app.test_request_context():
        for name, value in (("forum_trusted_posts", 9), ("forum_new_links", 2)):
            monkeypatch.setitem(settings(), name, value)
        made = db.session.get_one(Topic, topic)
        answered(world, made, "colleague", "".join(link.format(n=n) for n in range(2)))
        with pytest.raises(Refused, match="2 links"):
            answered(world, made, "colleague", "".join(link.format(n=n) for n in range(3)))


@pytest.mark.parametrize(
    "given", [{"title": "See spam.example"}, {"body": "[x](//sp&#97;m.example)"}, {"body": "SPAM.example"}]
)
def test_what_is_blocked_waits_wherever_it_stands(
    app: Flask, world: cast.World, topic: int, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    with app.test_request_context():
        monkeypatch.setitem(settings(), "forum_blocked", ("spam.example",))
        assert asked(world, **given).state == "held"


def test_a_title_that_becomes_spam_waits_with_its_topic(
    app: Flask, world: cast.World, topic: int, monkeypatch: pytest.MonkeyPatch, client: FlaskClient
) -> None:
    with app.test_request_context():
        monkeypatch.setitem(settings(), "forum_blocked", ("spam.example",))
        made = db.session.get_one(Topic, topic)
        first = db.session.scalars(select(Post).where(Post.number == 1)).one()
        edit(first, body="All day.", title="See spam.example", by=who(world, "customer"), now=utcnow(), edition=1)
        asking.rename(made, title="See spam.example", tags=[])
        db.session.commit()
        assert (made.state, first.state) == ("held", "held")
    assert "spam.example" not in client.get("/community/").text


def test_what_is_hidden_leaves_the_news_and_the_bell(app: Flask, world: cast.World, topic: int, as_: As) -> None:
    with app.test_request_context():
        made = db.session.get_one(Topic, topic)
        following.follow("topic", topic, by=who(world, "colleague"), now=utcnow(), pace="instant")
        answered(world, made, "stranger", "Buy it.")
        db.session.commit()
        run_due()
        made.title, made.state = "CANARY-4714", "hidden"
        db.session.commit()
    browser = as_("colleague")
    page = browser.get("/news").text
    assert "CANARY" not in page and "Mark all as read" in page
    browser.post("/news/seen")
    assert "Mark all as read" not in browser.get("/news").text


def test_a_flood_of_mentions_reaches_a_few_and_takes_no_time(app: Flask, world: cast.World, topic: int) -> None:
    with app.test_request_context():
        made = db.session.get_one(Topic, topic)
        for number in range(30):
            cast.make_user(f"m{number}@flood.example", name=f"Member {number}")
        db.session.flush()
        for number in range(30):
            person = db.session.scalars(select(User).filter_by(email=f"m{number}@flood.example")).one()
            reply_as(made, person)
        db.session.commit()
        run_due()
        mails = count(app, Mail)
        begun = time.monotonic()
        answered(world, made, "customer", " ".join(f"@Member {number % 30}" for number in range(4000)))
        db.session.commit()
        run_due()
        assert time.monotonic() - begun < 5
        told = db.session.scalars(select(Told.user_id).where(Told.why == "mention")).all()
        assert 0 < len(told) <= settings().forum_mentions
        assert count(app, Mail) - mails <= 40


def reply_as(topic: Topic, person: User) -> None:
    answering.reply(topic, body="Me too.", by=person, now=utcnow(), form_key=new_key())


def test_of_two_who_edit_at_once_the_second_is_told(app: Flask, world: cast.World, topic: int, as_: As) -> None:
    with app.app_context():
        post = db.session.scalars(select(Post).where(Post.number == 2)).one().id
    author, keeper = as_("stranger"), as_("agent")
    assert author.post(f"/community/post/{post}/edit", data={"body": "First words.", "edition": "1"}).status_code == 302
    late = keeper.post(f"/community/post/{post}/edit", data={"body": "Second words.", "edition": "1"})
    assert late.status_code == 422 and "Somebody changed this post meanwhile." in late.text
    assert "Second words." in late.text
    with app.app_context():
        assert db.session.get_one(Post, post).body == "First words."


@pytest.mark.parametrize("way", ["thank", "accept", "edit", "withdraw"])
def test_nobody_acts_on_what_they_do_not_see_or_own(
    app: Flask, world: cast.World, topic: int, as_: As, way: str
) -> None:
    with app.test_request_context():
        post = db.session.scalars(select(Post).where(Post.number == 2)).one()
        key, post.state = post.id, "hidden"
        db.session.commit()
    for name in ("customer", "colleague"):
        assert as_(name).post(f"/community/post/{key}/{way}", data={"body": "x", "edition": "1"}).status_code == 404
    with app.test_request_context():
        db.session.get_one(Post, key).state = "shown"
        db.session.commit()
    if way != "thank":
        answer = as_("colleague").post(f"/community/post/{key}/{way}", data={"body": "x", "edition": "1"})
        assert answer.status_code in (403, 404, 422)
    with app.app_context():
        assert db.session.get_one(Post, key).body == "Press it."


def test_no_words_break_out_of_page_feed_or_structured_text(
    app: Flask, world: cast.World, topic: int, client: FlaskClient
) -> None:
    words = "</script><script>alert(1)</script> ]]> &lt;b&gt; \" ' \u2028 \ufffe {{7*7}} %(x)s"
    with app.test_request_context():
        db.session.get_one(User, world.ids["customer"]).name = words[:100]
        made = asked(world, title=words, body=f"{words}\n\n`{words}`", tags=[words])
        answered(world, made, "customer", words)
        db.session.commit()
        key, address = made.id, f"/community/{made.slug}/{made.id}"
    for path in (address, "/community/", "/community/category/questions", f"/community/person/{world.ids['customer']}"):
        page = client.get(path).text
        assert "<script>alert" not in page and "49" not in page.partition("{{7*7}}")[0][-200:], path
    told = re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', client.get(address).text, re.DOTALL)
    assert told and "alert(1)" in json.loads(told[1])["mainEntity"]["name"]
    for feed in ("feed.atom", "category/questions/feed.atom", f"topic/{key}/feed.atom", "sitemap.xml"):
        ElementTree.fromstring(client.get(f"/community/{feed}").data)


def test_only_keepers_keep_order(app: Flask, world: cast.World, topic: int, as_: As) -> None:
    acts = [f"order/topic/{topic}/{act}" for act in ("merge", "split", "move", "lock", "pin")]
    acts += [f"order/person/{world.ids['stranger']}/{kind}" for kind in ("warning", "suspension", "ban")]
    pages = ["order", "order/log", f"order/log?before={2**70}", f"order/topic/{topic}", f"order/person/{2**31 - 1}"]
    for name in ("customer", "owner", "editor"):
        browser = as_(name)
        assert {browser.get(f"/community/{page}").status_code for page in pages} == {404}
        assert {browser.post(f"/community/{act}", data={"reason": "x"}).status_code for act in acts} == {404}
    agent, odd = as_("agent"), {"into": "999999999", "post": str(2**40), "category": str(2**40), "days": str(2**40)}
    assert all(agent.get(f"/community/{page}").status_code < 500 for page in pages)
    assert all(agent.post(f"/community/{act}", data=odd).status_code < 500 for act in acts)


def test_a_draft_of_a_topic_that_is_not_there_is_not_found(app: Flask, topic: int, as_: As) -> None:
    for number in (str(2**70), "999999999"):
        assert as_("customer").post("/community/private", data={"topic_id": number, "body": "x"}).status_code == 404
