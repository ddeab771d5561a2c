"""The demo's catalogue, and what its customers buy: prices are those of nobody."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from portal.accounts.licences import Contract, Subscription
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.billing import invoicing, payments
from portal.billing.account import BillingAccount
from portal.billing.accounts import account_of, today
from portal.billing.agreement import SubscriptionChange
from portal.billing.catalogue import MONTH, PLAN, SERVICE, TIER, YEAR, CatalogueItem, Price
from portal.billing.invoice import INVOICE, OPEN, Invoice
from portal.billing.invoicing import LineSpec
from portal.billing.payment import NEW, WAITING, BankEntry, BankFile
from portal.billing.periods import after
from portal.billing.seller import seller
from portal.billing.terms import Terms, renewed, terms_of
from portal.billing.wording import lines_of
from portal.db import db

SINCE = date(2026, 1, 1)
DAYS_LATE = 5
# slug, kind, plan, tier, level, name, what it is, cents a month for a seat (or for all), seats, days of trial
ITEMS = (
    ("starter", PLAN, "starter", None, 1, "Beacon Starter", "Up to three sites, for small teams.", 900, False, 0),
    ("team", PLAN, "team", None, 2, "Beacon Team", "All sensors and alerts, billed by seat.", 1900, True, 14),
    (
        "business",
        PLAN,
        "business",
        None,
        3,
        "Beacon Business",
        "Several sites, roles, and an audit log.",
        3900,
        True,
        0,
    ),
    (
        "enterprise",
        PLAN,
        "enterprise",
        None,
        4,
        "Beacon Enterprise",
        "Everything, and your own sign-in.",
        7900,
        True,
        0,
    ),
    ("sla-24x5", TIER, "business", "sla-24x5", 1, "SLA 24×5", "Guaranteed on working days.", 49000, False, 0),
    ("sla-24x7", TIER, "enterprise", "sla-24x7", 2, "SLA 24×7", "Guaranteed at any hour.", 89000, False, 0),
    ("training", SERVICE, None, None, 0, "Training", "A day for your team, remote or on site.", None, False, 0),
)
ADDRESSES = {
    "Tidewater Pumps": ("Havenstraat 12", "3011 AA", "Rotterdam", "NL"),
    "Alpenwerk": ("Seestraße 4", "6900", "Bregenz", "AT"),
    "Brightfield Labs": ("Cedar Street 90", "02110", "Boston", "US"),
    "Harbourlight": ("Zhongshan Road 8", "200000", "Shanghai", "CN"),
}


def open_demo_billing(people: dict[str, User], products: dict[str, Product], *, now: datetime) -> None:
    """Prices, billing details, a running subscription with its invoices (one paid, one open), and a contract."""
    items = {row[0]: _item(row, products["beacon"]) for row in ITEMS}
    db.session.flush()
    accounts = {}
    for name, (street, postcode, city, country) in ADDRESSES.items():
        organisation = db.session.scalars(select(Organisation).where(Organisation.name == name)).one()
        account = accounts[name] = account_of(organisation, now=now)
        account.street, account.postcode, account.city, account.country = street, postcode, city, country
    accounts["Alpenwerk"].lang = "de"
    brightfield = accounts["Brightfield Labs"].organisation_id
    running = db.session.scalars(select(Subscription).where(Subscription.organisation_id == brightfield)).one()
    _bill(running, items["team"], seats=12, now=now)
    tidewater = accounts["Tidewater Pumps"].organisation_id
    contract = db.session.scalars(select(Contract).where(Contract.organisation_id == tidewater)).one()
    held = Subscription(
        organisation_id=contract.organisation_id,
        plan=contract.plan,
        tier=contract.tier,
        contract_id=contract.id,
        reference=contract.reference,
        starts_at=contract.starts_at,
    )
    db.session.add(held)
    _bill(held, items["sla-24x7"], seats=1, now=now)
    team = Subscription(
        organisation_id=tidewater, plan="enterprise", product_id=products["beacon"].id, starts_at=contract.starts_at
    )
    db.session.add(team)
    _bill(team, items["enterprise"], seats=25, now=now)
    _late(accounts["Alpenwerk"], now=now)
    _bank(now=now)


def _item(row: tuple[object, ...], product: Product) -> CatalogueItem:
    slug, kind, plan, tier, level, name, summary, amount, has_seats, trial = row
    item = CatalogueItem(
        slug=slug,
        kind=kind,
        plan=plan,
        tier=tier,
        level=level,
        product_id=product.id if kind == PLAN else None,
        names={"en": name},
        summaries={"en": summary},
        has_seats=has_seats,
        trial_days=trial,
        needs_contract=kind == TIER,
        position=[known[0] for known in ITEMS].index(str(slug)),
    )
    if isinstance(amount, int):
        item.prices = [
            Price(currency="EUR", interval=MONTH, amount=amount, starts_on=SINCE),
            Price(currency="EUR", interval=YEAR, amount=amount * 10, starts_on=SINCE),
        ]
    db.session.add(item)
    return item


def _bill(held: Subscription, item: CatalogueItem, *, seats: int, now: datetime) -> None:
    """As if it had been billed here for two months: the earlier one paid, the running one open."""
    on = today(now)
    amount = next(price.amount for price in item.prices if price.interval == MONTH)
    held.item_id, held.seats, held.interval, held.currency, held.amount = item.id, seats, MONTH, "EUR", amount
    if item.kind == PLAN:
        held.product_id = item.product_id
    running = on - timedelta(days=9)
    before = (running - timedelta(days=30)).replace(day=min(running.day, 28))
    held.anchor_day = before.day
    db.session.flush()
    account = account_of(db.session.get_one(Organisation, held.organisation_id), now=now)
    starts = before
    for turn in range(2):
        part = renewed(Terms(item.id, seats, MONTH, "EUR", amount), starts, before.day)
        began = now - timedelta(days=(on - starts).days)
        lines = lines_of([part], account.lang, subscription_id=held.id)
        invoice = invoicing.draft(account, reason_key=f"demo:{held.id}:{turn}", lines=lines, now=began)
        invoicing.finalise(invoice, now=began)
        if turn == 0:
            paid = payments.begin(invoice, way="transfer", key=f"demo:{held.id}", now=began)
            payments.settle(paid, now=began + timedelta(days=6))
        held.period_from, held.billed_until = starts, after(starts, MONTH, before.day)
        starts = held.billed_until
    kinds = {"kind": "started", "terms": {"before": None, "after": terms_of(held).record()}}
    db.session.add(SubscriptionChange(subscription_id=held.id, at=now - timedelta(days=(on - before).days), **kinds))


def _late(account: BillingAccount, *, now: datetime) -> None:
    """A day of training, invoiced weeks ago and not paid: there is something to remind of."""
    began = now - timedelta(days=DAYS_LATE + account.days_to_pay)
    line = LineSpec("service", "Schulung, ein Tag vor Ort", Decimal(1), Decimal(95000), 95000)
    invoice = invoicing.draft(account, reason_key="demo:training", lines=[line], now=began)
    invoicing.finalise(invoice, now=began)


def _bank(*, now: datetime) -> None:
    """A statement of today, to be confirmed, and a transfer of yesterday that names nothing."""
    on, ours = today(now), seller()["iban"]
    for name, payer, days, says_number, confirmed_at in (
        ("yesterday.xml", "Brightfield Labs Inc", 1, False, now - timedelta(days=1)),
        ("today.xml", "Tidewater Pumps", 0, True, None),
    ):
        open_ones = select(Invoice).where(Invoice.state == OPEN, Invoice.kind == INVOICE)
        of = open_ones.join(BillingAccount, BillingAccount.id == Invoice.account_id)
        like = BillingAccount.legal_name.startswith(payer.split()[0])
        owed = db.session.scalars(of.where(like).order_by(Invoice.id)).first()
        if owed is None:
            continue
        file = BankFile(sha256=f"{days:064}", name=name, many=1, taken_at=now, confirmed_at=confirmed_at)
        db.session.add(file)
        db.session.flush()
        entry = BankEntry(bank_account=ours, reference=f"NTRF{days:06}~demo", payer=payer, file_id=file.id)
        entry.booked_on, entry.currency, entry.amount = on - timedelta(days=days), owed.currency, owed.due
        entry.remittance = f"Invoice {owed.number}" if says_number else "With thanks"
        entry.state, entry.created_at = (WAITING if confirmed_at else NEW), now
        db.session.add(entry)
