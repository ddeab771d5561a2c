"""Torn files of the index, at rest or while they are open: searches go on, it heals, and nothing is missing.

At random places, some cases in the suite; `INDEX_TORN=all pytest tests/knowledge/test_torn_index.py` is the whole.
"""

import os
import random
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.search.index import ailing
from knowledge.search.indexing import heal
from portal.db import db
from tests.knowledge.test_index import found, is_degraded

pytestmark = [pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"), pytest.mark.whoosh]

WORDS = ("semaphore", "quay", "foghorn")


def truncate(path: Path, content: bytes) -> None:
    path.write_bytes(content[: random.randrange(len(content) or 1)])


def put_zeros(path: Path, content: bytes) -> None:
    start = random.randrange(len(content) or 1)
    length = min(random.randrange(1, 64), len(content) - start)
    path.write_bytes(content[:start] + bytes(length) + content[start + length :])


def flip_a_bit(path: Path, content: bytes) -> None:
    if content:
        at = random.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :])


def delete(path: Path, content: bytes) -> None:
    path.unlink()


FILES = (
    "_MAIN_*.toc",
    "*.trm",
    "*.pst",
    "*_stored.col",
    "*_words_len.col",
    "MAIN_WRITELOCK",
    "writer.lock",
    "current.*",
)
CASES = list(product(FILES, (truncate, put_zeros, flip_a_bit, delete), (False, True)))
CHECKED = (".toc", ".trm", ".pst", ".col")
SAMPLE = CASES if os.environ.get("INDEX_TORN") == "all" else CASES[::7]  # each file, each damage


def build_of(app: Flask) -> str:
    pointer = app.extensions["search"].place.pointer()
    return pointer.build if pointer else ""


def file_like(app: Flask, pattern: str) -> Path:
    folder = Path(app.extensions["search"].place.path)
    return random.choice([*folder.glob(pattern), *(folder / build_of(app)).glob(pattern)])


@pytest.mark.parametrize(("pattern", "damage", "is_open"), SAMPLE)
def test_searches_go_on_and_it_heals(
    app: Flask,
    client: FlaskClient,
    write: Callable[..., str],
    pattern: str,
    damage: Callable[[Path, bytes], None],
    is_open: bool,
) -> None:
    for word in WORDS:
        write(slug=word, title=f"About the {word}", body=f"The {word} at the harbour.")
    assert found(client) == 3
    if not is_open:
        app.extensions["search"].close()
    path, before = file_like(app, pattern), build_of(app)
    content = path.read_bytes()
    damage(path, content)
    is_torn = path.suffix in CHECKED and (not path.exists() or path.read_bytes() != content)
    if not is_open:
        assert (found(client), *(found(client, word) for word in WORDS)) == (3, 1, 1, 1)
    assert client.get("/search?q=quay").status_code == client.get("/search/suggest?q=qu").status_code == 200
    app.extensions.pop("search_healed_at", None)
    with app.app_context():
        heal()
        db.session.commit()
        assert not ailing() and (build_of(app) != before or not is_torn)
    assert not is_degraded(client)
    assert (found(client), *(found(client, word) for word in WORDS)) == (3, 1, 1, 1)
    write(slug="lamp", title="About the lamp", body="The lamp of the harbour.")
    assert (found(client), found(client, "lamp")) == (4, 1)
