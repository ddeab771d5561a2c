"""Topics of the community and incidents of the status page lead to each other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select

from knowledge.community.topic import Topic
from portal.accounts.people import User
from portal.db import db
from portal.status.incident import OVER, Incident, IncidentTopic
from portal.status.linking import forget_linked, linked
from portal.web import reader

TOPICS = "topics"
OFFERED_FOR = timedelta(days=30)  # after its begin an incident is offered to be linked, or as long as it goes on
MOST = 50


def link(topic: Topic, incident: Incident | None, *, by: User, now: datetime) -> None:
    """Say which incident the topic is about; None takes it back."""
    db.session.execute(delete(IncidentTopic).where(IncidentTopic.topic_id == topic.id))
    if incident is not None:
        db.session.add(IncidentTopic(incident_id=incident.id, topic_id=topic.id, by_id=by.id, at=now))
        incident.updated_at = now  # the pages that were drawn of it are old
    db.session.flush()
    forget_linked(TOPICS)


def offered(person: Any, *, now: datetime) -> Sequence[Incident]:
    """The incidents and maintenance that a topic may be linked to, the newest first."""
    recent = (Incident.began_at > now - OFFERED_FOR) | Incident.status.not_in(OVER)
    mine = Incident.visible_to(person).where(recent, ~Incident.is_draft)
    return db.session.scalars(mine.order_by(Incident.began_at.desc(), Incident.id.desc()).limit(MOST)).all()


def incident_of(topic_id: int) -> Incident | None:
    """The incident that a topic is about, if this reader may see it. Topics of none cost no query."""
    if topic_id not in linked(TOPICS, select(IncidentTopic.topic_id)):
        return None
    mine = Incident.visible_to(reader()).join(IncidentTopic, IncidentTopic.incident_id == Incident.id)
    return db.session.scalar(mine.where(IncidentTopic.topic_id == topic_id, ~Incident.is_draft))


def topics_about(incident_id: int) -> Sequence[Row[int, str, str]]:
    """(id, slug, title) of the topics about an incident that this reader may see, the oldest first."""
    mine = Topic.visible_to(reader()).join(IncidentTopic, IncidentTopic.topic_id == Topic.id)
    mine = mine.where(IncidentTopic.incident_id == incident_id).order_by(IncidentTopic.at, Topic.id).limit(MOST)
    return db.session.execute(mine.with_only_columns(Topic.id, Topic.slug, Topic.title)).all()
