"""Spans of time and events of the log, in words."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.formats import share
from portal.tickets.edit_words import edit_words
from portal.tickets.fitting import Fit
from portal.tickets.ticket import TicketEvent
from portal.web import choose_locale, choose_zone

CLOCKS = {
    "first_response": _l("first response"),
    "next_response": _l("next response"),
    "update": _l("update"),
    "resolution": _l("resolution"),
}


def span(length: timedelta) -> str:
    """'12 min', '4 h 10 min', '2 d 5 h', '9 d': as exact as one needs to know it, the sign left out."""
    minutes = int(abs(length).total_seconds() // 60)
    hours, days = minutes // 60, minutes // (24 * 60)
    if not minutes:
        return _("under 1 min")
    if not hours:
        return _("%(minutes)s min", minutes=minutes)
    if not days:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60)
    if days < 7:
        return _("%(days)s d %(hours)s h", days=days, hours=hours % 24)
    return _("%(days)s d", days=days)


def short_when(moment: datetime, now: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """The time alone today, with the weekday within a week, else with the date; in the reader's zone."""
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    return _short(moment.replace(second=0, microsecond=0), min(abs(days), 7), zone, locale)


@lru_cache(maxsize=4000)  # Babel is slow, and a board shows the same minutes again and again
def _short(moment: datetime, days: int, zone: ZoneInfo, locale: Locale) -> str:
    time = format_time(moment, "short", zone, locale)
    if not days:
        return time
    return f"{format_skeleton('E' if days < 7 else 'MMMd', moment, zone, locale=locale)} {time}"


# The log ------------------------------------------------------------------------------------------------------------

Names = Mapping[int, str]
ICONS = {
    "received": "inbox",
    "receipt_sent": "mail",
    "customer_replied": "message-square",
    "agent_replied": "reply",
    "noted": "sticky-note",
    "triaged": "flag",
    "severity_changed": "flag",
    "plan_changed": "chevrons-up",
    "assigned": "user-check",
    "waiting": "pause",
    "resolved": "circle-check",
    "rated": "star",
    "closed": "lock",
    "reopened": "rotate-ccw",
    "warned": "bell",
    "policy_changed": "calendar-days",
    "breached": "clock-alert",
    "joined": "link",
    "fields_changed": "pencil",
    "moved": "list",
    "tagged": "tag",
    "split": "copy",
    "shared": "users",
    "unshared": "users",
    "credentials_sealed": "key-round",
    "credentials_revealed": "eye",
    "credentials_purged": "trash-2",
    **dict.fromkeys(("remote_proposed", "remote_agreed", "remote_begun", "remote_ended", "remote_dropped"), "monitor"),
}


def event_words(event: TicketEvent, people: Names, severity: Callable[[str | None], str]) -> str:
    """One line of the log. `people` are names by id, `severity` names one in the reader's language."""
    who = people.get(event.by_id or 0, _("The portal"))
    words = _TOLD.get(event.kind)
    return words(who, event.detail, people, severity) if words else f"{who}: {event.kind.replace('_', ' ')}"


def _triaged(who: str, detail: Mapping[str, Any], _people: Names, severity: Callable[[str | None], str]) -> str:
    if not detail.get("severity"):
        told = _("%(who)s logged the ticket", who=who)
    elif detail.get("before") == detail["severity"]:
        told = _("%(who)s confirmed the severity: %(severity)s", who=who, severity=severity(detail["severity"]))
    else:
        told = _(
            "%(who)s set the severity from %(before)s to %(severity)s",
            who=who,
            before=severity(detail.get("before")),
            severity=severity(detail["severity"]),
        )
    return f"{told} ({detail['reason']})" if detail.get("reason") else told


def _tagged(who: str, detail: Mapping[str, Any], _people: Names, _severity: object) -> str:
    if detail["added"]:
        return _("%(who)s tagged it: %(tags)s", who=who, tags=", ".join(detail["added"]))
    return _("%(who)s took tags off: %(tags)s", who=who, tags=", ".join(detail["removed"]))


def fit_words(fit: Fit) -> str:
    """What somebody lacks for a ticket, and how many they have."""
    said = {
        "shift": _("away"),
        "queue": _("other queue"),
        "language": _("other language"),
        "skill": _("other skills"),
    }
    found = [said[lack] for lack in fit.lacks] or [_("fits")]
    return ", ".join([*found, ngettext("%(num)s open ticket", "%(num)s open tickets", fit.load)])


def _assigned(who: str, detail: Mapping[str, Any], people: Names, _severity: object) -> str:
    if not detail.get("to"):
        return _("%(who)s gave it back to the queue", who=who)
    to = people.get(detail["to"], "?")
    return _("%(who)s took it", who=who) if to == who else _("%(who)s gave it to %(to)s", who=who, to=to)


