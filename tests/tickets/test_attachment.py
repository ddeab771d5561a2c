"""Files: kept with the draft at once, handed out inert to those who see the ticket, and to nobody else."""

import hashlib
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.jobs import run_due
from portal.tickets import attachments
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Attachment
from tests.cast import World
from tests.tickets import writing
from tests.tickets.test_filetypes import HOSTILE

As = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def equipped(app: Flask, world: World) -> None:
    writing.equip(app, world)


def upload(browser: FlaskClient, key: str, content: bytes, name: str):  # type: ignore[no-untyped-def]
    data = {"files": writing.file(content, name)}
    return browser.post(
        f"/tickets/files?key={key}", data=data, content_type="multipart/form-data", headers={"HX-Request": "true"}
    )


def fetch(browser: FlaskClient, path: str):  # type: ignore[no-untyped-def]
    with browser.get(path) as answer:
        return answer


def tokens(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Attachment.token).order_by(Attachment.id)))


def test_files_go_along_with_the_ticket(app: Flask, as_: As) -> None:
    browser = as_("customer")
    number = writing.filed(browser, files=[writing.file(b"log line", "app.log"), writing.file(writing.PNG, "shot.png")])
    page = browser.get(f"/tickets/{number}").text
    assert "app.log" in page and "shot.png" in page
    with app.app_context():
        (message,) = writing.ticket(number).messages
        first = message.attachments[0]
        assert first.sha256 == hashlib.sha256(b"log line").hexdigest()
        assert attachments.path_of(first).read_bytes() == b"log line" and first.draft_id is None


