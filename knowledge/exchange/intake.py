"""What is to be imported, before it is: each format reads its files into these."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from knowledge.articles.writing import Manuscript
from knowledge.exchange.report import Problem

FORMAT = "1"  # of what the converters write: a new number has everything converted again


@dataclass(frozen=True)
class NewCategory:
    """A category that articles need. One that is there already keeps what its editors made of it, unless `is_exact`."""

    slug: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    position: int = 500
    icon: str = "book-open"
    parent: str | None = None
    is_exact: bool = False


@dataclass(frozen=True)
class Enclosure:
    """A file that belongs to an article; its bytes lie at `path` until they are taken."""

    token: str
    filename: str
    content_type: str
    size: int
    sha256: str
    path: Path
    is_listed: bool = False


@dataclass(frozen=True)
class Made:
    """An article ready to be written. With an empty slug it gets one of its title."""

    manuscript: Manuscript
    enclosures: tuple[Enclosure, ...] = ()
    left_out: tuple[str, ...] = ()
    categories: tuple[NewCategory, ...] = ()
    position: int | None = None
    check_by: date | None = None
    old_addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incoming:
    """One article as it was found. `make` converts it, and raises `NotTaken` with the reason it can't be."""

    external_id: str
    file: str
    digest: str
    make: Callable[[], Made]


@dataclass(frozen=True)
class Intake:
    """All that one import brings. `source` names where from; `takes_over` allows it what came from somewhere else.

    `total` counts the articles to come, where that is known before.
    """

    source: str
    items: Iterable[Incoming | Problem]
    categories: tuple[NewCategory, ...] = ()
    problems: tuple[Problem, ...] = ()
    takes_over: bool = False
    total: int | None = None


def digest_of(*parts: str | bytes) -> str:
    """Names what an article is made of, so that what is as it was need not be converted."""
    digest = hashlib.sha256(FORMAT.encode())
    for part in parts:
        content = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def source_of(kind: str, path: Path, collection: str = "", lang: str = "") -> str:
    """What an import is known by: the collection it was given, else the place it came from."""
    name = " ".join(part for part in (kind, lang, collection or str(path.resolve())) if part)
    return name if len(name) <= 200 else f"{name[:160]} {hashlib.sha256(name.encode()).hexdigest()[:32]}"
