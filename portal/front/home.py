"""What the home page shows: is somebody there now, what is mine, and which ways to get help this reader has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from flask import render_template, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Row, bindparam, literal, select, true

from portal.accounts.entitlement import entitlement_of
from portal.accounts.products import Product, Release
from portal.db import db, read, utcnow
from portal.formats import COUNTS_SECONDS, date_locale, listed, reader_voice
from portal.fragments import fragment
from portal.front.policy_page import who_has
from portal.front.words import BASES
from portal.policies import the_policy
from portal.sla import Policy, QuoteRequest, make_quote
from portal.sla.calendar import Calendar
from portal.sla.policy import Channel
from portal.sla.text import Text
from portal.tickets.ticket import OPEN_STATUSES, Draft, Ticket
from portal.web import choose_zone

ICONS = {"ticket": "ticket", "chat": "message-square", "phone": "phone", "email": "mail", "forum": "users"}
CHAT = "chat"
MOST_TICKETS = 4
CLOSURES_AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Hours:
    """Whether support is there now, until when or from when, and which days of the coming two weeks it is not."""

    is_open: bool
    is_always_open: bool
    changes_at: datetime | None
    closures: tuple[tuple[date, Text | None], ...]


@dataclass(frozen=True)
class Way:
    """One way to get help: a card, linked where the portal has a page for it."""

    icon: str
    title: str
    text: str
    href: str | None = None
    foot: str = ""


@dataclass(frozen=True)
class Hall:
    """The home page's parts for one reader, drawn: what is on now and theirs, and which ways to get help they have."""

    welcome: Markup
    ways: Markup


def front_desk(person: Any) -> Hall:
    """Gather the home page for a visitor or a person who signed in; what is drawn is kept by all that it shows."""
    policy, now = the_policy(), utcnow()
    free = policy.plans[policy.policy.free_plan]
    asked, plan_name = QuoteRequest(plan=free.id, tier=free.tiers[0]), None
    if person.is_authenticated and not person.is_staff:
        held = entitlement_of(person, now=now)
        asked = QuoteRequest(plan=held.plan, tier=held.tier, reseller=held.reseller, contract=held.is_contract)
        plan_name = None if held.reseller else policy.plans[held.plan].name.to(date_locale())
    tickets, drafted_at = theirs(person) if person.is_authenticated else ((), None)
    answers = person.is_authenticated and person.is_staff
    key = (policy, asked, plan_name, person.is_authenticated, answers, str(get_locale()), choose_zone())
    minute = now.replace(second=0, microsecond=0)
    changed = [moment for moment in (drafted_at, *(row[-1] for row in tickets)) if moment]
    stamp = now.replace(microsecond=0) if any(now - moment < COUNTS_SECONDS for moment in changed) else minute

    def welcome() -> str:
        hours = hours_of(policy, asked.tier or free.tiers[0], now)
        own = [dict(zip(("number", "subject", "status", "updated_at"), row, strict=True)) for row in tickets]
        return render_template("front/_welcome.html", hall={"hours": hours, "tickets": own, "drafted_at": drafted_at})

    def ways() -> str:
        own = ways_for(person, policy, asked, now)
        shown = {"ways": own, "plan_name": plan_name, "releases": newest_releases()}
        return render_template("front/_ways.html", hall=shown)

    return Hall(
        fragment(("welcome", tickets, drafted_at, stamp, *key), welcome, seconds=60),
        fragment(("ways", minute, *key), ways, seconds=60),
    )


def hours_of(policy: Policy, tier: str, now: datetime) -> Hours:
    """The support hours of a tier, as they stand now."""
    return hours_at(policy.calendar(policy.tiers[tier].hours), now)


def hours_at(calendar: Calendar, now: datetime) -> Hours:
    """Whether a calendar is open now, until when or from when, and its closures ahead."""
    is_open = calendar.is_open(now)
    ahead = next(iter(calendar.intervals(now, now + timedelta(days=30))), None)
    change = (ahead.end if is_open else ahead.start) if ahead else None
    closed = tuple((c.day, c.name) for c in calendar.shortened(now, now + CLOSURES_AHEAD))
    return Hours(is_open, calendar.is_always_open, change, closed)


def ways_for(person: Any, policy: Policy, asked: QuoteRequest, now: datetime) -> list[Way]:
    """The channels of the reader's plan, tickets first, and what everybody has; for staff where they answer."""
    if person.is_authenticated and person.is_staff:
        text = _("The tickets that customers wait for, by what is due next.")
        ways = [Way(ICONS["ticket"], _("Desk"), text, url_for("desk.queue"))]
    else:
        channels = policy.channels_of(asked.plan, asked.tier, reseller=asked.reseller)
        files = any(channel.id == asked.channel for channel in channels)
        ways = [ticket_way(person, policy, asked, now) if files else no_ticket_way(person, policy, asked, channels)]
        ways += [channel_way(policy, channel, now) for channel in channels if channel.numbers or channel.id == CHAT]
    if "forum" in policy.channels:
        ways.append(community_way(policy.channels["forum"]))
    if person.is_authenticated and not person.is_staff:
        text = _("Invoices, payment and plans: everybody may ask, whatever their plan.")
        ways.append(Way("credit-card", _("Billing question"), text, url_for("tickets.new", topic="billing")))
    text = _("Channels, hours, response times and what we owe you when we are late.")
    return [*ways, Way("scale", _("Support policy"), text, url_for("front.policy"))]


