"""The mails about a ticket: one function each, in the customer's language and zone. Internal notes have none."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import force_locale

from portal.accounts.people import User
from portal.mail import Mail, compose, signed_message_id, thread_id
from portal.sla import Quote
from portal.sla.timers import Breach
from portal.tickets import clocks, quoting, telling
from portal.tickets.prose import plain, prose
from portal.tickets.ticket import Message, Ticket
from portal.web import settings


def N_(text: str) -> str:
    """Marks a subject for translation; `compose` translates it."""
    return text


def send_filed(ticket: Ticket) -> Mail | None:
    """The receipt (T11): number, when the first answer is due, and how that was counted."""
    promise, first = Quote.from_json(ticket.promise), Quote.from_json(ticket.promise).first_response
    with force_locale(locale_of(ticket)):
        told: dict[str, Any] = {
            "steps": telling.explained(promise, locale=locale_of(ticket), zone=zone_of(ticket)),
            "headline": telling.headline(promise),
            "basis": telling.basis(promise.basis),
        }
    told |= {"due_at": first.due_at if first else None, "earliest_at": first.earliest_at if first else None}
    return _send(ticket, "filed", N_("[#%(number)s] We have your ticket: %(title)s"), **told)


def send_triage(ticket: Ticket, *, before: str | None, reason: str, now: datetime) -> Mail | None:
    """The notice that the ticket is logged, with the severity the vendor gives it (Z10, Z11)."""
    severity = quoting.severity_name(ticket, ticket.severity, locale=locale_of(ticket))
    with force_locale(locale_of(ticket)):
        next_due = telling.due_words(clocks.next_clock(ticket))
    return _send(
        ticket,
        "triaged",
        N_("[#%(number)s] Your ticket is logged: %(title)s"),
        severity=severity,
        was_changed=before != ticket.severity,
        reason=reason,
        due_at=ticket.next_due_at,
        next_due=next_due,
    )


def send_reply(ticket: Ticket, message: Message) -> Mail | None:
    """An agent's reply, whole; its files are fetched from the portal."""
    return _send_message(ticket, message, "replied", N_("[#%(number)s] A reply to: %(title)s"))


def send_resolved(ticket: Ticket, message: Message) -> Mail | None:
    """The last reply, and how to go on if it solved nothing."""
    subject = N_("[#%(number)s] Resolved: %(title)s")
    return _send_message(ticket, message, "resolved", subject, closes_at=ticket.closes_at)


def send_question(ticket: Ticket, key: str) -> Mail | None:
    """How did it go (Z14)? The links only open a page: programs that follow every link of a mail rate nothing."""
    page = f"{settings().base_url.rstrip('/')}/tickets/rating/{key}"
    subject = N_("[#%(number)s] How did it go? %(title)s")
    return _send(ticket, "asked", subject, good=f"{page}?score=good", bad=f"{page}?score=bad")


def send_apology(ticket: Ticket, breach: Breach, *, credit: Decimal | None) -> Mail | None:
    """A promise was not kept: said before the customer asks, with what the policy gives for it (T20)."""
    with force_locale(locale_of(ticket)):
        promised = telling.promised_words(breach.clock)
    return _send(
        ticket,
        "late",
        N_("[#%(number)s] We are late: %(title)s"),
        promised=promised,
        due_at=breach.due_at,
        stopped_at=breach.stopped_at,
        credit=credit,
    )


def send_warning(ticket: Ticket, to: User, *, clock: str, due_at: datetime, is_late: bool = False) -> Mail:
    """To one of the staff: a clock is about to run out, or has."""
    locale, zone = to.locale or settings().default_locale, to.zone or settings().default_zone
    with force_locale(locale):
        what = str(telling.CLOCKS[clock])
    late, soon = N_("[#%(number)s] Late: %(what)s, %(title)s"), N_("[#%(number)s] Due soon: %(what)s, %(title)s")
    return compose(
        to.email,
        "tickets/mail/warning",
        late if is_late else soon,
        locale=locale,
        zone=zone,
        number=ticket.number,
        title=ticket.subject,
        name=to.display_name,
        what=what,
        due_at=due_at,
        is_late=is_late,
        address=f"{settings().base_url.rstrip('/')}/desk/{ticket.number}",
    )


def is_reached(ticket: Ticket) -> bool:
    """True while who filed the ticket may still read it."""
    left = ticket.organisation_id is not None and ticket.requester.role_in(ticket.organisation_id) is None
    return bool(ticket.requester.active) and not left


def locale_of(ticket: Ticket) -> str:
    return ticket.requester.locale or ticket.language


def zone_of(ticket: Ticket) -> str:
    return ticket.requester.zone or ticket.promise_zone


def _send_message(ticket: Ticket, message: Message, name: str, subject: str, **more: Any) -> Mail | None:
    assert message.kind == "agent", "only public replies are mailed"
    return _send(
        ticket,
        name,
        subject,
        f"#m{message.id}",
        author=message.author.display_name if message.author else "",
        body=plain(message.body),
        body_html=prose(message.body),
        files=[(attachment.filename, attachment.size) for attachment in message.attachments],
        **more,
    )


def _send(ticket: Ticket, name: str, subject: str, anchor: str = "", **context: Any) -> Mail | None:
    """Threaded by the ticket's own Message-ID; links start with the portal's address from the settings.

    Nobody is written to about a ticket that they may not read any more: who left the organisation, who is suspended.
    """
    if not is_reached(ticket):
        return None
    return compose(
        ticket.requester.email,
        f"tickets/mail/{name}",
        subject,
        locale=locale_of(ticket),
        zone=zone_of(ticket),
        message_id=signed_message_id("ticket", ticket.number, name),
        in_reply_to=thread_id(ticket.number),
        references=[thread_id(ticket.number)],
        ticket_id=ticket.id,
        number=ticket.number,
        title=ticket.subject,
        name=ticket.requester.display_name,
        address=f"{settings().base_url.rstrip('/')}/tickets/{ticket.number}{anchor}",
        **context,
    )
