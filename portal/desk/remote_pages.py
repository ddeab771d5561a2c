"""Remote sessions, the agent's side: proposed, begun, ended."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from portal.db import utcnow
from portal.desk.acts import attempt, locked
from portal.desk.forms import BeginForm, ProposeForm
from portal.desk.gate import bp
from portal.tickets import remote


@bp.post("/<int:number>/remote/propose")
def propose_session(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), ProposeForm()

    def ask() -> None:
        explained, purpose = form.explained.data, form.purpose.data or ""
        remote.propose(ticket, purpose, explained=explained, by=current_user, now=utcnow())

    return attempt(ticket, form, ask, _("The customer is asked by mail, and agrees on the ticket."))


@bp.post("/<int:number>/remote/begin")
def begin_session(number: int) -> ResponseReturnValue:
    ticket, form = locked(number), BeginForm()

    def begin() -> None:
        remote.begin(ticket, present=form.present.data, by=current_user, now=utcnow())

    return attempt(ticket, form, begin, _("The session has begun."))


@bp.post("/<int:number>/remote/end")
def end_session(number: int) -> ResponseReturnValue:
    ticket = locked(number)

    def end() -> None:
        remote.end(ticket, by=current_user, now=utcnow())

    return attempt(ticket, FlaskForm(), end, _("The session is over."))
