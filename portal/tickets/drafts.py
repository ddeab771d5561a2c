"""What was typed and not sent: kept at each pause, on every refused form, and across the end of a session."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.exc import IntegrityError

from portal.accounts.people import User
from portal.db import db, read
from portal.tickets import attachments, credentials, custom_fields
from portal.tickets.conversation import clean
from portal.tickets.ticket import Draft, Message, Ticket

FIELDS = ("topic", "organisation", "product", "version", "severity", "subject", "body", "remote_access", "article")
TYPED = ("version", "subject", "body")
KEY = re.compile(r"[0-9a-f]{32}")
LONGEST_FIELD = 100_000
MOST_DRAFTS = 50
MOST_ANSWERS = 20
NOT_KEPT = {"Draft": "none"}  # tells the page that it must not claim to have saved anything
UNSENT = (
    Draft.own()
    .with_only_columns(Draft.id, Draft.form_key, Draft.fields, Draft.updated_at)
    .where(Draft.ticket_id.is_(None))
    .order_by(Draft.updated_at.desc())
)
UNCLAIMED_FOR = timedelta(days=7)  # how long the text of an ended session waits for its writer


def new_key() -> str:
    """The key of one form: one form makes one ticket or one message, however often it is sent."""
    return secrets.token_hex(16)


def own_key(text: str | None) -> str:
    """The key, if it can be one of ours. What else stands in that field must neither break nor lose the words."""
    return text if text and KEY.fullmatch(text) else ""


def keep(
    person: User,
    form_key: str,
    typed: Mapping[str, str],
    *,
    now: datetime,
    ticket: Ticket | None = None,
    secret: str = "",
    even_empty: bool = False,
) -> Draft | None:
    """Write what the person has typed so far. None when nothing is left to keep, or the form was sent already.

    `secret` is remote-access credentials in plain; the draft holds them encrypted, and an empty text keeps what it has.
    """
    draft, fields = find(person, form_key), _fields(typed)
    nothing = not even_empty and not secret.strip() and not any(fields.get(name) for name in TYPED)
    if draft is not None and nothing and not draft.attachments and not draft.sealed:
        discard(draft)
        return None
    if draft is None:
        if nothing or not own_key(form_key) or was_sent(form_key) or _is_taken(form_key):
            return None
        draft = _begin(person, form_key, ticket)
        if draft is None:
            return None
    draft.fields, draft.updated_at = fields, now
    if secret.strip():
        draft.sealed = credentials.encrypt(clean(secret))
    db.session.flush()
    return draft


def _begin(person: User, form_key: str, ticket: Ticket | None) -> Draft | None:
    """A new row; or, when the same form arrives twice at once, the one that the other request has just written."""
    _make_room(person)
    try:
        with db.session.begin_nested():
            draft = Draft(owner_id=person.id, form_key=form_key, ticket_id=ticket.id if ticket else None)
            db.session.add(draft)
        return draft
    except IntegrityError:
        return find(person, form_key)


def find(person: User, form_key: str) -> Draft | None:
    """The person's draft of that form."""
    if not own_key(form_key):
        return None
    return db.session.scalar(Draft.visible_to(person).where(Draft.form_key == form_key).with_for_update(of=Draft))


def unsent(person: User, unclaimed: Draft | None = None) -> Sequence[Row[Any]]:
    """The person's unfinished tickets, newest first, without the one that `unclaimed` is the later text of.

    Of each: id, form_key, fields and when it was last typed at.
    """
    later = unclaimed.fields.get("form_key", "") if unclaimed is not None else None
    return [draft for draft in read(UNSENT, reader=person.id) if draft.form_key != later]


def replies_to(ticket_id: Any) -> tuple[ColumnElement[bool], ...]:
    """Drafts that somebody wrote on this ticket as a customer; the desk keeps its own."""
    return (Draft.ticket_id == ticket_id, ~Draft.form_key.startswith("desk-"))


def was_sent(form_key: str) -> bool:
    """True when the form has become a ticket or a message: a late autosave must not bring its draft back."""
    ticket = select(Ticket.id).where(Ticket.form_key == form_key)
    message = select(Message.id).where(Message.form_key == form_key)
    return db.session.scalar(ticket.union_all(message).limit(1)) is not None


