"""How long chats are kept: as the setting says. What became a ticket stays on it, with its files."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from portal.chat.chat import Chat, ChatFile, ChatMessage
from portal.db import db
from portal.tickets.ticket import Attachment
from portal.web import settings


def forget_chats(*, now: datetime) -> int:
    """Remove chats that ended long ago, with what was said; returns how many. Files lose their rows: `attachments`
    removes the bytes of those."""
    if not settings().chats_kept_days:
        return 0
    before = now - timedelta(days=settings().chats_kept_days)
    old = select(Chat.id).where(Chat.state == "ended", Chat.ended_at < before)
    said = select(ChatMessage.id).where(ChatMessage.chat_id.in_(old))
    sent = select(ChatFile.attachment_id).where(ChatFile.message_id.in_(said))
    db.session.execute(delete(Attachment).where(Attachment.id.in_(sent), Attachment.message_id.is_(None)))
    return len(db.session.execute(delete(Chat).where(Chat.id.in_(old)).returning(Chat.id)).all())
