"""Counting downloads: each reader once a day, no machines, no parts of parts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from knowledge.documents.document import Document
from knowledge.documents.downloads import Download, downloads_of, is_machine, note_download, sum_up
from knowledge.documents.looking_after import look_after_documents
from portal.db import db, utcnow

FILE = "/manuals/harbour/4.2/en/harbour.pdf"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def counted(app: Flask, add: Callable[..., int]) -> Callable[[], int]:
    key = add()

    def count() -> int:
        with app.app_context():
            return downloads_of(key)

    return count


def test_a_reader_counts_once_a_day(client: FlaskClient, counted: Callable[[], int]) -> None:
    for _ in range(3):
        client.get(FILE, headers=BROWSER, buffered=True)
    assert counted() == 1
    client.get(FILE, headers={"User-Agent": "Mozilla/5.0 another browser"}, buffered=True)
    assert counted() == 2
    assert ">2</dd>" in client.get("/manuals/harbour").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=500-900"},
        {"Range": "bytes=999999999-"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": ""},
        {"User-Agent": "Slackbot-LinkExpanding 1.0"},
    ],
)
def test_what_is_no_download_is_not_counted(
    client: FlaskClient, counted: Callable[[], int], headers: dict[str, str]
) -> None:
    client.get(FILE, headers=BROWSER | headers, buffered=True)
    client.head(FILE, headers=BROWSER, buffered=True)
    assert counted() == 0


def test_a_look_whether_it_changed_is_not_counted(client: FlaskClient, counted: Callable[[], int]) -> None:
    etag = client.head(FILE, headers=BROWSER, buffered=True).headers["ETag"]
    client.get(FILE, headers=BROWSER | {"If-None-Match": etag}, buffered=True)
    assert counted() == 0


def test_the_first_part_that_a_viewer_fetches_is_a_download(client: FlaskClient, counted: Callable[[], int]) -> None:
    client.get(FILE, headers=BROWSER | {"Range": "bytes=0-99"}, buffered=True)
    client.get(FILE, headers=BROWSER | {"Range": "bytes=100-199"}, buffered=True)
    assert counted() == 1


def test_days_that_are_over_are_added_up(app: Flask, add: Callable[..., int]) -> None:
    key, yesterday = add(), utcnow() - timedelta(days=1)
    with app.app_context():
        for reader in ("a", "b"):
            assert note_download(key, reader=reader, secret="s", now=yesterday)
        assert not note_download(key, reader="a", secret="s", now=yesterday)
        note_download(key, reader="a", secret="s", now=utcnow())
        assert sum_up(before=utcnow().date()) == 2 and sum_up(before=utcnow().date()) == 0
        assert db.session.get_one(Document, key).downloads == 2 and downloads_of(key) == 3
        look_after_documents(now=utcnow() + timedelta(days=1))
        assert downloads_of(key) == 3 and db.session.scalar(select(func.count()).select_from(Download)) == 0
        db.session.commit()


def test_nothing_that_is_kept_names_the_reader(app: Flask, client: FlaskClient, counted: Callable[[], int]) -> None:
    client.get(FILE, headers=BROWSER, buffered=True)
    with app.app_context():
        reader = db.session.scalars(select(Download.reader)).one()
    assert "127.0.0.1" not in reader and len(reader) == 32


def test_browsers_are_no_machines() -> None:
    assert not is_machine("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1")
    assert not is_machine("Wget/1.24.5")  # somebody's download all the same
