"""Asking, answering and what else is done with posts, through the pages."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from knowledge.community.topic import Post, Topic
from portal.db import db
from tests import cast
from tests.community.rows import a_category, asked, who

KEY = "0123456789abcdef0123456789abcdef"


Look = Callable[[Any], Any]


@pytest.fixture
def room(app: Flask, world: Any) -> int:
    with app.app_context():
        made = a_category(slug="help")
        db.session.commit()
        return made.id


@pytest.fixture
def look(app: Flask) -> Look:
    """The first value of a query, read by itself."""

    def read(query: Any) -> Any:
        with app.app_context():
            return db.session.scalar(query)

    return read


def begin(client: Any, room: int, **more: str) -> Any:
    given = {"category": str(room), "kind": "question", "title": "Beacon loses its **gateway**"}
    given |= {"body": "It went away.\n\n`ping` works.", "tags": "Relay, network", "form_key": KEY}
    return client.post("/community/new", data=given | more)


TOPICS = select(func.count()).select_from(Topic)
FIRST, SECOND = (select(Post.id).where(Post.number == number) for number in (1, 2))


def answer(client: Any, look: Look, body: str = "Restart it.") -> Any:
    topic = look(select(Topic.id))
    return client.post(f"/community/topic/{topic}/reply", data={"body": body, "form_key": KEY[::-1]})


def test_a_customer_asks_and_everybody_reads(as_: Any, client: Any, room: int) -> None:
    there = begin(as_("customer"), room)
    assert there.status_code == 302
    page = client.get(there.location).text
    assert "Beacon loses its **gateway**" in page
    assert "<code>ping</code>" in page
    assert "#relay" in page
    assert "Beacon loses" in client.get("/community/category/help").text
    assert "Beacon loses" in client.get("/community/?tag=network").text


def test_the_same_form_asks_once(as_: Any, room: int, look: Look) -> None:
    customer = as_("customer")
    assert begin(customer, room).location == begin(customer, room).location
    assert look(TOPICS) == 1


def test_the_same_form_answers_once(as_: Any, room: int, look: Look) -> None:
    begin(as_("customer"), room)
    agent = as_("agent")
    assert answer(agent, look).location == answer(agent, look).location
    assert look(select(Topic.posts)) == 2


def test_staff_are_unmistakable(as_: Any, client: Any, room: int, look: Look) -> None:
    there = begin(as_("customer"), room).location
    assert "Staff of" not in client.get(there).text
    answer(as_("agent"), look)
    assert "Staff of" in client.get(there).text


def test_only_the_asker_accepts(as_: Any, client: Any, room: int, look: Look) -> None:
    there = begin(as_("customer"), room).location
    answer(as_("colleague"), look)
    post = look(SECOND)
    assert as_("stranger").post(f"/community/post/{post}/accept").status_code == 422
    assert as_("customer").post(f"/community/post/{post}/accept").status_code == 302
    assert "Go to the answer" in client.get(there).text


def test_nobody_thanks_themselves_and_others_once(as_: Any, room: int, look: Look) -> None:
    begin(as_("customer"), room)
    first = look(FIRST)
    assert as_("customer").post(f"/community/post/{first}/thank").status_code == 422
    for _ in range(2):
        assert as_("colleague").post(f"/community/post/{first}/thank").status_code == 302
    assert look(select(Topic.votes)) == 1
    as_("colleague").post(f"/community/post/{first}/thank", data={"back": "1"})
    assert look(select(Topic.votes)) == 0


def test_what_a_post_said_is_kept(as_: Any, client: Any, room: int, look: Look) -> None:
    customer = as_("customer")
    there = begin(customer, room).location
    first = look(FIRST)
    given = {"title": "Another title", "body": "Now otherwise", "tags": "x", "edition": "1"}
    assert customer.post(f"/community/post/{first}/edit", data=given).status_code == 302
    assert client.get(there).status_code == 301  # its slug went with the title
    assert "Now otherwise" in client.get(there, follow_redirects=True).text
    assert "It went away." in customer.get(f"/community/post/{first}/editions").text


def test_the_second_of_two_editors_is_told_and_keeps_the_text(as_: Any, room: int, look: Look) -> None:
    customer = as_("customer")
    begin(customer, room)
    first = look(FIRST)
    given = {"title": "One", "body": "First editor", "edition": "1"}
    customer.post(f"/community/post/{first}/edit", data=given)
    second = customer.post(f"/community/post/{first}/edit", data=given | {"body": "Second editor"})
    assert second.status_code == 422
    assert "Second editor" in second.text
    assert "Somebody changed this post meanwhile" in second.text


def test_others_do_not_edit_it(as_: Any, room: int, look: Look) -> None:
    begin(as_("customer"), room)
    first = look(FIRST)
    assert as_("colleague").get(f"/community/post/{first}/edit").status_code == 422


def test_a_reseller_is_told_where_to_go(as_: Any, room: int) -> None:
    refused = begin(as_("reseller"), room)
    assert refused.status_code == 422
    assert "file a ticket" in refused.text


def test_a_reseller_is_offered_no_answer_to_a_post(as_: Any, room: int) -> None:
    there = begin(as_("customer"), room).location
    for name, offered in (("colleague", True), ("reseller", False)):
        page = as_(name).get(there).text
        assert [f"{word}=1" in page for word in ("quote", "mention")] == [offered, offered], name


def test_a_visitor_is_asked_to_sign_in(client: Any, room: int) -> None:
    assert "/sign-in" in client.get("/community/new").location


def test_a_secret_is_not_posted_and_what_was_typed_stays(as_: Any, room: int, look: Look) -> None:
    refused = begin(as_("customer"), room, body="My password: Tr0ub4dor&3x please help")
    assert refused.status_code == 422
    assert "please help" in refused.text
    assert look(TOPICS) == 0


def test_a_preview_posts_nothing(as_: Any, room: int, look: Look) -> None:
    customer = as_("customer")
    seen = begin(customer, room, preview="1")
    assert "<code>ping</code>" in seen.text
    assert look(TOPICS) == 0
    assert "<strong>so</strong>" in customer.post("/community/preview", data={"body": "**so**"}).text


def test_a_quote_begins_the_answer(as_: Any, room: int) -> None:
    there = begin(as_("customer"), room).location
    assert "&gt; It went away." in as_("colleague").get(f"{there}?quote=1").text


def test_a_post_keeps_its_address_in_a_long_topic(app: Flask, as_: Any, client: Any, room: int, look: Look) -> None:
    there = begin(as_("customer"), room).location
    topic = look(select(Topic.id))
    with app.app_context():
        for n in range(2, 45):
            db.session.add(Post(topic_id=topic, number=n, form_key=f"k{n}", body="b", html=f"<p>n{n}.</p>"))
        db.session.commit()
    led = client.get(f"{there}/23")
    assert led.location.endswith("?from=21#post-23")
    page = client.get(led.location).text
    assert "n23." in page
    assert "n20." not in page
    assert client.get(f"{there}/99").status_code == 404


def test_a_post_taken_back_keeps_its_number(as_: Any, client: Any, room: int, look: Look) -> None:
    there = begin(as_("customer"), room).location
    colleague = as_("colleague")
    answer(colleague, look, "Words that go")
    post = look(SECOND)
    assert as_("customer").post(f"/community/post/{post}/withdraw").status_code == 422
    assert colleague.post(f"/community/post/{post}/withdraw").status_code == 302
    page = client.get(there).text
    assert "Words that go" not in page
    assert "taken back" in page


def test_the_list_goes_on_where_it_stopped(app: Flask, as_: Any, client: Any, room: int) -> None:
    named = ({"title": f"Topic {n:02}", "slug": f"topic-{n}"} for n in range(45))
    with app.app_context():
        db.session.add_all(Topic(category_id=room, kind="question", tags=[], posts=1, **one) for one in named)
        db.session.commit()
    titles, address = [], "/community/category/help?sort=new"
    for _page in range(3):
        page = client.get(address).text
        titles += [n for n in range(45) if f"Topic {n:02}" in page]
        before, _next, _rest = page.partition('rel="next"')
        address = before.rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert sorted(titles) == list(range(45))
    assert client.get("/community/category/help?after=99999999999999999.1").status_code == 200
    assert client.get("/community/?after=x.y&sort=thanks").status_code == 200


def test_a_profile_says_what_somebody_contributed(as_: Any, client: Any, world: Any, room: int) -> None:
    begin(as_("customer"), room)
    page = client.get(f"/community/person/{world.ids['customer']}").text
    assert "Carla" in page
    assert world.email("customer") not in page
    assert client.get(f"/community/person/{world.ids['stranger']}").status_code == 404


def test_a_member_without_a_name_is_a_member(app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]) -> None:
    """Whoever has left is a former one."""
    with app.app_context():
        topic = asked(world)
        address = f"/community/{topic.slug}/{topic.id}"
        who(world, "customer").name = ""
        db.session.commit()
    client = as_("agent")
    assert "Former member" not in client.get(address).text + client.get("/community/").text
    with app.app_context():
        db.session.execute(update(Post).values(author_id=None))
        db.session.execute(update(Topic).values(author_id=None))
        db.session.commit()
    assert "Former member" in client.get(address).text
    assert "Former member" in client.get("/community/").text
