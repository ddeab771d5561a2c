"""Remote sessions (T9, R18): proposed once they were explained, agreed to on the ticket, begun with the user present.

The policy says who may have one and under which conditions. Each step is an event of the ticket; none moves a clock.
"""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Text, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.entitlement import entitlement_of
from portal.accounts.people import User
from portal.db import Model, db
from portal.errors import Refused
from portal.policies import the_policy
from portal.sla.terms import RemoteSupport
from portal.tickets import credentials, followers, letters, news
from portal.tickets.conversation import clean
from portal.tickets.quoting import Fields, held_of
from portal.tickets.ticket import Ticket

LONGEST_PURPOSE = 500


class RemoteSession(Model):
    """One session and how far it came: proposed, agreed, begun; over once `ended_at` is set, however it went."""

    __tablename__ = "remote_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    agreed_at: Mapped[datetime | None]
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]

    proposed_by: Mapped[User] = relationship(foreign_keys=proposed_by_id)
    started_by: Mapped[User | None] = relationship(foreign_keys=started_by_id)

    @property
    def state(self) -> str:
        """proposed, agreed, begun, ended (it was begun) or dropped (it never was)."""
        if self.ended_at:
            return "ended" if self.started_at else "dropped"
        return "begun" if self.started_at else "agreed" if self.agreed_at else "proposed"


CURRENT = (
    select(RemoteSession)
    .where(RemoteSession.ticket_id == bindparam("ticket"), RemoteSession.ended_at.is_(None))
    .order_by(RemoteSession.id.desc())
)


def sessions_of(ticket_id: int) -> list[RemoteSession]:
    """The newest first. Who asks sees the ticket."""
    query = select(RemoteSession).where(RemoteSession.ticket_id == ticket_id).order_by(RemoteSession.id.desc())
    return list(db.session.scalars(query))


def current(ticket_id: int) -> RemoteSession | None:
    """The one that isn't over, if any. There is one at a time: whoever changes it holds the ticket."""
    return db.session.scalars(CURRENT, {"ticket": ticket_id}).first()


def terms(ticket: Ticket, *, now: datetime) -> RemoteSupport | None:
    """The conditions, where the customer is entitled to remote support today, or the reseller who filed it for them
    (R9); None where neither is."""
    is_granted = held_of(ticket, Fields(product=ticket.product), now=now).remote_support
    if not is_granted and ticket.reseller_id:
        is_granted = entitlement_of(ticket.requester, ticket.product, ticket.reseller_id, now=now).remote_support
    allowed = ticket.topic == "product" and is_granted
    return the_policy().remote_support if allowed else None


def propose(ticket: Ticket, purpose: str, *, explained: bool, by: User, now: datetime) -> RemoteSession:
    """Ask the customer for a session. The policy wants it explained to them before."""
    conditions = _granted(ticket, now=now)
    purpose = clean(purpose)
    if conditions.explained_first_by and not explained:
        raise Refused(_("Explain the session to the customer first."))
    if not purpose:
        raise Refused(_("Write what the session is for: the customer agrees to that."))
    if len(purpose) > LONGEST_PURPOSE:
        raise Refused(_("Please keep it under %(max)d characters.", max=LONGEST_PURPOSE))
    if ticket.status == "closed":
        raise Refused(_("This ticket is closed. Reopen it to go on."))
    if current(ticket.id):
        raise Refused(_("A session is proposed already."))
    session = RemoteSession(ticket_id=ticket.id, purpose=purpose, proposed_by_id=by.id, proposed_at=now)
    db.session.add(session)
    ticket.record("remote_proposed", by=by, at=now, purpose=purpose, explained_by=conditions.explained_first_by)
    followers.follow(ticket, by, by=by, now=now)  # who proposes hears what becomes of it
    letters.send_remote(ticket, purpose=purpose)
    return session


def agree(ticket: Ticket, *, by: User, now: datetime, sealed: str | None = None) -> RemoteSession:
    """The customer's consent, with credentials if they like, encrypted before they come here."""
    assert by.id == ticket.requester_id, "consent is given by who filed the ticket"
    session = _in_state(ticket, "proposed")
    session.agreed_by_id, session.agreed_at = by.id, now
    ticket.remote_access_consent = True
    ticket.record("remote_agreed", by=by, at=now, purpose=session.purpose)
    if sealed:
        credentials.seal(ticket, sealed, by=by, now=now)
    news.tell(ticket, "remote_agreed", by=by, now=now)
    return session


def begin(ticket: Ticket, *, present: bool, by: User, now: datetime) -> RemoteSession:
    """Only with consent, and while the user is there; the entitlement is looked at again."""
    session = _in_state(ticket, "agreed")
    conditions = _granted(ticket, now=now)
    if conditions.customer_present and not present:
        raise Refused(_("The user must be present all the time."))
    session.started_by_id, session.started_at = by.id, now
    ticket.record("remote_begun", by=by, at=now, present=present)
    return session


def end(ticket: Ticket, *, by: User | None, now: datetime) -> None:
    """By either side, at any moment: what was begun is over, and what wasn't does not come to it."""
    session = current(ticket.id)
    if session is None:
        raise Refused(_("There is no session any more. Load the page again."))
    kind = "remote_ended" if session.started_at else "remote_dropped"
    session.ended_by_id, session.ended_at = by.id if by else None, now
    ticket.record(kind, by=by, at=now)
    if by is not None and by.id == ticket.requester_id:
        ticket.remote_access_consent = False
        news.tell(ticket, "remote_ended", by=by, now=now)


def end_with(ticket: Ticket, *, by: User | None, now: datetime) -> None:
    """A ticket that is closed, or goes on in another one, has no session."""
    if current(ticket.id):
        end(ticket, by=by, now=now)


def _granted(ticket: Ticket, *, now: datetime) -> RemoteSupport:
    conditions = terms(ticket, now=now)
    if conditions is None:
        raise Refused(_("This customer’s plan has no remote support."))
    return conditions


def _in_state(ticket: Ticket, state: str) -> Any:
    session = current(ticket.id)
    if session is None or session.state != state:
        raise Refused(_("The session has changed meanwhile. Load the page again."))
    return session
