"""Mail that no person wrote: it is filed where it belongs or ignored, and never answered."""

import re
from collections.abc import Mapping
from typing import Final

LISTS: Final = ("list-id", "list-post", "list-unsubscribe", "list-help")
ROBOTS: Final = re.compile(r"(mailer-daemon|no-?reply|do-?not-?reply|bounces?)([+=-].*)?", re.IGNORECASE)
# What mail programs write when they answer by themselves and set no header that says so: alone or before a colon,
# for people ask about such things, too.
AWAY: Final = re.compile(
    r"(automatic reply|auto(matic)?[ -]?response|auto[ -]?reply|out of (the )?office|on (annual )?leave"
    r"|automatische (antwort|antwoord)|abwesenheits(notiz|nachricht)|abwesend|automatisch antwoord|afwezig(heid)?"
    r"|autosvar|automatisk svar|ikke til stede|fravær|автоответ|автоматический ответ|вне офиса"
    r"|自动(回复|答复)|自動回覆)\s*([:：]|$)",
    re.IGNORECASE,
)


def is_machine(first: Mapping[str, str], sender: str, subject: str) -> bool:
    """Whether the headers (the first of each name, in lower case) or the subject say that a program wrote it."""
    submitted = first.get("auto-submitted", "no").split(";")[0].strip().lower()
    precedence = first.get("precedence", "").strip().lower()
    return (
        submitted not in ("no", "")
        or precedence in ("bulk", "list", "junk", "auto_reply")
        or any(name in first for name in LISTS)
        or "x-foyer-loop" in first
        or any(name in first for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-failed-recipients"))
        or is_bounce(first)
        or is_calendar(first)
        or bool(ROBOTS.fullmatch(sender.partition("@")[0]))
        or bool(AWAY.match(subject.strip()))
    )


def is_bounce(first: Mapping[str, str]) -> bool:
    """A report about mail of ours: it comes from no address, or says in its type that it is one."""
    return first.get("return-path", "").strip() == "<>" or _type(first) == "multipart/report"


def is_calendar(first: Mapping[str, str]) -> bool:
    """An answer to an invitation, by the calendar of whoever got it."""
    return _type(first) == "text/calendar" or first.get("content-class", "").endswith("calendarmessage")


def asks_for_silence(first: Mapping[str, str]) -> bool:
    """What Exchange writes on mail that must not be answered by a program."""
    words = {word.strip().lower() for word in first.get("x-auto-response-suppress", "").split(",")}
    return bool(words & {"all", "autoreply", "oof"})


def _type(first: Mapping[str, str]) -> str:
    return first.get("content-type", "").split(";")[0].strip().lower()
