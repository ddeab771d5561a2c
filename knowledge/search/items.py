"""What can be searched: sections of articles, pages of manuals, and whatever else an area brings.

Each area registers a `Source`. The index knows nothing of tables: it takes a source's items, and gives references back,
which the source reads from the database again with the reader's rights.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

CURRENT = 2.0  # the prior of what goes on now: matching well, it stands before all else


class Ref(NamedTuple):
    """Where a found item is, and what ranks and groups it: all that the index keeps of it besides its words.

    Those that share `address` are one thing in several languages or versions, of which one is shown. `versions` is
    what it is confirmed for, as editors wrote it. `prior` multiplies the score.
    """

    kind: str
    item_id: int
    position: int
    address: str
    lang: str
    product: str | None = None
    versions: str | None = None
    prior: float = 1.0


@dataclass(frozen=True)
class Scope:
    """What may be found: by the reader's audiences, and by what they narrowed the search to. No audience, nothing."""

    audiences: tuple[str, ...]
    kind: str | None = None
    lang: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class Item:
    """A unit of search. `titles` counts how often the title's words count here, beside those of the text."""

    ref: Ref
    audience: str
    title: str
    heading: str
    text: str
    tags: Sequence[str] = ()
    about: Sequence[str] = ()  # names of what it belongs to: category, product
    is_first: bool = True


@dataclass(frozen=True)
class Shown:
    """What is shown of one found item: read from the database, with the reader's rights, at this moment.

    `url` is a path of the portal without an anchor. `anchor` leads to the item in it. `summary` stands for the text
    where that says too little.
    """

    ref: Ref
    id: str
    url: str
    anchor: str
    title: str
    heading: str
    text: str
    lang: str
    updated_at: datetime | None = None
    place: str = ""  # where in it: 'page 12'; for articles the heading says it
    is_answered: bool = False
    status: str = ""  # of an incident or a maintenance, as the status page calls it


class Source(Protocol):
    """An area's part in the search."""

    kind: str

    def ids(self) -> Sequence[int]:
        """All that readers may find, whoever they are."""

    def items(self, ids: Sequence[int]) -> Iterable[Item]:
        """The items of these, in any order; of what isn't to be found any more, none."""

    def shown(self, refs: Collection[Ref], person: Any, locale: str) -> Mapping[tuple[int, int], Shown]:
        """By (item id, position), those of the found items that this person may read."""

    def plain(self, words: Collection[str], scope: Scope, most: int) -> Iterable[tuple[Ref, str, str]]:
        """(reference, title, text) of what holds one of these words anywhere, for as long as there is no index."""


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Have what this source holds searched, from the next indexing on."""
    _sources[source.kind] = source


def sources() -> Mapping[str, Source]:
    return _sources
