"""How it went (Z14): who filed a ticket rates its resolution, and may change their mind until it is closed."""

import hashlib
import secrets
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.db import Model, db
from portal.errors import Refused
from portal.tickets import clocks, letters
from portal.tickets.conversation import clean
from portal.tickets.ticket import Ticket

SCORES = ("good", "bad")
LONGEST_COMMENT = 2_000


class Rating(Model):
    """What was asked and answered of one ticket. `key_hash` is of what stands in the mail's links, and nowhere else."""

    __tablename__ = "rating"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), unique=True)
    key_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    asked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    score: Mapped[str | None] = mapped_column(String(10), index=True)  # good, bad
    comment: Mapped[str] = mapped_column(Text, default="")
    rated_at: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship()


def ask(ticket: Ticket, *, now: datetime) -> bool:
    """Send the question, once for a resolution; False where there is nobody to ask, or nothing left to."""
    ticket.ask_at = None
    rating = rating_of(ticket.id)
    if ticket.status != "resolved" or (rating and rating.score) or not letters.is_reached(ticket):
        return False
    key = secrets.token_urlsafe(16)
    rating = rating or _begun(ticket)
    rating.key_hash, rating.asked_at = _hashed(key), now
    rating.expires_at = now + timedelta(days=clocks.policy_of(ticket).satisfaction.answer_within_days)
    letters.send_question(ticket, key)
    return True


def rate(ticket: Ticket, score: str, comment: str, *, by: User, now: datetime) -> Rating:
    """Keep the answer, in the place of an earlier one. `ticket` is held against others."""
    assert by.id == ticket.requester_id, "who asked says how it went"
    rating = rating_of(ticket.id)
    if score not in SCORES:
        raise Refused(_("Choose one of the two answers."))
    if ticket.is_open:
        raise Refused(_("This ticket is open again. You are asked once it is resolved."))
    if not may_rate(ticket, rating):
        raise Refused(_("This ticket is closed, so your answer stands as it is."))
    text = clean(comment)
    if len(text) > LONGEST_COMMENT:
        raise Refused(_("Please keep it under %(max)d characters.", max=LONGEST_COMMENT))
    rating = rating or _begun(ticket)
    if (rating.score, rating.comment) != (score, text):
        rating.score, rating.comment, rating.rated_at = score, text, now
        ticket.record("rated", by=by, at=now, score=score)
    return rating


def may_rate(ticket: Ticket, rating: Rating | None) -> bool:
    """A resolution may be rated; what is closed only by somebody who has not yet."""
    return ticket.status == "resolved" or (ticket.status == "closed" and not (rating and rating.score))


def rating_of(ticket_id: int) -> Rating | None:
    return db.session.scalar(
        select(Rating).where(Rating.ticket_id == ticket_id).execution_options(populate_existing=True)
    )


def ticket_of(key: str, *, now: datetime) -> Ticket | None:
    """The ticket that a link asks about, if it still holds, and who got it may still read the ticket."""
    query = select(Rating).where(Rating.key_hash == _hashed(key), Rating.expires_at > now)
    rating = db.session.scalar(query)
    return rating.ticket if rating and letters.is_reached(rating.ticket) else None


def _begun(ticket: Ticket) -> Rating:
    rating = Rating(ticket_id=ticket.id, comment="")
    db.session.add(rating)
    return rating


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
