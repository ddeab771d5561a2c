"""One act on many tickets: each for itself, with what was refused told, and a way back."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Select, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.tickets import clocks, progress, tags
from portal.tickets.ticket import Ticket

MOST = 100  # tickets at once: each is held until all are done
UNDO_FOR = timedelta(hours=1)
KINDS = ("tag", "assign", "close")


class BulkAct(Model):
    """What was done: `done` says of each ticket what it was before, `refused` why nothing was done to it."""

    __tablename__ = "bulk_act"

    id: Mapped[int] = mapped_column(primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    detail: Mapped[dict[str, Any]]  # to: whom it was given to; names: the tags
    done: Mapped[list[Any]]
    refused: Mapped[list[Any]]
    left: Mapped[list[Any]] = mapped_column(default=list)  # numbers that an undoing left as they were by then
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    undone_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, person: User) -> Select["BulkAct"]:
        return select(cls).where(cls.by_id == person.id)

    def may_be_undone(self, now: datetime) -> bool:
        return bool(self.done) and self.undone_at is None and now - self.at < UNDO_FOR


def act(numbers: Iterable[int], kind: str, detail: Mapping[str, Any], *, by: User, now: datetime) -> BulkAct:
    """Do it to each. Tickets are held in the order of their numbers, so that two at once don't wait for each other."""
    chosen = sorted(set(numbers))
    if not chosen:
        raise Refused(_("Choose tickets first."))
    if len(chosen) > MOST:
        raise Refused(_("Choose at most %(most)s tickets.", most=MOST))
    done, refused = [], []
    for number in chosen:
        ticket = Ticket.held(number, by)
        try:
            if ticket is None or ticket.number != number:
                raise Refused(_("It is not there any more."))
            with db.session.begin_nested():
                done.append({"number": number, "before": _do(ticket, kind, detail, by=by, now=now)})
        except Refused as reason:
            refused.append({"number": number, "reason": str(reason)})
    row = BulkAct(by_id=by.id, kind=kind, detail=dict(detail), done=done, refused=refused, at=now)
    db.session.add(row)
    db.session.flush()
    return row


def _do(ticket: Ticket, kind: str, detail: Mapping[str, Any], *, by: User, now: datetime) -> Any:
    """Do it to one; returns what an undoing needs to know."""
    progress.refuse_closed(ticket)
    if kind == "close":
        before: Any = ticket.status
        progress.close(ticket, by=by, now=now)
    elif kind == "assign":
        before = ticket.assignee_id
        if before == detail["to"]:
            raise Refused(_("It is assigned so already."))
        progress.assign(ticket, db.session.get(User, detail["to"]) if detail["to"] else None, by=by, now=now)
    else:
        before = tags.tag(ticket, detail["names"], by=by, now=now)
        if not before:
            raise Refused(_("It has these tags already."))
    return before


def undo(row: BulkAct, *, by: User, now: datetime) -> None:
    """Put back what nobody has changed since. What was closed is open again; its credentials stay forgotten."""
    db.session.refresh(row, with_for_update=True)
    if not row.may_be_undone(now):
        raise Refused(_("This can't be undone any more."))
    left = []
    for one in row.done:
        ticket = Ticket.held(one["number"], by)
        if ticket is None or ticket.number != one["number"] or not _undo(ticket, row, one["before"], by=by, now=now):
            left.append(one["number"])
    row.left, row.undone_at = left, now


def forget_bulk_acts(*, now: datetime) -> None:
    """Rows that nobody can undo any more; the tickets' own logs keep what was done."""
    db.session.execute(delete(BulkAct).where(BulkAct.at < now - 24 * UNDO_FOR))


def _undo(ticket: Ticket, row: BulkAct, before: Any, *, by: User, now: datetime) -> bool:
    if row.kind == "close":
        if ticket.status != "closed":
            return False
        ticket.record("reopened", by=by, at=now, by_customer=False)
        ticket.status, ticket.resolved_at, ticket.closed_at = "open", None, None
        clocks.refresh(ticket, now=now)
        return True
    if row.kind == "assign":
        if ticket.assignee_id != row.detail["to"] or ticket.status == "closed":
            return False
        person = db.session.get(User, before) if before else None
        progress.assign(ticket, person if person and person.is_staff else None, by=by, now=now)
        return True
    return bool(tags.untag(ticket, before, by=by, now=now))
