"""The mails about a ticket: one function each, in the customer's language and zone. Internal notes have none."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import force_locale

from portal.accounts.partnership import acts_for
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.mail import Mail, compose, signed_message_id, thread_id
from portal.sla import Quote
from portal.sla.timers import Breach
from portal.tickets import clocks, quoting, telling
from portal.tickets.followers import told_colleagues
from portal.tickets.prose import plain, prose
from portal.tickets.ticket import Message, Ticket
from portal.web import settings


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
    told["for_whom"] = ticket.organisation.name if ticket.reseller_id and ticket.organisation else ""
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


def send_merged(ticket: Ticket, other: Ticket) -> Mail | None:
    """To whoever filed both: the other one goes on in this one. It stands in the thread of the other one's mails."""
    with force_locale(locale_of(ticket)):
        next_due = telling.due_words(clocks.next_clock(ticket))
    return _send(
        ticket,
        "merged",
        N_("[#%(number)s] Your ticket %(other)s goes on here: %(title)s"),
        thread=other.number,
        other=other.number,
        other_title=other.subject,
        due_at=ticket.next_due_at,
        next_due=next_due,
    )


def send_moved(ticket: Ticket, moved: Sequence[tuple[str, datetime, datetime]]) -> Mail | None:
    """The support policy was edited: what was due when they were told, and when it is now, by clock."""
    with force_locale(locale_of(ticket)):
        told = [(telling.due_words(clock), before, due_at) for clock, before, due_at in moved]
    return _send(ticket, "moved", N_("[#%(number)s] Due at another time: %(title)s"), moved=told)


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


def send_given(ticket: Ticket, to: User) -> Mail:
    """To one of the staff: the policy gave them this ticket."""
    return compose(
        to.email,
        "tickets/mail/given",
        N_("[#%(number)s] Given to you: %(title)s"),
        locale=to.locale or settings().default_locale,
        zone=to.zone or settings().default_zone,
        number=ticket.number,
        title=ticket.subject,
        name=to.display_name,
        due_at=ticket.next_due_at,
        address=f"{settings().base_url.rstrip('/')}/desk/{ticket.number}",
    )


def send_news(ticket: Ticket, to: User, *, kind: str, by: User) -> Mail:
    """To one of the staff who follow the ticket: who did what. The words themselves stay in the portal."""
    locale, zone = to.locale or settings().default_locale, to.zone or settings().default_zone
    with force_locale(locale):
        what = telling.news_words(kind, by.display_name)
    return compose(
        to.email,
        "tickets/mail/news",
        N_("[#%(number)s] %(what)s: %(title)s"),
        locale=locale,
        zone=zone,
        number=ticket.number,
        title=ticket.subject,
        name=to.display_name,
        what=what,
        address=f"{settings().base_url.rstrip('/')}/desk/{ticket.number}",
    )


def send_shared(ticket: Ticket, to: User, *, by: User) -> Mail:
    """To a colleague with whom the ticket is shared."""
    subject = N_("[#%(number)s] %(who)s shares a ticket with you: %(title)s")
    return _compose(ticket, to, "shared", subject, who=by.display_name)


def send_remote(ticket: Ticket, *, purpose: str) -> Mail | None:
    """A remote session is proposed; consent is given on the ticket's page alone."""
    return _send(ticket, "remote", N_("[#%(number)s] A remote session? %(title)s"), purpose=purpose)


def is_reached(ticket: Ticket) -> bool:
    """True while who filed the ticket may still read it."""
    person, organisation = ticket.requester, ticket.organisation_id
    if ticket.reseller_id is not None and organisation is not None:
        return bool(person.active) and acts_for(person.id, organisation)
    return bool(person.active) and (organisation is None or person.role_in(organisation) is not None)


def locale_of(ticket: Ticket) -> str:
    return ticket.requester.locale or ticket.language


def zone_of(ticket: Ticket) -> str:
    return ticket.requester.zone or ticket.promise_zone


def _send_message(ticket: Ticket, message: Message, name: str, subject: str, **more: Any) -> Mail | None:
    assert message.kind == "agent", "only public replies are mailed"
    told: dict[str, Any] = {
        "anchor": f"#m{message.id}",
        "author": message.author.display_name if message.author else "",
        "body": plain(message.body),
        "body_html": prose(message.body),
        "files": [(attachment.filename, attachment.size) for attachment in message.attachments],
        **more,
    }
    for colleague in told_colleagues(ticket):
        _compose(ticket, colleague, name, subject, **told)
    return _send(ticket, name, subject, **told)


def _send(ticket: Ticket, name: str, subject: str, **context: Any) -> Mail | None:
    """To whoever filed it. Nobody is written to about a ticket that they may not read any more: who left the
    organisation, who is suspended."""
    return _compose(ticket, ticket.requester, name, subject, **context) if is_reached(ticket) else None


def _compose(
    ticket: Ticket, to: User, name: str, subject: str, *, anchor: str = "", thread: int | None = None, **context: Any
) -> Mail:
    """Threaded by the ticket's own Message-ID, or that of the ticket numbered `thread`; links start with the portal's
    address from the settings."""
    return compose(
        to.email,
        f"tickets/mail/{name}",
        subject,
        locale=to.locale or ticket.language,
        zone=to.zone or ticket.promise_zone,
        message_id=signed_message_id("ticket", ticket.number, name),
        in_reply_to=thread_id(thread or ticket.number),
        references=[thread_id(thread or ticket.number)],
        ticket_id=ticket.id,
        number=ticket.number,
        title=ticket.subject,
        name=to.display_name,
        is_own=to.id == ticket.requester_id,
        address=f"{settings().base_url.rstrip('/')}/tickets/{ticket.number}{anchor}",
        **context,
    )
