"""One ticket, as the desk sees it."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.db import get_or_404, utcnow
from portal.desk.case import gather
from portal.desk.gate import bp
from portal.desk.keeping import kept_for_agent, take_back
from portal.tickets.ticket import Ticket


@bp.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    if kept := kept_for_agent():
        return take_back(kept, number)
    ticket = get_or_404(Ticket.numbered(number, current_user))
    return render_template("desk/show.html", **gather(ticket, current_user, now=utcnow()))
