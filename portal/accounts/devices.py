"""Where you are signed in: the list on the profile page, and the end of one."""

from flask import Response, flash, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.blueprint import bp
from portal.accounts.sessions import SignIn, note_seen
from portal.db import db, get_or_404, utcnow, writing


@bp.post("/sign-in/<int:sign_in_id>/end")
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    db.session.delete(get_or_404(SignIn.visible_to(current_user).where(SignIn.id == sign_in_id)))
    db.session.commit()
    flash(_("That device is signed out."), "success")
    return redirect(url_for(".profile"))


@bp.after_app_request
def write_down_seen(response: Response) -> Response:
    """Once an hour at most, and after all else is done: a device is still in use."""
    if seen := g.pop("seen_sign_in", None):
        with writing():
            if found := db.session.get(SignIn, seen):
                note_seen(found, now=utcnow())
            db.session.commit()
    return response