def add_answers(draft: Draft, shown: Iterable[Mapping[str, Any]], *, opened: bool = False) -> None:
    """Note search results that were shown while typing, or one that was opened: the agent sees what was tried."""
    known = {answer["url"]: dict(answer) for answer in draft.answers}
    for answer in shown:
        entry = known.setdefault(answer["url"], {"title": answer["title"], "url": answer["url"], "opened": False})
        entry["opened"] = entry["opened"] or opened
    # When there are too many, those that were opened stay.
    ranked = sorted(known.values(), key=lambda entry: not entry["opened"])
    draft.answers = ranked[:MOST_ANSWERS]


def discard(draft: Draft) -> None:
    """Forget a draft and its files."""
    attachments.discard(draft.attachments)
    db.session.flush()
    db.session.expire(draft, ["attachments"])
    db.session.delete(draft)


def stash(
    typed: Mapping[str, str],
    *,
    now: datetime,
    meant_for_id: int | None,
    ticket_id: int | None = None,
    secret: str = "",
    kind: str = "",
) -> str:
    """Keep what a browser sent after its session had ended; returns the token that claims it."""
    token = secrets.token_urlsafe(32)
    draft = Draft(
        form_key=new_key(),
        claim_hash=_hash(token),
        meant_for_id=meant_for_id,
        ticket_id=ticket_id,
        fields=_fields(typed) | {"form_key": own_key(typed.get("form_key"))} | ({"kind": kind} if kind else {}),
        sealed=credentials.encrypt(clean(secret)) if secret.strip() else None,
        updated_at=now,
    )
    db.session.add(draft)
    return token


def claimable(person: User, token: str | None, *, now: datetime) -> Draft | None:
    """What that token keeps, if this person may have it."""
    if not token:
        return None
    draft = db.session.scalar(select(Draft).where(Draft.claim_hash == _hash(token), Draft.owner_id.is_(None)))
    if draft is None or draft.updated_at < now - UNCLAIMED_FOR or draft.meant_for_id not in (None, person.id):
        return None
    seen = Ticket.visible_to(person).with_only_columns(Ticket.id).where(Ticket.id == draft.ticket_id)
    return draft if draft.ticket_id is None or db.session.scalar(seen) else None


def claim(person: User, draft: Draft, *, now: datetime) -> Draft | None:
    """Hand a kept draft to its writer. It joins what was autosaved from the same form; None if just that was sent."""
    form_key = own_key(draft.fields.get("form_key"))
    if form_key and said_with(form_key) == draft.fields.get("body", ""):
        db.session.delete(draft)
        return None
    before = find(person, form_key)
    if before is None:
        draft.owner_id, draft.claim_hash = person.id, None
        if form_key and not was_sent(form_key) and not _is_taken(form_key):
            draft.form_key = form_key  # so that the page it came from, still open somewhere, goes on in this one
        draft.fields, draft.updated_at = _fields(draft.fields), now
        return draft
    old, new = sorted((before, draft), key=lambda one: one.updated_at)
    left = {name: old.fields[name] for name in TYPED if name in old.fields}
    before.fields, before.updated_at = left | _fields(new.fields), now
    before.sealed = new.sealed or old.sealed
    db.session.delete(draft)
    return before


def said_with(form_key: str) -> str | None:
    """What was sent with that form, if it was sent."""
    first = select(Message.body).join(Message.ticket).where(Ticket.form_key == form_key).order_by(Message.id).limit(1)
    reply = select(Message.body).where(Message.form_key == form_key)
    return db.session.scalar(reply) or db.session.scalar(first)


def forget_unclaimed(*, now: datetime) -> int:
    """Remove what nobody came back for; returns how many."""
    old = select(Draft).where(Draft.owner_id.is_(None), Draft.updated_at < now - UNCLAIMED_FOR)
    found = db.session.scalars(old).all()
    for draft in found:
        db.session.delete(draft)
    return len(found)


def _fields(typed: Mapping[str, str]) -> dict[str, Any]:
    """Only the plain fields, of bearable length. Credentials have no place among them."""
    own = [name for name in typed if custom_fields.NAME.fullmatch(name)][: custom_fields.MOST]
    return {name: clean(str(typed[name]))[:LONGEST_FIELD] for name in (*FIELDS, *own) if typed.get(name)}


def _is_taken(form_key: str) -> bool:
    """True when somebody else's draft has the key: a key is never shared, so this form is not the person's."""
    return db.session.scalar(select(Draft.id).where(Draft.form_key == form_key)) is not None


def _make_room(person: User) -> None:
    """The oldest drafts make room for new ones."""
    oldest = Draft.visible_to(person).order_by(Draft.updated_at.desc()).offset(MOST_DRAFTS - 1)
    for draft in db.session.scalars(oldest).all():
        discard(draft)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
