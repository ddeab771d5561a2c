"""Following one incident: told of what is said of it, until it is over, and of nothing else.

It hangs on the same row as a subscription, so that an address is one address. A row that was made for incidents alone
has no kinds; what somebody subscribed to stays as it is.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import enqueue, job
from portal.status import letters, subscribing, telling
from portal.status.incident import Incident
from portal.status.subscriber import EMAIL, Subscriber, SubscriberIncident
from portal.status.subscribing import Choice

OVER_FOR = timedelta(days=30)  # then nobody looks back at it any more


def follow(person: User, incident: Incident, *, now: datetime) -> Subscriber:
    """With an account: its address is confirmed already. A second time nothing changes."""
    row = subscribing.subscription_of(person)
    if row is None:
        row = subscribing.subscribe(person, Choice(kinds=()), now=now)
    elif not subscribing.is_told(row):  # ended once: what was chosen then doesn't come back with this
        row = subscribing.subscribe(person, Choice((), (), row.lang, row.zone, row.is_shared), now=now)
    add(row, incident)
    return row


def ask(address: str, incident: Incident, lang: str, zone: str) -> None:
    """Have an address asked whether it wants to be told of this. Whatever is known of it, the same is done here."""
    enqueue("ask_about_incident", address=address, incident_id=incident.id, lang=lang, zone=zone)


@job("ask_about_incident")
def ask_about_incident(address: str, incident_id: int, lang: str, zone: str) -> None:
    """Send the question, once a day at most to an address, whatever it is asked about."""
    incident = db.session.get(Incident, incident_id)
    if incident is None or incident.is_draft or incident.is_over:
        return
    row = subscribing.asked_row(EMAIL, address, now=utcnow())
    if row is None:
        return
    if not subscribing.is_told(row):
        row.confirmed_at = None
        subscribing.choose(row, Choice(kinds=(), lang=lang, zone=zone))
    db.session.flush()
    letters.send_follow_question(row, incident, subscribing.token_of(row))


def agree(row: Subscriber, incident: Incident, *, now: datetime) -> None:
    """Whoever reads at the address pressed the button. A row that was ended goes on with this alone."""
    if row.stopped_at is not None:
        subscribing.choose(row, Choice((), (), row.lang, row.zone, row.is_shared))
    subscribing.confirm(row, now=now)
    add(row, incident)


def add(row: Subscriber, incident: Incident) -> None:
    db.session.flush()
    there = db.session.get(SubscriberIncident, (row.id, incident.id))
    if there is None:
        there = SubscriberIncident(subscriber_id=row.id, incident_id=incident.id)
        db.session.add(there)
    there.ended_at = None
    db.session.flush()


def unfollow(row: Subscriber, incident: Incident, *, now: datetime) -> None:
    """No more of this one. A row that is left without anything ends."""
    there = db.session.get(SubscriberIncident, (row.id, incident.id))
    if there is None or there.ended_at is not None:
        return
    there.ended_at = now
    db.session.flush()
    others = select(SubscriberIncident.incident_id).where(
        SubscriberIncident.subscriber_id == row.id, SubscriberIncident.ended_at.is_(None)
    )
    if not row.kinds and db.session.scalar(others.limit(1)) is None:
        subscribing.stop(row, "asked", now=now)


def follows(person: User, incident: Incident) -> bool:
    row = subscribing.subscription_of(person)
    there = db.session.get(SubscriberIncident, (row.id, incident.id)) if row else None
    return bool(row and subscribing.is_told(row) and there and there.ended_at is None)


def only_followed(row: Subscriber, incident: Incident) -> bool:
    """Whether the row hears, or heard, of it for no other reason: its mails' button ends that and nothing else."""
    there = db.session.get(SubscriberIncident, (row.id, incident.id))
    return there is not None and not telling.subscribed(row, incident)


def forget_followed(*, now: datetime) -> int:
    """Let go of incidents that are long over, and of rows that nothing is left of; returns how many."""
    over = select(Incident.id).where(Incident.resolved_at < now - OVER_FOR)
    gone = delete(SubscriberIncident).where(SubscriberIncident.incident_id.in_(over))
    count = len(db.session.execute(gone.returning(SubscriberIncident.subscriber_id)).all())
    left = exists().where(SubscriberIncident.subscriber_id == Subscriber.id)
    for row in db.session.scalars(select(Subscriber).where(Subscriber.confirmed_at < now - OVER_FOR, ~left)):
        if not row.kinds:
            db.session.delete(row)
            count += 1
    return count
