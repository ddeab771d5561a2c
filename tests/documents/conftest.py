"""Documents for the tests: added through the one verb, read and indexed by the real jobs."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from knowledge.documents.writing import add_document
from portal.db import db, utcnow
from portal.jobs import run_due
from scripts.manuals import Line, pdf
from tests.knowledge.conftest import write as write

PAGES: list[list[Line]] = [
    [("title", "Harbour lights"), ("text", "A handbook.")],
    [("heading", "Bulbs"), ("text", "Change the bulb with gloves. Code HL-2210 means that it is loose.")],
    [("heading", "Foghorn"), ("text", "Sound the foghorn in mist.")],
]
HANDBOOK = {"slug": "harbour", "title": "Harbour handbook", "lang": "en", "version": "4.2", "filename": "harbour.pdf"}


@pytest.fixture
def add(app: Flask) -> Iterator[Callable[..., int]]:
    """`add(version=…, content=…)` adds a document on top of a small default, read and indexed; its id."""

    def add_and_read(content: bytes | None = None, **fields: Any) -> int:
        with app.app_context():
            stream = io.BytesIO(pdf(PAGES) if content is None else content)
            document = add_document(HANDBOOK | fields, stream, by=None, now=utcnow())
            key = document.id
            db.session.commit()
            run_due()
        return key

    yield add_and_read
    app.extensions["search"].close()
