"""What the demo's reseller ordered for its customers: some runs out soon, one was renewed, one was a slip."""

from datetime import datetime, timedelta

from flask_babel import force_locale
from sqlalchemy import select

from portal.accounts.partnership import PartnerCustomer
from portal.accounts.people import Organisation, User
from portal.billing.accounts import account_of
from portal.billing.catalogue import MONTH, YEAR, CatalogueItem
from portal.db import db
from portal.partner import ordering
from portal.partner.order import PartnerOrder

# For whom, what, seats, term, how many days ago, and the address that is recognised.
ORDERS = (
    ("Quayside Foods", "business", 8, YEAR, 150, "plant@quayside.example"),
    ("Quayside Foods", "team", 3, YEAR, 90, "office@quayside.example"),
    ("Harbourlight", "team", 5, YEAR, 80, "wei@harbourlight.example"),
    ("Brightfield Labs", "business", 2, MONTH, 24, "lab@brightfield.example"),
    ("Brightfield Labs", "starter", 1, MONTH, 33, "kiosk@brightfield.example"),
    ("Quayside Foods", "starter", 1, YEAR, 2, "wrong@quayside.example"),
)


def open_demo_orders(rashid: User, reseller: Organisation, *, now: datetime) -> None:
    account = account_of(reseller, now=now)
    account.street, account.postcode, account.city, account.country = "14 Quay Street", "BS1 6UA", "Bristol", "GB"
    known = {one.name: one for one in db.session.scalars(select(PartnerCustomer).filter_by(reseller_id=reseller.id))}
    with force_locale("en"):
        placed = []
        for number, (whose, slug, seats, term, days, email) in enumerate(ORDERS):
            item = db.session.scalars(select(CatalogueItem).filter_by(slug=slug)).one()
            wanted = ordering.Wanted(known[whose], item, seats, term, whose, email)
            placed.append(_order(reseller, wanted, f"demo-{number}", by=rashid, now=now - timedelta(days=days)))
        goes_on = placed[3]
        again = ordering.Wanted(
            goes_on.relation, goes_on.item, goes_on.seats, MONTH, goes_on.licensee, goes_on.email, renews=goes_on
        )
        _order(reseller, again, "demo-again", by=rashid, now=now - timedelta(days=1))
        ordering.cancel(placed[-1], reason="The wrong address", by=rashid, now=now, days=3)


def _order(reseller: Organisation, wanted: ordering.Wanted, key: str, *, by: User, now: datetime) -> PartnerOrder:
    shown = ordering.price(reseller, wanted, by=by, now=now).gross
    return ordering.place(reseller, wanted, shown=shown, form_key=key, by=by, now=now)
