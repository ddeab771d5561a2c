"""The file of a document: its headers, its parts, and that it can't run anything."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from knowledge.documents import files
from knowledge.documents.document import Document
from portal.db import db
from scripts.manuals import pdf
from tests.documents.conftest import PAGES

FILE = "/manuals/harbour/4.2/en/harbour.pdf"


def test_a_pdf_opens_in_place(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    answer = client.get(FILE, buffered=True)
    assert answer.data == pdf(PAGES) and answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" not in policy and "script-src" not in policy
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_a_pdf_can_be_saved(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    assert client.get(f"{FILE}?download", buffered=True).headers["Content-Disposition"].startswith("attachment")


def test_everything_else_is_saved_as_bytes(client: FlaskClient, add: Callable[..., int]) -> None:
    add(filename="Größe.txt", content=b"lamp\n" * 1000, version="", lang="")
    answer = client.get("/manuals/harbour/-/-/Größe.txt", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt" in answer.headers["Content-Disposition"]
    assert answer.content_type == "application/octet-stream" and "Content-Encoding" not in answer.headers


def test_parts_of_it_can_be_had(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    part = client.get(FILE, headers={"Range": "bytes=5-9"}, buffered=True)
    assert part.status_code == 206 and part.data == pdf(PAGES)[5:10]
    assert client.get(FILE, headers={"Range": "bytes=999999999-"}, buffered=True).status_code == 416


def test_a_head_and_what_is_known_already_carry_no_bytes(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    head = client.head(FILE, buffered=True)
    assert head.status_code == 200 and not head.data and int(head.headers["Content-Length"]) == len(pdf(PAGES))
    assert client.get(FILE, headers={"If-None-Match": head.headers["ETag"]}, buffered=True).status_code == 304


def test_another_name_leads_to_the_file(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    assert client.get("/manuals/harbour/4.2/en/old-name.pdf").location == FILE


def test_a_file_that_is_gone_is_not_there(app: Flask, client: FlaskClient, add: Callable[..., int]) -> None:
    key = add()
    with app.app_context():
        files.path_of(db.session.get_one(Document, key).token).unlink()
    assert client.get(FILE, buffered=True).status_code == 404
    assert client.get("/manuals/harbour").status_code == 200
