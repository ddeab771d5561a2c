"""What happens to components: incidents, planned maintenance, their updates, and what is joined to them."""

from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import ForeignKey, Index, Select, String, Text, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.audience import sees
from portal.db import Model, utcnow
from portal.status.component import OPERATIONAL, Component, new_public_id

INCIDENT, MAINTENANCE = "incident", "maintenance"
INCIDENT_STATUSES = ("investigating", "identified", "monitoring", "resolved", "postmortem")
MAINTENANCE_STATUSES = ("scheduled", "in_progress", "verifying", "completed", "cancelled")
OVER = ("resolved", "postmortem", "completed", "cancelled")
IMPACTS = ("none", "minor", "major", "critical", "maintenance")
WRITERS = ("agent", "admin")  # see drafts, and write


class Incident(Model):
    """An incident or a planned maintenance. Seen by those who see one of its components; without any, by everybody."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_open", "is_draft", "resolved_at", "kind", "id"),
        Index("ix_incident_began", "began_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=new_public_id)
    kind: Mapped[str] = mapped_column(String(12), default=INCIDENT)
    title: Mapped[str] = mapped_column(String(200))
    lang: Mapped[str] = mapped_column(String(20), default="en")
    impact: Mapped[str] = mapped_column(String(12), default="none")
    status: Mapped[str] = mapped_column(String(16))
    is_draft: Mapped[bool] = mapped_column(default=False)  # a probe wrote it: nobody outside has been told
    began_at: Mapped[datetime] = mapped_column(default=utcnow)  # of a maintenance: when it is to begin
    resolved_at: Mapped[datetime | None]
    scheduled_for: Mapped[datetime | None]
    scheduled_until: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]  # of a maintenance: what the notice period is counted from
    reminded_at: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(String(8), default="staff")  # staff, probe, alert, offline
    source_key: Mapped[str | None] = mapped_column(String(128), unique=True)
    ics_sequence: Mapped[int] = mapped_column(default=0)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    postmortem: Mapped[str] = mapped_column(Text, default="")  # Markdown
    postmortem_html: Mapped[str] = mapped_column(Text, default="")

    updates: Mapped[list["IncidentUpdate"]] = relationship(
        back_populates="incident", order_by="(IncidentUpdate.at, IncidentUpdate.id)", cascade="all, delete-orphan"
    )
    claims: Mapped[list["IncidentComponent"]] = relationship(back_populates="incident", cascade="all, delete-orphan")

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def looked_back(self) -> Markup:
        """The post-mortem, cleaned when it was written."""
        return Markup(self.postmortem_html)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Incident"]:
        """Drafts are for those who write; the others for whoever sees one of the components."""
        touched = select(IncidentComponent.incident_id)
        seen = touched.join(Component).where(Component.visibility.in_(sees(person)))
        query = select(cls).where(or_(cls.id.in_(seen), cls.id.not_in(touched)))
        if person.is_authenticated and any(person.has_role(role) for role in WRITERS):
            return query
        return query.where(cls.is_draft.is_(False))


class IncidentComponent(Model):
    """What an incident says now of one component. Over, it stays as `operational`, for history and rights."""

    __tablename__ = "incident_component"
    __table_args__ = (Index("ix_incident_component_of_component", "component_id", "incident_id"),)

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(24), default=OPERATIONAL)

    incident: Mapped[Incident] = relationship(back_populates="claims")
    component: Mapped[Component] = relationship()


class IncidentUpdate(Model):
    """What was said at one moment. `at` is the moment shown; a backfilled one lies before `created_at`."""

    __tablename__ = "incident_update"
    __table_args__ = (Index("ix_incident_update_of_incident", "incident_id", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=new_public_id)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    is_told: Mapped[bool] = mapped_column(default=True)  # whether subscribers hear of it
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    body: Mapped[str] = mapped_column(Text)  # Markdown-lite, as messages are
    html: Mapped[str] = mapped_column(Text)

    @property
    def said(self) -> Markup:
        """The body, cleaned when it was written."""
        return Markup(self.html)

    incident: Mapped[Incident] = relationship(back_populates="updates")
    by: Mapped[User | None] = relationship()
    affected: Mapped[list["AffectedComponent"]] = relationship(cascade="all, delete-orphan")


class AffectedComponent(Model):
    """A component whose state an update changed, or confirmed."""

    __tablename__ = "affected_component"

    update_id: Mapped[int] = mapped_column(ForeignKey("incident_update.id", ondelete="CASCADE"), primary_key=True)
    component_id: Mapped[int] = mapped_column(
        ForeignKey("component.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    old_state: Mapped[str] = mapped_column(String(24))
    new_state: Mapped[str] = mapped_column(String(24))

    component: Mapped[Component] = relationship()


class IncidentTemplate(Model):
    """Words kept ready for the next incident of a kind."""

    __tablename__ = "incident_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(12), default=INCIDENT)
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16))
    impact: Mapped[str] = mapped_column(String(12), default="minor")
    components: Mapped[list[Any]]  # ids
    state: Mapped[str] = mapped_column(String(24), default="partial_outage")  # that it gives them
    body: Mapped[str] = mapped_column(Text)


class IncidentEvent(Model):
    """What staff did at the status page: to an incident, a component, a probe or the sending. Never changed."""

    __tablename__ = "incident_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), index=True)
    component_id: Mapped[int | None] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    detail: Mapped[dict[str, Any]]

    by: Mapped[User | None] = relationship()


class IncidentTicket(Model):
    """A ticket about an incident: answered together with the others."""

    __tablename__ = "incident_ticket"

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    answered_at: Mapped[datetime | None]


class IncidentTopic(Model):
    """A topic of the community about an incident: each leads to the other."""

    __tablename__ = "incident_topic"

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"), primary_key=True, index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
