"""Rita's house on record: her customer Heron Marine, whose owner said yes, and what may have become of that since."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.accounts.partnership import APPROVED, SUSPENDED, Consent, Partner, PartnerCustomer
from portal.accounts.people import Membership
from portal.db import db
from tests.cast import World

OF_RITA = "heron-of-rita"


def let_act(world: World, now: datetime) -> None:
    """Rita's house sells for the vendor, Heron Marine is its customer, and its owner let it act for them. No commit."""
    then = now - timedelta(days=30)
    db.session.add(Partner(organisation_id=world.reseller, state=APPROVED, starts_at=then))
    relation = PartnerCustomer(
        public_id=OF_RITA,
        reseller_id=world.reseller,
        customer_id=world.heron,
        name="Heron",
        email=world.email("owner"),
        starts_at=then,
    )
    relation.consents.append(Consent(asked_at=then, asked_until=now, given_at=then))
    db.session.add(relation)
    db.session.flush()


def the_consent() -> Consent:
    return the_relation().consents[-1]


def the_relation() -> PartnerCustomer:
    return db.session.scalars(select(PartnerCustomer).where(PartnerCustomer.public_id == OF_RITA)).one()


def the_partner() -> Partner:
    return db.session.scalars(select(Partner).order_by(Partner.id.desc()).limit(1)).one()


def _no_sight(world: World, now: datetime) -> None:
    theirs = select(Membership).where(Membership.organisation_id == world.reseller)
    db.session.scalars(theirs).one().role = "member"


def _sight(world: World, now: datetime) -> None:
    _no_sight(world, now)
    db.session.scalars(select(Membership).where(Membership.organisation_id == world.reseller)).one().sees_all = True


def _of_another(world: World, now: datetime) -> None:
    """The customer's word was given to the stranger's house, which sells too; Rita's is the second reseller."""
    the_relation().reseller_id = world.elsewhere


def _asked(world: World, now: datetime) -> None:
    the_consent().given_at = None


def _refused(world: World, now: datetime) -> None:
    the_consent().given_at, the_consent().refused_at = None, now


def _withdrawn(world: World, now: datetime) -> None:
    the_consent().withdrawn_at = now


def _consent_over(world: World, now: datetime) -> None:
    the_consent().ends_at = now


def _relation_over(world: World, now: datetime) -> None:
    the_relation().ends_at = now


def _partnership_over(world: World, now: datetime) -> None:
    the_partner().ends_at = now


def _suspended(world: World, now: datetime) -> None:
    the_partner().state = SUSPENDED


def _left(world: World, now: datetime) -> None:
    db.session.scalars(select(Membership).where(Membership.organisation_id == world.reseller)).one().ended_at = now


Change = Callable[[World, datetime], None]
# What ends Rita's right to act for Heron Marine, or never gave it.
ENDS: dict[str, Change] = {
    "a member who doesn't see all": _no_sight,
    "a second reseller": _of_another,
    "only asked": _asked,
    "refused": _refused,
    "withdrawn": _withdrawn,
    "the consent is over": _consent_over,
    "the relation is over": _relation_over,
    "the partnership is over": _partnership_over,
    "suspended": _suspended,
    "left the reseller": _left,
}
# What leaves it as it is.
HOLDS: dict[str, Change] = {"an owner": lambda world, now: None, "a member who sees all": _sight}
