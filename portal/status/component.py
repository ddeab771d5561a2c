"""What can fail: components, the groups they stand in, and the intervals of their states."""

import secrets
import string
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.audience import PUBLIC, sees
from portal.db import Model, utcnow

OPERATIONAL, MAINTENANCE = "operational", "under_maintenance"
STATES = (OPERATIONAL, MAINTENANCE, "degraded_performance", "partial_outage", "major_outage")  # from best to worst
_LETTERS = string.ascii_lowercase + string.digits


def new_public_id() -> str:
    """Twelve letters and digits, as the API's clients know them: they tell nothing of how many there are."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


class ComponentGroup(Model):
    """A heading over components; its title by language."""

    __tablename__ = "component_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=new_public_id)
    position: Mapped[int] = mapped_column(default=0)
    titles: Mapped[dict[str, Any]]
    is_collapsed: Mapped[bool] = mapped_column(default=False)  # until one of its components is not well
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class Component(Model):
    """A part of what is operated for customers. `state` is what the last of its spans says."""

    __tablename__ = "component"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=new_public_id)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("component_group.id", ondelete="SET NULL"), index=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    titles: Mapped[dict[str, Any]]
    descriptions: Mapped[dict[str, Any]]
    product: Mapped[str | None] = mapped_column(String(40))  # as the policy calls it
    visibility: Mapped[str] = mapped_column(String(200), default=PUBLIC)  # an audience
    state: Mapped[str] = mapped_column(String(24), default=OPERATIONAL)
    is_uptime_shown: Mapped[bool] = mapped_column(default=True)
    begins_at: Mapped[datetime] = mapped_column(default=utcnow)  # nothing is known of the time before
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    group: Mapped[ComponentGroup | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Component"]:
        """Those meant for this person, in the order of the page; archived ones too, for history speaks of them."""
        return select(cls).where(cls.visibility.in_(sees(person))).order_by(cls.position, cls.id)


class ComponentSpan(Model):
    """An interval of one state: [began_at, ended_at). A component's spans neither overlap nor leave gaps."""

    __tablename__ = "component_span"
    __table_args__ = (Index("ix_component_span_of_component", "component_id", "began_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(24))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # None: it lasts