def ticket_way(person: Any, policy: Policy, asked: QuoteRequest, now: datetime) -> Way:
    """Filing a ticket, with the promise a ticket filed now would get."""
    title, address = _("File a ticket"), url_for("tickets.new")
    if not person.is_authenticated:
        text = _("Sign in or register first; it's free. You are told when the first response is due before you send.")
        return Way(ICONS["ticket"], title, text, address)
    quote = make_quote(policy, asked, now, choose_zone())
    if quote.first_response is None:
        return Way(ICONS["ticket"], title, _("An agent replies to you here and by e-mail."), address)
    due = told(quote.first_response.due_at)
    text = _("First response by %(when)s if you file now (%(basis)s).", when=due, basis=BASES[quote.basis])
    return Way(ICONS["ticket"], title, text, address)


def no_ticket_way(person: Any, policy: Policy, asked: QuoteRequest, channels: Sequence[Channel]) -> Way:
    """What tickets come with, and what the reader has instead."""
    channel = policy.channels.get(asked.channel)
    holders = listed(holder.name for holder in who_has(policy, channel)) if channel else ""
    comes = _("Tickets come with %(plans)s.", plans=holders) if holders else ""
    if not person.is_authenticated:
        promise = _("Sign in, and you are told when the first response is due before you send.")
        return Way(ICONS["ticket"], _("File a ticket"), f"{comes} {promise}".strip(), url_for("tickets.new"))
    ways = listed(channel.name for channel in channels)
    if asked.reseller:
        has = ngettext(
            "As a reseller you have one way to get help: %(ways)s.",
            "As a reseller you have these ways to get help: %(ways)s.",
            len(channels),
            ways=ways,
        )
    else:
        plan = policy.plans[asked.plan].name.to(date_locale())
        has = ngettext(
            "Your plan %(plan)s has one way to get help: %(ways)s.",
            "Your plan %(plan)s has these ways to get help: %(ways)s.",
            len(channels),
            plan=plan,
            ways=ways,
        )
    text = f"{has if channels else ''} {comes}".strip()
    return Way(ICONS["ticket"], _("Tickets"), text, url_for("front.policy", _anchor="channels"))


def channel_way(policy: Policy, channel: Channel, now: datetime) -> Way:
    """A channel with hours, and whether it's open now: a chat begins here, numbers stand on the contact page."""
    locale = date_locale()
    text = channel.note.to(locale) if channel.note else ""
    address = url_for("chat.index") if channel.id == CHAT else url_for("front.contact", _anchor=channel.id)
    if channel.hours is None:
        return Way(ICONS.get(channel.id, "circle"), channel.name.to(locale), text, address)
    calendar = policy.calendar(channel.hours)
    foot = _("Open now") if calendar.is_open(now) else _("Opens %(when)s", when=told(calendar.next_opening(now)))
    return Way(
        ICONS.get(channel.id, "circle"), channel.name.to(locale), text or calendar.name.to(locale), address, foot
    )


def community_way(channel: Channel) -> Way:
    """What everybody may read; that staff answer tickets first is said here (R14)."""
    text = _("Customers answer each other, and our staff join in once the tickets are answered.")
    return Way(ICONS["forum"], channel.name.to(date_locale()), text, url_for("community.index"))


def told(at: datetime) -> str:
    """An instant as plain text, in the reader's language and zone."""
    zone = choose_zone()
    return reader_voice(zone).when(at, zone)


class _Reader:
    """Stands for whoever reads, so that a statement is put together once: that costs more than to run it."""

    id: Any = bindparam("reader")
    is_authenticated = True

    def __init__(self, *, is_staff: bool) -> None:
        self.is_staff = is_staff


def theirs(person: Any) -> tuple[tuple[tuple[Any, ...], ...], datetime | None]:
    """The newest of the reader's own open tickets (for staff those assigned to them), and when they last typed
    something that isn't sent, if there is such a draft."""
    rows = read(_theirs(bool(person.is_staff)), reader=person.id)
    return tuple(tuple(row)[1:] for row in rows if row.number is not None), rows[0].drafted_at


@cache
def _theirs(is_staff: bool) -> Any:
    reader = _Reader(is_staff=is_staff)
    mine = (Ticket.assignee_id if is_staff else Ticket.requester_id) == reader.id
    tickets = Ticket.visible_to(reader).where(mine, Ticket.status.in_(OPEN_STATUSES))
    columns = (Ticket.number, Ticket.subject, Ticket.status, Ticket.updated_at)
    newest = tickets.order_by(Ticket.updated_at.desc()).limit(MOST_TICKETS).with_only_columns(*columns).subquery()
    drafts = Draft.visible_to(_Reader(is_staff=False)).with_only_columns(Draft.updated_at)
    drafted_at = drafts.order_by(Draft.updated_at.desc()).limit(1).subquery()
    one = select(literal(1).label("one")).subquery()  # there is a row for the draft without any ticket, too
    both = one.outerjoin(drafted_at, true()).outerjoin(newest, true())
    shown = select(drafted_at.c.updated_at.label("drafted_at"), *newest.c)
    return shown.select_from(both).order_by(newest.c.updated_at.desc())


def newest_releases() -> list[Row[Any]]:
    """The newest release of each product."""
    newest = select(Release.product_id, db.func.max(Release.released_on).label("on")).group_by(Release.product_id)
    latest = newest.subquery()
    query = (
        select(Product.name, Release.version, Release.released_on)
        .join(Release, Release.product_id == Product.id)
        .join(latest, (latest.c.product_id == Product.id) & (latest.c.on == Release.released_on))
        .where(Product.is_retired.is_(False))
        .order_by(Product.position)
    )
    return list(db.session.execute(query))
