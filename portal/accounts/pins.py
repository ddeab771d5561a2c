"""PINs (T13, T21): who says theirs on the phone, or writes it in a mail, is known. Staff can't read them.

What is kept is an HMAC under a key outside the database, by which a PIN finds its owner and nothing finds the PIN.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.entitlement import grants_of
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.policies import the_policy
from portal.sla.entitlement import entitled
from portal.web import settings

# Nine digits, the first no zero: no ticket number (eight), and no phone number as it is dialled at home.
LOWEST, PINS = 100_000_000, 900_000_000


class PhonePin(Model):
    """The one PIN of a person. It holds for as long as what they hold has PINs; a new one takes its place."""

    __tablename__ = "phone_pin"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)


def may_have_pin(person: User, *, now: datetime) -> bool:
    """Whether a channel of the policy asks those of the person's tier for a PIN, whatever product it is for."""
    policy, grants = the_policy(), grants_of(person, now=now)
    asking = {tier for channel in policy.channels.values() for tier in channel.pin}
    return any(
        entitled(policy, grants, product=slug, now=now).tier in asking
        for slug in {None, *(grant.product for grant in grants)}
    )


def pin_of(person: User) -> PhonePin | None:
    return db.session.scalar(select(PhonePin).where(PhonePin.user_id == person.id))


def renew_pin(person: User, *, now: datetime) -> str:
    """A new PIN in three groups of digits. The one before ends at once. Raises `Refused` where the tier has none."""
    db.session.get_one(User, person.id, with_for_update=True)  # two at once make one after the other
    if not may_have_pin(person, now=now):
        raise Refused(_("Your support has no PIN."))
    pin = _free_pin()
    kept = pin_of(person) or PhonePin(user_id=person.id)
    kept.digest, kept.made_at = _digest(pin), now
    db.session.add(kept)
    return f"{pin[:3]} {pin[3:6]} {pin[6:]}"


def read_pin(typed: str) -> str | None:
    """The nine digits of what looks like a PIN, blanks and dashes left out; None for anything else."""
    digits = re.sub(r"[\s-]", "", typed)
    return digits if re.fullmatch(r"[1-9][0-9]{8}", digits) else None


def owner_of_pin(typed: str, *, now: datetime) -> User | None:
    """Whose PIN it is, while they may have one. Who asks must count how often, since PINs can be guessed."""
    pin = read_pin(typed)
    if pin is None:
        return None
    held = select(User).join(PhonePin, PhonePin.user_id == User.id).where(PhonePin.digest == _digest(pin), User.active)
    owner = db.session.scalar(held)
    return owner if owner and may_have_pin(owner, now=now) else None


def _free_pin() -> str:
    while True:
        pin = str(LOWEST + secrets.randbelow(PINS))
        if db.session.scalar(select(PhonePin.id).where(PhonePin.digest == _digest(pin))) is None:
            return pin


def _digest(pin: str) -> str:
    return hmac.new(settings().secret_key.encode(), f"phone-pin:{pin}".encode(), hashlib.sha256).hexdigest()
