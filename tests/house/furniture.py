"""The cast's things: one of everything that an address can name. All of it is the customer's or her organisation's."""

import io
import secrets
from datetime import timedelta

from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from sqlalchemy import select

from knowledge.articles import editing, following
from knowledge.articles import files as article_files
from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile, Revision
from knowledge.articles.writing import Manuscript, publish
from knowledge.documents.document import Document
from knowledge.documents.extraction import Reading, keep
from knowledge.documents.writing import add_document
from knowledge.search import wishes
from knowledge.search.guidance import Pin, Synonym
from portal.accounts import membership
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.accounts.products import Product
from portal.accounts.sessions import open_sign_in
from portal.db import db, utcnow
from portal.mail import Mail
from portal.mailroom import received
from portal.mailroom.received import ReceivedMail
from portal.tickets import attachments, drafts, satisfaction
from portal.tickets.answers import seal_answer
from portal.tickets.conversation import reply
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Draft, Ticket
from scripts.manuals import pdf
from tests import cast


def furnish(world: cast.World) -> dict[str, object]:
    """Make them in the current session, inside a request context; returns what addresses call them. No commit."""
    carla, heron = db.session.get(User, world.ids["customer"]), db.session.get(Organisation, world.heron)
    owner, colleague, unconfirmed = (db.session.get(User, world.ids[n]) for n in ("owner", "colleague", "unconfirmed"))
    assert carla and heron and owner and colleague and unconfirmed
    cast.subscribe(world.heron, "enterprise", "sla-24x7")
    product = db.session.get(Product, world.products["beacon"])
    ticket = file_ticket(_request(heron, product, "product"), by=carla, now=utcnow())
    billing = file_ticket(_request(heron, None, "billing"), by=carla, now=utcnow())
    attachment = _attach(ticket, carla)
    draft = _draft(carla)
    # For the reseller, so that one of the cast may open it.
    invitation, token = membership.invite(heron, world.email("reseller"), MemberRole.MEMBER, by=owner, now=utcnow())
    _shelve()
    handbook = _handbook()
    revision, picture = _edit(world)
    return {
        "number": ticket.number,
        "@billing number": billing.number,
        "/tickets/files/<token> token": attachment,
        "/tickets/files/<token>/remove token": _attach_to_draft(draft, carla),
        "/tickets/answers/<token> token": seal_answer("Guide", "/kb/guide"),
        "/tickets/rating/<token> token": _question(heron, product, carla),
        "/account/invitation/<token> token": token,
        "/account/confirm/<token> token": generate_confirmation_token(unconfirmed),
        "/account/recover/<token> token": generate_reset_password_token(carla),
        "/account/email/<token> token": "a-token-of-nobody",
        "/search/click/<token> token": "a-token-of-nobody",
        "draft_id": draft.id,
        "organisation_id": world.heron,
        "invitation_id": invitation.id,
        "sign_in_id": open_sign_in(carla, now=utcnow())[0].id,
        "membership_id": db.session.scalar(select(Membership.id).where(Membership.user_id == colleague.id)),
        "/kb/category/<slug> slug": "guides",
        "/kb/<slug>/compare slug": "leitfaden",
        "/kb/following/<token> token": _follow(),
        "/kb/following/<token>/stop token": _follow(),
        **_guide(),
        "/sitemap-<int:number>.xml number": 1,
        "slug": "guide",
        "article_id": revision.article_id,
        "revision_id": revision.id,
        "category_id": db.session.scalar(select(Category.id).filter_by(slug="guides")),
        "/kb/files/<token>/<filename> token": picture.token,
        "/kb/files/<token>/<filename> filename": picture.filename,
        "/kb/desk/<int:revision_id>/files/<token>/listed token": picture.token,
        "/kb/desk/<int:revision_id>/files/<token>/remove token": picture.token,
        "document_id": handbook.id,
        "/manuals/<slug> slug": handbook.slug,
        "/manuals/<slug>/page/<int:number> slug": handbook.slug,
        "/manuals/<slug>/page/<int:number> number": 1,
        "/manuals/<slug>/<version>/<lang>/<filename> slug": handbook.slug,
        "/manuals/<slug>/<version>/<lang>/<filename> version": handbook.version,
        "/manuals/<slug>/<version>/<lang>/<filename> filename": handbook.filename,
        "lang": handbook.lang,
        "person_id": world.ids["customer"],
        "mail_id": db.session.scalar(select(Mail.id).where(Mail.ticket_id == ticket.id)),
        "/desk/mail/<int:mail_id> mail_id": (kept_out := _keep_out()),
        "/desk/mail/<int:mail_id>/release mail_id": kept_out,
        "/desk/mail/<int:mail_id>/discard mail_id": kept_out,
        "policy_id": ticket.policy_id,
        "version": ticket.policy_version,
        "filename": "css/base.css",
    }


