"""Filling an empty portal with the demo."""

from datetime import date, timedelta

from flask import current_app
from flask_security import hash_password
from sqlalchemy import select

from portal.accounts.licences import Contract, Licence, Subscription, hash_key
from portal.accounts.people import Membership, Organisation, Role, User
from portal.accounts.products import Product, Release
from portal.db import db, utcnow, writing
from portal.demo.billing import open_demo_billing
from portal.demo.cast import ACCOUNTS, LICENCE_KEYS, PASSWORD, PRODUCTS, UNCLAIMED, Account
from portal.demo.desk import add_demo_webhook, stock_demo_desk, tag_demo_tickets
from portal.demo.orders import open_demo_orders
from portal.demo.partners import open_demo_partners
from portal.demo.status import open_demo_status
from portal.demo.tickets import file_demo_tickets
from portal.status.uptime_reports import close_due


def is_empty() -> bool:
    """True when nobody has an account yet."""
    empty = db.session.scalar(select(User.id).limit(1)) is None
    db.session.rollback()
    return empty


def load_demo() -> None:
    """The vendor's products, people, what they hold, articles and some tickets of the last days."""
    hashed = hash_password(PASSWORD)
    with writing():
        products = {slug: add_product(slug, position) for position, slug in enumerate(PRODUCTS)}
        people = {account.email: add_person(account, hashed) for account in ACCOUNTS}
        db.session.flush()
        add_holdings(products)
        db.session.commit()
    with writing():
        stock_demo_desk(people, products)
        file_demo_tickets(people, products, now=utcnow())
        tag_demo_tickets(people, now=utcnow())
        add_demo_webhook(people, now=utcnow())
        open_demo_status(people, now=utcnow())
        open_demo_billing(people, products, now=utcnow())
        northgate, alpenwerk = find_organisation("Northgate Resale"), find_organisation("Alpenwerk")
        open_demo_partners(people, northgate, alpenwerk, now=utcnow())
        open_demo_orders(people["rashid@northgate.example"], northgate, now=utcnow())
        close_due(now=utcnow())
        db.session.commit()
    current_app.extensions["load_demo_knowledge"]()


def add_product(slug: str, position: int) -> Product:
    name, summary, versions = PRODUCTS[slug]
    releases = [Release(version=version, released_on=date.fromisoformat(day)) for version, day in versions]
    product = Product(slug=slug, name=name, summary=summary, position=position, releases=releases)
    db.session.add(product)
    return product


def add_person(account: Account, hashed: str) -> User:
    user: User = current_app.security.datastore.create_user(  # type: ignore[attr-defined]
        email=account.email,
        password=hashed,
        name=account.name,
        locale=account.locale,
        zone=account.zone,
        active=True,
        confirmed_at=utcnow(),
    )
    user.roles = [find_role(name) for name in account.roles]
    if account.organisation:
        db.session.add(Membership(user=user, organisation=find_organisation(account.organisation), role=account.member))
    return user


def find_role(name: str) -> Role:
    role: Role = current_app.security.datastore.find_or_create_role(name)  # type: ignore[attr-defined]
    return role


def find_organisation(name: str) -> Organisation:
    found = db.session.scalar(select(Organisation).where(Organisation.name == name))
    if found is None:
        found = Organisation(name=name, is_reseller=name == "Northgate Resale")
        db.session.add(found)
        db.session.flush()
    return found


def add_holdings(products: dict[str, Product]) -> None:
    """A contract, tiers bought in addition, subscriptions, a licence known by its order, and keys to claim."""
    since = utcnow() - timedelta(days=200)
    tidewater, alpenwerk = find_organisation("Tidewater Pumps"), find_organisation("Alpenwerk")
    brightfield, harbourlight = find_organisation("Brightfield Labs"), find_organisation("Harbourlight")
    db.session.add_all(
        [
            Contract(
                organisation_id=tidewater.id,
                reference="LSK-2026-014",
                plan="enterprise",
                tier="sla-24x7",
                contact_name="Tess Brandt",
                starts_at=since,
            ),
            Subscription(
                organisation_id=alpenwerk.id,
                plan="business",
                tier="sla-24x5",
                reference="S-1077",
                starts_at=since,
            ),
            Subscription(organisation_id=brightfield.id, plan="team", reference="S-1102", starts_at=since),
        ]
    )
    licence = add_licence(LICENCE_KEYS[0], "starter", products["beacon"], "Harbourlight", "wei@harbourlight.example")
    licence.organisation_id = harbourlight.id
    for plan, key in UNCLAIMED.items():
        add_licence(key, plan, products["beacon"], "", None)


def add_licence(key: str, plan: str, product: Product, licensed_to: str, order_email: str | None) -> Licence:
    licence = Licence(
        key_hash=hash_key(key),
        key_hint=key[-4:],
        plan=plan,
        product=product,
        licensed_to=licensed_to,
        order_email=order_email,
        starts_at=utcnow() - timedelta(days=30),
    )
    db.session.add(licence)
    return licence
