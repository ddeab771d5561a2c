"""Proration and tax worked out by hand, beside what the program says: `python -m tests.billing.tables`.

The figures were typed in; nothing here reckons them. Exit status 1 on a difference.
"""

import sys
from datetime import date
from decimal import Decimal

from portal.accounts.licences import Subscription
from portal.billing import tax
from portal.billing.terms import Terms, change

TEAM, BUSINESS = 1, 2
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def running(terms: Terms, begins: date = NOVEMBER, ends: date = DECEMBER, trial: date | None = None) -> Subscription:
    return Subscription(
        item_id=terms.item,
        seats=terms.seats,
        interval=terms.interval,
        currency=terms.currency,
        amount=terms.amount,
        period_from=begins,
        billed_until=ends,
        anchor_day=begins.day,
        trial_until=trial,
    )


def euros(amount: int, item: int = TEAM, seats: int = 1, interval: str = "month", currency: str = "EUR") -> Terms:
    return Terms(item, seats, interval, currency, amount)


# The day of the change is the new terms' first; 90.00 for 30 days is 3.00 a day.
CHANGES = {
    "team 30.00 to business 90.00 on the 16th: 15 of 30 days back, 15 of 30 charged": (
        *(euros(3000), euros(9000, BUSINESS), date(2026, 11, 16)),
        *("now", [-1500, 4500], date(2026, 12, 1)),
    ),
    "the same on the first day: all of it": (
        *(euros(3000), euros(9000, BUSINESS), NOVEMBER, "now", [-3000, 9000], date(2026, 12, 1)),
    ),
    "the same on the last day: one of 30 days, 100 back, 300 charged": (
        *(euros(3000), euros(9000, BUSINESS), date(2026, 11, 30), "now", [-100, 300], date(2026, 12, 1)),
    ),
    "5 to 8 seats at 10.00 on the 21st: 10 of 30 days, 16.666… back, 26.666… charged": (
        *(euros(1000, seats=5), euros(1000, seats=8), date(2026, 11, 21)),
        *("now", [-1667, 2667], date(2026, 12, 1)),
    ),
    "monthly 30.00 to yearly 300.00 on the 11th: 20 of 30 days back, a year from that day": (
        *(euros(3000), euros(30000, interval="year"), date(2026, 11, 11)),
        *("now", [-2000, 30000], date(2027, 11, 11)),
    ),
    "business to team: from December on": (
        *(euros(9000, BUSINESS), euros(3000), date(2026, 11, 16), "later", [], date(2026, 12, 1)),
    ),
    "8 to 5 seats: from December on": (
        *(euros(1000, seats=8), euros(1000, seats=5), date(2026, 11, 16), "later", [], date(2026, 12, 1)),
    ),
    "more seats of a lower plan: from December on": (
        *(euros(9000, BUSINESS, 5), euros(3000, TEAM, 9), date(2026, 11, 16), "later", [], date(2026, 12, 1)),
    ),
    "yen have no decimals: 1000 to 2000 on the 2nd, 29 of 30 days: 966.66… back, 1933.33… charged": (
        *(euros(1000, currency="JPY"), euros(2000, BUSINESS, currency="JPY"), date(2026, 11, 2)),
        *("now", [-967, 1933], date(2026, 12, 1)),
    ),
    "dinars have two on invoices: 1.000 to 2.000 on the 2nd: 966.66… fils back, 1933.33… charged": (
        *(euros(1000, currency="KWD"), euros(2000, BUSINESS, currency="KWD"), date(2026, 11, 2)),
        *("now", [-970, 1930], date(2026, 12, 1)),
    ),
}

