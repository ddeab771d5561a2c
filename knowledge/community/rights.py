"""Who may write in the community: registered accounts (R12) whose channels in the policy have the forum (R9)."""

from datetime import datetime
from typing import Any

from flask import g, has_request_context
from flask_babel import gettext as _

from knowledge.community.topic import ForumCategory, is_keeper
from portal.accounts.entitlement import entitlement_of
from portal.accounts.people import User
from portal.errors import Refused

CHANNEL = "forum"


def why_not(person: Any, category: Any, *, now: datetime, locked: bool = False) -> str:
    """Why this signed-in person may not write here, as a sentence; empty for those who may. `category` is a row."""
    if category.is_archived:
        return _("This category is kept for reading only.")
    if person.is_staff or is_keeper(person):
        return ""
    if locked:
        return _("This topic is closed: nobody writes in it any more.")
    if category.posting == "staff":
        return _("Only our staff write in this category.")
    return _kept_out(person, now)


def _kept_out(person: Any, now: datetime) -> str:
    """Why the policy keeps this account out; what is held is read once in a request."""
    kept: dict[int, str] = g.setdefault("kept_out", {}) if has_request_context() else {}
    if person.id not in kept:
        held = entitlement_of(person, now=now)
        if held.may_open(CHANNEL):
            kept[person.id] = ""
        elif held.reseller:
            kept[person.id] = _("Resellers don't post in the community. Please file a ticket: it is answered first.")
        else:
            kept[person.id] = _("Your plan has no posting in the community. Everybody may read it.")
    return kept[person.id]


def need_place(person: User, category: ForumCategory, *, now: datetime, locked: bool = False) -> None:
    """Raises `Refused` with the reason where the person may not write."""
    if reason := why_not(person, category, now=now, locked=locked):
        raise Refused(reason)


def may_edit(post: Any, topic: Any, person: Any) -> bool:
    """The author while the topic is open, and those who keep order. Rows or entities."""
    if not person.is_authenticated or post.state == "removed":
        return False
    return is_keeper(person) or (post.author_id == person.id and topic.locked_at is None)


def may_accept(topic: Any, person: Any) -> bool:
    """Whoever asked, and those who keep order."""
    if not person.is_authenticated or topic.kind != "question":
        return False
    return is_keeper(person) or (topic.author_id == person.id and topic.state == "shown")


def kinds_for(person: Any, category: ForumCategory) -> list[str]:
    """What somebody may begin here: announcements are staff's."""
    staff = person.is_authenticated and (person.is_staff or is_keeper(person))
    return [kind for kind in category.kinds if staff or kind != "announcement"]
