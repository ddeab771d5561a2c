"""The editors' pages of documents: uploading, changing, replacing, archiving, and what is refused."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.documents import desk, files
from knowledge.documents.document import Document
from portal.db import db
from portal.jobs import run_due
from portal.web import settings
from scripts.manuals import pdf
from tests.documents.conftest import PAGES

NEW = "/kb/desk/documents/new"
FORM = {
    "title": "Quay plan",
    "slug": "quay-plan",
    "kind": "manual",
    "product": "beacon",
    "version": "4.2",
    "lang": "en",
    "audience": "public",
    "status": "published",
}


def upload(
    browser: FlaskClient, path: str = NEW, name: str = "plan.pdf", content: bytes = pdf(PAGES), **form: Any
) -> Any:
    return browser.post(path, data=FORM | form | {"file": (io.BytesIO(content), name)})


def documents(app: Flask) -> list[Document]:
    with app.app_context():
        rows = list(db.session.scalars(select(Document).order_by(Document.id)))
        db.session.expunge_all()
        return rows


def test_an_editor_uploads_a_manual(app: Flask, as_: Callable[[str], FlaskClient], client: FlaskClient) -> None:
    editor = as_("editor")
    answer = upload(editor, summary="Where to moor.")
    assert answer.status_code == 302
    [document] = documents(app)
    assert (document.product, document.version, document.lang, document.visibility) == ("beacon", "4.2", "en", "public")
    assert "Being read" in editor.get(answer.location).text
    with app.app_context():
        run_due()
    assert "Being read" not in editor.get(answer.location).text
    assert "Where to moor." in client.get("/manuals/quay-plan").text
    app.extensions["search"].close()


def test_a_draft_waits_to_be_published(app: Flask, as_: Callable[[str], FlaskClient], client: FlaskClient) -> None:
    editor = as_("editor")
    place = upload(editor, status="draft").location
    assert client.get("/manuals/quay-plan").status_code == 404
    editor.post(f"{place}/publish")
    assert client.get("/manuals/quay-plan").status_code == 200
    editor.post(f"{place}/archive")
    assert client.get("/manuals/quay-plan").status_code == 404
    assert "Quay plan" in editor.get("/kb/desk/documents/?state=archived").text


def test_certain_organisations_alone(app: Flask, world: Any, as_: Callable[[str], FlaskClient]) -> None:
    editor, chosen = as_("editor"), {"audience": "limited", "plans": "business", "organisations": str(world.heron)}
    answer = upload(editor, **chosen)
    assert answer.status_code == 302
    assert documents(app)[0].visibility == f"org:{world.heron} plan:business"
    assert as_("customer").get("/manuals/quay-plan").status_code == 200
    assert as_("stranger").get("/manuals/quay-plan").status_code == 404
    page = editor.get(answer.location).text
    assert re.search(rf'value="{world.heron}" checked', page) and re.search(
        r'value="business"[^>]*checked|checked[^>]*value="business"', page
    )
    assert editor.post(answer.location, data=FORM | {"audience": "staff"}).status_code == 302
    assert documents(app)[0].visibility == "staff"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"title": " "}, "Please give it a title."),
        ({"slug": "Not an address"}, "An address has small letters"),
        ({"slug": "../etc"}, "An address has small letters"),
        ({"version": "4 / 2"}, "Write the version like 4.2"),
        ({"audience": "limited", "plans": "everybody"}, "not a valid choice"),
        ({"audience": "limited"}, "Choose a plan, an organisation or partners."),
        ({"product": "unheard-of"}, "Not a valid choice"),
        ({"lang": "xx"}, "Not a valid choice"),
        ({"status": "archived"}, "Not a valid choice"),
        ({"kind": "poem"}, "Not a valid choice"),
        ({"name": "plan.pdf", "content": b"MZ no PDF at all"}, "plan.pdf is not what its name says"),
        ({"name": "setup.exe", "content": b"%PDF-1.7 no program"}, "setup.exe is not what its name says"),
        ({"name": "page.html", "content": b"<html></html>"}, "this kind of file is not taken"),
        ({"name": "empty.pdf", "content": b""}, "empty.pdf is empty"),
        ({"name": "empty.bin", "content": b""}, "empty.bin is empty"),
        ({"name": ""}, "Please choose the file."),
    ],
)
def test_what_cant_be_taken_is_refused_and_leaves_nothing(
    form: dict[str, Any], sentence: str, app: Flask, as_: Callable[[str], FlaskClient]
) -> None:
    before = bytes_kept(app)
    answer = upload(as_("editor"), **form)
    assert answer.status_code == 422 and sentence in answer.text
    assert documents(app) == [] and bytes_kept(app) == before


def bytes_kept(app: Flask) -> list[str]:
    with app.app_context():
        return sorted(path.name for path in files.folder().glob("*/*"))


def test_a_place_is_given_once(app: Flask, as_: Callable[[str], FlaskClient]) -> None:
    editor = as_("editor")
    upload(editor)
    answer = upload(editor)
    assert answer.status_code == 422 and "in this version and language already" in answer.text
    assert upload(editor, version="4.3").status_code == 302
    other = documents(app)[1]
    taken = editor.post(f"/kb/desk/documents/{other.id}", data=FORM | {"version": "4.2"})
    assert taken.status_code == 422 and documents(app)[1].version == "4.3"


def test_too_large_a_file_is_refused(
    app: Flask, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "document_max_bytes", 1000)
    answer = upload(as_("editor"))
    assert answer.status_code == 422 and "plan.pdf is larger than 1 kB" in answer.text


def test_a_file_beyond_every_form_is_refused(
    app: Flask, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "document_max_bytes", 1000)
    monkeypatch.setattr(desk, "ROOM", 1000)
    answer = upload(as_("editor"), content=b"%PDF-1.7" + b" " * 10_000)
    assert answer.status_code == 413


def test_documents_may_be_larger_than_attachments(
    app: Flask, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 5000)
    assert upload(as_("editor"), content=pdf(PAGES * 20)).status_code == 302


def test_programs_are_taken_and_handed_out_as_bytes(app: Flask, as_: Callable[[str], FlaskClient]) -> None:
    editor = as_("editor")
    assert upload(editor, name="setup.exe", content=b"MZ\x90", kind="download", lang="").status_code == 302
    answer = editor.get("/manuals/quay-plan/4.2/-/setup.exe", buffered=True)
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_changes_are_kept(app: Flask, as_: Callable[[str], FlaskClient], client: FlaskClient) -> None:
    editor = as_("editor")
    place = upload(editor).location
    assert 'value="Quay plan"' in editor.get(place).text
    editor.post(place, data=FORM | {"title": "Quays", "audience": "signed-in", "product": ""})
    [document] = documents(app)
    assert (document.title, document.visibility, document.product) == ("Quays", "signed-in", None)
    assert client.get("/manuals/quay-plan").status_code == 404


def test_a_file_takes_anothers_place(app: Flask, as_: Callable[[str], FlaskClient]) -> None:
    editor = as_("editor")
    place = upload(editor).location
    before = documents(app)[0]
    again = upload(editor, f"{place}/file", name="new.pdf", content=pdf(PAGES[:1]))
    assert again.status_code == 302
    with app.app_context():
        run_due()
        assert not files.path_of(before.token).exists()
    [document] = documents(app)
    assert (document.filename, document.pages) == ("new.pdf", 1) and document.sha256 != before.sha256
    assert editor.get("/manuals/quay-plan/4.2/en/plan.pdf").location == "/manuals/quay-plan/4.2/en/new.pdf"
    refused = upload(editor, f"{place}/file", name="new.exe", content=b"no program")
    assert refused.status_code == 422 and "not what its name says" in refused.text
    assert documents(app)[0].filename == "new.pdf"
    app.extensions["search"].close()


def test_another_version_begins_with_what_is_known(as_: Callable[[str], FlaskClient]) -> None:
    editor = as_("editor")
    place = upload(editor).location
    page = editor.get(f"{NEW}?from={place.rpartition('/')[2]}").text
    assert 'value="quay-plan"' in page and 'value="4.2"' not in page
    assert editor.get(f"{NEW}?from=999").status_code == 404


def test_the_list_is_searched_as_plain_text(as_: Callable[[str], FlaskClient]) -> None:
    editor = as_("editor")
    upload(editor)
    assert "Quay plan" in editor.get("/kb/desk/documents/?q=QUAY").text
    for odd in ("%25", "_", "\\", "nothing"):
        assert "Quay plan" not in editor.get(f"/kb/desk/documents/?q={odd}").text