def _request(heron: Organisation, product: Product | None, topic: str) -> Request:
    return Request(
        form_key=secrets.token_hex(16),
        subject="The beacon beeps",
        body="It beeps all day.",
        language="en",
        zone="Europe/Berlin",
        topic=topic,
        organisation=heron,
        product=product,
    )


def _question(heron: Organisation, product: Product | None, person: User) -> str:
    """What stands in the links of the mail that asks how a resolved ticket went."""
    ticket = file_ticket(_request(heron, product, "product"), by=person, now=utcnow())
    ticket.status = "resolved"
    satisfaction.ask(ticket, now=utcnow())
    db.session.flush()
    text = db.session.scalar(select(Mail.text).where(Mail.ticket_id == ticket.id).order_by(Mail.id.desc()).limit(1))
    return str(text).partition("/rating/")[2].partition("?")[0]


def _keep_out() -> int:
    """A mail that nobody knows what to do with."""
    raw = b"From: eve@nowhere.example\nSubject: Who am I?\n\nGuess."
    mark, _id = received.fingerprint(raw)
    mail = ReceivedMail(token=received.keep(raw), size=len(raw), fingerprint=mark, result="quarantine", reason="sender")
    db.session.add(mail)
    db.session.flush()
    return mail.id


def _attach(ticket: Ticket, person: User) -> str:
    """A log that went along with a reply."""
    draft = _draft(person)
    token = _attach_to_draft(draft, person)
    reply(ticket, "Here is the log.", by=person, now=utcnow(), attachments=draft.attachments)
    db.session.flush()
    return token


def _attach_to_draft(draft: Draft, person: User) -> str:
    return attachments.attach(draft, io.BytesIO(b"beep\n"), "beep.log", by=person, now=utcnow()).token


def _draft(person: User) -> Draft:
    key = drafts.new_key()
    draft = drafts.keep(person, key, {"topic": "product", "subject": "Half a thought"}, now=utcnow())
    assert draft
    return draft


def _handbook() -> Document:
    """A manual with one page, read already."""
    fields = {"slug": "handbook", "version": "4.2", "lang": "en", "title": "The handbook", "filename": "handbook.pdf"}
    stream = io.BytesIO(pdf([[("heading", "Alarms"), ("text", "Set the threshold.")]]))
    handbook = add_document(fields | {"product": "beacon"}, stream, by=None, now=utcnow())
    keep(handbook.id, handbook.token, Reading(("Alarms",), 1))
    db.session.refresh(handbook)
    return handbook


def _shelve() -> None:
    db.session.add(Category(slug="guides", titles={"en": "Guides"}, descriptions={"en": "How things are done."}))
    db.session.flush()
    yesterday = utcnow() - timedelta(days=1)
    publish(Manuscript("guide", "guide", "en", "A guide", "## First\n\nPress it.", category="guides"), now=yesterday)
    german = Manuscript(
        "leitfaden", "leitfaden", "de", "Ein Leitfaden", "## Erstens\n\nDrücken.", translation_of="guide"
    )
    publish(german, now=yesterday)


def _edit(world: cast.World) -> tuple[Revision, ArticleFile]:
    """The editor's draft of the guide, and a file of it."""
    guide, editor = (
        db.session.scalars(select(Article).filter_by(slug="guide")).one(),
        db.session.get(User, world.ids["editor"]),
    )
    assert editor
    picture = article_files.attach(guide, io.BytesIO(b"a,b\n"), "sizes.csv", by=editor, now=utcnow())
    return editing.begin(guide, by=editor, now=utcnow()), picture


def _follow() -> str:
    """What stands in the links to an address that was asked whether it wants to follow the guide."""
    guide = db.session.scalars(select(Article).filter_by(slug="guide")).one()
    return following.key_of(following.kept(guide.id, "fay@follower.example", now=utcnow(), locale="en", zone="UTC"))


def _guide() -> dict[str, object]:
    """What editors tell the search, and somebody who waits for an answer."""
    synonym, pin = Synonym(words=["lamp", "bulb"]), Pin(folded="lamp", item_id=db.session.scalar(select(Article.id)))
    db.session.add_all([synonym, pin])
    db.session.flush()
    return {
        "synonym_id": synonym.id,
        "pin_id": pin.id,
        "name": "nothing",
        "/search/wish/<token> token": _wish("a lamp that beeps"),
        "/search/wish/<token>/stop token": _wish("a lamp that hums"),
    }


def _wish(text: str) -> str:
    reader = {"lang": "en", "locale": "en", "zone": "UTC"}
    wish = wishes.kept(text, "will@wisher.example", now=utcnow(), **reader)
    assert wish
    return wishes.key_of(wish)
