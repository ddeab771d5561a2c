"""What a change costs: a table worked out by hand, and what always holds."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.terms import Terms, begin, change
from tests.billing.tables import BUSINESS, CHANGES, DECEMBER, NOVEMBER, TAXES, TEAM, differences, euros, running


@pytest.mark.parametrize("row", CHANGES.values(), ids=CHANGES)
def test_by_hand(row: tuple[Terms, Terms, date, str, list[int], date]) -> None:
    before, wanted, on, way, nets, until = row
    found = change(running(before), wanted, is_higher=wanted.item > before.item, on=on)
    assert (found.way, [part.net for part in found.parts], found.billed_until) == (way, nets, until)
    assert found.on == (on if way == "now" else DECEMBER)


def test_the_printed_tables_agree() -> None:
    assert differences() == []
    assert len(CHANGES) >= 10 and len(TAXES) >= 15


def test_a_trial_costs_nothing_until_it_ends() -> None:
    trial = begin(euros(3000), NOVEMBER, trial_days=14)
    assert (trial.way, trial.parts, trial.billed_until) == ("trial", (), date(2026, 11, 15))
    held = running(euros(3000), NOVEMBER, date(2026, 11, 15), trial=date(2026, 11, 15))
    for wanted in (euros(9000, BUSINESS), euros(3000, seats=4)):
        found = change(held, wanted, is_higher=wanted.item > TEAM, on=date(2026, 11, 3))
        assert (found.way, found.parts, found.billed_until) == ("trial", (), date(2026, 11, 15))


@given(
    st.integers(0, 10**8),
    st.integers(0, 10**8),
    st.integers(1, 50),
    st.integers(1, 50),
    st.integers(0, 29),
    st.sampled_from(("month", "year")),
)
def test_nobody_pays_twice(old: int, new: int, had: int, seats: int, day: int, interval: str) -> None:
    """What is given back is at most what was paid for; what is charged at most a whole interval; and a change back
    and forth on one day costs nothing."""
    on = NOVEMBER + timedelta(days=day)
    before, wanted = euros(old, TEAM, had), euros(new, BUSINESS, seats, interval)
    found = change(running(before), wanted, is_higher=True, on=on)
    if found.way == "later":
        assert seats < had and not found.parts
        return
    back, charged = found.parts
    assert -before.total <= back.net <= 0 <= charged.net <= wanted.total
    if interval == "month":
        again = change(running(wanted), replace(before, seats=max(had, seats)), is_higher=True, on=on)
        assert again.parts[0].net == -charged.net
