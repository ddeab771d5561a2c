"""Telling subscribers of an update: who is to hear of it, and a row for each of them, written once.

Whoever says something only writes a job. It goes through the subscribers in small transactions; `sending` and `calls`
then carry what the rows say.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from portal.accounts.people import User
from portal.audience import PUBLIC, sees
from portal.db import db, utcnow
from portal.jobs import Job, enqueue, job
from portal.status import incident as incidents
from portal.status.component import Component
from portal.status.incident import Incident, IncidentComponent, IncidentUpdate
from portal.status.subscriber import EMAIL, Sending, Subscriber, SubscriberComponent, SubscriberIncident

AT_ONCE = 500  # subscribers in one transaction
UPDATE, REMINDER = "update", "reminder"
TOLD = (Subscriber.confirmed_at.is_not(None), Subscriber.stopped_at.is_(None))


def tell(update: IncidentUpdate, *, now: datetime) -> None:
    """Have subscribers told of it, in the transaction that says it. Of drafts, and of the past, nobody is told."""
    _spread(update, UPDATE, now=now)


def remind(update: IncidentUpdate, *, now: datetime) -> None:
    """Have them reminded of a maintenance, with what was said of it last. Each hears of one update so once at most."""
    _spread(update, REMINDER, now=now)


def _spread(update: IncidentUpdate, kind: str, *, now: datetime) -> None:
    if update.is_told and not update.incident.is_draft:
        db.session.flush()
        enqueue("spread_update", run_after=now, update_id=update.id, what=kind)


@job("spread_update")
def spread(update_id: int, what: str = UPDATE, after: int = 0) -> None:
    """Write the rows of the next few subscribers and leave the rest to another job; run again, it writes none twice."""
    update = db.session.get(IncidentUpdate, update_id)
    if update is None or update.incident.is_draft:
        return
    query = select(Subscriber).where(*TOLD, Subscriber.id > after).order_by(Subscriber.id).limit(AT_ONCE)
    found = db.session.scalars(query).all()
    known = set(db.session.scalars(select(Sending.subscriber_id).filter_by(update_id=update_id, kind=what)))
    new = [one for one in hearers(update.incident, found) if one.id not in known]
    rows = [Sending(update_id=update_id, subscriber_id=one.id, kind=what, due_at=utcnow()) for one in new]
    db.session.add_all(rows)
    db.session.flush()
    for row, one in zip(rows, new, strict=True):
        if one.way != EMAIL:
            enqueue("call_subscriber", sending_id=row.id)
    if any(one.way == EMAIL for one in new):
        ring()
    if len(found) == AT_ONCE:
        enqueue("spread_update", update_id=update_id, what=what, after=found[-1].id)


def ring() -> None:
    """Have the mails that wait sent, unless that is asked for already."""
    asked = select(Job.id).where(Job.kind == "send_updates", Job.state == "pending", Job.run_after <= utcnow())
    if db.session.scalar(asked.limit(1)) is None:
        enqueue("send_updates")


def hearers(incident: Incident, some: Sequence[Subscriber]) -> list[Subscriber]:
    """Those of them who want to hear of it, and may."""
    touched = parts_of(incident)
    chosen = _chosen([one.id for one in some if one.is_choosy])
    people = _people({one.user_id for one in some if one.user_id})
    following = select(SubscriberIncident.subscriber_id).where(
        SubscriberIncident.incident_id == incident.id, SubscriberIncident.ended_at.is_(None)
    )
    follow = set(db.session.scalars(following.where(SubscriberIncident.subscriber_id.in_([one.id for one in some]))))
    return [
        one
        for one in some
        if _hears(one, incident, touched, chosen.get(one.id, set()), people.get(one.user_id or 0), one.id in follow)
    ]


def subscribed(one: Subscriber, incident: Incident) -> bool:
    """Whether somebody who is told hears of it by what they chose, and not only because they follow it."""
    person = db.session.get(User, one.user_id) if one.user_id else None
    return _hears(one, incident, parts_of(incident), _chosen([one.id]).get(one.id, set()), person, follows=False)


def seen_by(one: Subscriber, incident: Incident) -> list[Component] | None:
    """The components of the incident that this subscriber may know of; None if they are not to hear of it now."""
    if one.confirmed_at is None or one.stopped_at is not None or not hearers(incident, [one]):
        return None
    person = db.session.get(User, one.user_id) if one.user_id else None
    return _seen(parts_of(incident), person)


def parts_of(incident: Incident) -> Sequence[Component]:
    """The components that it is about, in the order of the page."""
    query = select(Component).join(IncidentComponent).where(IncidentComponent.incident_id == incident.id)
    return db.session.scalars(query.order_by(Component.position, Component.id)).all()


def _hears(
    one: Subscriber,
    incident: Incident,
    touched: Sequence[Component],
    chosen: set[int],
    person: User | None,
    follows: bool,
) -> bool:
    kind = "maintenance" if incident.kind == incidents.MAINTENANCE else "outage"
    if (kind not in one.kinds and not follows) or (person is not None and not person.active):
        return False
    seen = _seen(touched, person)
    if one.is_choosy and not follows:
        return any(part.id in chosen for part in seen)
    return bool(seen) or not touched


def _seen(parts: Sequence[Component], person: User | None) -> list[Component]:
    if all(part.visibility == PUBLIC for part in parts):
        return list(parts)
    audiences = sees(person) if person is not None else (PUBLIC,)
    return [part for part in parts if part.visibility in audiences]


def _chosen(ids: Iterable[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for row in db.session.scalars(select(SubscriberComponent).where(SubscriberComponent.subscriber_id.in_(list(ids)))):
        found.setdefault(row.subscriber_id, set()).add(row.component_id)
    return found


def _people(ids: Iterable[int]) -> dict[int, User]:
    return {person.id: person for person in db.session.scalars(select(User).where(User.id.in_(list(ids))))}
