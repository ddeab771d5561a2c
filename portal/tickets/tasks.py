"""What is to be done on a ticket, by whom and until when: a checklist for staff alone."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, Select, String, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.tickets.ticket import OPEN_STATUSES, Ticket

MOST = 50
LONGEST = 300
SHOWN = 200


class Task(Model):
    """One thing to do. Its day is a day of the desk, not an instant: nothing is promised by it."""

    __tablename__ = "task"
    __table_args__ = (Index("ix_task_of_person", "person_id", "done_at", "due_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(LONGEST))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    due_on: Mapped[date | None]
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    ticket: Mapped[Ticket] = relationship()
    person: Mapped[User | None] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Task"]:
        """Staff see all; nobody else any."""
        query = select(cls).options(joinedload(cls.person))
        return query if person.is_authenticated and person.is_staff else query.where(cls.id < 0)


def tasks_of(ticket: Ticket, person: User) -> Sequence[Task]:
    """What is left to do first, in the order of its days."""
    order = (Task.done_at.is_not(None), Task.due_on.is_(None), Task.due_on, Task.id)
    return db.session.scalars(Task.visible_to(person).where(Task.ticket_id == ticket.id).order_by(*order)).all()


def own_tasks(person: User) -> Sequence[Task]:
    """What the person has to do on tickets that are not over."""
    query = Task.visible_to(person).join(Ticket).options(joinedload(Task.ticket))
    mine = query.where(Task.person_id == person.id, Task.done_at.is_(None), Ticket.status.in_(OPEN_STATUSES))
    return db.session.scalars(mine.order_by(Task.due_on.is_(None), Task.due_on, Task.id).limit(SHOWN)).all()


def add_task(ticket: Ticket, text: str, *, person: User | None, due_on: date | None, by: User, now: datetime) -> Task:
    assert person is None or person.is_staff, "tasks are for those who answer"
    if (db.session.scalar(select(func.count()).where(Task.ticket_id == ticket.id)) or 0) >= MOST:
        raise Refused(_("A ticket has %(max)d tasks at most.", max=MOST))
    task = Task(ticket_id=ticket.id, text=text, person=person, due_on=due_on, by_id=by.id, created_at=now)
    db.session.add(task)
    db.session.flush()
    return task


def settle(task: Task, *, by: User, now: datetime) -> None:
    """Done; or if it was, to be done again."""
    task.done_at, task.done_by_id = (None, None) if task.done_at else (now, by.id)


def remove(task: Task) -> None:
    db.session.delete(task)
