"""The pages between the community and tickets, through HTTP."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.community import answering
from knowledge.community.drafting import PostDraft
from knowledge.community.topic import Post, Topic
from portal.db import db
from portal.jobs import run_due
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Draft, Ticket
from tests import cast
from tests.community.rows import a_category, asked
from tests.knowledge.insight.stories import answer, file, resolve

As = Callable[[str], FlaskClient]
SECRET = "Hunter2!77"


@pytest.fixture
def topic(app: Flask, world: cast.World) -> int:
    """The customer's topic, from before anybody looked for secrets."""
    with app.test_request_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        begun = asked(world, title="No login")
        first = db.session.scalars(db.select(Post).where(Post.topic_id == begun.id)).one()
        answering.rewrite(first, f"My password is {SECRET}.")
        db.session.commit()
        return begun.id


@pytest.fixture
def resolved(app: Flask, world: cast.World) -> int:
    number = file(app, "customer", "Beacon of Heron Marine beeps", "It beeps. Write to carla@heron.example.")
    answer(app, number, "Set `quiet = true`.", note="NOTE-5150: pays late")
    resolve(app, number, "Good to hear, Carla.")
    with app.app_context():
        a_category()
        db.session.commit()
    return number


@pytest.mark.fact("R19")
def test_one_press_keeps_the_whole_post_private(app: Flask, as_: As, topic: int) -> None:
    typed = {"title": "No login", "body": f"My password is {SECRET}.", "form_key": new_key()}
    there = as_("customer").post("/community/private", data=typed)
    with app.app_context():
        draft = db.session.scalars(db.select(Draft)).one()
        assert there.location.endswith(f"/tickets/new?draft={draft.id}")
        assert (draft.fields["subject"], draft.fields["body"]) == ("No login", f"My password is {SECRET}.")
        assert db.session.scalar(db.select(db.func.count()).select_from(Topic)) == 1


def test_pressed_twice_it_is_one_draft_and_the_posts_own_goes(app: Flask, as_: As, topic: int) -> None:
    browser, typed = as_("customer"), {"title": "No login", "body": f"password: {SECRET}", "form_key": new_key()}
    browser.post("/community/drafts", data=typed)
    first, second = (browser.post("/community/private", data=typed).location for _ in range(2))
    with app.app_context():
        left = db.session.scalar(db.select(db.func.count()).select_from(PostDraft))
    assert (first, left) == (second, 0)


def test_the_form_of_the_ticket_quotes_the_promise(as_: As, topic: int) -> None:
    browser = as_("customer")
    page = browser.get(browser.post("/community/private", data={"title": "T", "body": SECRET}).location).text
    assert SECRET in page and 'id="promise-line"' in page


def test_an_answer_takes_the_title_of_its_topic(app: Flask, as_: As, topic: int) -> None:
    as_("stranger").post("/community/private", data={"topic_id": topic, "body": f"password: {SECRET}"})
    with app.app_context():
        assert db.session.scalars(db.select(Draft)).one().fields["subject"] == "No login"


def test_a_topic_that_is_not_there_is_404(as_: As, topic: int) -> None:
    assert as_("stranger").post("/community/private", data={"topic_id": 99, "body": "x"}).status_code == 404


def test_the_page_shows_the_promise_and_what_is_covered(as_: As, topic: int) -> None:
    page = as_("customer").get(f"/community/topic/{topic}/ticket").text
    assert f'<mark title="a password">{SECRET}</mark>' in page
    assert "First response" in page or "first response" in page


@pytest.mark.parametrize("name", ["customer", "agent"])
def test_the_topic_goes_on_as_a_ticket(app: Flask, as_: As, topic: int, name: str) -> None:
    browser = as_(name)
    there = browser.post(f"/community/topic/{topic}/ticket")
    with app.app_context():
        ticket = db.session.scalars(db.select(Ticket)).one()
        assert there.location == f"/{'tickets' if name == 'customer' else 'desk'}/{ticket.number}"
        assert SECRET in ticket.messages[0].body
        assert SECRET not in db.session.scalars(db.select(Post)).one().html
    assert browser.get(f"/community/topic/{topic}/ticket").location == there.location


@pytest.mark.parametrize("name", ["colleague", "stranger", "reseller"])
def test_others_are_not_let_in(as_: As, topic: int, name: str) -> None:
    browser = as_(name)
    assert browser.get(f"/community/topic/{topic}/ticket").status_code == 404
    assert browser.post(f"/community/topic/{topic}/ticket").status_code == 404


