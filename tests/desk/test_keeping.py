"""What an agent wrote is there again: after an ended session, and on a page of an earlier one."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.tickets.ticket import Draft
from tests import cast
from tests.desk.rows import the

As = Callable[[str], FlaskClient]
SIGN_IN = "/account/sign-in"


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def sign_in(browser: FlaskClient, email: str) -> None:
    browser.post(SIGN_IN, data={"email": email, "password": cast.PASSWORD})


@pytest.mark.parametrize("kind", ["reply", "note", "resolve"])
@pytest.mark.parametrize("autosave", [False, True])
def test_an_ended_session_keeps_the_words(
    app: Flask, number: int, agent: FlaskClient, kind: str, autosave: bool
) -> None:
    author = hidden(agent.get(f"/desk/{number}").text, "author")
    agent.delete_cookie("session")
    address = f"/desk/{number}/draft?kind={kind}" if autosave else f"/desk/{number}/{kind}"
    sent = agent.post(address, data={"body": "Written long", "author": author})
    assert sent.status_code == 302 and SIGN_IN in sent.location and "kept" in sent.location
    sign_in(agent, "amir@vendor.example")
    back = agent.get(f"/desk/{number}?kept=1")
    assert back.status_code == 302 and back.location == f"/desk/{number}#compose"
    assert agent.get(f"/desk/{number}").text.count("Written long</textarea>") == 1
    with app.app_context():
        (draft,) = db.session.scalars(db.select(Draft)).all()
        assert draft.fields == {kind: "Written long"} and len(the(number).messages) == 1


def test_what_is_saved_while_typing_says_whose_it_is(number: int, agent: FlaskClient) -> None:
    page = agent.get(f"/desk/{number}").text
    assert page.count('hx-params="body,form_key,author"') == page.count('name="author"') == 3


def test_nobody_else_gets_them(app: Flask, number: int, agent: FlaskClient) -> None:
    author = hidden(agent.get(f"/desk/{number}").text, "author")
    agent.delete_cookie("session")
    agent.post(f"/desk/{number}/note", data={"body": "For one pair of eyes", "author": author})
    for email in ("ada@vendor.example", "carla@heron.example"):
        sign_in(agent, email)
        agent.get(f"/desk/{number}?kept=1")
        for address in (f"/desk/{number}", f"/tickets/{number}", f"/tickets/{number}?kept=1", "/tickets/"):
            assert "For one pair of eyes" not in agent.get(address, follow_redirects=True).text
        agent.post("/account/sign-out")


def test_nor_is_it_kept_for_other_sites(app: Flask, number: int, client: FlaskClient) -> None:
    client.post(f"/desk/{number}/reply", data={"body": "Spam"}, headers={"Sec-Fetch-Site": "cross-site"}, csrf=False)
    with app.app_context():
        assert not db.session.scalars(db.select(Draft)).all()


def test_a_page_of_an_earlier_session_keeps_the_words(app: Flask, number: int, agent: FlaskClient) -> None:
    answer = agent.post(f"/desk/{number}/reply", data={"body": "Stale page"}, csrf=False)
    assert answer.status_code == 302
    page = agent.get(answer.location).text
    assert "Stale page</textarea>" in page and "open too long" in page
    with app.app_context():
        assert len(the(number).messages) == 1


def test_what_had_been_sent_is_not_offered_again(app: Flask, number: int, agent: FlaskClient) -> None:
    page, key = agent.get(f"/desk/{number}").text, "c" * 32
    written = {"body": "Once", "author": hidden(page, "author"), "form_key": key}
    agent.post(f"/desk/{number}/reply", data=written)
    agent.delete_cookie("session")
    agent.post(f"/desk/{number}/reply", data=written)
    sign_in(agent, "amir@vendor.example")
    agent.get(f"/desk/{number}?kept=1")
    with app.app_context():
        assert not db.session.scalars(db.select(Draft)).all()
