"""How it went: the page that the question's links open, and the same form on the ticket."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.tickets import satisfaction
from portal.tickets.blueprint import bp
from portal.tickets.ticket import Ticket
from portal.web import limiter, public, settings


@bp.get("/rating/<token>")
@public
@limiter.limit(lambda: settings().limit_search)
def rating(token: str) -> ResponseReturnValue:
    """The answer that the link stands for is chosen, and nothing is kept until the button is pressed."""
    ticket = satisfaction.ticket_of(token, now=utcnow()) or abort(404)
    return rating_page(ticket, token, score=request.args.get("score", ""))


@bp.post("/rating/<token>")
@public
@limiter.limit(lambda: settings().limit_search)
def rated(token: str) -> ResponseReturnValue:
    now = utcnow()
    ticket = satisfaction.ticket_of(token, now=now) or abort(404)
    db.session.refresh(ticket, with_for_update={"of": Ticket})
    score, comment = request.form.get("score", ""), request.form.get("comment", "")
    try:
        satisfaction.rate(ticket, score, comment, by=ticket.requester, now=now)
    except Refused as reason:
        return rating_page(ticket, token, score=score, comment=comment, refusal=str(reason)), 422
    db.session.commit()
    return rating_page(ticket, token, is_done=True)


@bp.post("/<int:number>/rating")
def rate(number: int) -> ResponseReturnValue:
    """From the ticket's own page: who filed it says how it went."""
    own = Ticket.numbered(number, current_user).where(Ticket.requester_id == current_user.id)
    ticket = get_or_404(own.with_for_update(of=Ticket))
    score, comment = request.form.get("score", ""), request.form.get("comment", "")
    satisfaction.rate(ticket, score, comment, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Thank you. Your answer is kept."), "success")
    return redirect(url_for(".show", number=number, _anchor="rating"))


def rating_page(ticket: Ticket, token: str, **more: Any) -> str:
    return render_template("tickets/rating.html", token=token, **question(ticket), **more)


def question(ticket: Any) -> dict[str, Any]:
    """What the form shows of a ticket: what was said so far, and whether it may still be changed."""
    given = satisfaction.rating_of(ticket.id)
    return {"ticket": ticket, "rating": given, "may_rate": satisfaction.may_rate(ticket, given)}
