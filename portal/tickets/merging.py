"""Two tickets about one thing: what was said on one goes on in the other, and nothing promised for it is lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select, update

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.sla.timers import Timer, Timers
from portal.tickets import clocks, family, followers, letters, progress, remote, watching
from portal.tickets.custom_fields import FieldValue
from portal.tickets.news import News
from portal.tickets.tags import TicketTag
from portal.tickets.tasks import Task
from portal.tickets.ticket import Credential, Draft, Follower, Message, ReadAnswer, Ticket

MOST_OFFERED = 50
MOVED = (Message, Draft, Credential, ReadAnswer, News, Task)

# What a ticket has once of each: where both have it, that of the ticket that goes on stays.
UNITED: tuple[tuple[Any, Any], ...] = (
    (Follower, Follower.user_id),
    (TicketTag, TicketTag.tag_id),
    (FieldValue, FieldValue.field_id),
)


def mergeable(ticket: Ticket) -> Select[Ticket]:
    """Those that the ticket may go on in: whoever reads one of them reads the others too."""
    return select(Ticket).where(
        Ticket.id != ticket.id,
        Ticket.requester_id == ticket.requester_id,
        Ticket.organisation_id.is_not_distinct_from(ticket.organisation_id),
        Ticket.topic == ticket.topic,
        Ticket.status != "closed",
    )


def offered(ticket: Ticket) -> Sequence[Any]:
    """Number and subject of the newest of them."""
    shown = mergeable(ticket).with_only_columns(Ticket.number, Ticket.subject)
    return db.session.execute(shown.order_by(Ticket.id.desc()).limit(MOST_OFFERED)).all()


def hold(*tickets: Ticket) -> None:
    """Hold them against others, always in the same order, and see them as they are by then."""
    ids = [ticket.id for ticket in tickets]
    db.session.execute(select(Ticket.id).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update())
    for ticket in tickets:
        db.session.refresh(ticket)


def merge(ticket: Ticket, into: Ticket, *, by: User, now: datetime) -> None:
    """Move what was said to `into`, and close the ticket; its number leads there from now on. Both are held.

    A question that waits for an answer waits there, and is owed it by when it was promised here.
    """
    progress.refuse_closed(ticket)
    if db.session.scalar(mergeable(ticket).where(Ticket.id == into.id)) is None:
        raise Refused(_("Only open tickets of the same person, organisation and topic can be merged."))
    if _readers(ticket) != _readers(into):
        raise Refused(_("They are shared with different colleagues. Share both with the same ones first."))
    watching.tell_due(ticket, now=now)  # what is late here is told here
    before = clocks.timers_of(ticket, now=now)
    owed = answer_owed(before)
    since = owed.started_at if owed else question_since(ticket)
    asked = {"since": since.isoformat()} if since else {}
    asked |= {"owed_at": owed.due_at.isoformat()} if owed and owed.due_at else {}
    into.record("joined", by=by, at=now, number=ticket.number, subject=ticket.subject, **asked)
    if since:
        into.status, into.resolved_at = "open", None
    remote.end_with(ticket, by=by, now=now)
    _move(ticket, into)
    ticket.record("closed", by=by, at=now, into=into.number)
    ticket.status, ticket.closed_at, ticket.merged_into_id = "closed", now, into.id
    if into.assignee_id is None and ticket.assignee and ticket.assignee.active:
        progress.assign(into, ticket.assignee, by=by, now=now)
    _refuse_loss(before, clocks.timers_of(into, now=now), into)
    if owed:
        _note_late(ticket, into, owed, now=now)
    for one in (ticket, into):
        clocks.refresh(one, now=now)
    letters.send_merged(into, ticket)


def _readers(ticket: Ticket) -> set[int]:
    """The colleagues whom its customer lets read it: merging shows nobody more than that."""
    return {colleague.id for colleague in followers.told_colleagues(ticket)}


def answer_owed(timers: Timers) -> Timer | None:
    """The clock of the answer that is still to come, with what is promised for it."""
    return next((timer for timer in (timers.first_response, timers.next_response) if timer.is_open), None)


def question_since(ticket: Ticket) -> datetime | None:
    """When the customer wrote what nobody has answered; None where the last word is the vendor's."""
    found = None
    for message in reversed(ticket.messages if ticket.is_open else ()):
        if message.kind == "agent":
            break
        found = message.created_at if message.kind == "customer" else found
    return found


def _move(ticket: Ticket, into: Ticket) -> None:
    for table in MOVED:
        db.session.execute(update(table).where(table.ticket_id == ticket.id).values(ticket_id=into.id))
    db.session.execute(update(Ticket).where(Ticket.merged_into_id == ticket.id).values(merged_into_id=into.id))
    for table, key in UNITED:
        there = select(key).where(table.ticket_id == into.id)
        new = update(table).where(table.ticket_id == ticket.id, key.not_in(there))
        db.session.execute(new.values(ticket_id=into.id), execution_options={"synchronize_session": False})
    family.unite(ticket, into)
    into.remote_access_consent = into.remote_access_consent or ticket.remote_access_consent
    db.session.flush()
    for one in (ticket, into):
        db.session.expire(one)


def _refuse_loss(before: Timers, after: Timers, into: Ticket) -> None:
    """What was promised for the one must be promised for the other, by then or sooner."""
    pairs = [(answer_owed(before), answer_owed(after)), (before.resolution, after.resolution)]
    for promised, kept in pairs:
        if promised is None or promised.due_at is None or promised.state not in ("running", "paused", "late"):
            continue
        if kept is None or kept.due_at is None or kept.due_at > promised.due_at:
            raise Refused(
                _("It is promised more than #%(number)s is: merge that one into this one.", number=into.number)
            )


def _note_late(ticket: Ticket, into: Ticket, owed: Timer, *, now: datetime) -> None:
    """The customer was told already that this answer is late: nobody tells them twice, and no second credit is due."""
    told = [event for event in ticket.events if event.kind == "breached" and event.detail["clock"] == owed.clock]
    here = answer_owed(clocks.timers_of(into, now=now))
    if told and here and owed.due_at and owed.due_at < now and here.due_at == owed.due_at:
        into.record("breached", by=None, at=now, **(told[-1].detail | {"clock": here.clock, "of": ticket.number}))
