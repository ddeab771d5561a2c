"""`python -m bench.relevance FOLDER [--postgresql URL]`: does search find what answers, beside SQLite FTS5 and bm25s?

FOLDER holds unpacked Debian packages (README says which). Each question has one document that answers it; told are
nDCG@10 (1 when it stands first, less the lower), MRR@10, and recall@10: the share of questions that find it at all.
"""

import argparse
import math
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Any_
from pathlib import Path
from typing import Any

from flask import Flask
from flask_login import AnonymousUserMixin

from bench.collections import Collection, collections
from knowledge.edition import Edition
from knowledge.search.engine import engine
from knowledge.search.finding import search
from knowledge.search.items import Item, Ref, Scope, Shown, _sources
from portal import create_app
from portal.db import db

Search = Callable[[str], list[int]]
DEPTH = 10


class Documents:
    """A source of bare texts: what is measured is the search, not the articles around it."""

    kind = "bench"

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def ids(self) -> Sequence[int]:
        return range(1, len(self.collection.documents) + 1)

    def items(self, ids: Sequence[int]) -> Iterable[Item]:
        for number in ids:
            ref = Ref(self.kind, number, 0, f"bench/{number}", self.collection.lang)
            yield Item(ref, "public", title="", heading="", text=self.collection.documents[number - 1])

    def shown(self, refs: Any_[Ref], person: Any, locale: str) -> Mapping[tuple[int, int], Shown]:
        return {}

    def plain(self, forms: Any_[str], scope: Scope, most: int) -> Iterable[tuple[Ref, str, str]]:
        return ()


def ours(app: Flask, collection: Collection) -> Search:
    """The portal's search on this collection alone."""
    _sources.clear()
    _sources["bench"] = Documents(collection)
    with app.app_context():
        Edition.advance()
        db.session.commit()
        engine().rebuild()
        db.session.commit()

    def ask(question: str) -> list[int]:
        with app.test_request_context():
            found = search(question, AnonymousUserMixin(), collection.lang)
            assert not found.is_degraded
            return [hit.best.item_id - 1 for hit in found.hits[:DEPTH]]

    return ask


def fts5(collection: Collection) -> Search:
    """SQLite FTS5, as one would set it up: unicode words, accents folded, any of the words, its own BM25."""
    stemmed = "porter " if collection.lang == "en" else ""
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE VIRTUAL TABLE text USING fts5 (body, tokenize='{stemmed}unicode61 remove_diacritics 2')")
    base.executemany("INSERT INTO text (rowid, body) VALUES (?, ?)", enumerate(collection.documents))

    def ask(question: str) -> list[int]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
        query = "SELECT rowid FROM text WHERE text MATCH ? ORDER BY bm25(text) LIMIT ?"
        return [row[0] for row in base.execute(query, (words, DEPTH))] if words else []

    return ask


def bm25s(collection: Collection) -> Search | None:
    """bm25s with its own tokenizer, stop words where it has them; None when it is not installed."""
    try:
        import bm25s as library  # type: ignore[import-not-found]
    except ImportError:
        return None
    stop = {"en": "en", "de": "german", "ru": "russian"}.get(collection.lang)
    cut = {"stopwords": stop, "show_progress": False}
    index = library.BM25()
    index.index(library.tokenize(collection.documents, **cut), show_progress=False)

    def ask(question: str) -> list[int]:
        most = min(DEPTH, len(collection.documents))
        found, scores = index.retrieve(library.tokenize([question], **cut), k=most, show_progress=False)
        return [int(n) for n, score in zip(found[0], scores[0], strict=True) if score > 0]

    return ask


def measure(ask: Search, collection: Collection) -> tuple[float, float, float]:
    """(nDCG@10, MRR@10, recall@10)."""
    places = []
    for question, right in collection.asked:
        found = ask(question)
        places.append(found.index(right) + 1 if right in found else 0)
    many = len(places)
    gain = sum(1 / math.log2(place + 1) for place in places if place) / many
    return gain, sum(1 / place for place in places if place) / many, sum(map(bool, places)) / many


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--postgresql", help="the address of an empty database: measures the second engine too")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        apps = {"Foyer": make_app(Path(folder) / "whoosh")}
        if given.postgresql:
            apps["Foyer on PostgreSQL"] = make_app(
                Path(folder) / "other", database_url=given.postgresql, search_engine="postgresql"
            )
        names = [*apps, "SQLite FTS5", "bm25s"]
        print("| collection | language | documents | questions | " + " | ".join(names) + " |")
        print("|---|---|---:|---:|" + "---|" * len(names))
        for collection in collections(given.folder):
            searches = {name: ours(app, collection) for name, app in apps.items()}
            told = [measure(ask, collection) for ask in searches.values()]
            told.append(measure(fts5(collection), collection))
            other = bm25s(collection)
            cells = [" · ".join(f"{value:.2f}" for value in values) for values in told]
            cells.append(" · ".join(f"{v:.2f}" for v in measure(other, collection)) if other else "not installed")
            row = (collection.name, collection.lang, len(collection.documents), len(collection.asked), *cells)
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


def make_app(instance: Path, **settings: Any) -> Flask:
    app = create_app(testing=True, instance=instance, **settings)
    with app.app_context():
        db.create_all()
    return app


if __name__ == "__main__":
    main()
