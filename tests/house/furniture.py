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
from portal.accounts.tokens import READ, make_token
from portal.chat.chat import Chat
from portal.chat.talking import say
from portal.db import db, utcnow
from portal.desk.saved import SavedSearch
from portal.mail import Mail
from portal.mailroom import received
from portal.mailroom.received import ReceivedMail
from portal.status.component import Component, ComponentGroup, ComponentSpan
from portal.status.incident import IncidentTemplate
from portal.status.probe import AlertSource, Probe
from portal.status.probing import hashed
from portal.status.reporting import open_incident
from portal.status.subscriber import Subscriber
from portal.status.subscribing import token_of
from portal.tickets import attachments, drafts, satisfaction
from portal.tickets.answers import seal_answer
from portal.tickets.bulk import BulkAct
from portal.tickets.canned import CannedReply
from portal.tickets.conversation import reply
from portal.tickets.credentials import encrypt
from portal.tickets.custom_fields import TicketField
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Draft, Ticket
from portal.webhooks.delivering import begin_test
from portal.webhooks.webhook import Webhook
from scripts.manuals import pdf
from tests import cast
from tests.accounts.rows import organisation_things
from tests.billing.rows import billing_things
from tests.community.furniture import forum_things
from tests.partner.rows import partner_things
from tests.status.rows import drafted, planned_work
from tests.status.uptime_rows import uptime_things


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
        **_chat(heron, product, carla),
        "organisation_id": world.heron,
        "invitation_id": invitation.id,
        "/api/v1/attachments/<token> token": attachment,
        "token_id": make_token(carla, "Night job", [READ], days=30, now=utcnow())[0].id,
        **_webhook(heron, owner),
        "sign_in_id": open_sign_in(carla, now=utcnow())[0].id,
        "membership_id": db.session.scalar(select(Membership.id).where(Membership.user_id == colleague.id)),
        "/kb/category/<slug> slug": "guides",
        "/kb/<slug>/compare slug": "leitfaden",
        "/kb/following/<token> token": _follow(),
        "/kb/following/<token>/stop token": _follow(),
        **_guide(),
        "/sitemap-<int:number>.xml number": 1,
        "/api/v2/<path:name> name": "summary.json",
        "/desk/reports/<name>.csv name": "first-response",
        **_watch(),
        **uptime_things(world.heron),
        **billing_things(world.heron, world.ids["owner"]),
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
        "/desk/people/<int:person_id> person_id": world.ids["agent"],
        "field_id": _ask(world),
        "mail_id": db.session.scalar(select(Mail.id).where(Mail.ticket_id == ticket.id)),
        "/desk/mail/<int:mail_id> mail_id": (kept_out := _keep_out()),
        "/desk/mail/<int:mail_id>/release mail_id": kept_out,
        "/desk/mail/<int:mail_id>/discard mail_id": kept_out,
        **forum_things(carla, world.heron),
        **partner_things(world),
        **organisation_things(world.heron),
        "/status/subscribe/<token> token": _subscriber(),
        "/status/subscribe/<token>/stop token": _subscriber(),
        "/status/subscribe/<token>/incidents/<public_id> token": _subscriber(),
        "/status/subscribe/<token>/secret token": _subscriber(),
        "subscriber_id": db.session.scalar(select(Subscriber.id).order_by(Subscriber.id)),
        "reply_id": _canned(world),
        "bulk_id": _bulk(world),
        "search_id": _search(world),
        "policy_id": ticket.policy_id,
        "version": ticket.policy_version,
        "filename": "css/base.css",
    }


def _subscriber() -> str:
    """What stands in the links to an address that was asked whether it wants to be told of incidents."""
    nonce = secrets.token_hex(16)
    row = Subscriber(address=f"sue-{nonce}@reader.example", kinds=["outage"], nonce=nonce)
    db.session.add(row)
    db.session.flush()
    return token_of(row)


def _canned(world: cast.World) -> int:
    """What an agent keeps and shares to answer with."""
    row = CannedReply(owner_id=world.ids["agent"], name="Hello", body="Dear {customer}", is_shared=True)
    db.session.add(row)
    db.session.flush()
    return row.id


