"""What happens at the editors' desk by itself: scheduled revisions are published, reviewers reminded, files swept."""

import logging
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import gettext as _
from huey import crontab
from sqlalchemy import select

from knowledge.articles import editing, files, letters
from knowledge.articles.revision import DRAFT, REVIEW, SCHEDULED, Remark, Revision, is_editor
from portal import uploads
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.web import is_zone, settings

log = logging.getLogger(__name__)

MORNING = 7  # o'clock, where the reviewer is
SOON = timedelta(days=1)
DUE, OVERDUE = "due", "overdue"


def due_revisions(*, now: datetime) -> list[int]:
    due = select(Revision.id).where(Revision.state == SCHEDULED, Revision.publish_at <= now)
    return list(db.session.scalars(due.order_by(Revision.publish_at, Revision.id)))


def publish_due(revision_id: int, *, now: datetime) -> bool:
    """Publish one scheduled revision; False if it isn't due (any more), or could not be published.

    Then it is a draft again, with the reason as a remark, and its author is told. A second run finds nothing to do.
    """
    query = select(Revision).where(Revision.id == revision_id, Revision.state == SCHEDULED, Revision.publish_at <= now)
    revision = db.session.scalars(query.with_for_update(of=Revision, skip_locked=True)).first()
    if revision is None:
        return False
    by = db.session.get(User, revision.published_by_id) if revision.published_by_id else None
    try:
        if by is None or not all(_may_publish(person) for person in (by, revision.author) if person):
            raise Refused(_("Whoever wrote or scheduled it may not publish any more."))
        with db.session.begin_nested():
            editing.publish_revision(revision, by=by, now=now)
    except Refused as error:
        db.session.refresh(revision)
        revision.state, revision.publish_at = DRAFT, None
        revision.remarks.append(Remark(text=str(error), decision="returned", created_at=now))
        for person in {person.id: person for person in (revision.author, by) if person}.values():
            letters.send_returned(revision, person, by=None, remark=str(error))
        return False
    return True


def remind(*, now: datetime) -> int:
    """Mail reviewers whose review is due tomorrow or overdue, once each; returns how many mails."""
    sent = 0
    waiting = select(Revision).where(Revision.state == REVIEW, Revision.review_due <= now.date() + 2 * SOON)
    waiting = waiting.where(Revision.reviewer_id.is_not(None)).order_by(Revision.id)
    for revision in db.session.scalars(waiting.with_for_update(of=Revision, skip_locked=True)):
        reviewer, due = revision.reviewer, revision.review_due
        if reviewer is None or due is None or not _may_publish(reviewer) or editing.is_approved(revision):
            continue
        kind = _reminder(due, now.astimezone(_zone(reviewer)))
        if kind and kind not in _since_sent(revision):
            revision.remarks.append(Remark(decision=kind, created_at=now))
            letters.send_reminder(revision, reviewer, is_overdue=kind == OVERDUE)
            sent += 1
    return sent


def _reminder(due: date, there: datetime) -> str:
    """What the reviewer is to hear at this local time, if anything."""
    if there.hour < MORNING or there.date() < due - SOON:
        return ""
    return OVERDUE if there.date() > due else DUE


def _since_sent(revision: Revision) -> list[str]:
    said = [remark.decision for remark in revision.remarks]
    sent = max((place for place, decision in enumerate(said) if decision == "sent"), default=0)
    return said[sent:]


def _zone(person: User) -> ZoneInfo:
    return ZoneInfo(str(person.zone if is_zone(person.zone) else settings().default_zone))


def _may_publish(person: User) -> bool:
    return person.active and is_editor(person)


def init_scheduling(app: Flask) -> None:
    """Put all of it into the queue. Each revision is a transaction of its own: one that fails stops no other."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="publish_scheduled")
    def publish_every_minute() -> None:
        with app.app_context():
            for revision_id in due_revisions(now=utcnow()):
                try:
                    with writing(), db.session.begin():
                        publish_due(revision_id, now=utcnow())
                except Exception as error:
                    extra = {"revision": revision_id}
                    log.error("a scheduled revision could not be published", extra=extra, exc_info=error)

    @app.extensions["queue"].periodic_task(crontab(minute="11"), name="remind_reviewers")
    def remind_every_hour() -> None:
        with app.app_context(), writing(), db.session.begin():
            remind(now=utcnow())

    @app.extensions["queue"].periodic_task(crontab(hour="3", minute="44"), name="sweep_article_files")
    def sweep_every_night() -> None:
        with app.app_context(), db.session.begin():
            files.remove_strays(older_than=utcnow() - uploads.STRAY_FOR)
