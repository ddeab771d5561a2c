"""Who looks whether components are well: probes of our own, and alerts of other systems."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Model, utcnow
from portal.status.component import Component
from portal.status.incident import Incident

PROBE_KINDS = ("http", "tcp", "dns", "tls", "heartbeat")


class Probe(Model):
    """A look at one component every so often, and what is done when it fails."""

    __tablename__ = "probe"
    __table_args__ = (Index("ix_probe_due", "is_on", "next_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(500), default="")  # a URL, host:port or name; empty for a heartbeat
    asks: Mapped[dict[str, Any]]  # what must hold: status, words, record, latency_ms, days_left
    every: Mapped[int] = mapped_column(default=60)  # seconds
    patience: Mapped[int] = mapped_column(default=10)  # seconds until no answer is a failure
    is_on: Mapped[bool] = mapped_column(default=True)
    opens: Mapped[str] = mapped_column(String(8), default="draft")  # incident, draft, nothing
    gives: Mapped[str] = mapped_column(String(24), default="major_outage")  # the component's state while it fails
    impact: Mapped[str] = mapped_column(String(12), default="major")
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # of a heartbeat's address
    next_at: Mapped[datetime] = mapped_column(default=utcnow)
    state: Mapped[str] = mapped_column(String(8), default="unknown")  # unknown, up, down: as damped
    fails: Mapped[int] = mapped_column(default=0)  # in a row
    passes: Mapped[int] = mapped_column(default=0)  # in a row
    changed_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]  # of a heartbeat: when it was heard last
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id", ondelete="SET NULL"))  # that it opened
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    component: Mapped[Component] = relationship()
    incident: Mapped[Incident | None] = relationship()


class ProbeResult(Model):
    """What one look found. Kept for some days."""

    __tablename__ = "probe_result"
    __table_args__ = (Index("ix_probe_result_of_probe", "probe_id", "at", "id"), Index("ix_probe_result_at", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    probe_id: Mapped[int] = mapped_column(ForeignKey("probe.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    is_up: Mapped[bool]
    latency_ms: Mapped[int | None]
    found: Mapped[str] = mapped_column(String(200), default="")  # what was wrong


class AlertSource(Model):
    """Another system that may tell of alerts, by an address of its own."""

    __tablename__ = "alert_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    component_id: Mapped[int | None] = mapped_column(ForeignKey("component.id", ondelete="SET NULL"))
    opens: Mapped[str] = mapped_column(String(8), default="draft")
    is_on: Mapped[bool] = mapped_column(default=True)
    heard_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Alert(Model):
    """One alert of a source, known by its fingerprint: told again, it is the same one."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_of_source", "source_id", "fingerprint", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("alert_source.id", ondelete="CASCADE"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10))  # firing, resolved
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    heard_at: Mapped[datetime] = mapped_column(default=utcnow)
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id", ondelete="SET NULL"))
