"""Uploaded bytes: written under random names and synced, on the disk before the database says so."""

import hashlib
import os
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from portal.errors import Refused
from portal.web import settings

CHUNK = 256 * 1024
STRAY_FOR = timedelta(days=1)  # an upload whose transaction is still open is younger than this

Limit = tuple[int, str]  # bytes, and the sentence for more than these


def folder(name: str) -> Path:
    """A folder for bytes in the instance folder, readable by its owner alone."""
    path = settings().instance / name
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(path)


def path_in(folder: Path, token: str) -> Path:
    """Where the bytes of this token lie."""
    return folder / token[:2] / token


def new_token() -> str:
    return "f" + secrets.token_hex(19)


def write(folder: Path, token: str, head: bytes, stream: IO[bytes], limits: Iterable[Limit]) -> tuple[int, str]:
    """Write `head` and the rest of the stream, and sync them with their folder; (size, SHA-256).

    Over a limit `Refused` is raised with its sentence, and nothing is left behind.
    """
    path = path_in(folder, token)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    most, sentence = min(limits)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            chunk = head
            while chunk:
                size += len(chunk)
                if size > most:
                    raise Refused(sentence)
                digest.update(chunk)
                file.write(chunk)
                chunk = stream.read(CHUNK)
            file.flush()
            os.fsync(file.fileno())
        for directory in (path.parent, folder):
            _sync(directory)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()


def strays(folder: Path, known: Iterable[str], older_than: datetime) -> list[Path]:
    """Bytes that no row names: what an upload left whose transaction never came to be."""
    names = set(known)
    found = [path for path in folder.glob("*/*") if path.stat().st_mtime < older_than.timestamp()]
    return [path for path in found if path.name not in names]


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
