"""Canned replies: kept under a name, filled for the ticket, put under what is being written."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db
from portal.tickets import canned
from portal.tickets.canned import CannedReply
from tests.cast import World
from tests.desk.rows import file_one, the

As = Callable[[str], FlaskClient]
HELLO = {"name": "Hello", "body": "Dear {customer}, this is about {number}."}
HTMX = {"HX-Request": "true"}


def make(app: Flask, world: World, who: str = "agent", **fields: object) -> int:
    """The id of a canned reply of that member of the staff."""
    with app.app_context():
        row = CannedReply(owner_id=world.ids[who], **({"name": "Hello", "body": "Dear {customer}"} | fields))
        db.session.add(row)
        db.session.commit()
        return row.id


def composed(page: str) -> str:
    found = re.search(r'<textarea[^>]*id="reply-body"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL)
    assert found
    return found[1]


def test_an_agent_keeps_changes_and_removes_one(app: Flask, agent: FlaskClient) -> None:
    assert agent.post("/desk/replies", data=HELLO).status_code == 302
    page = agent.get("/desk/replies").text
    reply_id = re.findall(r"/desk/replies/(\d+)\"", page)[0]
    assert "Dear {customer}" in agent.get(f"/desk/replies/{reply_id}").text
    agent.post(f"/desk/replies/{reply_id}", data=HELLO | {"name": "Greeting"})
    assert "Greeting" in agent.get("/desk/replies").text
    agent.post(f"/desk/replies/{reply_id}/remove")
    with app.app_context():
        assert not db.session.scalars(db.select(CannedReply)).all()


def test_own_ones_are_nobody_elses(app: Flask, world: World, agent: FlaskClient, as_: As, number: int) -> None:
    own, admin = make(app, world, name="Quite private"), as_("admin")
    assert "Quite private" not in admin.get("/desk/replies").text + admin.get(f"/desk/{number}").text
    for path in (f"/desk/replies/{own}/remove", f"/desk/replies/{own}"):
        assert admin.post(path, data=HELLO).status_code == 404
    assert admin.post(f"/desk/{number}/insert", data={"insert": "canned", "canned": own}).status_code == 404
    assert agent.get(f"/desk/replies/{own}").status_code == 200


def test_shared_ones_are_used_by_all_and_changed_by_owner_and_admins(app: Flask, world: World, as_: As) -> None:
    of_agent, of_admin = make(app, world, is_shared=True), make(app, world, "admin", name="House rule", is_shared=True)
    agent = as_("agent")
    assert "House rule" in agent.get("/desk/replies").text
    assert agent.get(f"/desk/replies/{of_admin}").status_code == 403
    assert agent.post(f"/desk/replies/{of_admin}/remove").status_code == 403
    assert as_("admin").post(f"/desk/replies/{of_agent}/remove").status_code == 302


@pytest.mark.parametrize("body", ["Dear {custommer}", "See {article:no-such-thing}", "{article}", "{customer:x}"])
def test_a_gap_that_nothing_fills_is_refused(agent: FlaskClient, body: str) -> None:
    answer = agent.post("/desk/replies", data={"name": "Hello", "body": body})
    assert answer.status_code == 422 and "Nothing fills this: {" in answer.text


def test_its_gaps_are_filled_under_what_stands_already(
    app: Flask, world: World, agent: FlaskClient, number: int
) -> None:
    body = "Dear {customer}, {agent} of {product}: {number} {subject} {link} until {due}"
    sent = {"body": "First this.", "insert": "canned", "canned": make(app, world, body=body)}
    page = composed(agent.post(f"/desk/{number}/insert", data=sent, headers=HTMX).text)
    assert page.startswith("First this.\n\nDear Carla, Amir of ")
    assert f"#{number} The relay drops out http" in page and f"/tickets/{number} until " in page and "{" not in page
    with app.app_context():
        assert [message.kind for message in the(number).messages] == ["customer"]


def test_it_works_without_javascript(app: Flask, world: World, agent: FlaskClient, number: int) -> None:
    sent = {"body": "First this.", "insert": "canned", "canned": make(app, world)}
    answer = agent.post(f"/desk/{number}/insert", data=sent)
    assert answer.status_code == 302
    assert composed(agent.get(answer.location).text) == "First this.\n\nDear Carla"


def test_what_fills_a_gap_is_not_looked_through_again(app: Flask, world: World, agent: FlaskClient) -> None:
    with app.app_context():
        number = file_one(world, subject="{link} <b>{agent}</b>")
    sent = {"body": "", "insert": "canned", "canned": make(app, world, body="On {subject}:")}
    page = agent.post(f"/desk/{number}/insert", data=sent, headers=HTMX).text
    assert composed(page) == "On {link} &lt;b&gt;{agent}&lt;/b&gt;:"


def test_an_article_the_customer_cannot_read_leaves_a_visible_gap(app: Flask, world: World, number: int) -> None:
    with app.test_request_context():
        agent = db.session.get_one(User, world.ids["agent"])
        row = CannedReply(owner_id=agent.id, name="x", body="See {article:gone-since}, due {due}")
        the(number).next_due_at = None
        assert canned.filled(row, the(number), by=agent) == "See …, due …"
        db.session.rollback()


def test_an_article_is_found_and_its_address_inserted(
    agent: FlaskClient, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.desk import case
    from portal.tickets.answers import seal_answer

    def answers(text: str, person: User, locale: str) -> list[dict[str, str]]:
        assert not person.is_staff  # the customer's eyes decide
        return [{"title": f"All about {text}", "url": "/kb/relays", "token": seal_answer("All about it", "/kb/relays")}]

    monkeypatch.setattr(case, "answers_to", answers)
    sent = {"body": "Please read:", "insert": "find", "seek": "relays"}
    page = agent.post(f"/desk/{number}/insert", data=sent, headers=HTMX).text
    assert "All about relays" in page and composed(page) == "Please read:"
    token = re.findall(r'name="article" value="([^"]+)"', page)[0]
    page = agent.post(f"/desk/{number}/insert", data=sent | {"article": token}, headers=HTMX).text
    assert re.fullmatch(r"Please read:\n\nAll about it: http\S+/kb/relays", composed(page))


def test_a_forged_article_inserts_nothing(agent: FlaskClient, number: int) -> None:
    page = agent.post(f"/desk/{number}/insert", data={"body": "Hm", "article": "forged"}, headers=HTMX).text
    assert composed(page) == "Hm"


def test_looking_for_articles_leaves_no_empty_draft(agent: FlaskClient, number: int, app: Flask) -> None:
    from portal.tickets.ticket import Draft

    agent.post(f"/desk/{number}/insert", data={"body": "", "insert": "find", "seek": "relay"})
    with app.app_context():
        assert not db.session.scalars(db.select(Draft)).all()


@pytest.mark.parametrize("canned_id", ["x", "9" * 5000, "²", "999999999"])
def test_what_is_no_canned_reply_inserts_nothing(agent: FlaskClient, number: int, canned_id: str) -> None:
    sent = {"body": "Hm", "insert": "canned", "canned": canned_id}
    assert agent.post(f"/desk/{number}/insert", data=sent).status_code in (302, 404)


@pytest.mark.parametrize("fields", [{"name": "\0"}, {"name": " \t "}, {"body": "\0\x1b"}])
def test_names_and_texts_of_nothing_are_refused(agent: FlaskClient, fields: dict[str, str]) -> None:
    assert agent.post("/desk/replies", data=HELLO | fields).status_code == 422


def test_what_is_typed_in_an_ended_session_is_kept(number: int, agent: FlaskClient) -> None:
    sent = {"body": "Half a page of thoughts", "insert": "find", "seek": "relay"}
    agent.post(f"/desk/{number}/insert", data=sent, csrf=False)
    assert composed(agent.get(f"/desk/{number}").text) == "Half a page of thoughts"


def test_one_person_keeps_so_many(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, agent: FlaskClient
) -> None:
    make(app, world)
    monkeypatch.setattr(canned, "MOST", 1)
    assert "too many" in agent.post("/desk/replies", data=HELLO).text


@pytest.mark.parametrize("name", ["customer", "owner", "editor"])
def test_customers_find_none_of_it(number: int, as_: As, name: str) -> None:
    browser = as_(name)
    assert browser.get("/desk/replies").status_code == 404
    assert browser.post(f"/desk/{number}/insert", data={"body": "x"}).status_code == 404
