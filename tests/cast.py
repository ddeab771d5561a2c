"""The fixed cast: customer, colleague, owner, billing contact, stranger, reseller, agent, editor, admin, ex-member.

Plain functions make rows in the current session; tests add what they need on top.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import current_app

from portal.accounts.licences import Licence, Subscription
from portal.accounts.people import Membership, Organisation, Role, User
from portal.accounts.products import Product, Release
from portal.db import db

PASSWORD = "correct horse battery staple"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESSES = {
    "customer": "carla@heron.example",
    "colleague": "colin@heron.example",
    "owner": "olga@heron.example",
    "billing": "bea@heron.example",
    "former": "frank@heron.example",
    "stranger": "sam@elsewhere.example",
    "reseller": "rita@reseller.example",
    "agent": "amir@vendor.example",
    "editor": "edith@vendor.example",
    "admin": "ada@vendor.example",
    "suspended": "sven@heron.example",
    "unconfirmed": "uma@heron.example",
}


@dataclass(frozen=True)
class World:
    """The cast after it was gathered; ids and addresses only, so that no session is kept open."""

    ids: dict[str, int]
    heron: int  # the customer's organisation
    elsewhere: int  # the stranger's
    reseller: int
    products: dict[str, int]

    def email(self, name: str) -> str:
        return ADDRESSES[name]


def gather() -> World:
    """Make everybody, their organisations and three products. Does not commit."""
    people = {name: make_user(email) for name, email in ADDRESSES.items()}
    people["suspended"].active = False
    people["unconfirmed"].confirmed_at = None
    for role in ("agent", "editor", "admin"):
        people[role].roles.append(make_role(role))
    heron, elsewhere, reseller = (make_organisation(n) for n in ("Heron Marine", "Elsewhere Ltd", "Rita Resells"))
    reseller.is_reseller = True
    for name, organisation, role in (
        ("customer", heron, "member"),
        ("colleague", heron, "member"),
        ("owner", heron, "owner"),
        ("billing", heron, "billing"),
        ("former", heron, "owner"),
        ("suspended", heron, "owner"),
        ("stranger", elsewhere, "owner"),
        ("reseller", reseller, "owner"),
    ):
        join(people[name], organisation, role)
    db.session.flush()
    former = db.session.execute(db.select(Membership).filter_by(user_id=people["former"].id)).scalar_one()
    former.ended_at = LONG_AGO + timedelta(days=1)
    products = {slug: make_product(slug).id for slug in ("beacon", "relay", "atlas")}
    return World({n: p.id for n, p in people.items()}, heron.id, elsewhere.id, reseller.id, products)


def make_user(email: str, **fields: Any) -> User:
    datastore = current_app.security.datastore  # type: ignore[attr-defined]
    name = fields.pop("name", email.split("@")[0].capitalize())
    user: User = datastore.create_user(
        email=email, password=PASSWORD, name=name, confirmed_at=LONG_AGO, active=True, **fields
    )
    return user


def make_role(name: str) -> Role:
    role: Role = current_app.security.datastore.find_or_create_role(name)  # type: ignore[attr-defined]
    return role


def make_organisation(name: str, **fields: Any) -> Organisation:
    organisation = Organisation(name=name, **fields)
    db.session.add(organisation)
    return organisation


def join(user: User, organisation: Organisation, role: str) -> Membership:
    membership = Membership(user=user, organisation=organisation, role=role, started_at=LONG_AGO)
    db.session.add(membership)
    return membership


def make_product(slug: str, versions: tuple[str, ...] = ("4.2.0.0", "4.1.0.0", "3.8.0.0")) -> Product:
    product = Product(slug=slug, name=slug.capitalize())
    for age, version in enumerate(versions):
        released_on = date(2026, 6, 1) - timedelta(days=90 * age)
        product.releases.append(Release(version=version, released_on=released_on))
    db.session.add(product)
    db.session.flush()
    return product


def subscribe(organisation_id: int, plan: str, tier: str | None = None, product_id: int | None = None) -> Subscription:
    """An active subscription since long ago."""
    row = Subscription(organisation_id=organisation_id, plan=plan, tier=tier, product_id=product_id, starts_at=LONG_AGO)
    db.session.add(row)
    return row


def sell(key: str, plan: str, product_id: int, **fields: Any) -> Licence:
    """A licence with this key."""
    from portal.accounts.licences import hash_key

    row = Licence(
        key_hash=hash_key(key), key_hint=key[-4:], plan=plan, product_id=product_id, starts_at=LONG_AGO, **fields
    )
    db.session.add(row)
    return row
