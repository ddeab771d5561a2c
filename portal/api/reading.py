"""What a program reads: whose token it is, promises, tickets, what was said, files."""

from flask import Response, g, send_file
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.exceptions import NotFound

from portal.accounts.people import Organisation
from portal.accounts.products import Product
from portal.accounts.tokens import READ
from portal.api import shown
from portal.api.asking import choice, cursor, cursor_after, moment, page_size, whole, word
from portal.api.gate import bp, found, is_at_desk, scoped, visible, visible_messages
from portal.db import db, get_or_404, utcnow
from portal.errors import Problem
from portal.policies import the_policy
from portal.sla import make_quote
from portal.tickets import attachments, quoting
from portal.tickets.listing import STATUSES
from portal.tickets.offering import CHOSEN, Offer
from portal.tickets.ticket import Attachment, Message, Ticket
from portal.web import INERT, choose_locale, choose_zone

TOPICS = ("product", "billing")
LISTED = (
    joinedload(Ticket.requester),
    joinedload(Ticket.product),
    joinedload(Ticket.organisation),
    joinedload(Ticket.assignee),
)


@bp.get("/me")
def me() -> ResponseReturnValue:
    """Whose token it is, what it may, and what can be named in a ticket."""
    organisations = db.session.scalars(current_user.organisations()).all()
    products = db.session.scalars(Product.visible_to(current_user)).all()
    return {
        "person": shown.person(current_user) | {"email": current_user.email},
        "scopes": g.token.scopes,
        "token": {"name": g.token.name, "expires_at": shown.moment(g.token.expires_at)},
        "organisations": [named(one) for one in organisations],
        "products": [{"slug": one.slug, "name": one.name} for one in products],
    }


def named(one: Organisation) -> shown.Shown:
    return {"id": one.id, "name": one.name, "role": str(current_user.role_in(one))}


@bp.get("/quote")
@scoped(READ)
def quote() -> ResponseReturnValue:
    """The promise that a ticket would get now, from the same verbs as the form's."""
    now, locale = utcnow(), choose_locale()
    asked = {name: word(name) for name in CHOSEN} | {"topic": choice("topic", TOPICS)}
    offer = Offer(current_user, asked, now=now)
    if offer.strange:
        raise Problem(400, f"Not yours to choose: {', '.join(sorted(offer.strange))}.")
    question = quoting.request_for(offer.held, offer.organisation, offer.fields, now=now)
    promise = make_quote(the_policy(), question, at=now, zone=choose_zone())
    named_so = {name: the_policy().severities[name].name.to(locale) for name in offer.severities}
    return shown.quote(promise, named_so, offer.asked, locale=locale)


@bp.get("/tickets")
@scoped(READ)
def tickets() -> ResponseReturnValue:
    """Those changed last come first. `next` is the cursor of the page behind this one."""
    size, after = page_size(), cursor()
    query = visible().options(*LISTED).order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(size + 1)
    if status := choice("status", STATUSES):
        query = query.where(Ticket.status.in_(STATUSES[status]))
    if slug := word("product"):
        query = query.where(Ticket.product_id.in_(select(Product.id).where(Product.slug == slug)))
    if words := word("q"):
        query = query.where(*(Ticket.subject.icontains(one, autoescape=True) for one in words.split()[:8]))
    if since := moment("updated_since"):
        query = query.where(Ticket.updated_at >= since)
    if after:
        at, key = after
        query = query.where(or_(Ticket.updated_at < at, and_(Ticket.updated_at == at, Ticket.id < key)))
    rows = db.session.scalars(query).unique().all()
    more = rows[size - 1] if len(rows) > size else None
    listed = [shown.ticket_in_list(row, desk=is_at_desk()) for row in rows[:size]]
    return {"tickets": listed, "next": cursor_after(more.updated_at, more.id) if more else None}


@bp.get("/tickets/<int:number>")
@scoped(READ)
def ticket(number: int) -> ResponseReturnValue:
    return shown.ticket_alone(found(number), locale=choose_locale(), desk=is_at_desk())


@bp.get("/tickets/<int:number>/messages")
@scoped(READ)
def messages(number: int) -> ResponseReturnValue:
    """In the order they were written; `next` is the `after` of the page behind this one."""
    size, after = page_size(), whole("after", 0, 0, 2**31 - 1)
    query = visible_messages().where(Message.ticket_id == found(number).id, Message.id > after)
    query = query.options(selectinload(Message.author), selectinload(Message.attachments))
    rows = db.session.scalars(query.order_by(Message.id).limit(size + 1)).all()
    more = rows[size - 1].id if len(rows) > size else None
    return {"messages": [shown.message(one) for one in rows[:size]], "next": more}


@bp.get("/attachments/<token>")
@scoped(READ)
def attachment(token: str) -> Response:
    """The bytes of a file that was sent."""
    read = visible_messages().with_only_columns(Message.id)
    file = get_or_404(select(Attachment).where(Attachment.token == token, Attachment.message_id.in_(read)))
    path = attachments.path_of(file)
    if not path.exists():
        raise NotFound
    return send_file(path, file.content_type, True, file.filename, etag=file.sha256, last_modified=file.created_at)


attachment.talisman_view_options = {"content_security_policy": INERT}  # type: ignore[attr-defined]
