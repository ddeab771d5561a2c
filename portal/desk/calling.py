"""What calls for those who answer beside the queue: news, chats that wait for them, and mail that was kept out."""

from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select

from portal.accounts.people import User
from portal.chat.chat import Chat
from portal.db import read
from portal.mailroom.received import ReceivedMail
from portal.tickets.news import UNSEEN


class Calling(NamedTuple):
    news: int
    chats: int
    mails: int


_chats = select(func.count()).where(
    or_(
        Chat.state == "waiting",
        and_(Chat.state == "open", Chat.agent_id == bindparam("reader"), Chat.awaits_agent),
    )
)
_mails = select(func.count()).where(ReceivedMail.result == "quarantine", ReceivedMail.settled_at.is_(None))
_calling = select(UNSEEN.scalar_subquery(), _chats.scalar_subquery(), _mails.scalar_subquery())


def calling(person: User) -> Calling:
    """How much news is unread, how many chats wait for anybody or for this person's answer, and how many mails for a
    decision; the queue's page asks each time."""
    return Calling(*map(int, read(_calling, reader=person.id)[0]))
