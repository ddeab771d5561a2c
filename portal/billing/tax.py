"""Which tax is on a service, by where the vendor and the customer are; pure. Rates are dated data.

The rules are those for services supplied electronically to businesses and consumers: Articles 44, 58, 196 and 97 of
Directive 2006/112/EC. Category codes are those of EN 16931 (UNCL 5305).
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from portal.accounts.texts import N_
from portal.billing.money import rounded

UNION = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
REVERSE_CHARGE = N_("Reverse charge: the tax is owed by the customer (Article 196 of Directive 2006/112/EC).")
EXPORT = N_("Not taxed here: the service is supplied where the customer is (Article 44 of Directive 2006/112/EC).")
ABROAD = N_("Not taxed here: the service is supplied where the customer is.")


class NoRate(LookupError):
    """Nothing is known of the tax of that country on that day."""


@dataclass(frozen=True)
class Tax:
    """A category of EN 16931, its rate in percent, and why none is charged (a message id)."""

    category: str  # S standard, AE reverse charge, O outside the scope (G on older invoices)
    rate: Decimal
    note: str = ""


@cache
def _rates() -> dict[str, list[tuple[date, Decimal]]]:
    with (Path(__file__).parent / "tax_rates.toml").open("rb") as file:
        known = tomllib.load(file, parse_float=Decimal)
    return {code: [(row["since"], Decimal(row["rate"])) for row in rows] for code, rows in known.items()}


def rate_of(country: str, on: date) -> Decimal:
    """The standard rate of a country on a day; raises NoRate."""
    held = [rate for since, rate in _rates().get(country, ()) if since <= on]
    if not held:
        raise NoRate(country)
    return held[-1]


def decide(*, seller: str, buyer: str, vat_state: str, on: date) -> Tax:
    """The tax on what is supplied that day. A VAT number counts once the register has confirmed it ("valid"): until
    then the customer is taxed like a consumer, where they are. What is supplied where the customer is (Article 44) is
    outside the scope of the tax: an export (G) is of goods. Raises NoRate for countries nothing is known of."""
    if buyer == seller:
        return Tax("S", rate_of(seller, on))
    if seller not in UNION:
        return Tax("O", Decimal(0), ABROAD)
    if buyer not in UNION:
        return Tax("O", Decimal(0), EXPORT)
    if vat_state == "valid":
        return Tax("AE", Decimal(0), REVERSE_CHARGE)
    return Tax("S", rate_of(buyer, on))


def totals(lines: Iterable[tuple[int, Tax]], currency: str) -> list[dict[str, Any]]:
    """For each category and rate: net, tax and note. The tax is that of the sum, rounded once (BR-CO-17)."""
    sums: dict[Tax, int] = defaultdict(int)
    for net, tax in lines:
        sums[tax] += net
    return [
        {
            "category": tax.category,
            "rate": str(tax.rate),
            "net": net,
            "tax": rounded(Fraction(net) * Fraction(tax.rate) / 100, currency),
            "note": tax.note,
        }
        for tax, net in sorted(sums.items(), key=lambda one: (one[0].category, -one[0].rate))
    ]
