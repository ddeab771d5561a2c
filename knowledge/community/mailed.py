"""Replies by mail: to a mail about a post that we sent, by whom we sent it to. The Message-ID proves both."""

from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from knowledge.community import answering, letters
from knowledge.community.topic import Topic
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.mailroom.cutting import reply_of
from portal.mailroom.elsewhere import takes
from portal.mailroom.reading import Reading
from portal.mailroom.received import Outcome
from portal.tickets.drafts import new_key
from portal.web import settings


@takes("post")
def take(reading: Reading, person: User, numbers: list[int], may_answer: bool, now: datetime) -> Outcome:
    """Post it under its sender's name, by the rules of the page. Else its sender is told why not; nothing is filed."""
    topic_id, number, reader_id = [*numbers, 0, 0, 0][:3]
    leads_to = select(func.coalesce(Topic.merged_into_id, Topic.id)).where(Topic.id == topic_id).scalar_subquery()
    topic = db.session.scalar(Topic.visible_to(person).where(Topic.id == leads_to).with_for_update(of=Topic))
    number = number if topic is not None and topic.id == topic_id else 0  # posts of a merged topic have other numbers
    with force_locale(person.locale or settings().default_locale):
        reason = _why_not(topic, is_theirs=reader_id == person.id)
        if not reason:
            reason = _post(topic, reading, number, person, may_answer, now)
    if not reason:
        return Outcome("reply", None, "posted")
    if may_answer:
        letters.send_unposted(person, topic, reason=reason)
    return Outcome("directions", None, "unposted")


def _why_not(topic: Topic | None, *, is_theirs: bool) -> str:
    if not is_theirs:
        return _("It answers a mail that we sent to somebody else.")
    return "" if topic is not None else _("You can’t read this topic any more.")


def _post(topic: Topic | None, reading: Reading, number: int, person: User, may_answer: bool, now: datetime) -> str:
    """Post it; why not, where it is refused."""
    assert topic is not None
    body, to = reply_of(reading.text), number or None
    try:
        with db.session.begin_nested():
            post = answering.reply(topic, body=body, by=person, now=now, form_key=new_key(), reply_to=to, source="mail")
    except Refused as refusal:
        return str(refusal)
    # Nobody asked for the logo below their mails to be read by everybody: what is to be seen is added on the page.
    files = [name for name, _content in reading.files]
    if may_answer and (files or post.state == "held"):
        letters.send_taken(person, post, files=files)
    return ""
