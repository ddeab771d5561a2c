"""The status page: how things stand, one incident, and what was, by month."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.accounts.entitlement import grants_of
from portal.audience import sees
from portal.db import db, utcnow
from portal.formats import lasting, when_day
from portal.fragments import fragment
from portal.sla.uptime import Day
from portal.status import known, showing
from portal.status.component import OPERATIONAL, STATES, Component
from portal.status.incident import WRITERS, Incident
from portal.status.words import ACT_NAMES, IMPACT_NAMES, OVERALL, STATE_ICONS, STATE_KINDS, STATE_NAMES, STATUS_NAMES
from portal.web import choose_zone, public, reader

bp = Blueprint("status", __name__, url_prefix="/status")

KEPT = 15.0  # seconds that the header of every page may be behind what another process changed


@bp.app_context_processor
def words() -> dict[str, Any]:
    """What the templates of the status page call things by."""
    states = {"state_names": STATE_NAMES, "state_icons": STATE_ICONS, "state_kinds": STATE_KINDS, "overall": OVERALL}
    named = {"status_names": STATUS_NAMES, "impact_names": IMPACT_NAMES, "act_names": ACT_NAMES}
    return {**states, **named, "status_now": status_now}


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    person, now = reader(), utcnow()

    def render() -> str:
        found = showing.going_on(person)
        board = showing.sections(person, now, own=own_products(person, now))
        state = showing.worst([line.component.state for section in board for line in section.lines])
        given = {"board": board, "state": state, "going_on": found, "planned": showing.planned(person)}
        recent = showing.past(person, now - timedelta(days=14), now)
        return render_template("status/_index.html", recent=recent, now=now, **given, **asked())

    minute = now.replace(second=0, microsecond=0)
    key = ("status", showing.edition(), minute, *key_of(person, now))
    return render_template("status/index.html", drawn=fragment(key, render, seconds=60))


@bp.get("/incidents/<public_id>")
@public
def incident(public_id: str) -> ResponseReturnValue:
    found = showing.one(public_id, reader()) or abort(404)
    return render_template("status/incident.html", incident=found, now=utcnow(), **asked())


@bp.get("/history")
@public
def history() -> ResponseReturnValue:
    """What is over, a month a page."""
    person, now = reader(), utcnow()
    month = showing.month_of(request.args.get("month", ""), now.date())

    def render() -> str:
        since = datetime(month.year, month.month, 1, tzinfo=UTC)
        until = (since + timedelta(days=31)).replace(day=1)
        earlier = Incident.visible_to(person).where(Incident.began_at < since).with_only_columns(Incident.id)
        is_first = db.session.scalar(earlier.limit(1)) is None
        before = None if is_first else (since - timedelta(days=1)).replace(day=1).date()
        given = {"found": showing.past(person, since, until), "month": month, "before": before}
        return render_template("status/_history.html", after=until.date() if until <= now else None, **given, **asked())

    key = ("status history", showing.edition(), month, now.date(), *key_of(person, now))
    return render_template("status/history.html", drawn=fragment(key, render, seconds=600))


def asked() -> dict[str, Any]:
    """What a template needs to know of who reads."""
    audiences = sees(reader())

    def parts(found: Incident) -> list[Any]:
        return showing.seen_parts(found, audiences)

    named = {"parts_of": parts, "title_of": title_of, "audiences": audiences, "is_writer": writes()}
    return named | {"worst_of": showing.worst_of, "named": namer(), "lasted": lasted}


def namer() -> Callable[[Day], str]:
    """What a bar is called: its day and what that day was. Most of them say the same, so that words are kept."""
    written = cache(when_day)
    kept: dict[tuple[Any, ...], str] = {}

    def named(day: Day) -> str:
        key = (day.known, *day.seconds.items())
        if key not in kept:
            kept[key] = said_of(day)
        return f"{written(day.day)}: {kept[key]}"

    return named


def said_of(day: Day) -> str:
    """What a day's bar says in words."""
    if not day.known:
        return _("Nothing is known")
    bad = [state for state in reversed(STATES[1:]) if day.seconds.get(state)]
    told = [f"{STATE_NAMES[state]} {lasting(day.seconds[state])}" for state in bad]
    return "; ".join(told) or str(STATE_NAMES[OPERATIONAL])


def lasted(found: Incident) -> str:
    """How long it took until it was resolved."""
    return lasting(((found.resolved_at or utcnow()) - found.began_at).total_seconds())


def title_of(titles: dict[str, str]) -> str:
    """A title by the reader's language."""
    language = str(get_locale()).replace("_", "-")
    return titles.get(language) or titles.get(language.split("-")[0]) or next(iter(titles.values()), "")


def key_of(person: Any, now: datetime) -> tuple[Any, ...]:
    return (*sees(person), own_products(person, now), str(get_locale()), choose_zone(), writes())


def own_products(person: Any, now: datetime) -> tuple[str, ...]:
    """The products that the reader holds something of."""
    if not person.is_authenticated or person.is_staff:
        return ()
    return tuple(sorted({str(grant.product) for grant in grants_of(person, now=now) if grant.product}))


def writes() -> bool:
    person = reader()
    return bool(person.is_authenticated and any(person.has_role(role) for role in WRITERS))


@bp.app_template_global()
def incident_state(found: Incident | known.Known) -> str:
    """Its state in the reader's words, for pages of other areas."""
    return str(STATUS_NAMES.get(found.status, found.status))


@bp.app_template_global()
def incident_of_ticket(ticket_id: int) -> Incident | None:
    """What a ticket belongs to, as far as the reader sees it."""
    return known.incident_of_ticket(ticket_id, reader())


@bp.app_template_global()
def goings_on() -> str:
    """What goes on and what is planned soon, for the home page; empty while all is calm, which asks nothing."""
    until, edition = current_app.extensions.get("goings_on", (0.0, ()))
    if until <= (now := time.monotonic()):
        edition = showing.edition() if showing.is_anything_on(utcnow()) else ()
        current_app.extensions["goings_on"] = (now + KEPT, edition)
    if not edition:
        return ""
    person, moment = reader(), utcnow()
    own = own_products(person, moment)

    def render() -> str:
        return render_template("status/_home.html", found=showing.soon(person, moment, own=own), **asked())

    minute = moment.replace(second=0, microsecond=0)
    return fragment(("status home", edition, minute, *key_of(person, moment)), render, seconds=60)


def status_now() -> str:
    """The state for the header of every page; empty where there is no component.

    What this process changed shows at once, what another did (the worker, most often) some seconds later.
    """
    until, state = current_app.extensions.get("status_now", (0.0, ""))
    if until <= (now := time.monotonic()):
        state = showing.state_for_everybody()
        current_app.extensions["status_now"] = (now + KEPT, state)
    return str(state)


@event.listens_for(db.session, "after_flush")
def notice_change(session: Session, _context: object) -> None:
    if any(isinstance(row, Component | Incident) for row in (*session.new, *session.dirty, *session.deleted)):
        session.info["state_changed"] = True


@event.listens_for(db.session, "after_commit")
def forget_state(session: Session) -> None:
    if session.info.pop("state_changed", False):
        current_app.extensions.pop("status_now", None)
        current_app.extensions.pop("goings_on", None)
