"""The index on disk: its folder, its schema, and the one writer.

The folder holds one sub-folder per build and `current.json`, which names the live one. That file is replaced in one
step after every commit, so a reader that looks at it sees a whole index or the one before. The index is disposable:
whatever is wrong with it, it is built again from the database beside the live one.
"""

import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from whoosh import fields
from whoosh import index as whoosh_index

from knowledge.articles.article import Article, Category, Edition, Section
from knowledge.search.changes import IndexChange, outstanding
from knowledge.search.words import CJK, IDENT, TEXT_FIELDS, WORDS, field_of, identifiers, pairs, plain_words, terms
from portal.db import db, utcnow
from portal.jobs import enqueue
from portal.web import settings

log = logging.getLogger(__name__)

SCHEMA = 1  # grows with every change of the fields, of what is put into them, or of how words are cut
BATCH = 500
MOST_AT_ONCE = 5000  # more changes than this are quicker built anew
# How often the words of title, heading and tags count beside those of the text, in the article's first section and in
# the others. Repeating them in one field is BM25F with weights, at the price of a single term in a query.
TITLE_WEIGHTS, HEADING_WEIGHT, TAG_WEIGHT = (5, 2), 3, 2


@dataclass(frozen=True)
class Pointer:
    """Which build is live, and of which database and edition it is."""

    build: str
    schema: int
    generation: int
    token: str
    edition: int


class Busy(Exception):
    """Another process or thread is writing the index."""