def test_an_upload_survives_a_refused_form(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    refused = writing.send(browser, form_key=key, subject="", files=[writing.file(b"log", "first.log")])
    assert refused.status_code == 422 and "first.log" in refused.text
    number = writing.filed(browser, form_key=key)
    assert "first.log" in browser.get(f"/tickets/{number}").text


def test_a_chosen_file_is_kept_at_once(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    answer = upload(browser, key, b"log", "early.log")
    assert answer.status_code == 200 and "early.log" in answer.text
    number = writing.filed(browser, form_key=key)
    assert "early.log" in browser.get(f"/tickets/{number}").text


@pytest.mark.parametrize(("name", "content"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files_are_refused_at_the_field(app: Flask, as_: As, name: str, content: bytes) -> None:
    browser = as_("customer")
    answer = writing.send(
        browser, body="Kept text", files=[writing.file(content, name), writing.file(b"fine", "fine.log")]
    )
    assert answer.status_code == 422 and "files-error" in answer.text
    assert "Kept text" in answer.text and "fine.log" in answer.text
    with app.app_context():
        assert writing.tickets_count() == 0
        assert [row.filename for row in db.session.scalars(db.select(Attachment))] == ["fine.log"]


def test_too_large_is_said_at_the_field(app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["settings"], "upload_max_bytes", 1000)
    with app.app_context():
        before = set(attachments.folder().glob("*/*"))
    answer = writing.send(as_("customer"), files=[writing.file(b"x" * 2000, "large.log")])
    assert answer.status_code == 422 and "large.log is larger than" in answer.text
    assert tokens(app) == []
    with app.app_context():
        assert set(attachments.folder().glob("*/*")) == before


def test_too_much_in_all_is_said_at_the_field(app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["settings"], "upload_total_bytes", 1500)
    files = [writing.file(b"x" * 1000, f"part{n}.log") for n in (1, 2)]
    answer = writing.send(as_("customer"), files=files)
    assert answer.status_code == 422 and "part2.log" in answer.text and "too large together" in answer.text


def test_downloads_are_inert(app: Flask, as_: As) -> None:
    browser = as_("customer")
    writing.filed(
        browser,
        files=[
            writing.file(b"<script>alert(1)</script>", "päge \u201c1\u201d.log"),
            writing.file(writing.PNG, "s.png"),
        ],
    )
    for token, inline in zip(tokens(app), (False, True), strict=True):
        for query in ("", "?show=1"):
            answer = fetch(browser, f"/tickets/files/{token}{query}")
            assert answer.status_code == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Content-Disposition"].startswith("inline" if inline and query else "attachment")
            assert answer.mimetype in ("text/plain", "image/png") and "no-store" in answer.headers["Cache-Control"]
    name = fetch(browser, f"/tickets/files/{tokens(app)[0]}").headers["Content-Disposition"]
    assert "filename*=UTF-8''p%C3%A4ge" in name and "\n" not in name


def test_strangers_get_nothing(app: Flask, as_: As, client: FlaskClient) -> None:
    writing.filed(as_("customer"), files=[writing.file(b"log", "app.log")])
    upload(as_("customer"), new_key(), b"draft", "draft.log")
    sent, unsent = tokens(app)
    for name in ("stranger", "colleague", "former"):
        browser = as_(name)
        for token in (sent, unsent, "f" + "0" * 38, "../../portal.db"):
            assert browser.get(f"/tickets/files/{token}").status_code == 404
    assert client.get(f"/tickets/files/{sent}").status_code == 302
    agent = as_("agent")
    assert fetch(agent, f"/tickets/files/{sent}").status_code == 200
    assert agent.get(f"/tickets/files/{unsent}").status_code == 404


def test_two_people_cannot_trade_drafts(app: Flask, as_: As) -> None:
    key = new_key()
    upload(as_("customer"), key, b"mine", "mine.log")
    (token,) = tokens(app)
    other = as_("stranger")
    assert upload(other, key, b"yours", "yours.log").status_code == 422
    assert other.post(f"/tickets/files/{token}/remove").status_code == 404
    assert writing.send(other, form_key=key).status_code == 422
    assert tokens(app) == [token]


def test_an_unsent_file_can_be_taken_back(app: Flask, as_: As) -> None:
    browser, key = as_("customer"), new_key()
    upload(browser, key, b"one", "one.log")
    (token,) = tokens(app)
    answer = browser.post(f"/tickets/files/{token}/remove", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "one.log" not in answer.text
    with app.app_context():
        path = attachments.folder() / token[:2] / token
        assert path.exists()
        run_due()
        assert not path.exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_second_click_finds_the_draft_without_it(app: Flask, as_: As, headers: dict[str, str]) -> None:
    browser, key = as_("customer"), new_key()
    upload(browser, key, b"one", "one.log")
    (token,) = tokens(app)
    for _click in range(2):
        typed = {"form_key": key, "subject": "Typed"}
        answer = browser.post(f"/tickets/files/{token}/remove", data=typed, headers=headers, follow_redirects=True)
        assert answer.status_code == 200 and "one.log" not in answer.text
        assert headers or "Typed" in answer.text


def test_a_sent_file_stays(app: Flask, as_: As) -> None:
    browser = as_("customer")
    writing.filed(browser, files=[writing.file(b"log", "app.log")])
    assert browser.post(f"/tickets/files/{tokens(app)[0]}/remove").status_code == 404


def test_a_flood_of_files_is_stopped(app: Flask, as_: As) -> None:
    files = [writing.file(b"log", f"{n}.log") for n in range(attachments.MOST_FILES + 1)]
    answer = writing.send(as_("customer"), files=files)
    assert answer.status_code == 422 and "at most" in answer.text
    assert len(tokens(app)) == attachments.MOST_FILES


def test_an_upload_over_the_whole_limit_is_said_at_the_field(
    app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, key = as_("customer"), new_key()
    upload(browser, key, b"log", "early.log")
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100_000)
    answer = upload(browser, key, b"x" * 200_000, "big.log")
    assert answer.status_code == 422 and "too large together" in answer.text and "early.log" in answer.text


def test_what_was_refused_is_announced_and_stays_a_list(app: Flask, as_: As) -> None:
    answer = upload(as_("customer"), new_key(), b"MZ\x90\x00", "photo.png")
    assert answer.status_code == 422
    assert '<div role="alert"><ul class="stack-s"><li class="error">' in answer.text
