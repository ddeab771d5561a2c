"""Reads tables into dataclasses, strictly: the dataclass is the schema.

A field's annotation says what may stand there, its default whether it may be missing. Every fault is gathered with
its dotted key, so that an author mends a file in one go.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, available_timezones

from portal.sla.durations import Duration, parse_duration
from portal.sla.text import Text

BROKEN: Any = object()  # what a faulty value reads as: its fault is noted, reading goes on


@dataclass(frozen=True)
class Ref:
    """The value is the id of an entry of the table `kind` of the same file."""

    kind: str


@dataclass(frozen=True)
class Between:
    least: int
    most: int


class Zone(str):
    """The name of an IANA time zone."""


@dataclass(frozen=True)
class Reference:
    key: str
    kind: str
    value: str


class Reader:
    """Reads one document. `faults` are (key, reason) in the order found; `references` wait for `check_references`."""

    def __init__(self, special: Mapping[Any, Callable[["Reader", Any, str], Any]]) -> None:
        self.special = special
        self.faults: list[tuple[str, str]] = []
        self.references: list[Reference] = []

    def fault(self, key: str, reason: str) -> Any:
        self.faults.append((key, reason))
        return BROKEN

    def build(self, kind: Any, value: Any, key: str, **given: Any) -> Any:
        """An instance of the dataclass from a table; `given` are fields that the table does not write itself."""
        if not isinstance(value, Mapping):
            return self.fault(key, f"must be a table, not {_said(value)}")
        hints, read = _hints(kind), dict(given)
        known = [spec.name for spec in fields(kind) if spec.init and spec.name not in given]
        for name in value:
            if name not in known:
                self.fault(_under(key, name), _unknown(name, known))
        for spec in fields(kind):
            if spec.name not in known:
                continue
            if spec.name in value:
                read[spec.name] = self.read(hints[spec.name], value[spec.name], _under(key, spec.name))
            elif spec.default is MISSING and spec.default_factory is MISSING:
                read[spec.name] = self.fault(_under(key, spec.name), "is missing")
        return BROKEN if any(part is BROKEN for part in read.values()) else kind(**read)

    def read(self, hint: Any, value: Any, key: str) -> Any:
        """The value as its annotation asks, or BROKEN with the fault noted."""
        if hint in self.special:
            return self.special[hint](self, value, key)
        origin, args = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._constrained(args, value, key)
        if origin in (Union, types.UnionType):
            return self.read(next(arg for arg in args if arg is not type(None)), value, key)
        if origin is Literal:
            return value if value in args else self.fault(key, _not_one_of(value, args))
        if origin is tuple:
            return self._several(args[0], value, key)
        if origin is dict:
            return self._entries(args[1], value, key)
        if is_dataclass(hint) and hint is not Duration:
            return self.build(hint, value, key)
        return self._plain(hint, value, key)

    def note_reference(self, key: str, kind: str, value: str) -> None:
        """Remember that `value` must be the id of an entry of table `kind`; `check_references` looks."""
        self.references.append(Reference(key, kind, value))

    def check_references(self, tables: Mapping[str, Iterable[str]]) -> None:
        for reference in self.references:
            known = sorted(tables.get(reference.kind, ()))
            if reference.value not in known:
                reason = f"there is no {reference.value!r} in [{reference.kind}]; it has {_listed(known)}"
                self.fault(reference.key, reason)

    def _constrained(self, args: tuple[Any, ...], value: Any, key: str) -> Any:
        read = self.read(args[0], value, key)
        for rule in args[1:]:
            if read is BROKEN:
                return BROKEN
            if isinstance(rule, Ref):
                self.note_reference(key, rule.kind, read)
            elif isinstance(rule, Between) and not rule.least <= read <= rule.most:
                return self.fault(key, f"must lie between {rule.least} and {rule.most}, not be {read}")
        return read

    def _several(self, hint: Any, value: Any, key: str) -> Any:
        """A list; one value alone counts as a list of one."""
        items = value if isinstance(value, list) else [value]
        places = [f"{key}[{i}]" if isinstance(value, list) else key for i in range(len(items))]
        read = tuple(self.read(hint, item, place) for item, place in zip(items, places, strict=True))
        if any(item is BROKEN for item in read):
            return BROKEN
        plain = [item for item in read if isinstance(item, str)]
        double = next((item for i, item in enumerate(plain) if item in plain[:i]), None)
        return self.fault(key, f"names {double!r} twice") if double is not None else read

    def _entries(self, hint: Any, value: Any, key: str) -> Any:
        """A table of tables; an entry that has a field `id` gets the name it stands under."""
        if not isinstance(value, Mapping):
            return self.fault(key, f"must be a table of entries, not {_said(value)}")
        read = {}
        for name, entry in value.items():
            own = is_dataclass(hint) and any(spec.name == "id" for spec in fields(hint))
            place = _under(key, name)
            read[name] = self.build(hint, entry, place, id=name) if own else self.read(hint, entry, place)
        return BROKEN if any(entry is BROKEN for entry in read.values()) else read

    def _plain(self, hint: Any, value: Any, key: str) -> Any:
        if hint is Text:
            return self._text(value, key)
        if hint is str:
            fits = isinstance(value, str) and bool(value.strip())
            return value if fits else self.fault(key, f"must be a text that is not empty, not {_said(value)}")
        if hint is bool:
            return value if isinstance(value, bool) else self.fault(key, f"must be true or false, not {_said(value)}")
        if hint is int:
            fits = isinstance(value, int) and not isinstance(value, bool)
            return value if fits else self.fault(key, f"must be a whole number, not {_said(value)}")
        if hint is Decimal:
            fits = isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value).is_finite()
            return Decimal(value) if fits else self.fault(key, f"must be a number, not {_said(value)}")
        if hint is date:
            fits = isinstance(value, date) and not isinstance(value, datetime)
            return value if fits else self.fault(key, f"must be a date such as 2026-10-01, not {_said(value)}")
        if hint is Zone:
            return self._zone(value, key)
        if hint is Duration:
            return self._duration(value, key)
        raise TypeError(f"the schema of {key} has no reader for {hint}")

    def _text(self, value: Any, key: str) -> Any:
        if isinstance(value, str) and value.strip():
            return Text(value.strip())
        if not isinstance(value, Mapping):
            return self.fault(key, f"must be a text, or a table of texts by language, not {_said(value)}")
        for language, text in value.items():
            if not isinstance(text, str) or not text.strip():
                return self.fault(_under(key, language), f"must be a text that is not empty, not {_said(text)}")
        if "en" not in value:
            return self.fault(key, "has no English text; 'en' is required, other languages are added to it")
        return Text({language: text.strip() for language, text in value.items()})

    def _zone(self, value: Any, key: str) -> Any:
        if isinstance(value, str) and is_zone(value):
            return Zone(value)
        near = get_close_matches(str(value), available_timezones(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else "; use an IANA name such as 'Europe/Amsterdam'"
        return self.fault(key, f"{value!r} is no time zone{hint}")

    def _duration(self, value: Any, key: str) -> Any:
        if not isinstance(value, str):
            return self.fault(key, f"must be a duration such as '2 business hours', not {_said(value)}")
        try:
            return parse_duration(value)
        except ValueError as error:
            return self.fault(key, str(error))


@cache
def is_zone(name: str) -> bool:
    """Whether the name is an IANA zone that this machine knows; abbreviations such as 'EST' are not taken."""
    if "/" not in name and name != "UTC":
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return name in available_timezones()


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _under(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _said(value: object) -> str:
    kinds = {
        bool: "true or false",
        int: "a number",
        Decimal: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    kind = kinds.get(type(value), type(value).__name__)
    return f"{kind} ({value!r})" if not isinstance(value, list | dict) and len(repr(value)) < 40 else kind


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return (
        f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known here are {_listed(sorted(known))}"
    )


def _not_one_of(value: object, choices: Iterable[object]) -> str:
    return f"must be one of {_listed([str(choice) for choice in choices])}, not {value!r}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
