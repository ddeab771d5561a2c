"""The steps of an explanation: a sentence to be filled in, and what to fill it with, in no language yet.

Sentences are marked with `N_` and `ngettext`, which `pybabel extract` finds; `wording` renders them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from portal.sla.durations import Duration, parse_duration
from portal.sla.text import Text


def N_(message: str) -> str:
    """Marks a sentence for translation."""
    return message


def ngettext(singular: str, plural: str) -> tuple[str, str]:
    """Marks a sentence that has a plural; the name is the one that `pybabel extract` looks for."""
    return singular, plural


class Moment(NamedTuple):
    """An instant, and the zone of those who answer. The reader's zone is known when it is rendered."""

    at: datetime
    zone: str


class Days(NamedTuple):
    """Closed days: the named ones, how many more there are with a name, and how many without."""

    named: tuple[tuple[date, Text | None], ...]
    more: int
    plain: int


class Texts(NamedTuple):
    """Several texts of the policy, to be listed."""

    items: tuple[Text, ...]


Arg: TypeAlias = "Moment | Days | Texts | Text | Duration | Step | str"


@dataclass(frozen=True)
class Step:
    """One sentence, or a phrase in one. `kind` tells programs what it is about: received, promise, start, skipped, due,
    stop, refused."""

    kind: str
    message: str
    args: Mapping[str, Arg] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "message": self.message, "args": {k: _pack(v) for k, v in self.args.items()}}

    @classmethod
    def from_json(cls, packed: Mapping[str, Any]) -> "Step":
        return cls(packed["kind"], packed["message"], {k: _unpack(v) for k, v in packed["args"].items()})


def _pack(arg: Arg) -> Any:
    match arg:
        case Moment(at, zone):
            return {"moment": at.isoformat(), "zone": zone}
        case Days(named, more, plain):
            return {"days": [[day.isoformat(), dict(name) if name else None] for day, name in named],
                    "more": more, "plain": plain}  # fmt: skip
        case Texts(items):
            return {"texts": [dict(item) for item in items]}
        case Text():
            return {"text": dict(arg)}
        case Duration():
            return {"duration": arg.text}
        case Step():
            return {"step": arg.to_json()}
    return arg


def _unpack(packed: Any) -> Arg:
    match packed:
        case {"moment": at, "zone": zone}:
            return Moment(datetime.fromisoformat(at), zone)
        case {"days": named, "more": more, "plain": plain}:
            days = tuple(
                (date.fromisoformat(day), Text(name, next(iter(name))) if name else None) for day, name in named
            )
            return Days(days, more, plain)
        case {"texts": items}:
            return Texts(tuple(Text(item) for item in items))
        case {"text": text}:
            return Text(text)
        case {"duration": text}:
            return parse_duration(text)
        case {"step": step}:
            return Step.from_json(step)
    return str(packed)
