"""Amounts and intervals, against what is worked out by hand and by slower arithmetic."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.money import MOST, in_major, in_minor, places, rounded, share_of
from portal.billing.periods import after, part_of

CURRENCIES = st.sampled_from(("EUR", "USD", "CNY", "JPY", "KWD"))
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    (
        (Fraction(21, 2), "EUR", 11),  # halves go away from zero
        (Fraction(-21, 2), "EUR", -11),
        (Fraction(1, 3), "EUR", 0),
        (Fraction(5, 2), "JPY", 3),
        (1234, "KWD", 1230),  # an invoice has two decimals at most
        (1235, "KWD", 1240),
        (-1235, "KWD", -1240),
    ),
)
def test_rounding(amount: Fraction, currency: str, minor: int) -> None:
    assert rounded(amount, currency) == minor


@given(st.fractions(-(10**9), 10**9, max_denominator=1000), st.sampled_from(("EUR", "JPY")))
def test_it_rounds_as_decimals_do(amount: Fraction, currency: str) -> None:
    exact = (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal(1), ROUND_HALF_UP)
    near = Fraction(abs(amount.numerator), amount.denominator) % 1
    if abs(near - Fraction(1, 2)) > Fraction(1, 10**12) or near == Fraction(1, 2):
        assert rounded(amount, currency) == int(exact)


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    (
        ("10.50", "EUR", "en", 1050),
        ("1.234,50", "EUR", "de", 123450),
        ("12", "JPY", "en", 12),
        ("-3", "EUR", "en", -300),
        ("1.50", "KWD", "en", 1500),
    ),
)
def test_what_people_type(text: str, currency: str, locale: str, minor: int) -> None:
    assert in_minor(text, currency, locale=locale) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    (
        *(("", "EUR"), ("ten", "EUR"), ("1.005", "EUR"), ("0.5", "JPY"), ("1.005", "KWD"), ("NaN", "EUR")),
        *(("1e30", "EUR"), ("1e3", "EUR"), ("1_000", "EUR"), ("9" * 30, "EUR"), ("Infinity", "EUR"), ("1,2,3", "EUR")),
    ),
)
def test_what_is_no_amount(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        in_minor(text, currency)


@given(st.integers(-MOST, MOST), CURRENCIES)
def test_there_and_back(amount: int, currency: str) -> None:
    amount = rounded(amount, currency)
    assert in_minor(f"{in_major(amount, currency):f}", currency) == amount
    assert places(currency) in (0, 2, 3)


@pytest.mark.parametrize(
    ("percent", "amount", "currency", "credit"),
    (("5", 9999, "EUR", 500), ("12.5", 4, "EUR", 1), ("10", 5, "JPY", 1), ("10", 12345, "KWD", 1230)),
)
def test_shares(percent: str, amount: int, currency: str, credit: int) -> None:
    assert share_of(amount, Decimal(percent), currency) == credit


@pytest.mark.parametrize(
    ("day", "interval", "anchor", "until"),
    (
        ("2026-01-31", "month", 31, "2026-02-28"),
        ("2026-02-28", "month", 31, "2026-03-31"),
        ("2028-01-31", "month", 31, "2028-02-29"),
        ("2026-12-15", "month", 15, "2027-01-15"),
        ("2028-02-29", "year", 29, "2029-02-28"),
        ("2031-02-28", "year", 29, "2032-02-29"),
    ),
)
def test_intervals(day: str, interval: str, anchor: int, until: str) -> None:
    assert after(date.fromisoformat(day), interval, anchor) == date.fromisoformat(until)


@given(DAYS, st.sampled_from(("month", "year")))
def test_twelve_intervals_come_back_to_the_day(day: date, interval: str) -> None:
    at = day
    for _ in range(12 if interval == "month" else 4):
        at = after(at, interval, day.day)
    years = 1 if interval == "month" else 4
    assert (at.year, at.month) == (day.year + years, day.month)
    assert at.day == day.day or (day.month, day.day) == (2, 29)


@given(st.integers(0, 10**9), DAYS, st.integers(1, 400), st.data(), CURRENCIES)
def test_parts_make_the_whole(amount: int, begins: date, length: int, data: st.DataObject, currency: str) -> None:
    """Two parts that meet differ from the whole by a rounding of each at most; none is more than the whole."""
    ends = begins + timedelta(days=length)
    cut = begins + timedelta(days=data.draw(st.integers(0, length)))
    one = part_of(amount, begins, ends, begins, cut, currency)
    other = part_of(amount, begins, ends, cut, ends, currency)
    whole = part_of(amount, begins, ends, begins, ends, currency)
    assert whole == rounded(amount, currency)
    assert abs(one + other - whole) <= rounded(1, "EUR") * (10 if currency == "KWD" else 1)
    assert 0 <= one <= whole and 0 <= other <= whole
    assert part_of(amount, begins, ends, ends, begins, currency) == 0
