"""What an agent has begun to write on a ticket: kept until it is sent, over errors, crossings and expired sessions."""

from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO, cast

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal.accounts.people import User
from portal.db import db
from portal.tickets.attachments import attach, discard
from portal.tickets.conversation import clean
from portal.tickets.drafts import said_with
from portal.tickets.ticket import Draft, Ticket

KINDS = ("reply", "note", "resolve")


def draft_of(ticket: Ticket, person: User) -> Draft | None:
    """The person's unsent words on this ticket: `fields` holds a text for each of KINDS."""
    query = Draft.visible_to(person).where(Draft.ticket_id == ticket.id, Draft.form_key == _key(ticket, person))
    return db.session.scalar(query)


def save(ticket: Ticket, kind: str, text: str, *, by: User, now: datetime) -> bool:
    """Keep what is being written. False when there is nothing (any more): an empty text makes no draft."""
    if text.strip():
        keep(ticket, kind, text, by=by, now=now)
        return True
    if (draft := draft_of(ticket, by)) and not draft.attachments:
        forget(draft, kind)
    return False


def keep(ticket: Ticket, kind: str, text: str, *, by: User, now: datetime) -> Draft:
    """Remember a text. Takes the place of the one kept before."""
    draft = draft_of(ticket, by)
    if draft is None:
        draft = Draft(owner_id=by.id, ticket_id=ticket.id, form_key=_key(ticket, by), fields={})
        db.session.add(draft)
    draft.fields = {**draft.fields, kind: clean(text)}
    draft.updated_at = now
    return draft


def keep_files(draft: Draft, files: Iterable[FileStorage], *, by: User, now: datetime) -> None:
    """Put uploaded files beside the text, so that they needn't be chosen again. Raises `Refused` for a bad one."""
    for file in files:
        if file.filename:
            attach(draft, cast(BinaryIO, file.stream), file.filename, by=by, now=now)


def forget(draft: Draft, kind: str) -> None:
    """What was sent isn't a draft any more. Files that were not sent with it go too, when nothing else is left."""
    draft.fields = {name: text for name, text in draft.fields.items() if name != kind and text}
    if not draft.fields:
        db.session.flush()
        db.session.expire(draft, ["attachments"])  # those that were sent belong to their message now
        discard(draft.attachments)
        db.session.delete(draft)


def take_back(kept: Draft, *, by: User, now: datetime) -> None:
    """What was sent after the end of a session joins the person's draft, unless just that had been sent before."""
    text, form_key = kept.fields.get("body", ""), kept.fields.get("form_key", "")
    if kept.ticket is not None and not (form_key and said_with(form_key) == text):
        keep(kept.ticket, kept.fields.get("kind", "reply"), text, by=by, now=now)
    db.session.delete(kept)


def _key(ticket: Ticket, person: User) -> str:
    return f"desk-{ticket.id}-{person.id}"


def follow(ticket: Ticket, into: Ticket) -> None:
    """What agents have begun on a ticket that was merged is begun on the other one, after what they have there.

    The drafts themselves were moved already: here they get the name by which they are found.
    """
    begun = select(Draft).where(Draft.ticket_id == into.id, Draft.form_key.like(f"desk-{ticket.id}-%"))
    for draft in db.session.scalars(begun):
        key = f"desk-{into.id}-{draft.owner_id}"
        there = db.session.scalar(select(Draft).where(Draft.form_key == key))
        if there is None:
            draft.form_key = key
            continue
        texts = {name: "\n\n".join(filter(None, (there.fields.get(name), text))) for name, text in draft.fields.items()}
        there.fields = {**there.fields, **texts}
        there.attachments.extend(draft.attachments)
        db.session.flush()
        db.session.delete(draft)
