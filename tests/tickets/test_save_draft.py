"""Drafts: what was typed survives refusals, an ended session, a stale page and a crash, and stays its writer's."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.tickets.drafts import new_key
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def equipped(app: Flask, world: World) -> None:
    writing.equip(app, world)


def test_typing_is_saved_and_found_again(app: Flask, as_: As) -> None:
    browser = as_("customer")
    assert browser.post("/tickets/drafts", data=writing.fields(subject="Half"), headers=HTMX).status_code == 204
    with app.app_context():
        (draft,) = writing.drafts()
    assert "Half" in browser.get("/tickets/").text
    assert 'value="Half"' in browser.get(f"/tickets/new?draft={draft.id}").text


def test_saving_again_changes_the_same_draft(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    for subject in ("H", "Ha", "Half"):
        browser.post("/tickets/drafts", data=writing.fields(form_key=key, subject=subject), headers=HTMX)
    with app.app_context():
        assert [draft.fields["subject"] for draft in writing.drafts()] == ["Half"]


def test_an_empty_form_leaves_no_draft(app: Flask, as_: As) -> None:
    empty = writing.fields(subject="", body=" ", version="")
    answer = as_("customer").post("/tickets/drafts", data=empty, headers=HTMX)
    assert answer.status_code == 204 and answer.headers["Draft"] == "none"
    with app.app_context():
        assert writing.drafts() == []


def test_a_form_that_is_emptied_takes_its_draft_along(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    kept = browser.post("/tickets/drafts", data=writing.fields(form_key=key), headers=HTMX)
    assert "Draft" not in kept.headers
    empty = writing.fields(form_key=key, subject="", body="", version="")
    assert browser.post("/tickets/drafts", data=empty, headers=HTMX).headers["Draft"] == "none"
    with app.app_context():
        assert writing.drafts() == []


def test_a_late_save_does_not_bring_a_filed_draft_back(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    writing.filed(browser, form_key=key)
    assert browser.post("/tickets/drafts", data=writing.fields(form_key=key), headers=HTMX).status_code == 204
    with app.app_context():
        assert writing.drafts() == []


def test_drafts_are_private(app: Flask, as_: As) -> None:
    browser = as_("customer")
    browser.post("/tickets/drafts", data=writing.fields(subject="Private words"), headers=HTMX)
    with app.app_context():
        (draft,) = writing.drafts()
    for name in ("colleague", "owner", "stranger", "agent"):
        other = as_(name)
        assert other.get(f"/tickets/new?draft={draft.id}").status_code == 404
        assert other.post(f"/tickets/drafts/{draft.id}/discard").status_code == 404
        assert "Private words" not in other.get("/tickets/").text
    assert browser.post(f"/tickets/drafts/{draft.id}/discard").status_code == 302
    with app.app_context():
        assert writing.drafts() == []


@pytest.mark.parametrize("csrf", [True, False])
@pytest.mark.parametrize("path", ["/tickets/new", "/tickets/drafts", "/tickets/quote"])
def test_an_ended_session_keeps_the_text(app: Flask, as_: As, client: FlaskClient, path: str, csrf: bool) -> None:
    """The cookie is gone: the text waits for whoever signs in with this browser."""
    answer = client.post(path, data=writing.fields(subject="Written long", credentials="S3CRET-x"), csrf=csrf)
    assert answer.status_code == 302 and "/account/sign-in" in answer.location
    with app.app_context():
        (draft,) = writing.drafts()
        assert draft.owner_id is None and draft.fields["subject"] == "Written long"
        assert "S3CRET-x" not in str(draft.fields) and draft.sealed
    client.post("/account/sign-in", data={"email": "carla@heron.example", "password": writing.cast.PASSWORD})
    assert "Written long" in client.get("/tickets/new").text
    assert "Written long" in client.get("/tickets/").text
    claimed = client.post("/tickets/drafts/claim", data={"answer": "continue"})
    assert "Written long" in client.get(claimed.location).text
    assert "Written long" not in as_("colleague").get("/tickets/new").text


@pytest.mark.parametrize("number", [2**31, 2**63, 10**20])
def test_the_text_is_kept_whatever_number_is_asked_for(app: Flask, client: FlaskClient, number: int) -> None:
    answer = client.post(f"/tickets/{number}/reply", data={"body": "Written long"})
    assert answer.status_code == 302
    with app.app_context():
        (draft,) = writing.drafts()
        assert draft.ticket_id is None and draft.fields["body"] == "Written long"


def test_who_wrote_it_gets_it_back_and_nobody_else_at_that_browser(app: Flask, as_: As) -> None:
    browser = as_("customer")
    page = browser.get("/tickets/new").text
    author = page.partition('name="author" value="')[2].partition('"')[0]
    browser.delete_cookie("session")
    browser.post("/tickets/new", data=writing.fields(subject="For Carla alone", author=author))
    browser.post("/account/sign-in", data={"email": "sam@elsewhere.example", "password": writing.cast.PASSWORD})
    assert "For Carla alone" not in browser.get("/tickets/new").text
    browser.post("/account/sign-out")
    browser.post("/account/sign-in", data={"email": "carla@heron.example", "password": writing.cast.PASSWORD})
    assert "For Carla alone" in browser.get("/tickets/new").text


def test_kept_text_joins_what_was_autosaved(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    browser.post("/tickets/drafts", data=writing.fields(form_key=key, body="Early"), headers=HTMX)
    browser.delete_cookie("session")
    browser.post("/tickets/new", data=writing.fields(form_key=key, body="Late and longer"))
    browser.post("/account/sign-in", data={"email": "carla@heron.example", "password": writing.cast.PASSWORD})
    browser.post("/tickets/drafts/claim", data={"answer": "continue"})
    with app.app_context():
        assert [draft.fields["body"] for draft in writing.drafts()] == ["Late and longer"]


def test_other_sites_can_leave_nothing(app: Flask, client: FlaskClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = client.post("/tickets/new", data=writing.fields(), headers=headers, csrf=False)
        assert answer.status_code in (302, 400)
    with app.app_context():
        assert writing.drafts() == []


def test_a_stale_page_keeps_the_text(app: Flask, as_: As) -> None:
    """Signed in again in another tab: the token of the old page is not this session's."""
    browser = as_("customer")
    answer = browser.post("/tickets/new", data=writing.fields(subject="Stale page"), csrf=False)
    assert answer.status_code == 302
    assert "Stale page" in browser.get(answer.location).text
    with app.app_context():
        assert writing.tickets_count() == 0


