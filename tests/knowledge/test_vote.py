"""'Was this helpful?' (Z16)"""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Vote
from knowledge.articles.votes import REASONS
from portal.db import db, utcnow


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


def answer(app: Flask) -> tuple[bool, str, str]:
    with app.app_context():
        row = db.session.scalars(db.select(Vote)).one()
        return row.is_helpful, row.reason, row.comment


def test_a_no_counts_at_once_and_is_asked_for_its_reason(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    write()
    page = client.post("/kb/harbour/helpful", data={"helpful": "no"}, follow_redirects=True).text
    assert answer(app) == (False, "", "") and page.count('name="reason"') == len(REASONS)
    given = {"helpful": "no", "reason": "outdated", "comment": "Bulbs are\r\n<b>LED</b> now.\0"}
    page = client.post("/kb/harbour/helpful", data=given, follow_redirects=True).text
    assert answer(app) == (False, "outdated", "Bulbs are\n<b>LED</b> now.") and "will read it" in page
    assert '/tickets/new?article=harbour">Ask for help' in page


def test_an_answer_can_be_taken_back(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    for said in ("yes", "no"):
        page = client.post("/kb/harbour/helpful", data={"helpful": said}, follow_redirects=True).text
        assert "Take back my answer" in page
        page = client.post("/kb/harbour/helpful", data={"helpful": "undo"}, follow_redirects=True).text
        assert "Was this helpful?" in page and votes(app) == []


def test_nobody_takes_back_what_another_said(
    app: Flask, as_: Callable[[str], FlaskClient], client: FlaskClient, write: Callable[..., str]
) -> None:
    write()
    as_("customer").post("/kb/harbour/helpful", data={"helpful": "yes"})
    client.post("/kb/harbour/helpful", data={"helpful": "undo"})
    assert votes(app) == [True]


def test_what_helped_needs_no_reason(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    client.post("/kb/harbour/helpful", data={"helpful": "no", "reason": "wrong", "comment": "x" * 2000})
    assert answer(app) == (False, "wrong", "x" * 1000)
    client.post("/kb/harbour/helpful", data={"helpful": "yes", "reason": "wrong", "comment": "x"})
    assert answer(app) == (True, "", "")
    assert client.post("/kb/harbour/helpful", data={"helpful": "no", "reason": "angry"}).status_code == 400


def test_a_new_comment_waits_for_an_editor_again(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    client.post("/kb/harbour/helpful", data={"helpful": "no", "reason": "wrong", "comment": "a"})
    with app.app_context():
        db.session.execute(db.update(Vote).values(dealt_with_at=utcnow()))
        db.session.commit()
    client.post("/kb/harbour/helpful", data={"helpful": "no", "reason": "wrong", "comment": "b"})
    with app.app_context():
        assert db.session.scalars(db.select(Vote.dealt_with_at)).one() is None


def test_htmx_gets_each_step_alone(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    for data, text in (
        ({"helpful": "no", "reason": "other"}, "will read it"),
        ({"helpful": "undo"}, "Was this helpful?"),
    ):
        page = client.post("/kb/harbour/helpful", data=data, headers={"HX-Request": "true"}).text
        assert text in page and "<html" not in page and "place-of-the-token" not in page
