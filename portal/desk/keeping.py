"""Nothing an agent typed is lost: what arrives without a session, or with a stale form, is there again to be sent."""

from flask import Response, current_app, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.db import db, utcnow, writing
from portal.desk import drafts
from portal.desk.gate import bp
from portal.tickets import keeping
from portal.tickets.drafts import claimable
from portal.tickets.ticket import Draft, Ticket

PATH = "/desk/"


@bp.after_request
def keep_what_was_sent(response: Response) -> Response:
    """Runs for the answers of the hooks before the views, too: the redirect to sign-in, the failed CSRF check."""
    kind = (request.endpoint or "").removeprefix("desk.")
    if kind == "draft":
        kind = request.args.get("kind", "")
    if kind == "insert":  # the reply's words, with something to be put under them
        kind = "reply"
    if request.method != "POST" or kind not in drafts.KINDS or not keeping.is_from_our_page():
        return response
    if current_user.is_authenticated:
        is_stale = request.endpoint != "desk.draft" and current_user.is_staff and not g.get("csrf_valid")
        return keep(kind, response) if is_stale else response
    typed, number = keeping.sent_fields(), (request.view_args or {})["number"]
    if not typed.get("body", "").strip() or keeping.is_flooding():
        return response
    return keeping.stash(typed, number, back=url_for("desk.show", number=number, kept=1), path=PATH, kind=kind)


def keep(kind: str, response: Response) -> Response:
    """The form is of an earlier session: its text is the agent's draft, and the page says why nothing was sent."""
    text, number = keeping.sent_fields().get("body", ""), (request.view_args or {})["number"]
    with writing():
        ticket = db.session.scalar(Ticket.numbered(number, current_user))
        if ticket is None or not text.strip():
            return response
        drafts.keep(ticket, kind, text, by=current_user, now=utcnow())
        db.session.commit()
    flash(_("This page was open too long. Everything is kept: please check it and send it again."), "warning")
    return current_app.make_response(redirect(url_for("desk.show", number=number)))


def kept_for_agent() -> Draft | None:
    """What this browser sent after the session had ended, for the one who wrote it, come back to go on with it."""
    if "kept" not in request.args:
        return None
    draft = claimable(current_user, request.cookies.get(keeping.CLAIM), now=utcnow())
    return draft if draft is not None and draft.meant_for_id == current_user.id else None


def take_back(kept: Draft, number: int) -> Response:
    """To the ticket, with the text in its form again; the cookie that led to it has done its work."""
    drafts.take_back(kept, by=current_user, now=utcnow())
    db.session.commit()
    response = current_app.make_response(redirect(url_for("desk.show", number=number, _anchor="compose")))
    response.delete_cookie(keeping.CLAIM, path=PATH)
    return response
