"""Whoosh's index on disk: its folder, its schema, and the one writer.

The folder holds one sub-folder per build and `current.json`, which names the live one. That file is replaced in one
step after every commit, so a reader that looks at it sees a whole index or the one before. Whoosh never writes a file
twice, so it also holds the size and the checksum of each, by which every process looks at a file before it first reads
it. The index is disposable: whatever is wrong with it, it is built again from the database beside the live one.
"""

import fcntl
import json
import logging
import os
import secrets
import shutil
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from whoosh import fields
from whoosh import index as whoosh_index

from knowledge.search.cutting import SCHEMA, cut, every_item, items_of, key_of
from knowledge.search.engine import Busy
from knowledge.search.items import Item
from knowledge.search.words import CJK, IDENT, TEXT_FIELDS, WORDS

log = logging.getLogger(__name__)


CHUNK = 1 << 20
Sums = dict[str, list[int]]  # by file of a build: its size, its CRC-32


class Torn(Exception):
    """A file of the index isn't as it was written."""


@dataclass(frozen=True)
class Pointer:
    """Which build is live, of which database and edition it is, and what its files must be."""

    build: str
    schema: int
    generation: int
    token: str
    edition: int
    files: Sums = field(default_factory=dict, hash=False)


class IndexFolder:
    """`instance/search`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pointer_path = path / "current.json"
        self._looked_at: dict[Path, tuple[int, int, int]] = {}  # files whose checksum was right, as they were then

    def pointer(self) -> Pointer | None:
        """The live build, or None when there is none or what is written there can't be read."""
        try:
            return Pointer(**json.loads(self.pointer_path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def point(self, pointer: Pointer) -> None:
        """Make this build the live one, with the checksums of what is new in it."""
        beside = self.path / f".{secrets.token_hex(4)}.json"
        with open(beside, "w") as file:
            json.dump({**asdict(pointer), "files": self._sums(pointer)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.pointer_path)

    def open(self, pointer: Pointer) -> Any:
        """The Whoosh index of a build. Raises `Torn`, or whatever Whoosh raises on a torn one."""
        self.look_at(pointer)
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

    def look_at(self, pointer: Pointer, *, anew: bool = False) -> None:
        """Raise `Torn` when a file is not what was written: each that is new here or has changed, or `anew` all.

        Some may be gone when an indexer was killed between its commit and ours: then there are newer contents (`.toc`).
        """
        looked_at, folder = {} if anew else self._looked_at, self.path / pointer.build
        self._looked_at = {}  # files that are gone are forgotten
        for name, (size, checksum) in pointer.files.items():
            path = folder / name
            try:
                stamp = _stamp(path)
                if looked_at.get(path) != stamp and (stamp[1] != size or _checksum(path) != checksum):
                    raise Torn(name)
            except FileNotFoundError:
                if all(other.name in pointer.files for other in folder.glob("*.toc")):
                    raise Torn(name) from None
            else:
                self._looked_at[path] = stamp

    def _sums(self, pointer: Pointer) -> Sums:
        """Of the files of a build: what is known, and what it is of the others."""
        paths = [path for path in (self.path / pointer.build).iterdir() if path.suffix and path.is_file()]
        return {path.name: pointer.files.get(path.name) or [_stamp(path)[1], _checksum(path)] for path in paths}

    def forget_builds(self, keep: Iterable[str]) -> None:
        """Remove builds that nobody opens any more."""
        for path in self.path.iterdir():
            if path.is_dir() and path.name not in set(keep):
                shutil.rmtree(path, ignore_errors=True)

    def tidy(self, *, older_than: datetime) -> int:
        """Remove what writers that were killed have left; returns how much. For who holds the writer's lock."""
        pointer = self.pointer()
        live = self.path / pointer.build if pointer else None
        left = [path for path in self.path.iterdir() if path.name.startswith(("build-", ".")) and path != live]
        left += [path for path in live.iterdir() if path.is_dir()] if live and live.is_dir() else []
        left = [path for path in left if path.stat().st_mtime < older_than.timestamp()]
        for path in left:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return len(left)


def schema() -> fields.Schema:
    """Words come in lists, cut by `words.py`; Whoosh's own analysis is never used."""
    text: dict[str, Any] = {name: fields.TEXT(phrase=False) for name in (*TEXT_FIELDS, CJK, IDENT, WORDS)}
    marks: dict[str, Any] = {name: fields.ID() for name in ("item", "kind", "audience", "lang", "product")}
    return fields.Schema(**text, **marks, ref=fields.STORED())


def _stamp(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def _document(item: Item) -> dict[str, Any]:
    ref = item.ref
    marks = {"item": key_of(ref), "kind": ref.kind, "audience": item.audience}
    return {**marks, "lang": ref.lang, "product": ref.product or "", "ref": tuple(ref), **cut(item)}


__all__ = ["SCHEMA", "Busy", "IndexFolder", "Pointer", "schema"]
