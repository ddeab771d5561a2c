"""Remote sessions, the customer's side: agreed to, declined or ended on the ticket's own page."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.tickets import credentials, remote
from portal.tickets.blueprint import bp
from portal.tickets.form import LONGEST_SECRET
from portal.tickets.remote import RemoteSession
from portal.tickets.ticket import Ticket


def session_of(ticket: Any, person: User) -> RemoteSession | None:
    """The session under way, for whoever filed the ticket: nobody else can agree to it. `ticket` has id, requester."""
    return remote.current(ticket.id) if ticket.requester_id == person.id else None


@bp.post("/<int:number>/remote/agree")
def agree_to_session(number: int) -> ResponseReturnValue:
    ticket, secret = own(number), request.form.get("credentials", "")
    if len(secret) > LONGEST_SECRET:
        raise Refused(_("That is too long for credentials."))
    sealed = credentials.encrypt(secret) if secret.strip() else None
    remote.agree(ticket, by=current_user, now=utcnow(), sealed=sealed)
    db.session.commit()
    flash(_("Thank you. We begin while you are present, and you can end it at any moment."), "success")
    return redirect(url_for(".show", number=ticket.number, _anchor="remote"))


@bp.post("/<int:number>/remote/end")
def end_own_session(number: int) -> ResponseReturnValue:
    """Declined, taken back or ended: there is no session any more."""
    ticket = own(number)
    remote.end(ticket, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("There is no remote session any more."), "success")
    return redirect(url_for(".show", number=ticket.number))


def own(number: int) -> Ticket:
    ticket = Ticket.held(number, current_user) or abort(404)
    return ticket if ticket.requester_id == current_user.id else abort(403)
