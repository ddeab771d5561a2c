"""One ticket, as the desk sees it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.db import db, get_or_404, utcnow
from portal.desk.case import gather
from portal.desk.gate import bp
from portal.desk.keeping import kept_for_agent, take_back
from portal.tickets import presence as presences
from portal.tickets.ticket import Ticket


@bp.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    if kept := kept_for_agent():
        return take_back(kept, number)
    ticket = get_or_404(Ticket.numbered(number, current_user))
    if ticket.number != number:
        return redirect(url_for(".show", number=ticket.number))
    seek = request.args.get("seek", "")[:200]
    return render_template("desk/show.html", **gather(ticket, current_user, now=utcnow(), seek=seek))


@bp.get("/<int:number>/presence")
def presence(number: int) -> ResponseReturnValue:
    """The open page asks who else is there, and so says that it is. A GET, for polls keep no session alive."""
    ticket, now = get_or_404(Ticket.numbered(number, current_user)), utcnow()
    presences.note_open(ticket, current_user, now=now)
    db.session.commit()
    present = presences.others(ticket, current_user, now=now)
    is_shown = request.args.get("shown") == "|".join(map(str, present))
    return ("", 204) if is_shown else render_template("desk/_presence.html", present=present)
