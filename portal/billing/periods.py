"""Intervals of subscriptions, in whole days of the vendor's zone, and what a part of one costs."""

import calendar
from datetime import date
from fractions import Fraction

from portal.billing.catalogue import YEAR
from portal.billing.money import rounded


def after(day: date, interval: str, anchor_day: int) -> date:
    """The first day of the next interval.

    It begins on `anchor_day` of its month, or on the month's last day where there is none: begun on 31 January, on
    28 February and then on 31 March.
    """
    months = day.year * 12 + day.month - 1 + (12 if interval == YEAR else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(anchor_day, calendar.monthrange(year, month + 1)[1]))


def part_of(amount: int, begins: date, ends: date, first: date, last: date, currency: str) -> int:
    """What the days from `first` up to `last` (not itself) cost of an interval, rounded. The day of a change is
    the new terms' first."""
    days = (min(last, ends) - max(first, begins)).days
    if days <= 0:
        return 0
    return rounded(Fraction(amount) * days / (ends - begins).days, currency)
