"""Topics and tickets: what is private leaves the community, and what a ticket found out comes to it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.community import answering, asking, pictures, secrets
from knowledge.community.topic import ForumCategory, Post, PostEdition, Topic
from knowledge.community.topic_ticket import MOVED, TOLD, TopicTicket
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.errors import Refused
from portal.sla import Quote
from portal.tickets import attachments, drafts, quoting
from portal.tickets.filing import Request, file_ticket, finish
from portal.tickets.ticket import Draft, Ticket


def ticket_of(topic: Topic, person: Any) -> Ticket | None:
    """The ticket that the topic went on as, if the person sees it."""
    mine = TopicTicket.visible_to(person).where(TopicTicket.topic_id == topic.id, TopicTicket.kind == MOVED)
    found = db.session.scalars(mine.order_by(TopicTicket.id)).first()
    return found.ticket if found else None


def began_in(ticket: Ticket, person: Any) -> Topic | None:
    """The topic that went on as this ticket."""
    return _topic_of(ticket, person, MOVED)


def told_in(ticket: Ticket, person: Any) -> Topic | None:
    """The topic that tells what this ticket found out: a new one, or the one it came from."""
    topic = _topic_of(ticket, person, TOLD)
    began = began_in(ticket, person) if topic is None else None
    return began if began is not None and began.accepted_post_id else topic


def _topic_of(ticket: Ticket, person: Any, kind: str) -> Topic | None:
    mine = TopicTicket.visible_to(person).where(TopicTicket.ticket_id == ticket.id, TopicTicket.kind == kind)
    found = db.session.scalars(mine.order_by(TopicTicket.id)).first()
    return found.topic if found else None


def may_move(topic: Topic, person: Any) -> bool:
    """The author and staff, once."""
    is_theirs = person.is_authenticated and (person.is_staff or topic.author_id == person.id)
    return bool(is_theirs and topic.author_id and topic.state in ("shown", "held", "hidden"))


def quote_of(topic: Topic, *, now: datetime, zone: str) -> Quote:
    """What the author is promised for the topic as a ticket."""
    author = _author_of(topic)
    return quoting.quote_for(author, _organisation_of(author), _fields_of(topic), now=now, zone=zone)


def move(topic: Topic, *, address: str, by: User, now: datetime, language: str, zone: str) -> Ticket:
    """File what the author wrote as a private ticket, and leave a copy behind in which secrets are covered.

    Once for each topic: a second press leads to the same ticket. `address` is the topic's own. Raises `Refused`.
    """
    if there := db.session.scalar(select(TopicTicket).where(TopicTicket.topic_id == topic.id, _is_moved)):
        return there.ticket
    author, told = _author_of(topic), _told_by_author(topic, address)
    draft = drafts.keep(author, drafts.new_key(), {"body": told}, now=now)
    take_along(told, draft, by=author, now=now)
    ticket = file_ticket(
        Request(
            form_key=f"topic-{topic.id}",
            subject=topic.title,
            body=pictures.without(told),
            attachments=list(draft.attachments) if draft else (),
            language=language,
            zone=zone,
            product=_product_of(topic),
            organisation=_organisation_of(author),
            taken_by=by if by.id != author.id else None,
        ),
        by=author,
        now=now,
    )
    if draft:
        finish(draft)
    db.session.add(TopicTicket(topic_id=topic.id, ticket=ticket, kind=MOVED, by_id=by.id, created_at=now))
    cover(topic)
    topic.locked_at = now
    if topic.state == "shown":  # what moderators keep from readers stays so
        topic.state = "ticket"
    answering.look_again(topic)
    return ticket


_is_moved = TopicTicket.kind == MOVED


def cover(topic: Topic) -> None:
    """Put a word in brackets for each secret: in the title, its address, every post, and in what they were before.

    Nobody can tell what the author's pictures give away: they go.
    """
    tags = [name for name in topic.tags if not secrets.findings(name)]
    asking.rename(topic, title=secrets.covered(topic.title), tags=tags)
    for post in db.session.scalars(select(Post).where(Post.topic_id == topic.id).order_by(Post.number)):
        is_theirs = post.author_id == topic.author_id
        shown = pictures.without if is_theirs else str
        if (covered := secrets.covered(shown(post.body))) != post.body:
            answering.rewrite(post, covered)
            post.edition += 1  # pages that were kept, and forms that are open, have the one before
        if is_theirs:
            pictures.remove(post)  # also those that an edit took out
        for old in db.session.scalars(select(PostEdition).where(PostEdition.post_id == post.id)):
            old.title, old.body = secrets.covered(old.title or "") or None, secrets.covered(shown(old.body))


def take_along(text: str, draft: Draft | None, *, by: User, now: datetime) -> None:
    """Attach the person's pictures that a text shows to the draft of a ticket; those beyond its limits stay behind."""
    if draft is None:
        return
    with suppress(Refused, FileNotFoundError):
        for picture in pictures.own_in(text, by):
            with pictures.path_of(picture).open("rb") as file:
                attachments.attach(draft, file, picture.filename, by=by, now=now)


def tell(
    ticket: Ticket,
    *,
    category: ForumCategory,
    title: str,
    question: str,
    answer: str,
    by: User,
    now: datetime,
    form_key: str,
) -> Topic:
    """What a resolved ticket found out, as an answered question that staff ask for the customer."""
    asked: dict[str, Any] = {"kind": "question", "title": title, "body": question, "tags": []}
    topic = asking.ask(category, **asked, by=by, now=now, form_key=form_key)
    db.session.flush()
    db.session.add(TopicTicket(topic_id=topic.id, ticket_id=ticket.id, kind=TOLD, by_id=by.id, created_at=now))
    _answer(topic, answer, by=by, now=now, form_key=form_key)
    return topic


def answer(topic: Topic, *, answer: str, by: User, now: datetime, form_key: str) -> None:
    """The same in the topic that the ticket came from, which is open again."""
    topic.locked_at = None
    if topic.state == "ticket":
        topic.state = "shown"
    answering.look_again(topic)
    _answer(topic, answer, by=by, now=now, form_key=form_key)


def _answer(topic: Topic, body: str, *, by: User, now: datetime, form_key: str) -> None:
    post = answering.reply(topic, body=body, by=by, now=now, form_key=f"{form_key}-a")
    db.session.flush()
    answering.accept(topic, post, by=by, now=now)


def _author_of(topic: Topic) -> User:
    author = db.session.get(User, topic.author_id) if topic.author_id else None
    if author is None:
        raise Refused(_("Whoever wrote this has no account any more, so nobody would get the answer."))
    return author


def _organisation_of(author: User) -> Organisation | None:
    """Theirs; of several none, for the owners of one could read what was meant for another."""
    theirs = db.session.scalars(author.organisations().limit(2)).all()
    return theirs[0] if len(theirs) == 1 else None


def _product_of(topic: Topic) -> Product | None:
    return db.session.scalar(select(Product).where(Product.slug == topic.product)) if topic.product else None


def _fields_of(topic: Topic) -> quoting.Fields:
    return quoting.Fields(topic="product", product=_product_of(topic), channel="ticket")


def _told_by_author(topic: Topic, address: str) -> str:
    mine: Sequence[str] = db.session.scalars(
        select(Post.body)
        .where(Post.topic_id == topic.id, Post.author_id == topic.author_id, Post.state != "removed")
        .order_by(Post.number)
    ).all()
    return "\n\n".join((*mine, _("Asked in the community first: %(address)s", address=address)))
