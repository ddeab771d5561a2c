"""Geometry of the reports' drawings, in percent of their frame; templates draw it."""

from collections.abc import Sequence
from typing import NamedTuple

LEVELS = 5  # shades of a drawing by the hour, beside none


class Column(NamedTuple):
    x: float
    width: float
    height: float


class Square(NamedTuple):
    """An hour of the week: `level` 0 (none) to LEVELS (as many as in the busiest)."""

    x: float
    y: float
    level: int


def columns(values: Sequence[int]) -> list[Column]:
    """One for each value; the highest fills the frame."""
    most, step = max([*values, 1]), 100 / max(len(values), 1)
    return [
        Column(round(place * step, 3), round(step * 0.8, 3), round(100 * value / most, 2))
        for place, value in enumerate(values)
    ]


def squares(rows: Sequence[Sequence[int]]) -> list[Square]:
    """A square for each value of equally long rows."""
    most = max((value for row in rows for value in row), default=0) or 1
    return [
        Square(round(100 * at / len(row), 3), round(100 * line / len(rows), 3), -(-LEVELS * value // most))
        for line, row in enumerate(rows)
        for at, value in enumerate(row)
    ]
