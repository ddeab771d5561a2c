"""Whom a reseller sells to: found among the organisations here by the address, and told to nobody before consent."""

from sqlalchemy import select, update

from portal.accounts.partnership import Consent, PartnerCustomer
from portal.accounts.people import MemberRole, Membership, User
from portal.db import db


def recognise(person: User) -> None:
    """Resellers' customers with this person's confirmed address are the organisation that is theirs alone to name:
    the one they own. Whoever owns several chooses when they consent. What a consent has settled stays."""
    if not person.active or person.confirmed_at is None:
        return
    db.session.flush()
    if (owned := owned_by(person.id)) is None:
        return
    settled = select(Consent.id).where(Consent.relation_id == PartnerCustomer.id, Consent.given_at.is_not(None))
    found = update(PartnerCustomer).where(
        PartnerCustomer.email == person.email.lower(), PartnerCustomer.reseller_id != owned, ~settled.exists()
    )
    db.session.execute(found.values(customer_id=owned))


def customer_by(email: str, *, reseller_id: int) -> int | None:
    """The organisation of whoever has this address, as `recognise` would find it."""
    person = db.session.scalar(select(User).where(User.email == email, User.active, User.confirmed_at.is_not(None)))
    owned = owned_by(person.id) if person else None
    return owned if owned != reseller_id else None


def owned_by(person_id: int) -> int | None:
    """The one organisation that somebody owns; none for who owns several."""
    theirs = select(Membership.organisation_id).where(
        Membership.user_id == person_id, Membership.ended_at.is_(None), Membership.role == MemberRole.OWNER
    )
    owned = db.session.scalars(theirs.limit(2)).all()
    return owned[0] if len(owned) == 1 else None
