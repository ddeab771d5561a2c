"""'Notify me' on an incident's page, and the page behind the link of its question. A GET changes nothing."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from portal.accounts.addresses import AddressField
from portal.db import db, utcnow
from portal.status import following, showing, subscribing, telling
from portal.status.incident import Incident
from portal.status.subscribe_pages import bp, reader_of
from portal.web import choose_zone, limiter, public, reader, settings, wants_partial


class FollowForm(FlaskForm):  # type: ignore[misc]
    email = AddressField()


@bp.post("/incidents/<public_id>")
@public
@limiter.limit(lambda: settings().limit_subscribe)
def follow(public_id: str) -> ResponseReturnValue:
    """With an account at once; else the address is asked, and the answer is the same for every address."""
    found = _going_on(public_id)
    if current_user.is_authenticated and current_user.confirmed_at:
        following.follow(reader(), found, now=utcnow())
        db.session.commit()
        if wants_partial():
            return render_template("status/_followed.html")
        flash(_("We mail you what happens next."), "success")
        return redirect(url_for("status.incident", public_id=public_id))
    form = FollowForm()
    if not form.validate():
        return render_template("status/follow.html", incident=found, form=form), 422
    following.ask(form.email.data, found, str(get_locale()), choose_zone())
    db.session.commit()
    return render_template("status/asked.html", address=form.email.data)


@bp.post("/incidents/<public_id>/end")
def unfollow(public_id: str) -> ResponseReturnValue:
    found = showing.one(public_id, current_user) or abort(404)
    if not following.follows(reader(), found):
        abort(404)
    following.unfollow(subscribing.subscription_of(reader()) or abort(404), found, now=utcnow())
    db.session.commit()
    flash(_("We tell you no more of it."), "success")
    return redirect(url_for("status.incident", public_id=public_id))


@bp.route("/<token>/incidents/<public_id>", methods=["GET", "POST"])
@public
def agree(token: str, public_id: str) -> ResponseReturnValue:
    """What the mail's link leads to. Who may not know of the incident (any more) finds nothing."""
    row = subscribing.of_token(token) or abort(404)
    found = db.session.scalar(Incident.visible_to(reader_of(row)).where(Incident.public_id == public_id))
    if found is None or found.is_draft:
        abort(404)
    step = "confirm"
    if request.method == "POST":
        following.agree(row, found, now=utcnow())
        db.session.commit()
        step = "confirmed"
    return render_template("status/agreeing.html", step=step, token=token, incident=found)


def _going_on(public_id: str) -> Incident:
    """One that the reader sees and of which something is still to be said."""
    found = showing.one(public_id, current_user) or abort(404)
    if found.is_draft or found.is_over:
        abort(404)
    return found


@bp.app_template_global()
def follow_state(incident: Incident) -> str:
    """For the incident's page: `over`, `follows`, `subscribed`, `may` (with one press) or `ask` (by an address)."""
    if incident.is_over or incident.is_draft:
        return "over"
    if not current_user.is_authenticated or current_user.confirmed_at is None:
        return "ask"
    row = subscribing.subscription_of(reader())
    if row and subscribing.is_told(row) and telling.subscribed(row, incident):
        return "subscribed"
    return "follows" if following.follows(reader(), incident) else "may"
