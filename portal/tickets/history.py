"""The promise beside what happened: what a ticket's page shows of the stored quote, the clocks and the log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.people import User
from portal.band import Band
from portal.db import db
from portal.formats import date_locale, plural, share
from portal.sla import Policy, Quote
from portal.sla.timers import Timer, Timers
from portal.sla.wording import Voice
from portal.tickets import bands, clocks, filetypes, quoting, telling
from portal.tickets.edit_words import edit_words
from portal.tickets.ticket import Message, Ticket, TicketEvent
from portal.web import choose_locale, choose_zone

SOON = timedelta(hours=1)


@dataclass(frozen=True)
class Clock:
    """One clock in words: how it stands, until when, and how it was counted."""

    name: str
    state: str
    at: datetime | None
    steps: Sequence[str]


@dataclass(frozen=True)
class Happening:
    """One line of the log that the customer may read."""

    text: str
    at: datetime
    icon: str
    kind: str = ""


@dataclass(frozen=True)
class Level:
    name: str
    level: int
    levels: int


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a promise."""

    headline: str
    basis: telling.Basis
    due_at: datetime | None
    earliest_at: datetime | None
    clocks: Sequence[Clock]
    band: Band | None
    sentence: str
    steps: Sequence[str]
    story: Sequence[Happening]
    severity: Level | None
    holding: str
    policy_url: str


def kept_promise(ticket: Ticket, *, is_own: bool, now: datetime) -> Kept:
    """The stored promise and the facts, in the reader's language and zone. `is_own`: the reader filed the ticket."""
    policy, zone, locale = clocks.policy_of(ticket), choose_zone(), choose_locale()
    promise, timers = Quote.from_json(ticket.promise), clocks.timers_of(ticket, now=now)
    first, shown = promise.first_response, shown_timer(timers)
    return Kept(
        headline=_("First response promised by") if first else telling.headline(promise),
        basis=telling.basis(promise.basis),
        due_at=first.due_at if first else None,
        earliest_at=first.earliest_at if first else None,
        clocks=[clock for timer in timers if (clock := clock_of(timer, now=now, locale=locale, zone=zone))],
        band=timer_band(timers.policy, shown, now=now, zone=zone) if shown else None,
        sentence=outcome(shown, zone) if shown else "",
        steps=telling.explained(promise, locale=locale, zone=zone),
        story=sorted(
            [*story_of(ticket, policy, locale, is_own=is_own), *stops_of(timers, zone)], key=lambda line: line.at
        ),
        severity=level_of(policy, ticket, locale),
        holding=quoting.holding_words(ticket, locale=locale),
        policy_url=url_for("front.policy_version", policy_id=ticket.policy_id, version=ticket.policy_version),
    )


def shown_timer(timers: Timers) -> Timer | None:
    """The clock that the band draws: the first answer, and once that is given the next one while it is awaited."""
    following = timers.next_response
    if timers.first_response.stopped_at and following.is_open:
        return following
    return timers.first_response if timers.first_response.due_at else None


def timer_band(policy: Policy, timer: Timer, *, now: datetime, zone: str) -> Band | None:
    if timer.started_at is None or timer.due_at is None:
        return None
    return bands.band_of(
        policy,
        timer.calendar,
        received_at=timer.started_at,
        due_at=timer.due_at,
        earliest_at=timer.earliest_at,
        answered_at=timer.stopped_at,
        now=now,
        zone=zone,
        locale=date_locale(),
        pauses=[(pause.start, pause.end or now) for pause in timer.pauses],
    )


def outcome(timer: Timer, zone: str) -> str:
    """What a band of this clock shows, for those who don't see it."""
    name, due = str(telling.CLOCKS[timer.clock]), telling.written(timer.due_at, zone) if timer.due_at else ""
    if timer.stopped_at is None:
        return _("%(clock)s: due %(due)s.", clock=name, due=due)
    came = telling.written(timer.stopped_at, zone)
    if timer.state == "missed":
        return _("%(clock)s: promised by %(due)s, came %(came)s, too late.", clock=name, due=due, came=came)
    return _("%(clock)s: promised by %(due)s, came %(came)s, in time.", clock=name, due=due, came=came)


def clock_of(timer: Timer, *, now: datetime, locale: str, zone: str) -> Clock | None:
    """None for a clock that has nothing to say: never promised, or not running yet."""
    if timer.state == "none" or timer.due_at is None:
        return None
    voice = Voice(locale, zone, _, plural)
    state: str = timer.state
    if state == "running" and timer.due_at - now < SOON:
        state = "soon"
    at = timer.stopped_at or (None if state == "paused" else timer.due_at)
    return Clock(str(telling.CLOCKS[timer.clock]), state, at, [voice.say(step) for step in timer.steps])


def level_of(policy: Policy, ticket: Ticket, locale: str) -> Level | None:
    """Severity with its place among those of the tier: 1 is the worst."""
    if ticket.severity not in policy.severities:
        return None
    names = [severity.id for severity in policy.severities_of(ticket.tier)] if ticket.tier in policy.tiers else []
    place = names.index(ticket.severity) + 1 if ticket.severity in names else 1
    return Level(policy.severities[ticket.severity].name.to(locale), place, max(len(names), 1))


