"""How long mail that came in is kept as it came: as the setting says."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from portal.db import db
from portal.mailroom import received
from portal.mailroom.received import ReceivedMail
from portal.web import settings


def forget_mail(*, now: datetime) -> int:
    """Remove bytes, sender and subject of old mails; returns how many. What waits in quarantine for somebody to decide
    stays. Of each the row stays, by whose fingerprint a mail is known that is brought again."""
    if not settings().mail_kept_days:
        return 0
    before = now - timedelta(days=settings().mail_kept_days)
    is_over = or_(ReceivedMail.result != "quarantine", ReceivedMail.settled != "")
    old = select(ReceivedMail).where(ReceivedMail.received_at < before, ReceivedMail.size > 0, is_over)
    found = db.session.scalars(old).all()
    for mail in found:
        received.forget(mail.token)
        mail.size, mail.sender, mail.subject = 0, "", ""
        if mail.was_kept_out:
            mail.settled, mail.settled_at = "discarded", now
    return len(found)
