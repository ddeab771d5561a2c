"""'Tell me when this changes'"""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles import following
from knowledge.articles.article import Article
from knowledge.articles.revision import Follower, Revision
from knowledge.link_keys import ASKED_A_DAY
from portal.accounts.people import User
from portal.config import Settings
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail

ADDRESS = "fay@follower.example"


@pytest.fixture
def harbour(write: Callable[..., str]) -> None:
    write()


def ask(client: FlaskClient, email: str = ADDRESS, slug: str = "harbour") -> str:
    return client.post(f"/kb/{slug}/follow", data={"email": email}, follow_redirects=True).text


def mails(app: Flask) -> list[Mail]:
    with app.app_context():
        run_due()
        return list(db.session.scalars(db.select(Mail).order_by(Mail.id)))


def link(mail: Mail) -> str:
    return str(re.search(r"http://127.0.0.1:8000(/kb/following/[\w-]+)", mail.text)[1])  # type: ignore[index]


def follow(app: Flask, client: FlaskClient, email: str = ADDRESS) -> str:
    """An address that has confirmed; returns its link."""
    ask(client, email)
    address = link(mails(app)[-1])
    client.post(address)
    return address


def revise(app: Flask, number: int, note: str = "Brighter bulbs", **fields: Any) -> None:
    with app.app_context():
        article = db.session.scalars(db.select(Article).filter_by(slug="harbour", lang="en")).one()
        properties: dict[str, Any] = {"properties": {}, "title": article.title, "body": "x", "state": "published"}
        revision = Revision(article=article, number=number, note=note, **(properties | fields))
        db.session.add(revision)
        article.revision = number
        following.tell_followers(article, revision)
        db.session.commit()


def followers(app: Flask) -> list[SimpleNamespace]:
    with app.app_context():
        rows = db.session.scalars(db.select(Follower).order_by(Follower.id))
        return [SimpleNamespace(**{c.name: getattr(row, c.name) for c in Follower.__table__.columns}) for row in rows]


def test_an_address_is_asked_and_told_only_after_it_confirmed(app: Flask, client: FlaskClient, harbour: None) -> None:
    assert "Look into the inbox of fay@follower.example" in ask(client)
    (mail,) = mails(app)
    assert mail.recipient == ADDRESS and mail.subject == "Shall we tell you when “Harbour lights” changes?"
    revise(app, 2)
    assert len(mails(app)) == 1
    page = client.get(link(mail)).text
    assert "Yes, tell me" in page and followers(app)[0].confirmed_at is None
    assert "We will tell you" in client.post(link(mail)).text
    revise(app, 3)
    changed = mails(app)[-1]
    assert changed.subject == "“Harbour lights” has changed" and "Brighter bulbs" in changed.text
    assert "http://127.0.0.1:8000/kb/harbour?in=en" in changed.text


def test_each_is_told_of_a_revision_once(app: Flask, client: FlaskClient, harbour: None) -> None:
    follow(app, client)
    revise(app, 2)
    with app.app_context():
        following.tell_next_followers(db.session.scalars(db.select(Article.id)).one(), 2)
        db.session.commit()
    assert len(mails(app)) == 2


def test_many_are_told_in_portions(
    app: Flask, client: FlaskClient, harbour: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 2)
    with app.app_context():
        article = db.session.scalars(db.select(Article.id)).one()
        for number in range(5):
            row = following.kept(article, f"f{number}@follower.example", now=utcnow(), locale="en", zone="UTC")
            row.confirmed_at = utcnow()
        db.session.commit()
    revise(app, 2)
    assert sorted(mail.recipient for mail in mails(app)) == [f"f{n}@follower.example" for n in range(5)]


def test_a_minor_revision_is_told_to_nobody(app: Flask, client: FlaskClient, harbour: None) -> None:
    follow(app, client)
    revise(app, 2, is_minor=True)
    assert len(mails(app)) == 1


def test_a_mail_carries_the_headers_of_one_click_unsubscribe(app: Flask, client: FlaskClient, harbour: None) -> None:
    address = follow(app, client)
    revise(app, 2)
    told = mails(app)[-1]
    with app.app_context():
        message = told.as_message(app.extensions["settings"])
    assert message["List-Unsubscribe"] == f"<http://127.0.0.1:8000{address}/stop>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"{address}/stop" in told.text and f"{address}/stop" in told.html


def test_one_click_ends_it_and_a_get_does_not(app: Flask, client: FlaskClient, harbour: None) -> None:
    address = follow(app, client) + "/stop"
    assert "Tell me no more" in client.get(address).text and followers(app)
    stranger = app.test_client()
    for _ in range(2):
        answer = stranger.post(address, data={"List-Unsubscribe": "One-Click"}, csrf=False)  # type: ignore[call-arg]
        assert answer.status_code == 200 and "No more mails about this" in answer.text
    assert followers(app) == []
    assert client.get(address).status_code == 200
    revise(app, 2)
    assert len(mails(app)) == 1


def test_the_answer_is_the_same_for_every_address(app: Flask, client: FlaskClient, harbour: None) -> None:
    follow(app, client)
    known = ask(client)
    unknown = ask(client, "new@follower.example")
    assert known.count("Look into the inbox") == unknown.count("Look into the inbox") == 1
    assert [mail.recipient for mail in mails(app)] == [ADDRESS, "new@follower.example"]


