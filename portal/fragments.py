"""Rendered pieces of public pages, kept in the process and keyed by what they show."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from markupsafe import Markup

MOST_CHARACTERS = 3_000_000  # of all pieces together: what was not asked for the longest goes first


class _Shelf:
    """Pieces in the order they were last asked for, and how long they are together."""

    def __init__(self) -> None:
        self.pieces: OrderedDict[Hashable, tuple[float, Markup]] = OrderedDict()
        self.characters = 0
        self.lock = Lock()

    def find(self, key: Hashable, now: float) -> Markup | None:
        with self.lock:
            until, piece = self.pieces.get(key, (0.0, None))
            if piece is None or until <= now:
                return None
            self.pieces.move_to_end(key)
            return piece

    def keep(self, key: Hashable, until: float, piece: Markup) -> None:
        with self.lock:
            _, before = self.pieces.pop(key, (0.0, Markup()))
            self.pieces[key] = (until, piece)
            self.characters += len(piece) - len(before)
            while self.characters > MOST_CHARACTERS:
                _, (_, oldest) = self.pieces.popitem(last=False)
                self.characters -= len(oldest)

    def clear(self) -> None:
        with self.lock:
            self.pieces.clear()
            self.characters = 0


_shelf = _Shelf()


def fragment(key: Hashable, render: Callable[[], str], *, seconds: float = 3600) -> Markup:
    """The piece kept under `key`, else a new one from `render`; at most `seconds` old.

    The key names everything the piece depends on (row, its `updated_at`, language, zone): then nothing needs to be
    thrown away, it is only forgotten. Nothing that depends on who reads may be kept here, unless the key says who.
    """
    now = time.monotonic()
    found = _shelf.find(key, now)
    if found is None:
        found = Markup(render())
        _shelf.keep(key, now + seconds, found)
    return found


def forget_fragments() -> None:
    """Empty the cache, as tests do between each other."""
    _shelf.clear()