def _webhook(heron: Organisation, owner: User) -> dict[str, object]:
    where = {"url": "https://hooks.example/", "is_on": False}
    webhook = Webhook(organisation=heron, made_by_id=owner.id, sealed=encrypt("whsec_YQ=="), **where)
    db.session.add(webhook)
    db.session.flush()
    return {"webhook_id": webhook.id, "delivery_id": begin_test(webhook, now=utcnow()).id}


def _bulk(world: cast.World) -> int:
    """What an agent did to several tickets."""
    row = BulkAct(by_id=world.ids["agent"], kind="close", detail={}, done=[], refused=[])
    db.session.add(row)
    db.session.flush()
    return row.id


def _search(world: cast.World) -> int:
    """A view of the queue that an agent shares."""
    row = SavedSearch(owner_id=world.ids["agent"], name="Mine", query="?whose=mine", is_shared=True)
    db.session.add(row)
    db.session.flush()
    return row.id


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


def _ask(world: cast.World) -> int:
    """What the vendor asks about a product that no ticket here is about."""
    field = TicketField(product_id=world.products["atlas"], kind="text", labels={"en": "Serial number"})
    db.session.add(field)
    db.session.flush()
    return field.id


def _watch() -> dict[str, object]:
    """A component that no customer sees, a probe of it that listens, and somebody who tells of alerts."""
    console = Component(slug="console", titles={"en": "Console"}, descriptions={}, begins_at=utcnow())
    group, words = ComponentGroup(titles={"en": "Cloud"}), _words()
    db.session.add_all([console, group, words])
    db.session.flush()
    db.session.add(ComponentSpan(component_id=console.id, state="operational", began_at=console.begins_at))
    told = {"title": "Console is slow", "impact": "minor", "status": "investigating", "body": "We look into it."}
    states = {console.id: "degraded_performance"}
    opened = open_incident(**told, components=states, by=None, now=utcnow(), form_key="slow")
    part = Component(slug="boiler-room", titles={"en": "Boiler room"}, descriptions={}, visibility="org:0")
    probe = Probe(component=part, name="Boiler", kind="heartbeat", asks={}, token_hash=hashed("beat"), opens="nothing")
    source = AlertSource(name="Cluster", token_hash=hashed("alerts"), opens="nothing")
    db.session.add_all([part, probe, source])
    db.session.flush()
    return {
        "/status/heartbeat/<token> token": "beat",
        "/api/alerts/<token> token": "alerts",
        "public_id": opened.public_id,
        **dict.fromkeys(
            [f"/desk/status/maintenance/<public_id>{act} public_id" for act in ("", "/move", "/next")],
            planned_work([console.id]).public_id,
        ),
        "/desk/status/updates/<public_id> public_id": opened.updates[0].public_id,
        "/desk/status/incidents/<public_id>/discard public_id": drafted([console.id]).public_id,
        "component_id": console.id,
        "group_id": group.id,
        "template_id": words.id,
        "probe_id": probe.id,
        "source_id": source.id,
    }


def _words() -> IncidentTemplate:
    told = {"title": "Slow", "status": "investigating", "impact": "minor", "components": [], "body": "We look into it."}
    return IncidentTemplate(name="Slow console", **told)


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


def _chat(heron: Organisation, product: Product | None, person: User) -> dict[str, object]:
    """One that waits, with a file, whatever the hour."""
    chat = Chat(requester=person, organisation=heron, product=product, rank=1, language="en", zone="Europe/Berlin")
    db.session.add(chat)
    draft = _draft(person)
    token = _attach_to_draft(draft, person)
    say(chat, "It beeps.", by=person, now=utcnow(), files=list(draft.attachments))
    return {"chat_id": chat.id, "/chat/files/<token> token": token}


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
    wish = wishes.kept(text, "will@wisher.example", now=utcnow(), lang="en", locale="en", zone="UTC")
    return wishes.key_of(wish) if wish else ""
