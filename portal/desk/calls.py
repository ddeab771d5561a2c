"""What a call leaves behind: the caller's words, the answer and a note, on a ticket of theirs or on a new one."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Select

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.policies import the_policy
from portal.tickets import conversation, filing, quoting
from portal.tickets.ticket import Message, Ticket
from portal.web import settings

CHANNEL = "phone"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that was taken. `said` are the caller's words, `answered` goes to them by mail too, `note` is internal."""

    caller: User
    form_key: str
    said: str = ""
    answered: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a new ticket is about."""

    subject: str
    topic: str
    organisation: Organisation | None
    product: Product | None
    severity: str | None


def tickets_of(caller: User) -> Select[Ticket]:
    """What the caller may speak about: every ticket they see that isn't closed, the latest first."""
    return Ticket.visible_to(caller).where(Ticket.status != "closed").order_by(Ticket.updated_at.desc(), Ticket.id)


def add_to(ticket: Ticket, call: Call, *, by: User, now: datetime) -> None:
    """Write the call down on a ticket. The caller's words count as theirs, the answer as the agent's."""
    made: list[Message] = []
    if call.said:
        made.append(conversation.reply(ticket, _written_down(call, ticket.language, by), by=call.caller, now=now))
    made += _rest(ticket, call, by=by, now=now)
    made[0].form_key = call.form_key


def file(call: Call, about: Subject, *, by: User, now: datetime) -> Ticket:
    """A new ticket on behalf of the caller, with the promise of what they hold. Raises `Refused` where none may be."""
    language, zone = call.caller.locale or settings().default_locale, call.caller.zone or settings().default_zone
    request = filing.Request(
        form_key=call.form_key,
        subject=about.subject,
        body=_written_down(call, language, by),
        language=language,
        zone=zone,
        topic=about.topic,
        channel=channel_for(call.caller, about, now=now, zone=zone),
        organisation=about.organisation,
        product=about.product,
        severity=about.severity,
        taken_by=by,
    )
    ticket = filing.file_ticket(request, by=call.caller, now=now)
    _rest(ticket, call, by=by, now=now)
    return ticket


def channel_for(caller: User, about: Subject, *, now: datetime, zone: str) -> str:
    """By phone; a question about billing of somebody without it goes the way that everybody has for those."""
    policy = the_policy()
    if about.topic != "billing" or not policy.billing:
        return CHANNEL
    asked = quoting.Fields(topic=about.topic, channel=CHANNEL)
    if quoting.quote_for(caller, about.organisation, asked, now=now, zone=zone).allowed:
        return CHANNEL
    return next(iter(policy.billing.channels), CHANNEL)


def _rest(ticket: Ticket, call: Call, *, by: User, now: datetime) -> list[Message]:
    made = []
    if call.answered:
        made.append(conversation.reply(ticket, call.answered, by=by, now=now))
    if call.note:
        made.append(conversation.note(ticket, call.note, by=by, now=now))
    return made


def _written_down(call: Call, language: str, by: User) -> str:
    """The caller's words, and who wrote them down: nobody is to be quoted without knowing."""
    with force_locale(language):
        return _("Said on the phone, written down by %(name)s:", name=by.display_name) + "\n\n" + call.said