# The working: seller, buyer, state of the VAT number, day, net amounts in minor units, currency -> category, rate, tax.
TAXES = {
    "NL to NL, 90.00 at 21 %: 18.90": ("NL", "NL", "", "2026-11-16", (9000,), "EUR", "S", "21", 1890),
    "NL to NL with a number: still 21 % of 0.05 = 0.0105, 0.01": (
        "NL",
        "NL",
        "valid",
        "2026-11-16",
        (5,),
        "EUR",
        "S",
        "21",
        1,
    ),
    "NL to a business in DE: it owes the tax": ("NL", "DE", "valid", "2026-11-16", (9000,), "EUR", "AE", "0", 0),
    "NL to DE, number not confirmed: 19 % of 90.00 = 17.10": (
        "NL",
        "DE",
        "pending",
        "2026-11-16",
        (9000,),
        "EUR",
        "S",
        "19",
        1710,
    ),
    "NL to DE, number refused: 19 % of 0.50 = 0.095, 0.10": (
        "NL",
        "DE",
        "invalid",
        "2026-11-16",
        (50,),
        "EUR",
        "S",
        "19",
        10,
    ),
    "NL to DE in the half year of 16 %: 14.40": ("NL", "DE", "", "2020-12-31", (9000,), "EUR", "S", "16", 1440),
    "NL to DE the day after: 17.10": ("NL", "DE", "", "2021-01-01", (9000,), "EUR", "S", "19", 1710),
    "NL to FI, 33.33 at 25.5 % = 8.49915, 8.50": ("NL", "FI", "", "2026-11-16", (3333,), "EUR", "S", "25.5", 850),
    "NL to FI before September 2024, 24 % of 33.33 = 7.9992, 8.00": (
        "NL",
        "FI",
        "",
        "2024-08-31",
        (3333,),
        "EUR",
        "S",
        "24",
        800,
    ),
    "NL to EE, 22 % of 100.00 on the last day: 22.00": ("NL", "EE", "", "2025-06-30", (10000,), "EUR", "S", "22", 2200),
    "NL to EE, 24 % on the next: 24.00": ("NL", "EE", "", "2025-07-01", (10000,), "EUR", "S", "24", 2400),
    "NL to HU, 27 % of 12.34 = 3.3318, 3.33": ("NL", "HU", "", "2026-11-16", (1234,), "EUR", "S", "27", 333),
    "NL to the US: outside the scope": ("NL", "US", "", "2026-11-16", (12345,), "USD", "O", "0", 0),
    "NL to GB, no member any more: outside the scope": ("NL", "GB", "valid", "2026-11-16", (9000,), "EUR", "O", "0", 0),
    "CH to CH, 8.1 % of 99.99 = 8.09919, 8.10": ("CH", "CH", "", "2026-11-16", (9999,), "CHF", "S", "8.1", 810),
    "CH to CH in 2023, 7.7 % of 99.99 = 7.69923, 7.70": ("CH", "CH", "", "2023-12-31", (9999,), "CHF", "S", "7.7", 770),
    "CH to DE: outside the scope": ("CH", "DE", "valid", "2026-11-16", (9999,), "CHF", "O", "0", 0),
    "three lines of 0.33, 21 % of 0.99 = 0.2079, 0.21 (not 3 x 0.07)": (
        "NL",
        "NL",
        "",
        "2026-11-16",
        (33, 33, 33),
        "EUR",
        "S",
        "21",
        21,
    ),
    "two lines of 0.02, 21 % of 0.04 = 0.0084, 0.01 (not 0)": (
        "NL",
        "NL",
        "",
        "2026-11-16",
        (2, 2),
        "EUR",
        "S",
        "21",
        1,
    ),
    "90.00 less 4.50, 21 % of 85.50 = 17.955, 17.96": (
        "NL",
        "NL",
        "",
        "2026-11-16",
        (9000, -450),
        "EUR",
        "S",
        "21",
        1796,
    ),
    "yen have no decimals: 21 % of 19,999 = 4199.79, 4200": (
        "NL",
        "NL",
        "",
        "2026-11-16",
        (19999,),
        "JPY",
        "S",
        "21",
        4200,
    ),
    "dinars have two on invoices: 21 % of 1.230 = 0.2583, 0.260": (
        "NL",
        "NL",
        "",
        "2026-11-16",
        (1230,),
        "KWD",
        "S",
        "21",
        260,
    ),
}


def of_changes() -> dict[str, tuple[object, object]]:
    """By hand and by the program: when it counts, the lines' amounts, the first day of the next interval."""
    made: dict[str, tuple[object, object]] = {}
    for working, (before, wanted, on, way, nets, until) in CHANGES.items():
        found = change(running(before), wanted, is_higher=wanted.item > before.item, on=on)
        lines = [part.net for part in found.parts]
        made[working] = (way, nets, until.isoformat()), (found.way, lines, found.billed_until.isoformat())
    return made


def of_taxes() -> dict[str, tuple[object, object]]:
    """By hand and by the program: category, rate, tax."""
    made: dict[str, tuple[object, object]] = {}
    for working, (seller, buyer, state, day, nets, currency, category, rate, owed) in TAXES.items():
        found = tax.decide(seller=seller, buyer=buyer, vat_state=state, on=date.fromisoformat(day))
        (row,) = tax.totals([(net, found) for net in nets], currency)
        made[working] = (category, Decimal(rate), owed), (row["category"], Decimal(row["rate"]), row["tax"])
    return made


def differences() -> list[str]:
    return [working for working, (hand, said) in (of_changes() | of_taxes()).items() if hand != said]


def main() -> int:
    wrong = differences()
    for title, table in (("Changes of terms", of_changes()), ("Taxes", of_taxes())):
        print(f"\n{title}")
        for working, (hand, said) in table.items():
            differs = " DIFFERS" if hand != said else ""
            print(f"  {working}\n    by hand    {_shown(hand)}\n    program    {_shown(said)}{differs}")
    print(f"\n{len(CHANGES) + len(TAXES)} rows, {len(wrong)} differ")
    return min(len(wrong), 1)


def _shown(row: object) -> str:
    return " ".join(str(part) for part in row) if isinstance(row, tuple) else str(row)


if __name__ == "__main__":
    sys.exit(main())