def test_an_address_is_asked_once_a_day_about_an_article_and_five_times_in_all(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    for number in range(7):
        write(slug=f"quay-{number}")
        ask(client, slug=f"quay-{number}")
        ask(client, ADDRESS.upper(), slug=f"quay-{number}")
        mails(app)
    assert len(mails(app)) == ASKED_A_DAY


@pytest.mark.parametrize("email", ["", "fay", "fay@", "a@b.example\r\nBcc: c@d.example", "x" * 300 + "@b.example"])
def test_what_is_no_address_is_refused(app: Flask, client: FlaskClient, harbour: None, email: str) -> None:
    answer = client.post("/kb/harbour/follow", data={"email": email})
    assert answer.status_code == 422 and "That is no e-mail address" in answer.text
    assert mails(app) == []


def test_with_an_account_one_press_follows_and_one_ends_it(
    app: Flask, as_: Callable[[str], FlaskClient], harbour: None
) -> None:
    browser = as_("customer")
    assert "Tell me when this changes" in browser.get("/kb/harbour").text
    assert "We tell you by mail" in browser.post("/kb/harbour/follow", follow_redirects=True).text
    assert "We tell you by mail" not in as_("colleague").get("/kb/harbour").text
    revise(app, 2)
    assert [mail.recipient for mail in mails(app)] == ["carla@heron.example"]
    browser.post("/kb/harbour/follow", data={"stop": "yes"})
    assert followers(app) == [] and "We tell you by mail" not in browser.get("/kb/harbour").text


def test_a_visitors_row_becomes_the_accounts(
    app: Flask, client: FlaskClient, as_: Callable[[str], FlaskClient], harbour: None
) -> None:
    ask(client, "carla@heron.example")
    mails(app)
    as_("customer").post("/kb/harbour/follow")
    (row,) = followers(app)
    assert row.user_id and row.confirmed_at


def test_nobody_is_told_of_what_they_may_not_read(
    app: Flask, client: FlaskClient, as_: Callable[[str], FlaskClient], write: Callable[..., str]
) -> None:
    write()
    follow(app, client)
    address = link(mails(app)[0])
    for name in ("customer", "agent"):
        as_(name).post("/kb/harbour/follow")
    write(visibility="staff", title="A secret")
    revise(app, 2)
    assert [mail.recipient for mail in mails(app)[1:]] == ["amir@vendor.example"]
    assert "A secret" not in client.get(address).text + client.get(f"{address}/stop").text


def test_nobody_suspended_is_told(app: Flask, as_: Callable[[str], FlaskClient], harbour: None) -> None:
    as_("customer").post("/kb/harbour/follow")
    with app.app_context():
        db.session.execute(db.update(User).where(User.email == "carla@heron.example").values(active=False))
        db.session.commit()
    revise(app, 2)
    assert mails(app) == []


def test_what_one_may_not_read_one_may_not_follow(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(visibility="staff")
    assert client.post("/kb/harbour/follow", data={"email": ADDRESS}).status_code == 404
    with app.app_context():
        article = db.session.scalars(db.select(Article.id)).one()
        following.ask_to_follow(article, ADDRESS, locale="en", zone="UTC")
        db.session.commit()
    assert mails(app) == []


def test_mails_are_in_the_language_in_which_one_asked(app: Flask, client: FlaskClient, harbour: None) -> None:
    client.post("/kb/harbour/follow", data={"email": ADDRESS}, headers={"Accept-Language": "de"})
    assert mails(app)[0].language == "de"


def test_unconfirmed_addresses_are_forgotten(app: Flask, client: FlaskClient, harbour: None) -> None:
    follow(app, client)
    ask(client, "never@follower.example")
    mails(app)
    with app.app_context():
        assert following.forget_unconfirmed(now=utcnow() + timedelta(days=6)) == 0
        assert following.forget_unconfirmed(now=utcnow() + timedelta(days=8)) == 1
        db.session.commit()
    assert [row.email for row in followers(app)] == [ADDRESS]


def test_the_queue_forgets_them_by_itself(app: Flask, client: FlaskClient, harbour: None) -> None:
    ask(client)
    mails(app)
    with app.app_context():
        db.session.execute(db.update(Follower).values(created_at=utcnow() - timedelta(days=8)))
        db.session.commit()
    tasks = app.extensions["queue"]._registry.periodic_tasks
    next(task for task in tasks if task.name == "forget_unconfirmed").execute()
    assert followers(app) == []


def test_the_key_is_stored_nowhere(app: Flask, client: FlaskClient, harbour: None) -> None:
    key = follow(app, client).rpartition("/")[2]
    assert len(key) == 22 and all(key not in str(vars(row)) for row in followers(app))
    assert client.get(f"/kb/following/{key[:-1]}").status_code == 404
    assert client.post(f"/kb/following/{'x' * 22}").status_code == 404


def test_links_hold_after_a_change_of_the_secret_key(
    app: Flask, client: FlaskClient, harbour: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(app, client)
    config: Settings = app.extensions["settings"]
    monkeypatch.setitem(config, "secret_key", "another")
    revise(app, 2)
    assert client.post(f"{link(mails(app)[-1])}/stop").status_code == 200
    assert followers(app) == []


def test_a_client_asks_for_so_many_an_hour(client: FlaskClient, harbour: None) -> None:
    answers = [client.post("/kb/harbour/follow", data={"email": f"a{n}@b.example"}).status_code for n in range(21)]
    assert answers == [302] * 20 + [429]
