"""A chat becomes a ticket: with the promise that the channel has, what was said, and its files."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_time
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.accounts.people import User
from portal.chat.chat import Chat
from portal.chat.opening import CHANNEL
from portal.chat.talking import finish, refuse_colleagues
from portal.db import db
from portal.errors import Refused
from portal.formats import date_locale
from portal.tickets import conversation, filing
from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.ticket import Ticket


def hand_over(chat: Chat, *, by: User | None, now: datetime, subject: str = "", severity: str | None = None) -> Ticket:
    """File what was said as a ticket of the customer's, and end the chat. Sent twice, there is one ticket.

    `by` is None where the portal does it for a customer whom nobody came to. Raises `Refused` where the policy allows
    no ticket any more.
    """
    if chat.ticket is not None:
        return chat.ticket
    if by:
        refuse_colleagues(chat, by)
    if not chat.is_reached:
        raise Refused(_("%(name)s is no member any more.", name=chat.requester.display_name))
    request = filing.Request(
        form_key=f"chat-{chat.id}",
        subject=subject or subject_of(chat),
        body=transcript_of(chat),
        language=chat.language,
        zone=chat.zone,
        channel=CHANNEL,
        organisation=chat.organisation,
        product=chat.product,
        severity=severity,
        attachments=[file for message in chat.messages for file in message.files],
        taken_by=by if by and chat.is_answered_by(by) else None,
    )
    ticket = filing.file_ticket(request, by=chat.requester, now=now)
    if chat.agent is not None:
        conversation.take_charge(ticket, by=chat.agent, now=now)
    chat.ticket = ticket
    if chat.is_live:
        finish(chat, now=now)
    db.session.flush()
    return ticket


def subject_of(chat: Chat) -> str:
    """The first words of the customer."""
    words = " ".join(chat.messages[0].body.split())
    return words if len(words) <= 80 else words[:80].rsplit(" ", 1)[0] + "…"


def transcript_of(chat: Chat) -> str:
    """Who said what and when, as one message. Words are quoted: nobody can write a line that looks like another's.

    A transcript that is too long for a message loses its beginning; the chat keeps all.
    """
    parts: list[str] = []
    room = LONGEST_BODY - 10
    for message in reversed(chat.messages):
        with force_locale(chat.language):
            at = format_time(message.created_at.astimezone(ZoneInfo(chat.zone)), "short", locale=date_locale())
        said = "\n".join(f"> {line}" for line in message.body.split("\n"))
        part = f"{message.author.display_name}, {at}:\n\n{said}"
        room -= len(part) + 2
        if room < 0:
            parts.append("…")
            break
        parts.append(part)
    return "\n\n".join(reversed(parts))
