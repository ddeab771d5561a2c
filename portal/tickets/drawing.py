"""The parts of a ticket's page, drawn once and kept: alike for all who may see the ticket, but for language and zone.

Whoever calls has found the ticket among those that the reader may see.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from flask import abort, render_template
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy import Executable, Row, bindparam, exists, func, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db, read
from portal.formats import COUNTS_SECONDS
from portal.fragments import fragment
from portal.policies import the_policy
from portal.tickets import drafts, keeping, promise, quoting
from portal.tickets.custom_fields import answered, label_of
from portal.tickets.form import ReplyForm, TicketForm
from portal.tickets.history import files_of, kept_promise
from portal.tickets.listing import Filters, Page
from portal.tickets.offering import Offer
from portal.tickets.ticket import LARGEST, Credential, Draft, Follower, Message, Ticket, TicketEvent
from portal.web import choose_zone

# Where a kept form has what belongs to one reader and one form alone; nobody can write these words into it.
CSRF, KEY, AUTHOR = (secrets.token_hex(16) for _ in range(3))


_assignee, _later = aliased(User), aliased(Ticket)
_public = (Message.ticket_id == bindparam("ticket"), Message.kind != "note")
SAID = (
    select(Message.id, Message.author_id, User.name, User.email)
    .outerjoin(User, User.id == Message.author_id)
    .where(*_public)
    .order_by(Message.id)
)
WHOLE = (
    select(Message)
    .where(*_public)
    .order_by(Message.id)
    .options(joinedload(Message.author), selectinload(Message.attachments))
)


@cache
def _standing(is_staff: bool) -> Executable:
    """What the page of a ticket shows or is kept by, and last the draft of a reply that the reader began there."""
    begun = select(Draft.id).where(Draft.owner_id == bindparam("reader"), *drafts.replies_to(Ticket.id))
    return (
        Ticket.readable(is_staff=is_staff)
        .where(Ticket.id == Ticket.leading(bindparam("number")))
        .with_only_columns(
            *(Ticket.id, Ticket.number, Ticket.subject, Ticket.status, Ticket.severity, Ticket.plan, Ticket.tier),
            *(Ticket.requester_id, Ticket.assignee_id, Ticket.updated_at, Ticket.closes_at, Ticket.follows_id),
            *(Ticket.organisation_id, Ticket.reseller_id),
            exists().where(_later.follows_id == Ticket.id).label("is_followed"),
            select(func.max(TicketEvent.id)).where(TicketEvent.ticket_id == Ticket.id).scalar_subquery(),
            exists().where(Credential.ticket_id == Ticket.id, Credential.sealed.is_not(None)).label("has_credentials"),
            *(
                User.name,
                User.email.label("requester_email"),
                _assignee.name,
                _assignee.email,
                Organisation.name.label("organisation"),
                Product.name,
            ),
            exists().where(Follower.ticket_id == Ticket.id, Follower.user_id == bindparam("reader")).label("follows"),
            begun.order_by(Draft.updated_at.desc()).limit(1).scalar_subquery().label("draft_id"),
        )
        .join(User, User.id == Ticket.requester_id)
        .outerjoin(_assignee, _assignee.id == Ticket.assignee_id)
        .outerjoin(Organisation, Organisation.id == Ticket.organisation_id)
        .outerjoin(Product, Product.id == Ticket.product_id)
    )


def standing(number: int, person: User) -> Row[Any]:
    """The ticket in short, or the one that it was merged into, if the person sees it; else 404."""
    found = read(_standing(person.is_staff), reader=person.id, number=min(number, LARGEST))
    return found[0] if found else abort(404)


def conversation(ticket: Row[Any]) -> Markup:
    """What was said, without internal notes. Messages never change, so only a new one is drawn anew."""
    asked = {"ticket": ticket.id}
    said = tuple(map(tuple, read(SAID, **asked)))

    def draw() -> str:
        messages = db.session.scalars(WHOLE, asked).all()
        return render_template("tickets/_conversation.html", messages=messages, files_of=files_of)

    return fragment(("conversation", ticket.id, said, str(get_locale()), choose_zone()), draw)


def facts(standing: Row[Any], *, is_own: bool, now: datetime) -> dict[str, Markup]:
    """Status, promise and story, as they stand in this minute; who filed the ticket is told of it as "you"."""
    minute = now.replace(second=0, microsecond=0)
    key = (tuple(standing)[:-1], is_own, minute, str(get_locale()), choose_zone())

    @cache
    def shown() -> dict[str, Any]:
        ticket = db.session.get_one(Ticket, standing.id)
        promise = kept_promise(ticket, is_own=is_own, now=now)
        said = [(label_of(row.field.labels, str(get_locale())), row.value) for row in answered(standing.id)]
        return {"ticket": ticket, "promise": promise, "has_credentials": standing.has_credentials, "said": said}

    def draw(template: str) -> Markup:
        return fragment((template, *key), lambda: render_template(template, **shown()), seconds=90)

    return {name: draw(f"tickets/_{name}.html") for name in ("standing", "promise", "facts")}


def head(ticket: Row[Any], standing: Markup) -> Markup:
    """Subject, standing and what can be done with the ticket."""
    key = ("head", ticket.number, ticket.subject, ticket.status, standing, str(get_locale()))
    context = {"ticket": ticket, "standing": standing, "tokens": {"csrf": CSRF}}
    return fragment(key, lambda: render_template("tickets/_head.html", **context)).replace(CSRF, generate_csrf())


def reply(ticket: Row[Any]) -> Markup:
    """The reply form with nothing in it, under a new key."""
    key = ("reply", ticket.number, ticket.status, ticket.closes_at, str(get_locale()), choose_zone())
    tokens = {"csrf": CSRF, "author": AUTHOR}

    def draw() -> str:
        form = ReplyForm(formdata=None, form_key=KEY)
        return render_template("tickets/_reply.html", ticket=ticket, form=form, draft=None, tokens=tokens)

    return with_tokens(fragment(key, draw), drafts.new_key())


def listed(
    page: Page,
    filters: Filters,
    counts: dict[str, int],
    products: Sequence[Any],
    *,
    address: bytes,
    sees_more: bool,
    now: datetime,
) -> Markup:
    """The list with its filters, kept by all that it shows; by the second while one of its rows counts in seconds."""
    is_fresh = any(abs(now - row.updated_at) < COUNTS_SECONDS for row in page.items)
    stamp = now.replace(microsecond=0) if is_fresh else now.replace(second=0, microsecond=0)
    rows = (tuple(map(tuple, page.items)), page.page, page.total, address if page.pages > 1 else b"")
    choices = (filters, tuple(counts.items()), tuple(map(tuple, products)), sees_more)
    key = ("listed", *rows, *choices, stamp, str(get_locale()), choose_zone())
    context: dict[str, Any] = {"page": page, "filters": filters, "counts": counts, "products": products}
    return fragment(key, lambda: render_template("tickets/_list.html", sees_more=sees_more, **context), seconds=90)


def blank_form(offer: Offer, *, now: datetime) -> dict[str, Markup]:
    """The form of a new ticket with nothing typed, and its quote, for whoever has the same choices in this minute."""
    policy, question = the_policy(), quoting.request_for(offer.held, offer.organisation, offer.fields, now=now)
    chosen = (*offer.chosen.values(), offer.signature, offer.held.remote_support)
    asked = tuple((row.id, row.kind, str(row.labels), str(row.choices), row.is_required) for row in offer.asked)
    products = tuple((row.slug, row.name) for row in offer.products.values())
    organisations = tuple(map(tuple, offer.organisations.values()))
    where = (now.replace(second=0, microsecond=0), str(get_locale()), choose_zone())
    key = (policy, question, chosen, asked, products, organisations, *where)

    @cache
    def shown() -> dict[str, Any]:
        form = TicketForm(formdata=None, data={**offer.chosen, "form_key": KEY})
        form.take(offer)
        tokens = {"csrf": CSRF, "author": AUTHOR}
        return {"form": form, "quoted": promise.quoted(form, now=now), "answers": [], "draft": None, "tokens": tokens}

    def draw(template: str) -> Markup:
        return fragment((template, *key), lambda: render_template(template, **shown()), seconds=90)

    return {
        "kept_form": with_tokens(draw("tickets/_form.html"), drafts.new_key()),
        "kept_quote": draw("tickets/_quote.html"),
    }


def with_tokens(kept: Markup, form_key: str) -> Markup:
    """A kept form made this reader's."""
    own = {KEY: form_key, CSRF: generate_csrf(), AUTHOR: keeping.author_token()}
    for place, token in own.items():
        kept = kept.replace(place, token)
    return kept
