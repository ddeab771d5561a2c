"""Durations as a policy writes them: '2 hours', '4 business hours', '48 to 72 business hours', '2 business days'."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Unit = Literal["hours", "business hours", "business days"]
SECONDS = {"minute": 60, "hour": 3600, "day": 1}
PATTERN = re.compile(r"(?:(?P<least>\d+(?:\.\d+)?) to )?(?P<most>\d+(?:\.\d+)?) (?P<unit>(?:business )?[a-z]+)")


@dataclass(frozen=True)
class Duration:
    """An amount of time, or a range of two.

    `most` and `least` (None unless a range) are seconds for 'hours' and 'business hours', dates for 'business days'.
    Hours run around the clock; business hours and business days run on a calendar.
    """

    most: int
    unit: Unit
    least: int | None = None
    text: str = ""

    @property
    def is_range(self) -> bool:
        return self.least is not None

    @property
    def needs_calendar(self) -> bool:
        return self.unit != "hours"

    def __str__(self) -> str:
        return self.text


def parse_duration(text: str) -> Duration:
    """Read a duration. Raises ValueError with the reason in a sentence."""
    found = PATTERN.fullmatch(" ".join(text.split()))
    if not found:
        raise ValueError(f"{text!r} is not a duration; write '2 hours', '48 to 72 business hours' or '2 business days'")
    unit = found["unit"].removesuffix("s")
    if unit in ("day", "week", "business week", "month"):
        raise ValueError(f"{found['unit']!r} is ambiguous; write 'business days', or hours such as '24 hours'")
    bare = unit.removeprefix("business ")
    if bare not in SECONDS:
        raise ValueError(f"unknown unit {found['unit']!r}; units are minutes, hours, business minutes, business hours "
                         "and business days")  # fmt: skip
    most = _whole(found["most"], bare)
    least = _whole(found["least"], bare) if found["least"] else None
    if least is not None and least >= most:
        raise ValueError(f"the range {text!r} must go from less to more")
    kind: Unit = "business days" if unit == "business day" else "business hours" if bare != unit else "hours"
    return Duration(most, kind, least, " ".join(text.split()))


def _whole(amount: str, unit: str) -> int:
    value = Decimal(amount) * SECONDS[unit]
    if value != value.to_integral_value():
        raise ValueError(f"{amount} {unit}s is not a whole number of {'days' if unit == 'day' else 'seconds'}")
    return int(value)
