"""What is to be done on a ticket, and what an agent has to do on all of them."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.people import User, staff
from portal.db import db, utcnow
from portal.desk.acts import attempt, locked
from portal.desk.forms import OneTaskForm, TaskForm
from portal.desk.gate import bp
from portal.tickets import tasks
from portal.tickets.tasks import Task
from portal.tickets.ticket import Ticket
from portal.web import reader_zone


@bp.get("/tasks")
def own_tasks() -> ResponseReturnValue:
    """The reader's own, on tickets that are open."""
    today = utcnow().astimezone(reader_zone()).date()
    return render_template("desk/tasks.html", tasks=tasks.own_tasks(current_user), today=today)


@bp.post("/<int:number>/tasks")
def add_task(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), TaskForm().offer(db.session.scalars(staff()).all())

    def add() -> None:
        person = db.session.get(User, form.person.data) if form.person.data else None
        text, due_on = form.text.data or "", form.due_on.data
        tasks.add_task(ticket, text, person=person, due_on=due_on, by=current_user, now=utcnow())

    return attempt(ticket, form, add, _("The task is added."))


@bp.post("/<int:number>/tasks/settle")
def settle_task(number: int) -> ResponseReturnValue:
    """Tick it off, or take the tick away."""
    ticket, form = locked(number), OneTaskForm()

    def tick() -> None:
        tasks.settle(task_of(ticket, form), by=current_user, now=utcnow())

    return attempt(ticket, form, tick, _("The task is changed."))


@bp.post("/<int:number>/tasks/remove")
def remove_task(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), OneTaskForm()
    return attempt(ticket, form, lambda: tasks.remove(task_of(ticket, form)), _("The task is removed."))


def task_of(ticket: Ticket, form: OneTaskForm) -> Task:
    query = Task.visible_to(current_user).where(Task.ticket_id == ticket.id, Task.id == form.task.data)
    return db.session.scalar(query) or abort(404)