def test_an_unclaimed_draft_is_forgotten(app: Flask, client: FlaskClient) -> None:
    from portal.db import utcnow
    from portal.tickets import drafts

    client.post("/tickets/new", data=writing.fields())
    with app.app_context():
        later = utcnow() + drafts.UNCLAIMED_FOR * 2
        assert drafts.forget_unclaimed(now=later) == 1
        db.session.commit()
        assert writing.drafts() == []


def test_too_much_at_once_keeps_the_text(app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form over the size limit is never read as a whole; its text comes first, and is kept."""
    browser = as_("customer")
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100_000)
    data = writing.fields(subject="Big files") | {"files": writing.file(b"x" * 200_000, "big.log")}
    answer = browser.post("/tickets/new", data=data, content_type="multipart/form-data")
    assert answer.status_code == 302
    page = browser.get(answer.location).text
    assert "Big files" in page and "too large" in page


@pytest.mark.parametrize("key", ["\x00", "k" * 500, ""])
@pytest.mark.parametrize("path", ["/tickets/new", "/tickets/drafts", "/tickets/quote"])
def test_a_bad_form_key_breaks_nothing(app: Flask, as_: As, path: str, key: str) -> None:
    answer = as_("customer").post(path, data=writing.fields(form_key=key, body="Kept \x00 whole"))
    assert answer.status_code == 204 or "Kept  whole" in answer.text or "Kept \x00 whole" in answer.text


def author_on(page: str) -> str:
    return page.partition('name="author" value="')[2].partition('"')[0]


def come_back(browser: FlaskClient) -> None:
    browser.post("/account/sign-in", data={"email": "carla@heron.example", "password": writing.cast.PASSWORD})


def test_after_signing_in_again_there_is_one_draft_with_the_later_text(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    author = author_on(browser.get("/tickets/new").text)
    browser.post("/tickets/drafts", data=writing.fields(form_key=key, body="Early"), headers=HTMX)
    browser.delete_cookie("session")
    sent = browser.post("/tickets/new", data=writing.fields(form_key=key, subject="", body="Late", author=author))
    come_back(browser)
    page = browser.get("/tickets/new?kept=1")
    assert page.status_code == 302 and "next=/tickets/new?kept%3D1" in sent.location
    with app.app_context():
        (draft,) = writing.drafts()
        assert page.location.endswith(f"draft={draft.id}") and draft.owner_id
        assert draft.fields["body"] == "Late" and draft.fields["subject"] == "Beacon stops at night"
    assert "Late" in browser.get(page.location).text and "kept" not in browser.get("/tickets/new").text


def test_what_was_written_later_in_another_tab_wins(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    author = author_on(browser.get("/tickets/new").text)
    stale = browser.get_cookie("session")
    browser.delete_cookie("session")
    browser.post("/tickets/drafts", data=writing.fields(form_key=key, body="Early", author=author))
    assert stale
    browser.set_cookie("session", stale.value)
    browser.post("/tickets/drafts", data=writing.fields(form_key=key, body="Late"), headers=HTMX)
    browser.get("/tickets/new?kept=1")
    with app.app_context():
        assert [draft.fields["body"] for draft in writing.drafts()] == ["Late"]


def test_kept_text_is_no_second_unfinished_ticket(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    browser.post("/tickets/drafts", data=writing.fields(form_key=key, subject="Once"), headers=HTMX)
    browser.delete_cookie("session")
    browser.post("/tickets/new", data=writing.fields(form_key=key, subject="Once"))
    come_back(browser)
    for address in ("/tickets/", "/tickets/new"):
        assert browser.get(address).text.count(">Once<") == 1


@pytest.mark.parametrize(("later", "left"), [("Sent", []), ("Sent, and more", ["Sent, and more"])])
def test_text_kept_after_the_form_was_sent_stays_if_it_is_another(
    app: Flask, as_: As, later: str, left: list[str]
) -> None:
    browser, key = as_("customer"), new_key()
    author = author_on(browser.get("/tickets/new").text)
    writing.filed(browser, form_key=key, body="Sent")
    browser.delete_cookie("session")
    browser.post("/tickets/new", data=writing.fields(form_key=key, body=later, author=author))
    come_back(browser)
    browser.get("/tickets/new?kept=1")
    with app.app_context():
        assert [draft.fields["body"] for draft in writing.drafts()] == left


def test_a_kept_reply_is_back_in_its_form(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    number = writing.filed(browser)
    author = author_on(browser.get(f"/tickets/{number}").text)
    browser.post(f"/tickets/{number}/draft", data={"form_key": key, "body": "Early"}, headers=HTMX)
    browser.delete_cookie("session")
    browser.post(f"/tickets/{number}/reply", data={"form_key": key, "body": "Late", "author": author})
    come_back(browser)
    answer = browser.get(f"/tickets/{number}?kept=1")
    assert answer.status_code == 302 and answer.location.endswith(f"/tickets/{number}#reply")
    assert "Late</textarea>" in browser.get(f"/tickets/{number}").text
