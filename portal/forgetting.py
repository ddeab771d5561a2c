"""What a portal need not keep: work that is done, letters with links to accounts once nobody can wait for them, texts
that nobody came back for, and files that no row names."""

from datetime import datetime, timedelta

from flask import Flask
from huey import crontab
from sqlalchemy import delete

from portal import uploads
from portal.db import db, utcnow, writing
from portal.jobs import Job
from portal.mail import Mail
from portal.tickets import attachments, drafts

KEPT_FOR = timedelta(days=30)


def forget(*, now: datetime) -> int:
    """Remove jobs that are done and sent mails that belong to no ticket; dead jobs stay for somebody to look at.

    Returns how many rows went. What belongs to a ticket is kept with it.
    """
    done = delete(Job).where(Job.state == "done", Job.done_at < now - KEPT_FOR).returning(Job.id)
    letters = delete(Mail).where(Mail.ticket_id.is_(None), Mail.sent_at < now - KEPT_FOR).returning(Mail.id)
    return sum(len(db.session.execute(statement).all()) for statement in (done, letters))


def init_forgetting(app: Flask) -> None:
    """Put it into the queue, once a night."""

    @app.extensions["queue"].periodic_task(crontab(hour="3", minute="17"), name="forget")
    def forget_each_night() -> None:
        with app.app_context(), writing():
            forget(now=utcnow())
            drafts.forget_unclaimed(now=utcnow())
            db.session.commit()
            attachments.remove_strays(older_than=utcnow() - uploads.STRAY_FOR)
