"""What agents of the demo keep at hand: canned replies, a search of the queue, and a question of the vendor's own; what
they did to tickets at once; and a customer's webhook."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.accounts.people import User
from portal.accounts.products import Product
from portal.db import db
from portal.demo.tickets import AGENT, SECOND
from portal.desk.saved import SavedSearch
from portal.tickets import bulk
from portal.tickets.canned import CannedReply
from portal.tickets.credentials import encrypt
from portal.tickets.custom_fields import TicketField
from portal.tickets.ticket import Ticket
from portal.webhooks.webhook import Delivery, Webhook, new_message_id, new_secret

REPLIES = (
    (
        AGENT,
        True,
        "Ask for the agent log",
        "Hello {customer},\n\nCould you send us the last fifty lines of the agent log? With them we can see what the "
        "agent and the console said to each other. You can attach the file here: {link}\n\nKind regards,\n{agent}",
    ),
    (
        AGENT,
        True,
        "We are still on it",
        "Hello {customer},\n\nWe are still working on “{subject}”. You hear from us by {due}.\n\n"
        "Kind regards,\n{agent}",
    ),
    (
        SECOND,
        False,
        "Uhrzeit prüfen",
        "Guten Tag {customer},\n\nbitte prüfen Sie am Gerät die Uhrzeit und den eingestellten Zeitserver und "
        "schreiben Sie uns beides hier: {link}\n\nFreundliche Grüße\n{agent}",
    ),
)
OWNER = "mira@tidewater.example"
ABOUT_CLOCKS = ("Relay verliert nachts die Verbindung", "Weekly report is rendered twice")
SITES = {
    "en": "How many sites are affected?",
    "de": "Wie viele Standorte sind betroffen?",
    "nl": "Hoeveel locaties zijn getroffen?",
    "da": "Hvor mange steder er berørt?",
    "ru": "Сколько объектов затронуто?",
    "zh": "有多少站点受到影响？",
}


def stock_demo_desk(people: Mapping[str, User], products: Mapping[str, Product]) -> None:
    for owner, is_shared, name, body in REPLIES:
        db.session.add(CannedReply(owner_id=people[owner].id, name=name, body=body, is_shared=is_shared))
    db.session.add(SavedSearch(owner_id=people[AGENT].id, name="Late", query="?due=late", is_shared=True))
    db.session.add(TicketField(product_id=products["beacon"].id, kind="number", labels=SITES))


def tag_demo_tickets(people: Mapping[str, User], *, now: datetime) -> None:
    """One act on several tickets; one of them has the tag already."""
    chosen = select(Ticket.number).where(Ticket.subject.in_(ABOUT_CLOCKS)).order_by(Ticket.id)
    bulk.act(db.session.scalars(chosen).all(), "tag", {"names": ["clock"]}, by=people[AGENT], now=now)


def add_demo_webhook(people: Mapping[str, User], *, now: datetime) -> None:
    """Switched off, so that the demo calls nobody; its log has what was sent before."""
    owner = people[OWNER]
    group = db.session.scalar(owner.organisations().limit(1))
    address = "https://hooks.tidewater.example/support"
    webhook = Webhook(organisation=group, made_by_id=owner.id, url=address, sealed=encrypt(new_secret()), is_on=False)
    db.session.add(webhook)
    db.session.flush()
    for hours, state, attempts, status, failure in ((9, "sent", 1, 204, None), (3, "dead", 8, None, "unreachable")):
        at = now - timedelta(hours=hours)
        row = Delivery(
            webhook_id=webhook.id, message_id=new_message_id(), kind="ticket.created", body="{}", state=state
        )
        row.attempts, row.status, row.failure, row.created_at, row.tried_at = attempts, status, failure, at, at
        db.session.add(row)
