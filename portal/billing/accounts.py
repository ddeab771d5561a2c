"""Billing accounts: one for each organisation that buys, and who is told of its money."""

import secrets
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.billing.account import BillingAccount
from portal.db import db
from portal.policies import the_policy

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else when it is read aloud


def new_public_id() -> str:
    """A name for addresses that can't be guessed: 20 signs, 99 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(20))


def today(now: datetime) -> date:
    """The day it is for the vendor: subscriptions begin and end with it."""
    return now.astimezone(ZoneInfo(the_policy().zone)).date()


def midnight(day: date) -> datetime:
    """The moment at which that day begins for the vendor."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(the_policy().zone))


def account_of(organisation: Organisation, *, now: datetime) -> BillingAccount:
    """The organisation's account, opened when it is first asked for. The organisation's row stays locked."""
    db.session.execute(select(Organisation.id).where(Organisation.id == organisation.id).with_for_update())
    found = db.session.scalar(select(BillingAccount).where(BillingAccount.organisation_id == organisation.id))
    if found is None:
        found = BillingAccount(
            public_id=new_public_id(), organisation_id=organisation.id, legal_name=organisation.name, created_at=now
        )
        db.session.add(found)
        db.session.flush()
    return found


def look(organisation: Organisation) -> BillingAccount:
    """The organisation's account to look at; one that isn't written yet where nobody has needed it so far."""
    found = db.session.scalar(select(BillingAccount).where(BillingAccount.organisation_id == organisation.id))
    return found or BillingAccount(
        organisation_id=organisation.id, legal_name=organisation.name, currency="EUR", country="", vat_state="none"
    )


def who_pays(account: BillingAccount) -> list[User]:
    """The owners and billing contacts who look after the account's money now."""
    query = select(User).join(Membership, Membership.user_id == User.id)
    query = query.where(
        Membership.organisation_id == account.organisation_id,
        Membership.ended_at.is_(None),
        Membership.role.in_((MemberRole.OWNER, MemberRole.BILLING)),
        User.active,
    )
    return list(db.session.scalars(query.order_by(User.id)))


def is_complete(account: BillingAccount) -> bool:
    """Whether an invoice can be made out to it (EN 16931 wants a name and a country, the tax office an address)."""
    return all((account.legal_name, account.street, account.city, account.country))
