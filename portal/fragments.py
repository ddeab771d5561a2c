"""Rendered pieces of public pages, kept in the process and keyed by what they show."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from markupsafe import Markup

MOST = 2000

_kept: OrderedDict[Hashable, tuple[float, Markup]] = OrderedDict()
_lock = Lock()


def fragment(key: Hashable, render: Callable[[], str], *, seconds: float = 3600) -> Markup:
    """The piece kept under `key`, else a new one from `render`; at most `seconds` old.

    The key names everything the piece depends on (row, its `updated_at`, language, zone): then nothing needs to be
    thrown away, it is only forgotten. Nothing that depends on who reads may be kept here, unless the key says who.
    """
    now = time.monotonic()
    with _lock:
        found = _kept.get(key)
        if found and found[0] > now:
            _kept.move_to_end(key)
            return found[1]
    piece = Markup(render())
    with _lock:
        _kept[key] = (now + seconds, piece)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return piece


def forget_fragments() -> None:
    """Empty the cache, as tests do between each other."""
    with _lock:
        _kept.clear()
