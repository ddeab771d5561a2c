"""Whether somebody may chat now: by the plan that they hold, and by the hours of the policy."""

from dataclasses import dataclass
from datetime import datetime

from portal.accounts.people import User
from portal.front.contact import Way, contact_for
from portal.policies import the_policy

CHANNEL = "chat"


@dataclass(frozen=True)
class Standing:
    """The reader's chat, if their plan has one, and what else they have."""

    way: Way | None
    instead: list[Way]
    is_open: bool


def is_staffed(*, now: datetime) -> bool:
    """Whether the policy's hours of the chat are open."""
    policy = the_policy()
    channel = policy.channels.get(CHANNEL)
    return bool(channel and (channel.hours is None or policy.calendar(channel.hours).is_open(now)))


def standing_of(person: User, *, now: datetime) -> Standing:
    """What the page for a new chat says to this person."""
    contact = contact_for(person, now=now)
    way = next((way for way in contact.ways if way.id == CHANNEL), None)
    return Standing(way, [other for other in contact.ways if other.id != CHANNEL], is_staffed(now=now))
