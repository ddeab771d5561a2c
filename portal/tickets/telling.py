"""A promise in the reader's words: the sentences of the SLA module with our translations, and how sure a figure is."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, format_time
from flask_babel import gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.formats import date_locale, plural, reader_voice
from portal.sla import Quote
from portal.sla.wording import sentences

CLOCKS = {
    "first_response": _l("First response"),
    "next_response": _l("Next response"),
    "update": _l("Next update"),
    "resolution": _l("Resolution"),
}


@dataclass(frozen=True)
class Basis:
    """How binding a figure is: word, shape, sentence."""

    word: str
    kind: str
    icon: str
    text: str


def explained(quote: Quote, *, locale: str, zone: str) -> list[str]:
    """How the promise was counted, a sentence a step. Inside `force_locale(locale)` for somebody else's language."""
    return sentences(quote, locale=locale, zone=zone, translate=gettext, translate_plural=plural)


def promised_sentence(quote: Quote, *, zone: str) -> str:
    """What is promised for the first response, in the reader's language; empty where no time is."""
    if quote.first_response is None:
        return ""
    return " ".join(reader_voice(zone).say(step) for step in quote.steps if step.kind == "promise")


def headline(quote: Quote) -> str:
    """What stands before the promised instant."""
    if quote.first_response is None:
        return _("No time is promised for a first response")
    if quote.first_response.earliest_at:
        return _("You get a first response")
    return _("You get a first response by")


def due_words(clock: str | None) -> str:
    """What stands before the instant at which that clock of an open ticket is due."""
    return {
        "first_response": _("You get a first response by:"),
        "next_response": _("You get the next response by:"),
        "update": _("You get the next update by:"),
        "resolution": _("It is due to be resolved by:"),
    }.get(clock or "", "")


def promised_words(clock: str) -> str:
    """What stands before the instant of a promise that was not kept."""
    return {
        "first_response": _("We promised you a first response by:"),
        "next_response": _("We promised you the next response by:"),
        "update": _("We promised you an update by:"),
        "resolution": _("We promised you that it would be resolved by:"),
    }[clock]


def news_words(kind: str, who: str) -> str:
    """What somebody did on a ticket, for staff who follow it."""
    return {
        "mentioned": _("%(who)s mentioned you", who=who),
        "wrote": _("%(who)s wrote", who=who),
        "replied": _("%(who)s replied", who=who),
        "noted": _("%(who)s wrote a note", who=who),
        "resolved": _("%(who)s resolved it", who=who),
        "remote_agreed": _("%(who)s agreed to the remote session", who=who),
        "remote_ended": _("%(who)s ended the remote session", who=who),
    }[kind]


def basis(kind: str) -> Basis:
    """Guarantee, target, average or none, said so that nobody takes one for another."""
    return {
        "guarantee": Basis(_("Guaranteed"), "ok", "shield-check", _("A commitment of your support contract.")),
        "target": Basis(_("Target"), "accent", "flag", _("What we aim for; not a guarantee.")),
        "average": Basis(_("Average"), "", "activity", _("How long it usually takes; not a guarantee.")),
    }.get(kind, Basis(_("No figure"), "", "minus", _("Nobody has committed to a time.")))


def spoken(quote: Quote, zone: str) -> str:
    """What a band shows, in a sentence for those who don't see it."""
    first = quote.first_response
    if first is None:
        return headline(quote)
    latest = written(first.due_at, zone)
    if first.earliest_at:
        return _(
            "First response between %(earliest)s and %(latest)s.",
            earliest=written(first.earliest_at, zone),
            latest=latest,
        )
    return _("First response by %(due)s.", due=latest)


def written(at: datetime, zone: str) -> str:
    """A date and time as text, in the reader's manner of writing."""
    locale, home = date_locale(), ZoneInfo(zone)
    return f"{format_skeleton('yMMMEd', at, home, locale=locale)}, {format_time(at, 'short', home, locale)}"
