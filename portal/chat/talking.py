"""What happens to a chat: begun, taken, something is said, ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import update

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.chat import letters
from portal.chat.chat import Chat, ChatMessage
from portal.chat.opening import CHANNEL, is_staffed
from portal.db import db
from portal.errors import Refused
from portal.tickets import quoting, telling
from portal.tickets.conversation import clean
from portal.tickets.ticket import Attachment

LONGEST_SAID = 5_000  # longer text is a file


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a chat is about, and how its customer reads."""

    organisation: Organisation | None
    product: Product | None
    language: str
    zone: str


def begin(body: str, about: Subject, *, by: User, now: datetime) -> Chat:
    """A chat that waits for somebody to take it. Raises `Refused` where the plan has none, or nobody is there now.

    A second one at the same time breaks the database's unique constraint.
    """
    asked = quoting.Fields(product=about.product, channel=CHANNEL)
    quote = quoting.quote_for(by, about.organisation, asked, now=now, zone=about.zone)
    if not quote.allowed:
        raise Refused(" ".join(telling.explained(quote, locale=about.language, zone=about.zone)))
    if not is_staffed(now=now):
        raise Refused(_("Nobody is in the chat now."))
    chat = Chat(
        requester=by,
        organisation=about.organisation,
        product=about.product,
        rank=quote.rank,
        language=about.language,
        zone=about.zone,
        began_at=now,
        said_at=now,
        seen_at=now,
    )
    db.session.add(chat)
    db.session.flush()
    say(chat, body, by=by, now=now)
    return chat


def say(
    chat: Chat,
    body: str,
    *,
    by: User,
    now: datetime,
    files: Iterable[Attachment] = (),
    form_key: str | None = None,
) -> ChatMessage:
    """Add what one side said. An agent who speaks first takes the chat; one that a colleague has is refused."""
    if not chat.is_live:
        raise Refused(_("This chat has ended."))
    is_agents, sent = chat.is_answered_by(by), list(files)
    if is_agents and chat.agent_id is None:
        take(chat, by=by, instead_of=None, now=now)
    refuse_colleagues(chat, by)
    said = clean(body) or ", ".join(file.filename for file in sent)
    if not said:
        raise Refused(_("Please write something first."))
    if len(said) > LONGEST_SAID:
        raise Refused(_("That is too long for one message. Attach it as a file instead."))
    message = ChatMessage(author=by, is_agents=is_agents, body=said, form_key=form_key, created_at=now)
    chat.messages.append(message)
    for file in sent:
        file.draft_id = None
        message.files.append(file)
    chat.said_at, chat.awaits_agent = now, not is_agents
    if is_agents:
        chat.agent_typed_at = None
    else:
        chat.customer_typed_at = None
    chat.version += 1
    db.session.flush()
    return message


def take(chat: Chat, *, by: User, instead_of: int | None, now: datetime) -> None:
    """Put `by` in charge, in place of whom their page showed. Refused when somebody else was quicker."""
    assert by.is_staff, "chats are taken by those who answer"
    if not chat.is_live:
        raise Refused(_("This chat has ended."))
    if chat.agent_id != instead_of:
        refuse_colleagues(chat, by)
    chat.agent, chat.state = by, "open"
    chat.taken_at = chat.taken_at or now
    chat.said_at = now
    chat.version += 1
    db.session.flush()


def note_typing(chat_id: int, *, for_agent: bool, now: datetime) -> None:
    typed = {"agent_typed_at": now} if for_agent else {"customer_typed_at": now}
    db.session.execute(update(Chat).where(Chat.id == chat_id, Chat.state != "ended").values(**typed))


def refuse_colleagues(chat: Chat, by: User) -> None:
    """What one of the staff has, another neither goes on with nor ends: they take it over first."""
    if chat.is_live and chat.agent and chat.is_answered_by(by) and chat.agent_id != by.id:
        raise Refused(_("%(name)s has this chat.", name=chat.agent.display_name))


def end(chat: Chat, *, by: User | None, now: datetime) -> None:
    """End it and send the customer what was said, if they may read it still. One that has ended stays as it is.

    `by` is None where nobody goes on with it.
    """
    if by:
        refuse_colleagues(chat, by)
    if chat.is_live:
        finish(chat, now=now)
        if chat.is_reached:
            letters.send_transcript(chat)


def finish(chat: Chat, *, now: datetime) -> None:
    chat.state, chat.ended_at, chat.awaits_agent = "ended", now, False
    chat.version += 1
    db.session.flush()
