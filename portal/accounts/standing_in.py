"""A member of staff who looks at the portal as a customer does, for a while and in the open."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.db import Model, utcnow


class StandIn(Model):
    """One such visit: who, as whom, why and until when. The person is told, and sees it in their account."""

    __tablename__ = "stand_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"))
    reason: Mapped[str] = mapped_column(String(500))
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime]  # exclusive
    ended_at: Mapped[datetime | None]  # earlier, by whichever of the two

    staff: Mapped[User] = relationship(foreign_keys=staff_id)
    person: Mapped[User] = relationship(foreign_keys=person_id)
