"""From a ticket to a draft: first a look at what is taken over and what is left out."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from knowledge.articles import editing
from knowledge.insight.drafting import draft_from, drafted, material_of
from knowledge.insight.gate import bp
from portal.db import db, get_or_404, utcnow
from portal.tickets.ticket import Ticket


@bp.get("/ticket/<int:number>")
def ticket(number: int) -> ResponseReturnValue:
    found = get_or_404(Ticket.numbered(number, current_user))
    there, material = drafted(found, current_user), material_of(found)
    return render_template("insight/ticket.html", ticket=found, material=material, there=there)


@bp.post("/ticket/<int:number>")
def draft(number: int) -> ResponseReturnValue:
    """One ticket, one article: what was drafted from it before is opened again."""
    found = get_or_404(Ticket.numbered(number, current_user).with_for_update(of=Ticket))
    if there := drafted(found, current_user):
        revision = editing.begin(there.article, by=current_user, now=utcnow())
    else:
        revision = draft_from(found, by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for("editing.edit", revision_id=revision.id))
