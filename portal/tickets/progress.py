"""How a ticket moves on: triage, assignment, resolution, closing, reopening, a change of plan."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask_babel import gettext as _

from portal.accounts.people import User
from portal.errors import Refused
from portal.tickets import clocks, conversation, credentials, following_up, letters, news, quoting, remote
from portal.tickets.ticket import Attachment, Message, Ticket


def triage(ticket: Ticket, severity: str | None, *, by: User, now: datetime, reason: str = "") -> None:
    """Confirm or correct the severity (Z10) and tell the customer that the ticket is logged (Z11).

    The notice stops the first-response clock where the policy says so. Raised, the earlier of the old due time and
    the new target from now holds; lowered, nothing already promised moves. `severity` is None where the tier has none.
    """
    refuse_closed(ticket)
    offered = quoting.severities(clocks.policy_of(ticket), ticket.tier, ticket.topic)
    if severity not in offered if offered else severity is not None:
        raise Refused(_("This support tier has no such severity."))
    before, is_first = ticket.severity, not any(event.kind == "triaged" for event in ticket.events)
    if not is_first and before == severity:
        raise Refused(_("The ticket already has this severity."))
    ticket.severity = severity
    kind = "triaged" if is_first else "severity_changed"
    ticket.record(kind, by=by, at=now, severity=severity, before=before, reason=conversation.clean(reason))
    clocks.refresh(ticket, now=now)
    letters.send_triage(ticket, before=before, reason=conversation.clean(reason), now=now)


def assign(ticket: Ticket, to: User | None, *, by: User | None, now: datetime) -> None:
    """Give the ticket to one of the staff, or back to the queue; by nobody where the policy gives it out."""
    assert to is None or to.is_staff, "tickets are assigned to those who answer"
    ticket.assignee_id = to.id if to else None
    ticket.record("assigned", by=by, at=now, to=ticket.assignee_id)


def resolve(ticket: Ticket, body: str, *, by: User, now: datetime) -> Message:
    """Answer for good: the customer is told by mail, and can reopen by replying."""
    refuse_closed(ticket)
    message = conversation.add(ticket, "agent", body, by=by, now=now)
    conversation.take_charge(ticket, by=by, now=now)
    ticket.record("agent_replied", by=by, at=now, message=message.id, wait=False)
    ticket.record("resolved", by=by, at=now, message=message.id)
    ticket.status, ticket.resolved_at = "resolved", now
    _plan_the_end(ticket, now=now)
    clocks.refresh(ticket, now=now)
    letters.send_resolved(ticket, message)
    news.tell(ticket, "resolved", by=by, now=now)
    news.tell_customers(ticket, "resolved", by=by, now=now)
    return message


def _plan_the_end(ticket: Ticket, *, now: datetime) -> None:
    """When the customer is asked how it went, and when the ticket closes by itself: kept, for the mail names it."""
    question = clocks.policy_of(ticket).satisfaction
    ticket.ask_at = now + timedelta(hours=question.asked_after_hours) if question.asked_when_resolved else None
    ticket.closes_at = _end_after(ticket, now)


def _end_after(ticket: Ticket, at: datetime) -> datetime | None:
    """Until when what was resolved or closed then can be taken up again; None where the policy sets no days."""
    days = clocks.policy_of(ticket).general.closed_after_days
    return at + timedelta(days=days) if days else None


def close(ticket: Ticket, *, by: User | None, now: datetime) -> None:
    """End the ticket; by nobody, once its days are over. Its remote-access credentials are forgotten."""
    refuse_closed(ticket)
    ticket.record("closed", by=by, at=now)
    if ticket.status != "resolved":
        ticket.closes_at = _end_after(ticket, now)
    ticket.status, ticket.closed_at = "closed", now
    remote.end_with(ticket, by=by, now=now)
    credentials.purge(ticket, by=by, now=now)
    clocks.refresh(ticket, now=now)


def reopen(
    ticket: Ticket,
    body: str,
    *,
    by: User,
    now: datetime,
    attachments: Iterable[Attachment] = (),
    form_key: str | None = None,
) -> Message:
    """Take up a resolved or closed ticket again, with the reason as a message. Staff may whenever they see fit; its
    customer until the policy's days are over."""
    if ticket.is_open:
        raise Refused(_("This ticket is open already."))
    if ticket.merged_into_id:
        raise Refused(_("This ticket goes on in another one. Load the page again to write there."))
    is_vendor = conversation.answers_for_vendor(by, ticket)
    if not is_vendor and following_up.is_over(ticket, now=now):
        raise Refused(_("This ticket has been closed for too long to go on. File a new one that follows it."))
    kind = "agent" if is_vendor else "customer"
    message = conversation.add(ticket, kind, body, by=by, now=now, attachments=attachments, form_key=form_key)
    ticket.record("reopened", by=by, at=now, message=message.id, by_customer=not is_vendor)
    ticket.status, ticket.resolved_at, ticket.closed_at = "open", None, None
    if is_vendor:
        conversation.take_charge(ticket, by=by, now=now)
        ticket.record("agent_replied", by=by, at=now, message=message.id, wait=False)
        letters.send_reply(ticket, message)
        news.tell_customers(ticket, "replied", by=by, now=now)
    news.tell(ticket, "replied" if is_vendor else "wrote", by=by, now=now)
    clocks.refresh(ticket, now=now)
    return message


def upgrade(ticket: Ticket, plan: str, tier: str, *, by: User | None, now: datetime, reason: str = "") -> None:
    """The customer's plan or tier changed (R7). Faster targets hold from now; what was promised never moves back."""
    refuse_closed(ticket)
    if (ticket.plan, ticket.tier) == (plan, tier):
        return
    detail = {"plan": plan, "tier": tier, "before": [ticket.plan, ticket.tier], "reason": reason}
    ticket.plan, ticket.tier = plan, tier
    ticket.record("plan_changed", by=by, at=now, **detail)
    clocks.refresh(ticket, now=now)


def refuse_closed(ticket: Ticket) -> None:
    if ticket.status == "closed":
        raise Refused(_("This ticket is closed. Reopen it to go on."))
