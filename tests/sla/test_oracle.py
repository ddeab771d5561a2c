"""A seeded sample of `python -m tests.sla.oracle`; ORACLE_CASES asks for more."""

import os
from datetime import UTC, date, datetime, time

from portal.sla.calendar import Calendar, stamp
from tests.sla import oracle

CASES = int(os.environ.get("ORACLE_CASES", "1000"))


def test_quotes_equal_the_count_minute_by_minute():
    assert list(oracle.differences(CASES, seed=20261122)) == []


def test_the_oracle_notices_when_a_repeated_hour_is_taken_the_second_time(monkeypatch):
    def second(self: Calendar, day: date, minutes: int) -> int:
        day, minutes = (date.fromordinal(day.toordinal() + 1), 0) if minutes == 1440 else (day, minutes)
        return stamp(datetime.combine(day, time(minutes // 60, minutes % 60), self._home).replace(fold=1))

    monkeypatch.setattr(Calendar, "_local", second)
    assert next(oracle.differences(1000, seed=20261122), None)


def test_the_oracle_notices_when_days_are_taken_for_24_hours(monkeypatch):
    def naive(self: Calendar, day: date, minutes: int) -> int:
        noon = stamp(datetime.combine(day, time(12), self._home).astimezone(UTC))
        return noon + (minutes - 720) * 60

    monkeypatch.setattr(Calendar, "_local", naive)
    assert next(oracle.differences(1000, seed=20261122), None)
