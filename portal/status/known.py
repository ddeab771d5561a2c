"""Tickets about an incident: what is known is offered where a ticket is written, and answered for all at once."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, select, update

from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.jobs import enqueue, job
from portal.status.incident import Incident, IncidentTicket
from portal.status.linking import forget_linked, linked
from portal.status.showing import going_on
from portal.tickets import conversation, progress
from portal.tickets.ticket import Message, Ticket

log = logging.getLogger(__name__)

AT_ONCE = 25  # tickets that one job answers
FEWEST = 4  # letters of a word that tells something
STEM = 5  # letters that two forms of a word share
OPEN = ("open", "waiting")
TICKETS = "tickets"


@dataclass(frozen=True)
class Known:
    """An incident that a ticket may be about."""

    public_id: str
    title: str
    status: str
    updated_at: datetime


def known(text: str, product: str, person: Any) -> list[Known]:
    """The incidents that go on and that this text may be about, the likeliest first.

    With a product chosen the incident has to touch it, and one word in common is enough; without one two are needed.
    """
    asked = marks(text)
    if not asked:
        return []
    found = []
    for incident in going_on(person):
        products = {claim.component.product for claim in incident.claims if claim.component.product}
        if product and products and product not in products:
            continue
        said = [incident.title, *(update.body for update in incident.updates[:1])]
        for claim in incident.claims:
            said += claim.component.titles.values()
        shared = len(asked & marks(" ".join(said)))
        if shared >= (1 if product and product in products else 2):
            found.append((shared, incident))
    found.sort(key=lambda one: (-one[0], -one[1].id))
    return [Known(one.public_id, one.title, one.status, one.updated_at) for _shared, one in found]


def marks(text: str) -> set[str]:
    """What tells a text from others: the beginnings of its longer words, and pairs of Chinese signs."""
    found = re.findall(r"\w+", text.casefold())
    words = {word[:STEM] for word in found if len(word) >= FEWEST and not _is_chinese(word)}
    chinese = re.findall(r"[\u4e00-\u9fff]+", text)
    return words | {run[at : at + 2] for run in chinese for at in range(len(run) - 1)}


def _is_chinese(word: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in word)


def attach(ticket: Ticket, public_id: str, *, by: User, now: datetime) -> bool:
    """Join a ticket to an incident that its author sees; False where there is none (any more)."""
    mine = Incident.visible_to(by).where(Incident.public_id == public_id[:40], ~Incident.is_draft)
    incident = db.session.scalar(mine)
    if incident is None:
        return False
    key = (incident.id, ticket.id)
    if db.session.get(IncidentTicket, key) is None:
        db.session.add(IncidentTicket(incident_id=incident.id, ticket_id=ticket.id, at=now))
        db.session.flush()
        forget_linked(TICKETS)
    return True


def detach(incident: Incident, ticket_id: int) -> None:
    """Take a ticket out of an incident."""
    row = db.session.get(IncidentTicket, (incident.id, ticket_id))
    if row is not None:
        db.session.delete(row)
        forget_linked(TICKETS)


def incident_of_ticket(ticket_id: int, person: Any) -> Incident | None:
    """The newest incident that a ticket is attached to, if this reader may see it. Tickets of none cost no query."""
    if ticket_id not in linked(TICKETS, select(IncidentTicket.ticket_id)):
        return None
    mine = Incident.visible_to(person).join(IncidentTicket, IncidentTicket.incident_id == Incident.id)
    mine = mine.where(IncidentTicket.ticket_id == ticket_id, ~Incident.is_draft)
    return db.session.scalar(mine.order_by(Incident.id.desc()).limit(1))


def attached(incident: Incident) -> Sequence[Row[int, int, str, str, datetime | None]]:
    """The tickets about an incident: id, number, subject, status, and when they were answered together."""
    query = select(Ticket.id, Ticket.number, Ticket.subject, Ticket.status, IncidentTicket.answered_at)
    query = query.join(IncidentTicket, IncidentTicket.ticket_id == Ticket.id)
    return db.session.execute(query.where(IncidentTicket.incident_id == incident.id).order_by(Ticket.id)).all()


def answer_all(incident: Incident, body: str, *, resolve: bool, by: User, form_key: str) -> int:
    """Answer every open ticket of the incident, by jobs; how many there are. The same form answers each once."""
    if not body.strip():
        raise Refused(_("Please write something first."))
    many = sum(row.status in OPEN for row in attached(incident))
    if many:
        given: dict[str, Any] = {"incident_id": incident.id, "body": body, "resolve": resolve, "by_id": by.id}
        enqueue("answer_attached", form_key=form_key, **given)
    return many


@job("answer_attached")
def answer_attached(incident_id: int, body: str, resolve: bool, by_id: int, form_key: str, after: int = 0) -> None:
    """Answer the next few, each in its own transaction, and leave the rest to the next job. Commits."""
    tickets = select(IncidentTicket.ticket_id).where(
        IncidentTicket.incident_id == incident_id, IncidentTicket.ticket_id > after
    )
    ids = db.session.scalars(tickets.order_by(IncidentTicket.ticket_id).limit(AT_ONCE)).all()
    for ticket_id in ids:
        with writing():
            _answer(incident_id, ticket_id, body, resolve, by_id, form_key)
            db.session.commit()
    if len(ids) == AT_ONCE:
        given: dict[str, Any] = {"incident_id": incident_id, "body": body, "resolve": resolve, "by_id": by_id}
        enqueue("answer_attached", form_key=form_key, after=ids[-1], **given)


def _answer(incident_id: int, ticket_id: int, body: str, resolve: bool, by_id: int, form_key: str) -> None:
    """One ticket, unless it is over, or this form has answered it before a worker died."""
    ticket = db.session.get(Ticket, ticket_id, with_for_update={"of": Ticket})
    key = f"{form_key}:{ticket_id}"[:64]
    said = db.session.scalar(select(Message.id).where(Message.form_key == key))
    if ticket is None or ticket.status not in OPEN or said is not None:
        return
    by, now = db.session.get_one(User, by_id), utcnow()
    if resolve:
        message = progress.resolve(ticket, body, by=by, now=now)
        message.form_key = key
    else:
        conversation.reply(ticket, body, by=by, now=now, form_key=key)
    done = update(IncidentTicket).where(
        IncidentTicket.incident_id == incident_id, IncidentTicket.ticket_id == ticket_id
    )
    db.session.execute(done.values(answered_at=now))


def numbers_in(text: str) -> Iterable[int]:
    """Ticket numbers as people type them: with or without a number sign, in any company."""
    return (int(found) for found in re.findall(r"\d{1,12}", text))
