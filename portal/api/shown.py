"""How a ticket and what is said on it look to a program. Webhooks send the same."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from portal.accounts.people import User
from portal.sla.quote import Quote, utc
from portal.tickets import clocks
from portal.tickets.custom_fields import answered, label_of
from portal.tickets.satisfaction import rating_of
from portal.tickets.ticket import Attachment, Message, Ticket
from portal.web import settings

Shown = dict[str, Any]


def ticket_in_list(ticket: Ticket, *, desk: bool = False) -> Shown:
    """The facts of a ticket; with `desk` also what only staff may know."""
    place = "desk" if desk else "tickets"
    facts = {
        "number": ticket.number,
        "url": address(f"/{place}/{ticket.number}"),
        "subject": ticket.subject,
        "topic": ticket.topic,
        "channel": ticket.channel,
        "status": ticket.status,
        "severity": ticket.severity,
        "product": ticket.product.slug if ticket.product else None,
        "version": ticket.product_version,
        "organisation": (
            {"id": ticket.organisation.id, "name": ticket.organisation.name} if ticket.organisation else None
        ),
        "requester": person(ticket.requester),
        "plan": ticket.plan,
        "tier": ticket.tier,
        "next_due": next_due(ticket),
        "created_at": utc(ticket.created_at),
        "updated_at": utc(ticket.updated_at),
        "resolved_at": moment(ticket.resolved_at),
        "closed_at": moment(ticket.closed_at),
    }
    if desk:
        assignee = person(ticket.assignee) if ticket.assignee else None
        facts |= {"queue": ticket.queue, "rank": ticket.rank, "assignee": assignee}
        facts["requester"] = person(ticket.requester) | {"email": ticket.requester.email}
    return facts


def ticket_alone(ticket: Ticket, *, locale: str, desk: bool = False) -> Shown:
    """The same with what was promised at filing, what was asked about the product, and how it was rated."""
    rating = rating_of(ticket.id)
    answers = [
        {"id": row.field_id, "label": label_of(row.field.labels, locale), "value": row.value}
        for row in answered(ticket.id)
    ]
    return ticket_in_list(ticket, desk=desk) | {
        "promise": Quote.from_json(ticket.promise).to_json(),
        "fields": answers,
        "rating": {"score": rating.score, "comment": rating.comment} if rating and rating.score else None,
    }


def next_due(ticket: Ticket) -> Shown | None:
    """The clock that runs out next."""
    clock = clocks.next_clock(ticket)
    return {"clock": clock, "at": moment(ticket.next_due_at)} if clock else None


def message(one: Message) -> Shown:
    return {
        "id": one.id,
        "kind": one.kind,
        "author": person(one.author) if one.author else None,
        "body": one.body,
        "created_at": utc(one.created_at),
        "attachments": [attachment(file) for file in one.attachments],
    }


def attachment(file: Attachment) -> Shown:
    return {
        "id": file.token,
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "url": address(f"/api/v1/attachments/{file.token}"),
    }


def person(one: User) -> Shown:
    """Nobody's address: a colleague reads the name alone on the pages, too."""
    return {"id": one.id, "name": one.display_name}


def quote(promise: Quote, severities: Mapping[str, str], asked: Iterable[Any], *, locale: str) -> Shown:
    """A promise that would be made now, the severities to choose from, and what is asked (rows of `ASKED`)."""
    fields = [
        {
            "id": row.id,
            "label": label_of(row.labels, locale),
            "kind": row.kind,
            "choices": row.choices,
            "required": row.is_required,
        }
        for row in asked
    ]
    offered = [{"id": name, "name": words} for name, words in severities.items()]
    return promise.to_json() | {"severities": offered, "fields": fields}


def moment(at: datetime | None) -> str | None:
    return utc(at) if at else None


def address(path: str) -> str:
    return f"{settings().base_url.rstrip('/')}{path}"
