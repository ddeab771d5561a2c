"""Synonyms and pinned results: kept, tried, taken in and out."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.edition import Edition
from knowledge.search.guidance import Pin, Synonym
from portal.db import db

As = Callable[[str], FlaskClient]
Write = Callable[..., str]
DESK = "/kb/desk/insight"


def edition(app: Flask) -> int:
    with app.app_context():
        return Edition.current()[1]


def upload(browser: FlaskClient, address: str, content: str) -> str:
    files = {"file": (io.BytesIO(content.encode()), "lines.csv")}
    return str(browser.post(address, data=files, follow_redirects=True).text)


def test_a_synonym_is_kept_changed_and_removed(app: Flask, as_: As, write: Write) -> None:
    write()
    before, editor = edition(app), as_("editor")
    assert editor.post(f"{DESK}/synonyms", data={"words": "Lamp, bulb\nlight", "lang": "en"}).status_code == 302
    with app.app_context():
        row = db.session.scalars(select(Synonym)).one()
        assert (row.words, row.lang, row.is_one_way) == (["lamp", "bulb", "light"], "en", False)
        number = row.id
    assert edition(app) > before, "what was kept of the search is forgotten at once"
    assert "lamp" in editor.get(f"{DESK}/synonyms/{number}").text
    editor.post(f"{DESK}/synonyms/{number}", data={"words": "lamp, torch", "is_one_way": "y"})
    with app.app_context():
        row = db.session.scalars(select(Synonym)).one()
        assert (row.words, row.is_one_way) == (["lamp", "torch"], True)
    editor.post(f"{DESK}/synonyms/{number}/remove")
    with app.app_context():
        assert db.session.scalars(select(Synonym)).all() == []


@pytest.mark.parametrize("words", ["", "alone", "same, Same", ",".join(f"w{n}" for n in range(20)), "a, " + "x" * 70])
def test_what_is_no_synonym_is_refused(words: str, app: Flask, as_: As, world: object) -> None:
    assert as_("editor").post(f"{DESK}/synonyms", data={"words": words}).status_code == 422
    with app.app_context():
        assert db.session.scalars(select(Synonym)).all() == []


def test_trying_changes_nothing(app: Flask, as_: As, write: Write) -> None:
    write()
    before, editor = edition(app), as_("editor")
    tried = editor.post(f"{DESK}/synonyms/try", data={"words": "torch, lights", "try_with": "lights"})
    assert tried.status_code == 200
    assert tried.text.count("Harbour lights") == 2
    pinned = editor.post(f"{DESK}/pins/try", data={"text": "lights", "address": "/kb/harbour", "place": "1"})
    assert pinned.status_code == 200
    with app.app_context():
        assert db.session.scalars(select(Synonym)).all() == []
        assert db.session.scalars(select(Pin)).all() == []
    assert edition(app) == before


def test_a_result_is_pinned_by_its_address(app: Flask, as_: As, write: Write) -> None:
    write()
    editor = as_("editor")
    given = {"text": " Lights  OUT", "address": "http://127.0.0.1:8000/kb/harbour?in=en#bulbs", "place": "1"}
    assert editor.post(f"{DESK}/pins", data=given).status_code == 302
    assert editor.post(f"{DESK}/pins", data=given).status_code == 422, "pinned already"
    assert editor.post(f"{DESK}/pins", data=given | {"address": "/kb/nowhere"}).status_code == 422
    assert "Harbour lights" in editor.get(f"{DESK}/pins").text
    with app.app_context():
        row = db.session.scalars(select(Pin)).one()
        assert (row.folded, row.place) == ("lights out", 1)
        number = row.id
    editor.post(f"{DESK}/pins/{number}/remove")
    assert "Nothing is pinned" in editor.get(f"{DESK}/pins").text


def test_a_file_goes_out_and_in_again(app: Flask, as_: As, write: Write) -> None:
    write()
    editor = as_("editor")
    editor.post(f"{DESK}/synonyms", data={"words": "=lamp, bulb", "lang": "en"})
    editor.post(f"{DESK}/pins", data={"text": "@lights", "address": "/kb/harbour", "place": "2"})
    synonyms, pins = (editor.get(f"{DESK}/{name}.csv").data.decode("utf-8-sig") for name in ("synonyms", "pins"))
    assert "'=lamp | bulb" in synonyms
    assert "0 new lines" in upload(editor, f"{DESK}/synonyms/import", synonyms)
    assert "0 new lines" in upload(editor, f"{DESK}/pins/import", pins)
    with app.app_context():
        for row in (*db.session.scalars(select(Synonym)), *db.session.scalars(select(Pin))):
            db.session.delete(row)
        db.session.commit()
    assert "1 new line " in upload(editor, f"{DESK}/synonyms/import", synonyms)
    assert "1 new line " in upload(editor, f"{DESK}/pins/import", pins)
    with app.app_context():
        assert db.session.scalars(select(Synonym)).one().words == ["=lamp", "bulb"]
        assert db.session.scalars(select(Pin)).one().place == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("language,one way,words\n,,lamp | bulb\n,,alone\n", "Line 3: It takes two words at least."),
        ("words\nlamp | bulb\n", "The first line must name the columns"),
        ("\udcff", "This is no CSV file"),
    ],
)
def test_a_file_with_a_mistake_changes_nothing(content: str, said: str, app: Flask, as_: As, world: object) -> None:
    files = {"file": (io.BytesIO(content.encode("utf-8", "surrogateescape")), "lines.csv")}
    page = as_("editor").post(f"{DESK}/synonyms/import", data=files, follow_redirects=True).text
    assert said in page
    with app.app_context():
        assert db.session.scalars(select(Synonym)).all() == []


def test_guidance_is_for_editors_alone(as_: As, world: object) -> None:
    owner = as_("owner")
    assert owner.post(f"{DESK}/synonyms", data={"words": "a, b"}).status_code == 404
    assert owner.post(f"{DESK}/pins", data={"text": "a", "address": "/kb/harbour"}).status_code == 404