def files_of(message: Message) -> list[dict[str, Any]]:
    """A message's files as the macros draw them."""
    return [
        {
            "name": file.filename,
            "href": url_for("tickets.attachment", token=file.token),
            "size": file.size,
            "show": f"{url_for('tickets.attachment', token=file.token)}?show=1"
            if file.content_type in filetypes.INLINE
            else None,
        }
        for file in message.attachments
    ]


# The log, without what is the desk's own -----------------------------------------------------------------------------

TOLD: dict[str, tuple[str, str]] = {
    "received": ("inbox", _l("You filed the ticket")),
    "receipt_sent": ("mail", _l("Confirmation sent")),
    "agent_replied": ("reply", _l("Support replied")),
    "customer_replied": ("message-square", _l("You wrote")),
    "resolved": ("circle-check", _l("Resolved")),
    "rated": ("star", _l("You rated the answer")),
    "closed": ("lock", _l("Closed")),
    "reopened": ("rotate-ccw", _l("Reopened")),
    "plan_changed": ("chevrons-up", _l("Your support level changed")),
    "credentials_sealed": ("key-round", _l("Credentials stored, encrypted")),
    "credentials_revealed": ("eye", _l("Support opened the credentials")),
    "credentials_purged": ("x", _l("Credentials deleted")),
    "remote_proposed": ("monitor", _l("Support proposed a remote session")),
    "remote_agreed": ("monitor", _l("Consent given to a remote session")),
    "remote_begun": ("monitor", _l("Remote session began")),
    "remote_ended": ("monitor", _l("Remote session ended")),
    "remote_dropped": ("monitor", _l("No remote session")),
}


def story_of(ticket: Ticket, policy: Policy, locale: str, *, is_own: bool) -> list[Happening]:
    """The log in the customer's words. Notes, assignments and whatever is not named here stay inside."""
    you = ticket.requester_id if is_own else None
    told: Callable[[str | None], str] = lambda name: (  # noqa: E731
        policy.severities[name].name.to(locale) if name in policy.severities else ""
    )
    return [line for event in ticket.events if (line := happening(event, you, told))]


def stops_of(timers: Timers, zone: str) -> list[Happening]:
    """When clocks stood still, and for whom."""
    return [
        Happening(
            _("Clocks paused until %(end)s: waiting for you", end=telling.written(pause.end, zone))
            if pause.end
            else _("Clocks paused: waiting for you"),
            pause.start,
            "pause",
        )
        for pause in timers.pauses
    ]


def happening(event: TicketEvent, you: int | None, severity: Callable[[str | None], str]) -> Happening | None:
    """Who else did it is named: an owner reads the tickets of others."""
    if event.kind in ("triaged", "severity_changed"):
        return Happening(triage_words(event, severity), event.at, "flag", "key")
    if event.kind == "breached":
        return Happening(late_words(event.detail), event.at, "clock-alert", "key")
    if event.kind == "policy_changed" and event.detail["moved"]:
        words = edit_words(event.detail, locale=choose_locale(), zone=choose_zone())
        return Happening(words, event.at, "calendar-days", "key")
    if event.kind in ("shared", "unshared"):
        return Happening(sharing_words(event), event.at, "users")
    if event.kind == "split":
        other, title = event.detail["number"], event.detail["subject"]
        return Happening(_("Part of it goes on in #%(number)s: %(title)s", number=other, title=title), event.at, "copy")
    if event.kind == "joined":
        words = _(
            "Ticket #%(number)s goes on here: %(title)s", number=event.detail["number"], title=event.detail["subject"]
        )
        return Happening(words, event.at, "link")
    if event.kind not in TOLD:
        return None
    icon, text = TOLD[event.kind]
    if taken_by := event.detail.get("taken_by"):
        agent = db.session.get(User, taken_by)
        text = _("%(who)s filed the ticket", who=agent.display_name if agent else "?")
    elif event.by and event.by_id != you:
        if event.kind == "received":
            text = _("%(who)s filed the ticket", who=event.by.display_name)
        elif event.kind == "customer_replied":
            text = _("%(name)s wrote", name=event.by.display_name)
        elif event.kind == "rated":
            text = _("%(name)s rated the answer", name=event.by.display_name)
    return Happening(str(text), event.at, icon, "key" if event.kind in ("agent_replied", "resolved") else "")


def sharing_words(event: TicketEvent) -> str:
    person = db.session.get(User, event.detail["to"])
    name = person.display_name if person else "?"
    return (
        _("Shared with %(name)s", name=name)
        if event.kind == "shared"
        else _("No longer shared with %(name)s", name=name)
    )


def late_words(detail: Mapping[str, Any]) -> str:
    """A promise that was not kept, and what the policy gives for it."""
    said = _("Late: %(clock)s was due.", clock=str(telling.CLOCKS[detail["clock"]]))
    if not detail["credit"]:
        return said
    return f"{said} " + _(
        "You are owed a credit of %(percent)s of the month's fee.", percent=share(Decimal(detail["credit"]))
    )


def triage_words(event: TicketEvent, severity: Callable[[str | None], str]) -> str:
    name = severity(event.detail.get("severity"))
    if not name:
        return _("Support logged the ticket")
    if event.detail.get("before") == event.detail.get("severity"):
        return _("Support confirmed the severity: %(severity)s", severity=name)
    return _("Support set the severity to: %(severity)s", severity=name)
