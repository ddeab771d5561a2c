"""Whoosh's index on disk: its folder, its schema, and the one writer.

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
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from whoosh import fields
from whoosh import index as whoosh_index

from knowledge.search.cutting import SCHEMA, cut, every_item, items_of, key_of
from knowledge.search.engine import Busy
from knowledge.search.items import Item
from knowledge.search.words import CJK, IDENT, TEXT_FIELDS, WORDS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pointer:
    """Which build is live, and of which database and edition it is."""

    build: str
    schema: int
    generation: int
    token: str
    edition: int


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

    def change(self, pointer: Pointer, changed: Mapping[str, Collection[int]]) -> None:
        """Index these things of each kind anew in a build. Raises whatever Whoosh raises on a torn one."""
        index = self.open(pointer)
        try:
            writer = index.writer(compound=False, timeout=5)
            for kind, ids in changed.items():
                for item_id in ids:
                    writer.delete_by_term("item", f"{kind}:{item_id}")
                for item in items_of(kind, sorted(ids)):
                    writer.add_document(**_document(item))
            writer.commit()
        finally:
            index.close()

    def build(self) -> tuple[str, int]:
        """Make a build of all there is; (its name, how many things are in it)."""
        name, things = f"build-{secrets.token_hex(6)}", set()
        (self.path / name).mkdir(mode=0o700)
        try:
            index = whoosh_index.create_in(str(self.path / name), schema())
            try:
                writer = index.writer(compound=False, limitmb=128)
                for item in every_item():
                    writer.add_document(**_document(item))
                    things.add(key_of(item.ref))
                writer.commit()
            finally:
                index.close()
        except BaseException:
            shutil.rmtree(self.path / name, ignore_errors=True)
            raise
        return name, len(things)

    def try_out(self, pointer: Pointer) -> None:
        """Open a build and read a little of each segment; raises what a torn file raises."""
        index = self.open(pointer)
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

    def forget_builds(self, keep: Iterable[str]) -> None:
        """Remove builds that nobody opens any more."""
        for path in self.path.iterdir():
            if path.is_dir() and path.name not in set(keep):
                shutil.rmtree(path, ignore_errors=True)


def schema() -> fields.Schema:
    """Words come in lists, cut by `words.py`; Whoosh's own analysis is never used."""
    text: dict[str, Any] = {name: fields.TEXT(phrase=False) for name in (*TEXT_FIELDS, CJK, IDENT, WORDS)}
    marks: dict[str, Any] = {name: fields.ID() for name in ("item", "kind", "audience", "lang", "product")}
    return fields.Schema(**text, **marks, ref=fields.STORED())


def _document(item: Item) -> dict[str, Any]:
    ref = item.ref
    marks = {"item": key_of(ref), "kind": ref.kind, "audience": item.audience}
    return {**marks, "lang": ref.lang, "product": ref.product or "", "ref": tuple(ref), **cut(item)}


__all__ = ["SCHEMA", "Busy", "IndexFolder", "Pointer", "schema"]
