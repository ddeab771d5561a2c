"""docs/policy-file.md names every key of the schema."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from portal.sla.calendar import Calendar, HolidaySource
from portal.sla.policy import Policy

PAGE = (Path(__file__).parents[2] / "docs" / "policy-file.md").read_text(encoding="utf-8")


def parts(hint: Any) -> set[type]:
    """The dataclasses in an annotation, and in theirs."""
    if is_dataclass(hint):
        inner = {part for inner in get_type_hints(hint).values() for part in parts(inner)}
        return {hint, *inner}  # type: ignore[arg-type]
    return {part for argument in get_args(hint) for part in parts(argument)}


def keys() -> set[str]:
    tables = {kind for kind in parts(Policy) if kind.__module__.startswith("portal.sla")}
    found = {
        spec.name
        for kind in tables
        if kind.__name__ not in ("Duration", "Figures", "DateRule")
        for spec in fields(kind)
    }
    return found - {"id"}


def test_the_schema_is_found_whole():
    assert {Calendar, HolidaySource} <= parts(Policy) and len(keys()) > 120


@pytest.mark.parametrize("key", sorted(keys()))
def test_key_is_documented(key):
    assert re.search(rf"[`.\[{{ ]{key}[`.\]= ]", PAGE)