def test_staff_see_what_is_left_of_a_ticket(as_: As, resolved: int) -> None:
    page = as_("agent").get(f"/community/tickets/{resolved}/answer").text
    assert "<del>carla@heron.example.</del>" in page
    assert "NOTE-5150" not in page
    assert "Set `quiet = true`." in page


def test_staff_publish_an_answered_question(app: Flask, as_: As, resolved: int) -> None:
    browser = as_("agent")
    with app.app_context():
        room = db.session.scalar(db.text("SELECT id FROM forum_category"))
    told = {"category": room, "title": "A beacon beeps", "question": "It beeps.", "answer": "Set it quiet."}
    there = browser.post(f"/community/tickets/{resolved}/answer", data=told | {"form_key": new_key()}).location
    with app.app_context():
        topic = db.session.scalars(db.select(Topic)).one()
        assert there == f"/community/{topic.slug}/{topic.id}"
        assert topic.accepted_post_id and topic.posts == 2
    again = browser.post(f"/community/tickets/{resolved}/answer", data=told | {"form_key": new_key()})
    assert again.location == there


def test_what_is_left_of_secrets_is_stopped(app: Flask, as_: As, resolved: int) -> None:
    with app.app_context():
        room = db.session.scalar(db.text("SELECT id FROM forum_category"))
    told = {"category": room, "title": "T", "question": "Q", "answer": f"password: {SECRET}", "form_key": new_key()}
    answer = as_("agent").post(f"/community/tickets/{resolved}/answer", data=told)
    assert answer.status_code == 422
    assert f'<mark title="a password">{SECRET}</mark>' in answer.text


def test_an_open_ticket_has_no_answer_to_tell(app: Flask, as_: As, world: cast.World) -> None:
    number = file(app, "customer", "It beeps", "All day.")
    assert as_("agent").get(f"/community/tickets/{number}/answer").status_code == 422


def test_customers_publish_no_tickets(as_: As, resolved: int) -> None:
    assert as_("customer").get(f"/community/tickets/{resolved}/answer").status_code == 404


def test_a_new_topic_with_a_secret_is_stopped_and_shown(app: Flask, as_: As, topic: int) -> None:
    with app.app_context():
        room = db.session.scalar(db.text("SELECT id FROM forum_category"))
    typed = {"category": room, "kind": "question", "title": "No login", "body": f"My password is {SECRET}.", "tags": ""}
    page = as_("customer").post("/community/new", data=typed | {"product": "", "form_key": new_key()})
    assert page.status_code == 422
    assert f'<mark title="a password">{SECRET}</mark>' in page.text
    assert 'formaction="/community/private"' in page.text
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(Topic)) == 1


def test_an_answer_and_an_edit_are_looked_at_too(app: Flask, as_: As, topic: int) -> None:
    browser = as_("customer")
    typed = {"body": f"password: {SECRET}", "form_key": new_key()}
    assert browser.post(f"/community/topic/{topic}/reply", data=typed).status_code == 422
    with app.app_context():
        first = db.session.scalars(db.select(Post)).one().id
    edited = browser.post(
        f"/community/post/{first}/edit", data=typed | {"title": "No login", "edition": "1", "tags": ""}
    )
    assert edited.status_code == 422 and "<mark" in edited.text


def test_who_has_no_tickets_is_offered_none(as_: As, topic: int) -> None:
    typed = {"body": f"password: {SECRET}", "form_key": new_key()}
    page = as_("stranger").post(f"/community/topic/{topic}/reply", data=typed)
    assert "<mark" in page.text and "/community/private" not in page.text


def test_visitors_and_the_search_lose_sight_of_it_at_once(app: Flask, as_: As, client: FlaskClient, topic: int) -> None:
    with app.app_context():
        answering.look_again(db.session.get_one(Topic, topic))
        db.session.commit()
        run_due()
    assert SECRET in client.get(f"/community/no-login/{topic}").text
    assert f"/community/no-login/{topic}" in client.get("/search?q=login").text
    as_("customer").post(f"/community/topic/{topic}/ticket")
    with app.app_context():
        run_due()
    assert SECRET not in client.get(f"/community/no-login/{topic}").text
    assert f"/community/no-login/{topic}" not in client.get("/search?q=login").text
