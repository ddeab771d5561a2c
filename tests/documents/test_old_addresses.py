"""Documents at another address: the old one leads on for ever, and is never given to others."""

import io
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from knowledge.documents.document import Document
from knowledge.documents.writing import add_document, edit_document
from portal.db import db, utcnow
from scripts.manuals import pdf
from tests.documents.conftest import HANDBOOK, PAGES
from tests.documents.test_editors import FORM, upload

Add = Callable[..., int]


def move(app: Flask, key: int, slug: str) -> None:
    with app.app_context():
        document = db.session.get(Document, key)
        assert document
        edit_document(document, {"slug": slug}, now=utcnow())
        db.session.commit()


def test_the_old_address_leads_to_the_new_one(app: Flask, add: Add, client: FlaskClient) -> None:
    move(app, add(), "quay")
    for path, new in (
        ("/manuals/harbour", "/manuals/quay"),
        ("/manuals/harbour?version=4.2&in=en", "/manuals/quay?version=4.2&in=en"),
        ("/manuals/harbour/page/2?q=bulb", "/manuals/quay/page/2?q=bulb"),
        ("/manuals/harbour/4.2/en/harbour.pdf", "/manuals/quay/4.2/en/harbour.pdf"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (301, new)
        with client.get(new) as there:
            assert there.status_code == 200


def test_other_versions_stay_where_they_are(app: Flask, add: Add, client: FlaskClient) -> None:
    add(version="4.1")
    move(app, add(version="4.2"), "quay")
    assert "4.1" in client.get("/manuals/harbour").text
    assert client.get("/manuals/harbour?version=4.2").location == "/manuals/quay?version=4.2"


def test_it_may_go_back(app: Flask, add: Add, client: FlaskClient) -> None:
    key = add()
    move(app, key, "quay")
    move(app, key, "harbour")
    assert client.get("/manuals/harbour").status_code == 200
    assert client.get("/manuals/quay").location == "/manuals/harbour"


def test_an_old_address_is_not_given_to_others(app: Flask, add: Add, as_: Callable[[str], FlaskClient]) -> None:
    move(app, add(), "quay")
    other = add(slug="pier", filename="pier.pdf", version="1.0")
    editor = as_("editor")
    refused = upload(editor, slug="harbour")
    assert refused.status_code == 422 and "leads to /manuals/quay for ever" in refused.text
    refused = editor.post(f"/kb/desk/documents/{other}", data=FORM | {"slug": "harbour"})
    assert refused.status_code == 422 and "leads to /manuals/quay for ever" in refused.text


def test_it_tells_nobody_of_what_they_may_not_see(app: Flask, add: Add, client: FlaskClient) -> None:
    move(app, add(visibility="staff"), "quay")
    assert client.get("/manuals/harbour").status_code == 404
    assert client.get("/manuals/harbour/4.2/en/harbour.pdf").status_code == 404


def test_importing_again_leaves_it_where_editors_moved_it(app: Flask, add: Add) -> None:
    def take(**fields: Any) -> str:
        name = "/".join((fields["version"], "en"))
        fields = HANDBOOK | {"external_id": name} | fields
        document = add_document(fields, io.BytesIO(pdf(PAGES)), by=None, now=utcnow())
        db.session.commit()
        return document.slug

    with app.app_context():
        take(version="4.1")
        document = db.session.query(Document).one()
        edit_document(document, {"slug": "quay"}, now=utcnow())
        assert take(version="4.1") == "quay"
        assert take(version="4.2") == "quay", "what is new of it stands beside the others"


def test_the_sitemap_has_what_everybody_may_read(add: Add, client: FlaskClient) -> None:
    for slug, visibility, status in (
        ("harbour", "public", "published"),
        ("plans", "signed-in", "published"),
        ("secret", "staff", "published"),
        ("coming", "public", "draft"),
    ):
        add(slug=slug, visibility=visibility, status=status)
    sitemap = client.get("/sitemap.xml").text
    assert sitemap.count("/manuals/") == 2 and "/manuals/harbour</loc>" in sitemap and "/manuals/</loc>" in sitemap
