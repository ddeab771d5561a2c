"""What a person may open and is promised: everything on record, gathered for `portal.sla.entitlement` to weigh."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from portal.accounts.licences import Contract, Licence, Subscription
from portal.accounts.partnership import in_partnership
from portal.accounts.people import Membership, Organisation
from portal.accounts.products import Product
from portal.db import Moment, read
from portal.policies import the_policy
from portal.sla.entitlement import Entitlement, Grant, entitled

__all__ = [
    *("entitlement_of", "entitlements_of", "grants_of", "held_and_sold", "held_in", "in_force"),
    "licences_of",
    "products_held",
    "region_of",
    "the_policy",
]


SELLS = "reseller"  # the row of `_holdings` that is no grant


def entitlement_of(
    person: Any, product: Product | str | None = None, organisation: Organisation | int | None = None, *, now: datetime
) -> Entitlement:
    """What this person has for a product (None: for anything), in one organisation or (None) in all of theirs.

    Everything is read anew each time, so an upgrade counts from this moment (R7). `person` may be a visitor.
    """
    slug = product.slug if isinstance(product, Product) else product
    grants, sells = _held(person, organisation, now)
    return entitled(the_policy(), _about(slug, grants), product=slug, now=now, reseller=sells)


def entitlements_of(
    person: Any, products: Iterable[Product], organisation: Organisation | int | None = None, *, now: datetime
) -> list[tuple[Product, Entitlement]]:
    """The entitlement for each product, with what is held read once."""
    policy, (grants, sells) = the_policy(), _held(person, organisation, now)
    return [(product, entitled(policy, grants, product=product.slug, now=now, reseller=sells)) for product in products]


def grants_of(
    person: Any, product: Product | str | None = None, organisation: Organisation | int | None = None, *, now: datetime
) -> list[Grant]:
    """Every grant in force: contracts (T24), support tiers bought, subscriptions, licences claimed, licences whose
    order went to the person's confirmed address (R13). Those for another product are left out."""
    slug = product.slug if isinstance(product, Product) else product
    return _about(slug, _held(person, organisation, now)[0])


def held_and_sold(person: Any, *, now: datetime) -> tuple[list[Grant], bool]:
    """Every grant in force for this person, and whether they are among a reseller's people."""
    return _held(person, None, now)


def held_in(person: Any, organisation: Any, *, now: datetime, acting: bool = False) -> tuple[list[Grant], bool]:
    """Every grant in force for this person in the organisation, or a row with its id (None: in all of theirs), and
    whether they ask as one of a reseller's people (R9): on their own they never do.

    Who is `acting` for a customer's organisation, as whoever calls has made sure, has what that organisation has.
    """
    grants, sells = _held(person, organisation, now, acting)
    return grants, sells and organisation is not None and not acting


def region_of(organisation: Organisation | int | None, *, now: datetime) -> str | None:
    """The region whose targets hold (T1): the contract's, else the organisation's."""
    if organisation is None:
        return None
    key = organisation if isinstance(organisation, int) else organisation.id
    found = read(_region(), organisation=key, now=now)
    return found[0][0] if found else None


@cache
def _region() -> Any:
    agreed = select(Contract.region).where(
        Contract.organisation_id == Organisation.id, Contract.region.is_not(None), in_force(Contract, bindparam("now"))
    )
    newest = agreed.order_by(Contract.starts_at.desc()).limit(1).scalar_subquery()
    return select(func.coalesce(func.nullif(newest, ""), Organisation.region)).where(
        Organisation.id == bindparam("organisation")
    )


def in_force(table: type[Contract] | type[Subscription] | type[Licence], now: Any) -> ColumnElement[bool]:
    """Started, not ended, and (a licence) not revoked. The end is exclusive: over at that very instant.

    A subscription that only bills a contract grants nothing of its own.
    """
    conditions = [table.starts_at <= now, or_(table.ends_at.is_(None), table.ends_at > now)]
    if table is Subscription:
        conditions.append(Subscription.contract_id.is_(None))
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


@cache
def products_held(has_address: bool) -> Select[Any]:
    """The slugs (None: of all products) of what is held, for queries that join it. Parameters as of `_holdings`."""
    held = _holdings(has_address, False).subquery()
    return select(held.c.slug).where(held.c.source != SELLS)


def _about(slug: str | None, grants: list[Grant]) -> list[Grant]:
    return [grant for grant in grants if slug is None or grant.product in (None, slug)]


def _held(
    person: Any, organisation: Organisation | int | None, now: datetime, acting: bool = False
) -> tuple[list[Grant], bool]:
    """Every grant in force, and whether the organisation asked about, or any of theirs, is a reseller now (R9)."""
    if not getattr(person, "is_authenticated", False):
        return [], False
    asked = {"person": person.id, "now": now}
    if person.confirmed_at is not None and not acting:
        asked["address"] = person.email.lower()
    if organisation is not None:
        asked["organisation"] = organisation if isinstance(organisation, int) else organisation.id
    found = read(_holdings("address" in asked, "organisation" in asked, acting), **asked)
    grants = [
        Grant(row.source, row.plan, row.tier, row.slug, row.starts_at, row.ends_at, row.reference)
        for row in found
        if row.source != SELLS
    ]
    return grants, len(grants) < len(found)


@cache
def _holdings(has_address: bool, in_one: bool, acting: bool = False) -> Any:
    """All that `_held` reads, as one query that is built once. Its parameters: person, now, address, organisation."""
    mine = select(Membership.organisation_id).where(
        Membership.user_id == bindparam("person"), Membership.ended_at.is_(None)
    )
    if acting:
        mine = select(Organisation.id).where(Organisation.id == bindparam("organisation"))
    elif in_one:
        mine = mine.where(Membership.organisation_id == bindparam("organisation"))
    now: Any = bindparam("now")
    nothing = cast(null(), String)
    ordered = and_(Licence.organisation_id.is_(None), Licence.order_email == bindparam("address"))
    licensed = Licence.organisation_id.in_(mine)
    source = case((func.coalesce(Subscription.tier, "") != "", "tier"), else_="subscription")
    ground = case((Licence.organisation_id.is_not(None), "licence"), else_="order_email")
    never = cast(null(), Moment())
    return union_all(
        _with_slug(Contract, literal("contract"), Contract.tier, Contract.reference).where(
            Contract.organisation_id.in_(mine), in_force(Contract, now)
        ),
        _with_slug(Subscription, source, Subscription.tier, Subscription.reference).where(
            Subscription.organisation_id.in_(mine), in_force(Subscription, now)
        ),
        _with_slug(Licence, ground, nothing, Licence.key_hint).where(
            or_(licensed, ordered) if has_address else licensed, in_force(Licence, now)
        ),
        select(literal(SELLS), nothing, nothing, nothing, never, never, nothing).where(
            exists().where(Organisation.id.in_(mine), in_partnership(Organisation.id, now))
        ),
    )


def _with_slug(table: Any, source: Any, tier: Any, reference: Any) -> Select[Any]:
    named = (source.label("source"), table.plan, tier.label("tier"), reference.label("reference"))
    return select(*named, table.starts_at, table.ends_at, Product.slug).outerjoin(
        Product, Product.id == table.product_id
    )


def _organisations(person: Any, organisation: Organisation | int | None) -> Select[int]:
    """The organisations whose holdings count: the one asked about, if the person is in it, else all of theirs."""
    mine = select(Membership.organisation_id).where(Membership.user_id == person.id, Membership.ended_at.is_(None))
    if organisation is None:
        return mine
    key = organisation if isinstance(organisation, int) else organisation.id
    return mine.where(Membership.organisation_id == key)
