"""What a person may open and is promised: everything on record, gathered for `portal.sla.entitlement` to weigh."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from portal.accounts.licences import Contract, Licence, Subscription
from portal.accounts.people import Membership, Organisation
from portal.accounts.products import Product
from portal.db import db
from portal.policies import the_policy
from portal.sla.entitlement import Entitlement, Grant, Source, entitled

__all__ = ["entitlement_of", "entitlements_of", "grants_of", "in_force", "licences_of", "region_of", "the_policy"]


def entitlement_of(
    person: Any, product: Product | str | None = None, organisation: Organisation | int | None = None, *, now: datetime
) -> Entitlement:
    """What this person has for a product (None: for anything), in one organisation or (None) in all of theirs.

    Everything is read anew each time, so an upgrade counts from this moment (R7). `person` may be a visitor.
    """
    slug = product.slug if isinstance(product, Product) else product
    grants = grants_of(person, product, organisation, now=now)
    return entitled(the_policy(), grants, product=slug, now=now, reseller=_sells(person, organisation))


def entitlements_of(
    person: Any, products: Iterable[Product], organisation: Organisation | int | None = None, *, now: datetime
) -> list[tuple[Product, Entitlement]]:
    """The entitlement for each product, with what is held read once."""
    policy, grants, sells = the_policy(), list(_held(person, organisation, now)), _sells(person, organisation)
    return [(product, entitled(policy, grants, product=product.slug, now=now, reseller=sells)) for product in products]


def grants_of(
    person: Any, product: Product | str | None = None, organisation: Organisation | int | None = None, *, now: datetime
) -> list[Grant]:
    """Every grant in force: contracts (T24), support tiers bought, subscriptions, licences claimed, licences whose
    order went to the person's confirmed address (R13). Those for another product are left out."""
    slug = product.slug if isinstance(product, Product) else product
    found = _held(person, organisation, now)
    return [grant for grant in found if slug is None or grant.product in (None, slug)]


def region_of(organisation: Organisation | int | None, *, now: datetime) -> str | None:
    """The region whose targets hold (T1): the contract's, else the organisation's."""
    if organisation is None:
        return None
    key = organisation if isinstance(organisation, int) else organisation.id
    agreed = select(Contract.region).where(
        Contract.organisation_id == key, Contract.region.is_not(None), in_force(Contract, now)
    )
    return db.session.scalar(agreed.order_by(Contract.starts_at.desc()).limit(1)) or db.session.scalar(
        select(Organisation.region).where(Organisation.id == key)
    )


def in_force(table: type[Contract] | type[Subscription] | type[Licence], now: datetime) -> ColumnElement[bool]:
    """Started, not ended, and (a licence) not revoked. The end is exclusive: over at that very instant."""
    conditions = [table.starts_at <= now, or_(table.ends_at.is_(None), table.ends_at > now)]
    if table is Licence:
        conditions.append(or_(Licence.revoked_at.is_(None), Licence.revoked_at > now))
    return and_(*conditions)


def licences_of(person: Any, organisation: Organisation | int | None = None) -> ColumnElement[bool]:
    """Licences of the person's organisations, and unclaimed ones whose order went to their confirmed address.

    One that an organisation has claimed is that organisation's: who leaves it has no part in it any more.
    """
    mine = Licence.organisation_id.in_(_organisations(person, organisation))
    if not person.is_authenticated or person.confirmed_at is None:
        return mine
    return or_(mine, and_(Licence.organisation_id.is_(None), Licence.order_email == person.email.lower()))


def _held(person: Any, organisation: Organisation | int | None, now: datetime) -> Iterator[Grant]:
    if not getattr(person, "is_authenticated", False):
        return
    own = _organisations(person, organisation)
    contracts = _with_slug(Contract, Contract.plan, Contract.tier, Contract.reference).where(
        Contract.organisation_id.in_(own), in_force(Contract, now)
    )
    for row in db.session.execute(contracts):
        yield Grant("contract", row.plan, row.tier, row.slug, row.starts_at, row.ends_at, row.reference)
    subscriptions = _with_slug(Subscription, Subscription.plan, Subscription.tier, Subscription.reference).where(
        Subscription.organisation_id.in_(own), in_force(Subscription, now)
    )
    for row in db.session.execute(subscriptions):
        source: Source = "tier" if row.tier else "subscription"
        yield Grant(source, row.plan, row.tier, row.slug, row.starts_at, row.ends_at, row.reference)
    licences = _with_slug(Licence, Licence.plan, Licence.key_hint, Licence.organisation_id).where(
        licences_of(person, organisation), in_force(Licence, now)
    )
    for row in db.session.execute(licences):
        ground: Source = "licence" if row.organisation_id else "order_email"
        yield Grant(ground, row.plan, None, row.slug, row.starts_at, row.ends_at, row.key_hint)


def _sells(person: Any, organisation: Organisation | int | None) -> bool:
    """True for resellers (R9): in the organisation asked about, or in one of theirs."""
    if not getattr(person, "is_authenticated", False):
        return False
    mine = _organisations(person, organisation)
    selling = select(Organisation.id).where(Organisation.id.in_(mine), Organisation.is_reseller)
    return db.session.scalar(selling.limit(1)) is not None


def _with_slug(table: Any, *columns: Any) -> Select[Any]:
    return select(*columns, table.starts_at, table.ends_at, Product.slug).outerjoin(
        Product, Product.id == table.product_id
    )


def _organisations(person: Any, organisation: Organisation | int | None) -> Select[int]:
    """The organisations whose holdings count: the one asked about, if the person is in it, else all of theirs."""
    mine = select(Membership.organisation_id).where(Membership.user_id == person.id, Membership.ended_at.is_(None))
    if organisation is None:
        return mine
    key = organisation if isinstance(organisation, int) else organisation.id
    return mine.where(Membership.organisation_id == key)
