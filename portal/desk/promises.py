"""The clocks of one ticket, each beside what was promised: how it stands, how it was counted, how it burns down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.band import Band
from portal.desk.burning import CLOCKS
from portal.desk.words import CLOCKS as NAMES
from portal.desk.words import span
from portal.formats import date_locale, reader_voice
from portal.sla import Policy
from portal.sla.terms import Commitment
from portal.sla.timers import Timer
from portal.tickets.bands import band_of
from portal.tickets.clocks import timers_of
from portal.tickets.ticket import Ticket
from portal.web import choose_zone


@dataclass(frozen=True)
class Promise:
    """One clock. `state` is the timer's, with `soon` for one that the policy already warns of."""

    clock: Commitment
    name: str
    state: str
    due_at: datetime | None
    stopped_at: datetime | None
    left: str
    sentence: str
    band: Band | None
    steps: Sequence[str]


def of(ticket: Ticket, *, now: datetime) -> list[Promise]:
    """The clocks that were ever started, the one that is due next first."""
    timers, voice = timers_of(ticket, now=now), reader_voice()
    found = []
    for clock in CLOCKS:
        timer = getattr(timers, clock)
        if timer.state == "none":
            continue
        state = "soon" if timer.state == "running" and is_warned(timer, now) else timer.state
        found.append(
            Promise(
                clock=clock,
                name=str(NAMES[clock]),
                state=state,
                due_at=timer.due_at,
                stopped_at=timer.stopped_at,
                left=span(timer.due_at - now) if timer.due_at else "",
                sentence=sentence(state, timer, now),
                band=drawn(timers.policy, timer, now),
                steps=[voice.say(step) for step in timer.steps],
            )
        )
    return sorted(found, key=lambda promise: (promise.stopped_at is not None, promise.due_at is None, promise.due_at))


def is_warned(timer: Timer, now: datetime) -> bool:
    """True once the last of the policy's warnings has come."""
    return bool(timer.warnings) and timer.warnings[-1].at <= now


def sentence(state: str, timer: Timer, now: datetime) -> str:
    """What the band shows, for those who don't see it."""
    if timer.due_at is None:
        return ""
    left = span(timer.due_at - now)
    if state == "late":
        return _("Late by %(span)s", span=left)
    if timer.stopped_at:
        spare = span(timer.due_at - timer.stopped_at)
        met = timer.stopped_at <= timer.due_at
        return _("Done %(span)s early", span=spare) if met else _("Done %(span)s late", span=spare)
    return _("%(span)s left", span=left)


def drawn(policy: Policy, timer: Timer, now: datetime) -> Band | None:
    """The burn-down on the calendar that counts; None for what can't be drawn."""
    if timer.due_at is None or timer.started_at is None:
        return None
    return band_of(
        policy,
        timer.calendar,
        received_at=timer.started_at,
        due_at=timer.due_at,
        answered_at=timer.stopped_at,
        now=now,
        zone=choose_zone(),
        locale=date_locale(),
        pauses=[(pause.start, pause.end or now) for pause in timer.pauses],
    )
