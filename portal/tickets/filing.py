"""Filing: one transaction that writes the ticket, its promise, the conversation, the log, the files and the mail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.errors import Refused
from portal.policies import the_policy
from portal.sla import QuoteRequest, make_quote
from portal.tickets import clocks, conversation, credentials, custom_fields, letters, quoting, telling
from portal.tickets.ticket import Attachment, Draft, Message, ReadAnswer, Ticket, new_number


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a customer asks, whatever way it came in."""

    form_key: str
    subject: str
    body: str
    language: str
    zone: str
    topic: str = "product"  # product, billing
    channel: str = "ticket"
    organisation: Organisation | None = None
    reseller_id: int | None = None  # whose person files it for the organisation, with its consent
    product: Product | None = None
    version: str | None = None
    severity: str | None = None
    remote_access: bool = False
    sealed: str | None = None  # credentials, encrypted by `credentials.encrypt`
    attachments: Iterable[Attachment] = ()
    answers: Iterable[Mapping[str, Any]] = ()
    fields: Mapping[int, str] = field(default_factory=dict)  # what the vendor asks for, by the field's id
    moved: Message | None = None  # what was said on another ticket, and is this one's first message now
    taken_by: User | None = None  # of staff: who wrote down what a caller asked
    is_receipted: bool = True  # False: the customer is not written to, so that no two machines write to each other


def file_ticket(request: Request, *, by: User, now: datetime) -> Ticket:
    """Write the ticket with the promise it was quoted. Raises `Refused` where the policy allows no ticket.

    A second filing with the same `form_key` breaks the database's unique constraint: one form makes one ticket.
    """
    asked = quoting.Fields(
        topic=request.topic, product=request.product, severity=request.severity, channel=request.channel
    )
    acting = request.reseller_id is not None
    held = quoting.held_for(by, request.organisation, asked, now=now, acting=acting)
    weighed = quoting.request_for(held, request.organisation, asked, now=now)
    quote = make_quote(the_policy(), weighed, at=now, zone=request.zone)
    if not quote.allowed:
        raise Refused(" ".join(telling.explained(quote, locale=request.language, zone=request.zone)))
    ticket = Ticket(
        number=_free_number(),
        form_key=request.form_key,
        topic=request.topic,
        channel=request.channel,
        subject=" ".join(conversation.clean(request.subject).split())[:200],
        language=request.language,
        requester=by,
        organisation=request.organisation,
        reseller_id=request.reseller_id,
        product=request.product,
        product_version=request.version,
        plan=held.plan,
        tier=quote.tier,
        severity_claimed=quote.severity,
        severity=quote.severity,
        queue=quote.queue,
        rank=quoting.rank_for(quote, weighed, acting=acting),
        policy_id=quote.policy_id,
        policy_version=quote.policy_version,
        promise=quote.to_record(),
        promise_zone=request.zone,
        remote_access_consent=request.remote_access,
        created_at=now,
        updated_at=now,
    )
    db.session.add(ticket)
    db.session.flush()
    message = request.moved or conversation.add(
        ticket, "customer", request.body, by=by, now=now, attachments=request.attachments
    )
    message.ticket = ticket
    _log_receipt(ticket, weighed, message, request.taken_by, now=now)
    if request.is_receipted:  # automatic: most policies' clocks ignore it
        ticket.record("receipt_sent", by=None, at=now, automatic=True)
    if request.sealed:
        credentials.seal(ticket, request.sealed, by=by, now=now)
    _note_answers(ticket, request.answers)
    custom_fields.keep(ticket, request.fields)
    clocks.refresh(ticket, now=now)
    if request.is_receipted:
        letters.send_filed(ticket)
    return ticket


def filed_with(form_key: str, *, by: User) -> Ticket | None:
    """The ticket this form has already made, for its author."""
    return db.session.scalar(select(Ticket).where(Ticket.form_key == form_key, Ticket.requester_id == by.id))


def finish(draft: Draft) -> None:
    """The draft has become a ticket or a message: its files went along, it can go."""
    db.session.flush()
    db.session.expire(draft, ["attachments"])
    db.session.delete(draft)


def _log_receipt(
    ticket: Ticket, request: QuoteRequest, message: Message, taken_by: User | None, *, now: datetime
) -> None:
    """The log begins with what the promise depends on."""
    settled = {"tier": ticket.tier, "severity": ticket.severity, "message": message.id}
    if taken_by:
        settled["taken_by"] = taken_by.id
    ticket.record("received", by=ticket.requester, at=now, **(request._asdict() | settled))


def _note_answers(ticket: Ticket, answers: Iterable[Mapping[str, Any]]) -> None:
    for answer in answers:
        db.session.add(
            ReadAnswer(
                ticket_id=ticket.id,
                title=str(answer["title"])[:300],
                url=str(answer["url"])[:500],
                was_opened=bool(answer["opened"]),
            )
        )


def _free_number() -> int:
    """A number nobody has. Two that draw the same in the same instant are told apart by the unique constraint."""
    while True:
        number = new_number()
        if db.session.scalar(select(Ticket.id).where(Ticket.number == number)) is None:
            return number