class IndexFolder:
    """`instance/search`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pointer_path = path / "current.json"

    def pointer(self) -> Pointer | None:
        """The live build, or None when there is none or what is written there can't be read."""
        try:
            return Pointer(**json.loads(self.pointer_path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def point(self, pointer: Pointer) -> None:
        beside = self.path / f".{secrets.token_hex(4)}.json"
        with open(beside, "w") as file:
            json.dump(asdict(pointer), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.pointer_path)

    def open(self, pointer: Pointer) -> Any:
        """The Whoosh index of a build. Raises whatever Whoosh raises on a torn one."""
        return whoosh_index.open_dir(str(self.path / pointer.build))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer's lock, or raise `Busy`. The lock ends with the process, however that ends."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)  # Whoosh unpickles what lies here
        with open(self.path / "writer.lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            yield

    def forget_builds(self, keep: Iterable[str]) -> None:
        """Remove builds that nobody opens any more."""
        for path in self.path.iterdir():
            if path.is_dir() and path.name not in set(keep):
                shutil.rmtree(path, ignore_errors=True)


def schema() -> fields.Schema:
    """Words come in lists, cut by `words.py`; Whoosh's own analysis is never used."""
    text: dict[str, Any] = {name: fields.TEXT(phrase=False) for name in (*TEXT_FIELDS, CJK, IDENT, WORDS)}
    marks: dict[str, Any] = {name: fields.ID() for name in ("article", "rights", "lang", "product")}
    return fields.Schema(**text, **marks, ref=fields.STORED())


def folder() -> IndexFolder:
    return IndexFolder(settings().instance / "search")


def apply_changes() -> int:
    """Index what has changed since; returns how many articles. Builds the index anew where it can't be mended.

    When another one is writing, the changes are left to a job that comes a little later.
    """
    if not outstanding():
        return 0
    try:
        with folder().writing():
            return _apply(folder())
    except Busy:
        enqueue("index", run_after=utcnow() + timedelta(seconds=3))
        return 0


def rebuild() -> int:
    """Build the index from the database beside the live one, then switch. Returns the number of articles.

    Raises `Busy` when somebody is writing.
    """
    with folder().writing():
        return _rebuild(folder())


def ailing(place: IndexFolder) -> str:
    """What is wrong with the index, in a word, or "" for a healthy one."""
    token, number = Edition.current()
    pointer = place.pointer()
    if not token and not pointer:
        return ""  # nothing was ever written
    if pointer is None:
        return "missing"
    if pointer.schema != SCHEMA:
        return "of another schema"
    if pointer.token != token or pointer.edition > number:
        return "of another database"
    try:
        _try_out(place, pointer)
    except Exception as error:
        return f"torn ({type(error).__name__})"
    return ""


def _try_out(place: IndexFolder, pointer: Pointer) -> None:
    """Open the index and read a little of each segment; raises what a torn file raises."""
    index = place.open(pointer)
    try:
        reader = index.reader()
        try:
            for number, _fields in zip(reader.all_doc_ids(), range(5), strict=False):
                reader.stored_fields(number)
            for name in reader.indexed_field_names():
                next(iter(reader.field_terms(name)), None)
        finally:
            reader.close()
    finally:
        index.close()


def _apply(place: IndexFolder) -> int:
    pointer = place.pointer()
    token, number = Edition.current()
    if pointer is None or pointer.schema != SCHEMA or pointer.token != token or pointer.edition > number:
        return _rebuild(place)
    waiting = _waiting()
    changed = set(waiting.values())
    if len(changed) > MOST_AT_ONCE:
        return _rebuild(place)
    try:
        index = place.open(pointer)
        try:
            writer = index.writer(compound=False, timeout=5)
            for article_id in changed:
                writer.delete_by_term("article", str(article_id))
            for row in _documents(Article.id.in_(changed)):
                writer.add_document(**row)
            writer.commit()
        finally:
            index.close()
    except Exception as error:
        log.warning("search index can't be written, building it anew", exc_info=error)
        return _rebuild(place)
    place.point(replace(pointer, generation=pointer.generation + 1, edition=number))
    _forget(waiting)
    return len(changed)


def _rebuild(place: IndexFolder) -> int:
    before = place.pointer()
    token, number = Edition.current()
    waiting = _waiting()
    build = f"build-{secrets.token_hex(6)}"
    (place.path / build).mkdir(mode=0o700)
    try:
        index = whoosh_index.create_in(str(place.path / build), schema())
        try:
            writer = index.writer(compound=False, limitmb=128)
            articles = set()
            for row in _documents():
                writer.add_document(**row)
                articles.add(row["article"])
            writer.commit()
        finally:
            index.close()
    except BaseException:
        shutil.rmtree(place.path / build, ignore_errors=True)
        raise
    place.point(Pointer(build, SCHEMA, before.generation + 1 if before else 1, token, number))
    place.forget_builds({build, before.build if before else build})
    _forget(waiting)
    return len(articles)


def _waiting() -> dict[int, int]:
    """The changes to take now: article ids by their own."""
    return {row.id: row.article_id for row in db.session.execute(select(IndexChange.id, IndexChange.article_id))}


def _forget(taken: Iterable[int]) -> None:
    """Just these: on PostgreSQL one with a smaller id may have been committed while they were indexed."""
    ids = list(taken)
    for start in range(0, len(ids), BATCH):
        db.session.execute(delete(IndexChange).where(IndexChange.id.in_(ids[start : start + BATCH])))


def _documents(*where: Any) -> Iterator[dict[str, Any]]:
    """The documents of published articles, one for each section."""
    columns = (Article.id, Article.slug, Article.lang, Article.title, Article.summary, Article.tags, Article.product)
    query = select(*columns, Article.visibility, Category.titles.label("shelf")).outerjoin(Article.category)
    ids = db.session.scalars(select(Article.id).where(Article.status == "published", *where).order_by(Article.id)).all()
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        sections: dict[int, list[Any]] = {}
        texts = select(Section.article_id, Section.position, Section.heading, Section.text)
        for section in db.session.execute(texts.where(Section.article_id.in_(some)).order_by(Section.position)):
            sections.setdefault(section.article_id, []).append(section)
        for article in db.session.execute(query.where(Article.id.in_(some))):
            for section in sections.get(article.id, ()):
                yield _document(article, section)


def _document(article: Any, section: Any) -> dict[str, Any]:
    field = field_of(article.lang)
    is_first = section.position == 0
    text = f"{article.summary}\n{section.text}" if is_first else section.text
    weighted: list[tuple[str, int]] = [
        (article.title, TITLE_WEIGHTS[0] if is_first else TITLE_WEIGHTS[1]),
        (section.heading, HEADING_WEIGHT),
        (" ".join(article.tags), TAG_WEIGHT),
        ((article.shelf or {}).get(article.lang.split("-")[0], ""), 1),
        (article.product or "", 1),
        (text, 1),
    ]
    document: dict[str, Any] = {
        "article": str(article.id),
        "rights": article.visibility,
        "lang": article.lang,
        "product": article.product or "",
        "ref": (article.id, section.position, article.slug, article.lang, article.product),
    }
    for name, cut in ((field, lambda text: terms(text, field)), (CJK, pairs), (IDENT, identifiers)):
        if words := [word for part, weight in weighted for word in cut(part) * weight]:
            document[name] = words
    if article.visibility == "public":  # only these are ever suggested to anybody
        document[WORDS] = [word for part, _ in weighted for word in plain_words(part)]
    return document
