"""Policy files: reading, checking and keeping them."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from portal.sla.calendar import DateRule, Minutes, Week
from portal.sla.checks import check_policy
from portal.sla.durations import Duration
from portal.sla.errors import PolicyError, Problem
from portal.sla.hours import read_closed, read_extra, read_week
from portal.sla.lines import line_numbers, line_of
from portal.sla.policy import Figure, Figures, Policy
from portal.sla.reading import BROKEN, Reader

SHIPPED = Path(__file__).parent / "policies"


@cache
def shipped_policies() -> tuple[str, ...]:
    """The ids of the policies that come with the program."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_policy(source: str | Path, version: str | None = None) -> Policy:
    """A policy by shipped id, or from a file. Cached until the file changes; raises PolicyError.

    `version` asks for that version of a shipped policy; those no longer in force lie in `policies/past/`.
    """
    path = path_of(source) if version is None else _past(str(source), version)
    try:
        state = path.stat()
    except OSError as error:
        raise PolicyError([Problem(str(source), "", _absent(source, error))]) from error
    return _load(path, state.st_mtime_ns, state.st_size)


def versions_of(policy_id: str) -> tuple[str, ...]:
    """The versions of a shipped policy that are kept, the one in force first, then backwards."""
    current = load_policy(policy_id).version
    past = sorted((path.stem for path in (SHIPPED / "past" / policy_id).glob("*.toml")), reverse=True)
    return (current, *past)


def path_of(source: str | Path) -> Path:
    """The file of a shipped id; anything else is a path already."""
    shipped = SHIPPED / f"{source}.toml"
    return shipped if isinstance(source, str) and source in shipped_policies() else Path(source)


def check_file(path: str | Path) -> tuple[Problem, ...]:
    """All that is wrong with a policy file; empty when it is sound."""
    try:
        load_policy(path)
    except PolicyError as error:
        return error.problems
    return ()


def parse_policy(text: str, file: str = "policy.toml") -> Policy:
    """A policy from the text of its file. `file` is only the name used in errors."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([_syntax(file, error)]) from error
    reader = Reader({Figures: _figures, Week: read_week, CLOSED: read_closed,
                     EXTRA: read_extra})  # fmt: skip
    policy = reader.build(Policy, document, "")
    reader.check_references(_tables(document))
    if policy is not BROKEN and not reader.faults:
        reader.faults.extend(check_policy(policy))
    if reader.faults:
        lines = line_numbers(text)
        found = dict.fromkeys(Problem(file, key, reason, line_of(key, lines)) for key, reason in reader.faults)
        raise PolicyError(sorted(found, key=lambda problem: problem.line or 0))
    return policy


CLOSED = tuple[DateRule, ...]
EXTRA = tuple[tuple[DateRule, tuple[Minutes, ...]], ...]


def _figures(reader: Reader, value: Any, key: str) -> Any:
    """'2 hours', { within = '2 hours', basis = 'target' }, or a table of such by severity; 'none' takes it away."""
    if not isinstance(value, Mapping) or "within" in value:
        figure = _figure(reader, value, key)
        return BROKEN if figure is BROKEN else Figures(((None, figure),))
    if not value:
        return reader.fault(key, "must be a duration, or a table of durations by severity, not an empty table")
    read = []
    for severity, figure in value.items():
        reader.note_reference(f"{key}.{severity}", "severities", severity)
        read.append((severity, _figure(reader, figure, f"{key}.{severity}")))
    return BROKEN if any(figure is BROKEN for _, figure in read) else Figures(tuple(read))


def _figure(reader: Reader, value: Any, key: str) -> Any:
    if value == "none":
        return None
    if isinstance(value, Mapping):
        return reader.build(Figure, value, key)
    within = reader.read(Duration, value, key)
    return BROKEN if within is BROKEN else Figure(within)


def _tables(document: Mapping[str, Any]) -> dict[str, list[str]]:
    tables = {name: list(table) for name, table in document.items() if isinstance(table, Mapping)}
    return {**tables, "calendars": [*tables.get("calendars", ()), "24x7"]}


@lru_cache(maxsize=64)
def _load(path: Path, changed: int, size: int) -> Policy:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError([Problem(str(path), "", "is not UTF-8 text")]) from error
    except OSError as error:
        raise PolicyError([Problem(str(path), "", _absent(path, error))]) from error
    return parse_policy(text, _shown(path))


def _shown(path: Path) -> str:
    return path.name if path.parent == SHIPPED else str(path)


def _past(policy_id: str, version: str) -> Path:
    current = load_policy(policy_id)
    if current.version == version:
        return path_of(policy_id)
    kept = {path.stem: path for path in (SHIPPED / "past" / policy_id).glob("*.toml")}
    if version not in kept:
        reason = f"version {version!r} is not kept; kept are {', '.join([current.version, *sorted(kept)])}"
        raise PolicyError([Problem(policy_id, "policy.version", reason)])
    return kept[version]


def _absent(source: str | Path, error: OSError) -> str:
    shipped = ", ".join(shipped_policies())
    return f"can't be read ({error.strerror}); give a path, or one of the shipped policies: {shipped}"


def _syntax(file: str, error: tomllib.TOMLDecodeError) -> Problem:
    """The parser tells the place in its message only."""
    reason, _, place = str(error).rpartition(" (at ")
    digits = "".join(c for c in place.partition(",")[0] if c.isdigit())
    return Problem(file, "", f"is not TOML: {reason or error}", int(digits) if digits else None)
