"""What a mail becomes: a reply on its ticket, a new ticket by what its sender holds, or a note of a machine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.accounts.entitlement import entitlement_of
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.errors import Refused
from portal.mailroom import cutting
from portal.mailroom.reading import Reading
from portal.sla.entitlement import Entitlement
from portal.tickets import attachments, conversation, drafts, filing, progress, quoting
from portal.tickets.ticket import Attachment, Draft, Message, Ticket
from portal.web import settings

ROOM = 1000  # characters kept free for what is said about the files


@dataclass(frozen=True)
class Holder:
    """A person who writes, the organisation they write for (None: for none in particular), and what it is about."""

    person: User
    organisation: Organisation | None
    product: Product | None


def holder_of(reading: Reading, person: User, *, now: datetime) -> Holder | None:
    """Who may open a ticket by mail, and for whom; None for somebody who may not.

    A member of several organisations that may does not say which: the ticket is their own then, for otherwise
    the owners of one could read what was meant for another.
    """
    product = product_named(reading.subject)
    organisations = list(db.session.scalars(person.organisations()))
    asked = quoting.Fields(product=product, channel="email")

    def may(organisation: Organisation | None) -> bool:
        zone = person.zone or settings().default_zone
        return quoting.quote_for(person, organisation, asked, now=now, zone=zone).allowed

    able = [organisation for organisation in organisations if may(organisation)]
    if len(able) == 1:
        return Holder(person, able[0], product)
    return Holder(person, None, product) if may(None) else None


def held_by(person: User | None, *, now: datetime) -> Entitlement:
    """What directions are written from: a stranger has what everybody has."""
    return entitlement_of(person, now=now)


def product_named(subject: str) -> Product | None:
    """The one product whose name stands in the subject."""
    words = f" {subject.casefold()} "
    products = db.session.scalars(Product.visible_to(None)).all()
    named = [product for product in products if f" {product.name.casefold()} " in words.replace(":", " ")]
    return named[0] if len(named) == 1 else None


def holder_after(ticket: Ticket, person: User, *, now: datetime) -> Holder | None:
    """Who goes on from a closed ticket by a new one; None for somebody who may not by mail."""
    theirs = db.session.scalars(person.organisations()).all()
    organisation = ticket.organisation if ticket.organisation in theirs else None
    asked = quoting.Fields(product=ticket.product, topic=ticket.topic, channel="email")
    zone = person.zone or settings().default_zone
    is_allowed = quoting.quote_for(person, organisation, asked, now=now, zone=zone).allowed
    return Holder(person, organisation, ticket.product) if is_allowed else None


def file(reading: Reading, holder: Holder, *, now: datetime, is_receipted: bool = True) -> Ticket:
    """A new ticket, with the promise that the policy makes to this sender by mail."""
    person, language = holder.person, holder.person.locale or settings().default_locale

    def say(text: str, files: list[Attachment], key: str) -> Ticket:
        request = filing.Request(
            form_key=key,
            subject=reading.subject or _("No subject"),
            body=text,
            language=language,
            zone=person.zone or settings().default_zone,
            channel="email",
            organisation=holder.organisation,
            product=holder.product,
            attachments=files,
            is_receipted=is_receipted,
        )
        return filing.file_ticket(request, by=person, now=now)

    words = cutting.letter_of(reading.text)
    ticket: Ticket = _with_files(reading, words, say, by=person, language=language, now=now)
    return ticket


def answer(reading: Reading, ticket: Ticket, *, by: User, now: datetime) -> Message:
    """The mail as a message on its ticket. One that was closed is open again, as by the button of its page."""
    verb: Callable[..., Message] = progress.reopen if ticket.status == "closed" else conversation.reply

    def say(text: str, files: list[Attachment], key: str) -> Message:
        return verb(ticket, text, by=by, now=now, attachments=files, form_key=key)

    words = cutting.reply_of(reading.text)
    message: Message = _with_files(reading, words, say, by=by, language=ticket.language, now=now)
    return message


def note(reading: Reading, ticket: Ticket, *, now: datetime) -> Message:
    """What a machine wrote, for staff alone."""
    words = cutting.reply_of(reading.text)[:4000]
    return conversation.note_of_machine(ticket, f"{reading.sender}: {reading.subject}\n\n{words}".strip(), now=now)


def _with_files(
    reading: Reading, words: str, say: Callable[..., Any], *, by: User, language: str, now: datetime
) -> Any:
    """Say it with the files that the rules of uploads take; those they don't are named at its end."""
    draft = Draft(owner_id=by.id, form_key=drafts.new_key(), fields={}, updated_at=now)
    db.session.add(draft)
    db.session.flush()
    with force_locale(language):
        files, longest = list(reading.files), conversation.LONGEST_BODY - ROOM
        if len(words) > longest:
            files.insert(0, ("message.txt", words.encode()))
            words = f"{words[:longest]}…"
        refused = _attach(files, draft, by=by, now=now)
        text = words or (_("The mail had no text, only files.") if draft.attachments else _("The mail had no text."))
        if refused:
            text += "\n\n" + _("Files that were not taken:") + "\n" + "\n".join(f"- {line[:150]}" for line in refused)
        made = say(text[: conversation.LONGEST_BODY], list(draft.attachments), draft.form_key)
    filing.finish(draft)
    return made


def _attach(files: list[tuple[str, bytes]], draft: Draft, *, by: User, now: datetime) -> list[str]:
    """Returns a sentence for each file that was refused; at most five of them."""
    refused = []
    for name, content in files:
        try:
            attachments.attach(draft, BytesIO(content), name, by=by, now=now)
        except Refused as error:
            refused.append(str(error))
    return [*refused[:5], "…"] if len(refused) > 5 else refused
