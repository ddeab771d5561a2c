"""A message that is about something else becomes a ticket of its own, with a promise of its own."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.people import User
from portal.errors import Refused
from portal.policies import the_policy
from portal.tickets import clocks, custom_fields, filing, letters, quoting
from portal.tickets.ticket import Message, Ticket


def splittable(messages: Sequence[Message]) -> Sequence[Message]:
    """Those of a ticket's messages that are its customer's, but the one that it began with."""
    return [message for message in messages[1:] if message.kind == "customer"]


def split(ticket: Ticket, message: Message, subject: str, *, by: User, now: datetime) -> Ticket:
    """File a message of the ticket anew, with its files; what is promised counts from now, and the customer is told.

    The ticket itself keeps every promise: it may have been asked two things at once.
    """
    if message not in splittable(ticket.messages):
        raise Refused(_("Only a later message of the customer can be split off."))
    asked = quoting.Fields(topic=ticket.topic, product=ticket.product, channel=ticket.channel)
    held = quoting.held_of(ticket, asked, now=now)
    offered = quoting.severities(the_policy(), held.tier, ticket.topic)
    request = filing.Request(
        form_key=secrets.token_hex(16),
        subject=subject,
        body=message.body,
        moved=message,
        language=ticket.language,
        zone=letters.zone_of(ticket),
        topic=ticket.topic,
        channel=ticket.channel,
        organisation=ticket.organisation,
        reseller_id=ticket.reseller_id,
        product=ticket.product,
        version=ticket.product_version,
        severity=ticket.severity if ticket.severity in offered else None,
        remote_access=ticket.remote_access_consent,
        fields={row.field_id: row.value for row in custom_fields.answered(ticket.id)},
    )
    made = filing.file_ticket(request, by=ticket.requester, now=now)
    made.follows_id = ticket.id
    ticket.record("split", by=by, at=now, number=made.number, subject=made.subject)
    clocks.refresh(ticket, now=now)
    return made
