"""Documents in the search: by page, one result a document, with the reader's rights."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.documents.document import Document
from knowledge.documents.writing import archive, edit_document, replace_file
from knowledge.search.engine import engine
from portal.db import db, utcnow
from portal.jobs import run_due
from scripts.manuals import pdf

FILE = "/manuals/harbour/4.2/en/harbour.pdf"


def found(browser: FlaskClient, words: str, lang: str = "en") -> list[str]:
    answer = browser.get("/api/search", query_string={"q": words, "lang": lang})
    return [result["url"].removeprefix("http://127.0.0.1:8000") for result in answer.json["results"]]


def test_a_hit_opens_the_page(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    assert found(client, "change bulb gloves") == [f"{FILE}#page=2"]
    assert found(client, "HL-2210") == [f"{FILE}#page=2"]
    page = client.get("/search?q=foghorn").text
    assert f'href="{FILE}#page=3"' in page and "page 3" in page and "<mark>foghorn</mark>" in page


def test_a_title_leads_to_the_document(client: FlaskClient, add: Callable[..., int]) -> None:
    add(content=b"a,b\n", filename="harbour.csv", summary="Sheet of lamps.")
    assert found(client, "lamps") == ["/manuals/harbour?version=4.2&in=en"]


def test_versions_and_languages_are_one_result(client: FlaskClient, add: Callable[..., int]) -> None:
    add(version="4.1")
    add(version="4.10")
    add(version="4.9", lang="de", title="Hafenbuch", content=pdf([[("text", "Foghorn heißt Nebelhorn.")]]))
    assert found(client, "foghorn") == ["/manuals/harbour/4.10/en/harbour.pdf#page=3"]
    assert found(client, "foghorn", "de") == ["/manuals/harbour/4.9/de/harbour.pdf#page=1"]


@pytest.mark.parametrize(
    ("visibility", "who", "sees"),
    [
        ("public", None, True),
        ("signed-in", None, False),
        ("signed-in", "customer", True),
        ("staff", "customer", False),
        ("staff", "agent", True),
        ("plan:business", "stranger", False),
    ],
)
@pytest.mark.parametrize("has_index", [True, False])
def test_the_readers_rights_hold(
    app: Flask,
    client: FlaskClient,
    as_: Callable[[str], FlaskClient],
    add: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    visibility: str,
    who: str | None,
    sees: bool,
    has_index: bool,
) -> None:
    add(visibility=visibility)
    browser = as_(who) if who else client
    if not has_index:
        with app.app_context():
            engine().close()  # type: ignore[attr-defined]
            monkeypatch.setattr(type(engine()), "opened", _unavailable)
    assert bool(found(browser, "foghorn")) is sees
    page = browser.get("/search?q=foghorn").text
    assert ("Harbour handbook" in page) is sees


def _unavailable(*_: object) -> None:
    from knowledge.search.engine import Unavailable

    raise Unavailable("away")


def test_what_is_archived_or_replaced_is_found_no_more(
    app: Flask, client: FlaskClient, add: Callable[..., int]
) -> None:
    key = add()
    with app.app_context():
        stream = io.BytesIO(pdf([[("text", "Now about whistles.")]]))
        replace_file(db.session.get_one(Document, key), stream, "harbour.pdf", by=None, now=utcnow())
        db.session.commit()
        run_due()
    assert found(client, "foghorn") == [] and found(client, "whistles") == [f"{FILE}#page=1"]
    with app.app_context():
        archive(db.session.get_one(Document, key), now=utcnow())
        db.session.commit()
    assert found(client, "whistles") == []  # at once, before the index learns of it
    with app.app_context():
        run_due()
    assert found(client, "harbour") == [] and client.get(FILE).status_code == 404


def test_hiding_is_seen_at_once(app: Flask, client: FlaskClient, add: Callable[..., int]) -> None:
    key = add()
    with app.app_context():
        edit_document(db.session.get_one(Document, key), {"visibility": "staff"}, now=utcnow())
        db.session.commit()
    assert found(client, "foghorn") == []
    assert "Harbour" not in client.get("/manuals/").text