def _received(who: str, detail: Mapping[str, Any], people: Names, _severity: object) -> str:
    agent = people.get(detail.get("taken_by") or 0)
    if agent and detail.get("channel") == "phone":
        return _("%(agent)s took %(who)s’s call", agent=agent, who=who)
    return _("%(who)s filed the ticket", who=agent or who)


def _replied(who: str, detail: Mapping[str, Any], _people: Names, _severity: object) -> str:
    if detail.get("wait"):
        return _("%(who)s replied, and waits for the customer", who=who)
    return _("%(who)s replied", who=who)


def _plan(who: str, detail: Mapping[str, Any], _people: Names, _severity: object) -> str:
    return _("Plan changed to %(plan)s, %(tier)s", plan=detail.get("plan", ""), tier=detail.get("tier", ""))


def _moved(who: str, detail: Mapping[str, Any], _people: Names, _severity: object) -> str:
    if not detail["below"]:
        return _("%(who)s took it out of a larger problem", who=who)
    return _("%(who)s made it a part of #%(number)s", who=who, number=detail["below"])


def _warned(_who: str, detail: Mapping[str, Any], people: Names, _severity: object) -> str:
    told = ", ".join(people.get(person, "?") for person in detail["told"])
    clock = str(CLOCKS[detail["clock"]])
    if told:
        return _("Warned of %(clock)s: %(told)s", clock=clock, told=told)
    words = _("%(clock)s falls due", clock=clock)
    return words[:1].upper() + words[1:]


def _rated(who: str, detail: Mapping[str, Any], _people: Names, _severity: object) -> str:
    if detail["score"] == "good":
        return _("%(who)s is satisfied", who=who)
    return _("%(who)s is not satisfied", who=who)


def _breached(_who: str, detail: Mapping[str, Any], _people: Names, _severity: object) -> str:
    clock = str(CLOCKS[detail["clock"]])
    if not detail["credit"]:
        return _("Late: %(clock)s", clock=clock)
    return _("Late: %(clock)s; credit of %(percent)s noted", clock=clock, percent=share(Decimal(detail["credit"])))


_TOLD: dict[str, Callable[..., str]] = {
    "received": _received,
    "receipt_sent": lambda who, *rest: _("The receipt was sent"),
    "customer_replied": lambda who, *rest: _("%(who)s wrote back", who=who),
    "agent_replied": _replied,
    "noted": lambda who, *rest: _("%(who)s wrote a note", who=who),
    "triaged": _triaged,
    "severity_changed": _triaged,
    "plan_changed": _plan,
    "assigned": _assigned,
    "warned": _warned,
    "policy_changed": lambda who, detail, *rest: edit_words(detail, locale=choose_locale(), zone=choose_zone()),
    "breached": _breached,
    "shared": lambda who, detail, people, *rest: _(
        "%(who)s shared it with %(to)s", who=who, to=people.get(detail["to"], "?")
    ),
    "unshared": lambda who, detail, people, *rest: _(
        "%(who)s stopped sharing it with %(to)s", who=who, to=people.get(detail["to"], "?")
    ),
    "split": lambda who, detail, *rest: _("%(who)s split off #%(number)s", who=who, number=detail["number"]),
    "moved": _moved,
    "tagged": _tagged,
    "fields_changed": lambda who, *rest: _("%(who)s corrected the details", who=who),
    "joined": lambda who, detail, *rest: _("%(who)s merged #%(number)s into it", who=who, number=detail["number"]),
    "resolved": lambda who, *rest: _("%(who)s resolved it", who=who),
    "rated": _rated,
    "closed": lambda who, *rest: _("%(who)s closed it", who=who),
    "reopened": lambda who, *rest: _("%(who)s reopened it", who=who),
    "credentials_sealed": lambda who, *rest: _("%(who)s left remote-access credentials", who=who),
    "credentials_revealed": lambda who, *rest: _("%(who)s looked at the credentials", who=who),
    "credentials_purged": lambda who, *rest: _("The credentials were forgotten"),
    "remote_proposed": lambda who, *rest: _("%(who)s proposed a remote session", who=who),
    "remote_agreed": lambda who, *rest: _("%(who)s agreed to the remote session", who=who),
    "remote_begun": lambda who, *rest: _("%(who)s began the remote session", who=who),
    "remote_ended": lambda who, *rest: _("%(who)s ended the remote session", who=who),
    "remote_dropped": lambda who, *rest: _("%(who)s gave the remote session up", who=who),
}
