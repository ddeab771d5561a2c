"""What a portal need not keep: work that is done, letters with links to accounts once nobody can wait for them, texts
that nobody came back for, and files that no row names."""

from datetime import datetime, timedelta

from flask import Flask
from huey import crontab
from sqlalchemy import delete

from portal import uploads
from portal.api.once import forget_answers
from portal.billing.provider.keeping import forget_events
from portal.chat.keeping import forget_chats
from portal.db import db, utcnow, writing
from portal.jobs import Job
from portal.mail import Mail
from portal.mailroom.keeping import forget_mail
from portal.status.following import forget_followed
from portal.status.probing import forget_results
from portal.tickets import attachments, bulk, drafts, news, presence, tags
from portal.tickets.rounds import Setback
from portal.webhooks.delivering import forget_deliveries

KEPT_FOR = timedelta(days=30)


def forget(*, now: datetime) -> int:
    """Remove jobs that are done and sent mails that belong to no ticket; dead jobs stay for somebody to look at.

    Returns how many rows went. What belongs to a ticket is kept with it.
    """
    done = delete(Job).where(Job.state == "done", Job.done_at < now - KEPT_FOR).returning(Job.id)
    letters = delete(Mail).where(Mail.ticket_id.is_(None), Mail.sent_at < now - KEPT_FOR).returning(Mail.id)
    overcome = delete(Setback).where(Setback.again_at < now - KEPT_FOR).returning(Setback.ticket_id)
    return sum(len(db.session.execute(statement).all()) for statement in (done, letters, overcome))


def init_forgetting(app: Flask) -> None:
    """Put it into the queue, once a night."""

    @app.extensions["queue"].periodic_task(crontab(hour="3", minute="17"), name="forget")
    def forget_each_night() -> None:
        with app.app_context(), writing():
            forget(now=utcnow())
            drafts.forget_unclaimed(now=utcnow())
            forget_answers(now=utcnow())
            forget_deliveries(now=utcnow())
            forget_events(now=utcnow())
            forget_chats(now=utcnow())
            forget_mail(now=utcnow())
            forget_results(now=utcnow())
            forget_followed(now=utcnow())
            news.forget_news(now=utcnow())
            presence.forget_presence(now=utcnow())
            tags.forget_unused()
            bulk.forget_bulk_acts(now=utcnow())
            db.session.commit()
            attachments.remove_strays(older_than=utcnow() - uploads.STRAY_FOR)
