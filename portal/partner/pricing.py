"""What a partner pays: the list price of the day, less what the policy takes off for their level."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.partnership import Partner
from portal.accounts.people import Organisation
from portal.billing import invoicing
from portal.billing.account import BillingAccount
from portal.billing.catalogue import INTERVALS, PLAN, CatalogueItem
from portal.billing.invoicing import LineSpec
from portal.billing.money import share_of
from portal.billing.periods import after
from portal.billing.tax import NoRate
from portal.billing.terms import MOST_SEATS, Part, price_of
from portal.billing.wording import lines_of
from portal.db import db
from portal.errors import Refused
from portal.policies import the_policy


@dataclass(frozen=True)
class Offer:
    """An order as it is shown before it is placed; amounts in minor units, `gross` with tax as on the invoice."""

    item: CatalogueItem
    seats: int
    interval: str
    currency: str
    level: str
    discount: Decimal  # in percent
    list_amount: int  # of one seat for the term
    amount: int  # the same at the partner's price
    begins: date
    ends: date  # exclusive
    lines: list[LineSpec]
    taxes: list[dict[str, Any]]

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)

    @property
    def gross(self) -> int:
        return self.net + int(sum(row["tax"] for row in self.taxes))


def level_of(reseller: Organisation) -> tuple[str, Decimal]:
    """The partner's level, and what it takes off in percent; nothing where the policy knows no such level."""
    level = db.session.scalar(select(Partner.level).where(Partner.organisation_id == reseller.id)) or ""
    resellers = the_policy().resellers
    known = resellers.levels.get(level) if resellers else None
    return level, Decimal(str(known.discount)) if known else Decimal(0)


def at_discount(amount: int, percent: Decimal, currency: str) -> int:
    """The list price less so many percent, rounded as invoices are."""
    return amount - share_of(amount, percent, currency)


def offer(
    reseller: Organisation,
    account: BillingAccount,
    item: CatalogueItem,
    *,
    seats: int,
    interval: str,
    begins: date,
    on: date,
) -> Offer:
    """What it costs whoever is billed: the reseller pays the partner's price, anybody else the list price. Raises
    `Refused` where it can't be had."""
    if item.is_retired or item.kind != PLAN or item.needs_contract or item.product_id is None:
        raise Refused(_("This can’t be ordered here."))
    if interval not in INTERVALS or not 1 <= seats <= MOST_SEATS:
        raise Refused(_("Choose between 1 and %(most)s seats.", most=MOST_SEATS))
    seats = seats if item.has_seats else 1
    price = price_of(item, account.currency, interval, on)
    if price is None:
        raise Refused(_("This isn’t sold in your currency yet. Please ask us."))
    level, discount = level_of(reseller)
    amount, ends = at_discount(price, discount, account.currency), after(begins, interval, begins.day)
    charged = amount if account.organisation_id == reseller.id else price
    days = (ends - begins).days
    part = Part("subscription", item.id, seats, charged, charged * seats, begins, ends, days, days)
    lines = lines_of([part], account.lang or "en")
    try:
        taxes = invoicing.taxes_of(account, lines, on=on)
    except NoRate as unknown:
        raise Refused(_("The tax for your country isn't known here yet. Please ask us.")) from unknown
    facts = (item, seats, interval, account.currency, level, discount, price, amount, begins, ends)
    return Offer(*facts, lines, taxes)
