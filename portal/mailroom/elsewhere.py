"""Mails about something other than a ticket: whoever sends them says here how a reply is taken, and what comes back."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from portal.accounts.people import User
from portal.mail import signed_numbers
from portal.mailroom.reading import Reading
from portal.mailroom.received import Outcome

# (the mail, whose it is, the numbers of the Message-ID it answers, whether its sender may get an automatic answer)
Taker = Callable[[Reading, User, list[int], bool, datetime], Outcome]
# (the numbers of the Message-ID of ours that came back, and when)
Hearer = Callable[[list[int], datetime], None]
MOST_LOOKED_AT: Final = 20
FAILED: Final = re.compile(rb"^(Action:\s*failed|Status:\s*5\.)", re.IGNORECASE | re.MULTILINE)  # RFC 3464
_takers: dict[str, Taker] = {}
_hearers: dict[str, Hearer] = {}


def takes(kind: str) -> Callable[[Taker], Taker]:
    """Register the function that takes replies to Message-IDs signed as `kind`. It runs in the mail's transaction."""

    def register(take: Taker) -> Taker:
        _takers[kind] = take
        return take

    return register


def taken(reading: Reading, person: User, *, may_answer: bool, now: datetime) -> Outcome | None:
    """What became of a mail that answers such a one; None for any other. Who may, and whether, the taker decides."""
    for message_id in [*reading.in_reply_to, *reading.references][:MOST_LOOKED_AT]:
        kind, numbers = signed_numbers(message_id)
        if kind in _takers:
            return _takers[kind](reading, person, numbers, may_answer, now)
    return None


def hears_of(kind: str) -> Callable[[Hearer], Hearer]:
    """Register the function that is told when a mail with a Message-ID signed as `kind` can't be delivered."""

    def register(hear: Hearer) -> Hearer:
        _hearers[kind] = hear
        return hear

    return register


def hear(reading: Reading, *, now: datetime) -> None:
    """Tell whoever sent it that a mail came back for good. Only its receiver's server knows the signed id."""
    if not any(FAILED.search(content[:100_000]) for _name, content in reading.files):
        return
    for message_id in reading.returned[:MOST_LOOKED_AT]:
        kind, numbers = signed_numbers(message_id)
        if kind in _hearers:
            _hearers[kind](numbers, now)
