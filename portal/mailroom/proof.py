"""A PIN in a mail (T13, T21): it says who wrote it, whatever address it came from. Nothing shows it again."""

import re
from datetime import datetime, timedelta
from typing import Final

from limits import parse_many
from sqlalchemy import func, select

from portal.accounts.people import User
from portal.accounts.pins import owner_of_pin
from portal.db import db
from portal.mailroom.received import ReceivedMail
from portal.web import settings

# "PIN 123 456 789", "PIN: 123-456-789", "Pinkode: …", "ПИН-код …": nine digits near the word, in threes or not.
SAID: Final = re.compile(
    r"(?i)(\b(?:pin|пин)[\w-]{0,8}[^\S\r\n]*[:=#]?[^\S\r\n]*)([1-9]\d{2}[ -]?\d{3}[ -]?\d{3})(?!\d)"
)
MASK: Final = "•••"


def masked(text: str) -> str:
    return SAID.sub(rf"\1{MASK}", text)


def first_pin(*texts: str) -> str:
    """The PIN that the first of the texts names; '' where none does."""
    found = next((match for text in texts if (match := SAID.search(text))), None)
    return found[2] if found else ""


def owner_of(pin: str, *, now: datetime) -> User | None:
    """The customer who has this PIN. None too while more wrong ones came in by mail than `limit_pin` allows."""
    if not pin:
        return None
    wrong = select(func.count()).where(ReceivedMail.reason == "pin")
    for one in parse_many(settings().limit_pin):
        since = now - timedelta(seconds=one.get_expiry())
        if (db.session.scalar(wrong.where(ReceivedMail.received_at > since)) or 0) >= one.amount:
            return None
    owner = owner_of_pin(pin, now=now)
    return owner if owner and owner.confirmed_at and not owner.is_staff else None
