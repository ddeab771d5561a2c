"""The file of a period's intervals: a JSON list of `{"kind": "down"|"maintenance", "start", "end", "announced_at"}`."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.sla.uptime import DOWN, MAINTENANCE, Interval

FIELDS = ("kind", "start", "end", "announced_at")


def load_intervals(path: str | Path) -> tuple[Interval, ...]:
    """The intervals of a file. Raises ValueError with file, place and reason of the first fault in one line."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        entries = json.loads(text)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno}: is not JSON: {error.msg} (column {error.colno})") from error
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{path}: is not JSON that can be read: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path}: must be a list of intervals")
    return tuple(_interval(entry, f"{path}: [{place}]") for place, entry in enumerate(entries))


def _interval(entry: Any, place: str) -> Interval:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{place}: must be an object with {', '.join(FIELDS)}")
    for name in entry:
        if name not in FIELDS:
            raise ValueError(f"{place}.{name}: unknown key; known are {', '.join(FIELDS)}")
    kind = entry.get("kind")
    if kind not in (DOWN, MAINTENANCE):
        raise ValueError(f"{place}.kind: must be 'down' or 'maintenance', not {kind!r:.60}")
    start, end = (_instant(entry.get(name), f"{place}.{name}") for name in ("start", "end"))
    if end <= start:
        raise ValueError(f"{place}.end: must come after the start")
    announced = entry.get("announced_at")
    return Interval(kind, start, end, None if announced is None else _instant(announced, f"{place}.announced_at"))


def _instant(value: Any, place: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        told = "is missing" if value is None else f"{value!r:.60} is no ISO 8601 instant such as 2026-10-03T02:00:00Z"
        raise ValueError(f"{place}: {told}") from error
    if at.tzinfo is None:
        raise ValueError(f"{place}: {value!r:.60} has no time zone; add Z or an offset such as +01:00")
    return at
