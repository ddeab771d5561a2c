"""'Was this helpful?' (Z16)"""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Vote
from portal.db import db


def votes(app: Flask) -> list[bool]:
    with app.app_context():
        return list(db.session.scalars(db.select(Vote.is_helpful).order_by(Vote.id)))


def test_a_visitor_has_one_vote(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    answer = client.post("/kb/harbour/helpful", data={"helpful": "yes"}, follow_redirects=True)
    client.post("/kb/harbour/helpful", data={"helpful": "no"})
    assert "Thank you" in answer.text and votes(app) == [False]


def test_a_person_has_one_vote_in_every_browser(
    app: Flask, as_: Callable[[str], FlaskClient], write: Callable[..., str]
) -> None:
    write()
    for browser in (as_("customer"), as_("customer"), as_("colleague")):
        browser.post("/kb/harbour/helpful", data={"helpful": "yes"})
    assert votes(app) == [True, True]


def test_htmx_gets_the_thanks_alone(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    answer = client.post("/kb/harbour/helpful", data={"helpful": "no"}, headers={"HX-Request": "true"})
    assert "What is the matter" in answer.text and "<html" not in answer.text


def test_it_needs_the_token_and_a_plain_answer(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    assert client.post("/kb/harbour/helpful", data={"helpful": "yes"}, csrf=False).status_code == 400  # type: ignore[call-arg]
    assert client.post("/kb/harbour/helpful", data={"helpful": "perhaps"}).status_code == 400
    assert client.post("/kb/nothing/helpful", data={"helpful": "yes"}).status_code == 404
    assert votes(app) == []


def test_what_one_may_not_read_one_may_not_vote_on(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(visibility="staff")
    assert client.post("/kb/harbour/helpful", data={"helpful": "yes"}).status_code == 404


def test_the_form_carries_the_readers_own_token(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    field = re.compile(r'name="csrf_token" value="([^"]+)"')
    for browser in (client, app.test_client()):
        (token,) = set(field.findall(browser.get("/kb/harbour").text))
        form = {"helpful": "yes", "csrf_token": token}
        assert browser.post("/kb/harbour/helpful", data=form, csrf=False).status_code == 302  # type: ignore[call-arg]
    assert votes(app) == [True, True]
