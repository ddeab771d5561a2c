"""Rendered pieces of public pages, kept in the process and keyed by what they show."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from markupsafe import Markup

MOST_BYTES = 2_000_000  # of all pieces together: what was not asked for the longest goes first


class _Shelf:
    """Pieces in the order they were last asked for, and how long they are together.

    They lie as UTF-8: one Chinese word in a page would make each of its characters twice as large in memory.
    """

    def __init__(self) -> None:
        self.pieces: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self.bytes = 0
        self.lock = Lock()

    def find(self, key: Hashable, now: float) -> Markup | None:
        with self.lock:
            until, piece = self.pieces.get(key, (0.0, None))
            if piece is None or until <= now:
                return None
            self.pieces.move_to_end(key)
        return Markup(piece.decode())

    def keep(self, key: Hashable, until: float, piece: Markup) -> None:
        kept = piece.encode()
        with self.lock:
            _, before = self.pieces.pop(key, (0.0, b""))
            self.pieces[key] = (until, kept)
            self.bytes += len(kept) - len(before)
            while self.bytes > MOST_BYTES:
                _, (_, oldest) = self.pieces.popitem(last=False)
                self.bytes -= len(oldest)

    def clear(self) -> None:
        with self.lock:
            self.pieces.clear()
            self.bytes = 0


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
