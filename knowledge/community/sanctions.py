"""Warning, suspending and banning members, and their appeal against it. The person is told by mail, with the reason."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from knowledge.community import audit
from knowledge.community.standing import BAN, SUSPENSION, WARNING, Sanction
from knowledge.community.topic import is_keeper
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.db import db
from portal.errors import Refused
from portal.mail import compose
from portal.tickets.conversation import clean
from portal.web import settings

KINDS = (WARNING, SUSPENSION, BAN)
LONGEST_DAYS = 365
_SUBJECTS = {
    WARNING: N_("A word about your posts in the community"),
    SUSPENSION: N_("You can't post in the community for a while"),
    BAN: N_("You can't post in the community any more"),
}


def punish(person: User, kind: str, *, reason: str, by: User, now: datetime, days: int = 0) -> Sanction:
    """Warn, suspend for some days, or ban. Raises `Refused`."""
    if person.id == by.id or is_keeper(person):
        raise Refused(_("Nobody is kept out who keeps order here."))
    reason = clean(reason)
    if not reason:
        raise Refused(_("Write why: the member reads it."))
    if kind == SUSPENSION and not 1 <= days <= LONGEST_DAYS:
        raise Refused(_("Choose between 1 and %(most)s days.", most=LONGEST_DAYS))
    until = now + timedelta(days=days) if kind == SUSPENSION else None
    given = Sanction(user=person, kind=kind, reason=reason[:2000], by_id=by.id, at=now, until=until)
    db.session.add(given)
    db.session.flush()
    audit.note(kind, by=by, now=now, person_id=person.id, reason=given.reason)
    compose(
        person.email,
        "community/mail/sanction",
        _SUBJECTS[kind],
        locale=person.locale or settings().default_locale,
        zone=person.zone or settings().default_zone,
        name=person.display_name,
        kind=kind,
        reason=given.reason,
        until=until,
        address=f"{settings().base_url.rstrip('/')}/community/standing",
    )
    return given


def lift(given: Sanction, *, by: User, now: datetime, answer: str = "") -> None:
    """Take it back before its time."""
    if given.lifted_at is None:
        given.lifted_at, given.answer = now, clean(answer)[:2000]
        given.answered_at = now if given.appealed_at else None
        audit.note("lift", by=by, now=now, person_id=given.user_id, reason=given.answer)


def keep(given: Sanction, *, by: User, now: datetime, answer: str) -> None:
    """Answer an appeal: it stays as it is, and why."""
    if not (answer := clean(answer)):
        raise Refused(_("Write why: the member reads it."))
    given.answer, given.answered_at = answer[:2000], now
    audit.note("keep", by=by, now=now, person_id=given.user_id, reason=given.answer)


def appeal(given: Sanction, *, text: str, by: User, now: datetime) -> None:
    """Say why it should be taken back, once."""
    if given.user_id != by.id or given.appealed_at or given.lifted_at:
        raise Refused(_("You have said why already. A moderator will answer."))
    if not (text := clean(text)):
        raise Refused(_("Please write something first."))
    given.appeal, given.appealed_at = text[:4000], now
    audit.note("appeal", by=by, now=now, person_id=by.id)
