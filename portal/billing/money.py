"""Amounts: integers in a currency's minor units, rounded the one way that every invoice is."""

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from babel.numbers import format_currency, get_currency_precision, parse_decimal
from flask_babel import get_locale

MOST = 10**12  # in minor units: what is above is a slip of the keyboard


def places(currency: str) -> int:
    """The decimals that the currency has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def step(currency: str) -> int:
    """What amounts are multiples of. An invoice has two decimals at most (EN 16931, BR-DEC), so 10 for KWD."""
    return int(10 ** max(0, places(currency) - 2))


def rounded(amount: Fraction | Decimal | int, currency: str) -> int:
    """The nearest amount in minor units; halves go away from zero."""
    of = step(currency)
    parts = Fraction(amount) / of
    whole = (abs(parts.numerator) * 2 + parts.denominator) // (2 * parts.denominator)
    return int(whole if parts >= 0 else -whole) * of


def in_major(amount: int, currency: str) -> Decimal:
    """The amount as it is written: 1050 of EUR is 10.50."""
    return Decimal(amount).scaleb(-places(currency))


def in_minor(text: str, currency: str, *, locale: str = "en") -> int:
    """What somebody typed, by the locale's habits ("1.234,50" is German). Raises ValueError for what is no amount,
    has more decimals than the currency, or is beyond all measure."""
    if re.search(r"[^\d\s.,'’+-]", text):  # no powers of ten, no names of numbers
        raise ValueError("this is no amount")
    try:
        amount = parse_decimal(text.strip(), locale=locale, strict=True)
    except (InvalidOperation, ValueError) as error:
        raise ValueError("this is no amount") from error
    if not amount.is_finite() or abs(amount) > MOST:
        raise ValueError("this is no amount")
    minor = amount.scaleb(places(currency))
    if minor != minor.to_integral_value() or minor % step(currency) or abs(minor) > MOST:
        raise ValueError("this is no amount of that currency")
    return int(minor)


def money(amount: int, currency: str) -> str:
    """The amount for the reader, by their locale."""
    return format_currency(in_major(amount, currency), currency, locale=get_locale() or "en")


def unit_price(amount: Decimal, currency: str) -> str:
    """The price of one for the reader. It may have fractions of a minor unit, and all of them are shown."""
    exact = amount.scaleb(-places(currency))
    return format_currency(exact, currency, locale=get_locale() or "en", decimal_quantization=False)


def share_of(amount: int, percent: Decimal, currency: str) -> int:
    """So many percent of an amount, rounded."""
    return rounded(Fraction(amount) * Fraction(percent) / 100, currency)
