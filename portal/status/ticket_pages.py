"""The desk's verbs for the tickets about an incident: join, take out, answer all."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.status import known
from portal.status.gate import bp
from portal.status.incident import Incident
from portal.tickets.drafts import new_key, own_key
from portal.tickets.ticket import Ticket

MOST = 50  # numbers in one form


def found(public_id: str) -> Incident:
    query = Incident.visible_to(current_user).where(Incident.public_id == public_id)
    held: Incident = get_or_404(query.with_for_update(of=Incident))
    return held


def back(incident: Incident) -> ResponseReturnValue:
    return redirect(url_for(".incident", public_id=incident.public_id, _anchor="tickets-title"))


@bp.post("/incidents/<public_id>/tickets")
def attach_tickets(public_id: str) -> ResponseReturnValue:
    """Join tickets by their numbers; numbers of none are named, and nothing is done."""
    incident, now = found(public_id), utcnow()
    numbers = list(dict.fromkeys(known.numbers_in(request.form.get("numbers", "")[:300])))[:MOST]
    tickets = {
        ticket.number: ticket
        for ticket in db.session.scalars(Ticket.visible_to(current_user).where(Ticket.number.in_(numbers)))
    }
    if missing := [str(number) for number in numbers if number not in tickets]:
        raise Refused(_("There is no ticket %(numbers)s.", numbers=", ".join(missing)))
    if not tickets:
        raise Refused(_("Which tickets? Write their numbers."))
    for ticket in tickets.values():
        known.attach(ticket, incident.public_id, by=current_user, now=now)
    db.session.commit()
    return back(incident)


@bp.post("/incidents/<public_id>/tickets/<int:number>/out")
def detach_ticket(public_id: str, number: int) -> ResponseReturnValue:
    incident = found(public_id)
    ticket_id = db.session.scalar(select(Ticket.id).where(Ticket.number == number))
    if ticket_id is not None:
        known.detach(incident, ticket_id)
    db.session.commit()
    return back(incident)


@bp.post("/incidents/<public_id>/tickets/answer")
def answer_tickets(public_id: str) -> ResponseReturnValue:
    """One message to every open ticket of the incident, sent by the worker; the same form once."""
    incident = found(public_id)
    body, key = request.form.get("body", ""), own_key(request.form.get("form_key")) or new_key()
    given = {"resolve": bool(request.form.get("resolve")), "by": current_user, "form_key": key}
    many = known.answer_all(incident, body, **given)
    db.session.commit()
    flash(ngettext("%(num)s ticket is being answered.", "%(num)s tickets are being answered.", many), "success")
    return back(incident)
