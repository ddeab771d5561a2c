"""Files: added to a draft at once, removed from it, and handed out through one authorising view."""

from flask import Response, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import NotFound

from portal.db import db, get_or_404, utcnow
from portal.tickets import attachments, drafts, filetypes, intake
from portal.tickets.blueprint import bp
from portal.tickets.form import ReplyForm
from portal.tickets.ticket import Attachment, Ticket

INERT = "default-src 'none'; sandbox; frame-ancestors 'none'"


@bp.post("/files")
def upload() -> ResponseReturnValue:
    """Keep files with the draft of this form as soon as they are chosen; answers with the list and what was refused."""
    form, now, ticket = ReplyForm(), utcnow(), None
    if number := request.form.get("ticket", type=int):
        ticket = get_or_404(Ticket.numbered(number, current_user))
    key = form.form_key.data or ""
    draft = drafts.find(current_user, key)
    draft = draft or drafts.keep(current_user, key, request.form, now=now, ticket=ticket, even_empty=True)
    if draft is None:
        return render_template("tickets/_files.html", draft=None, refused=[_("This form was out of date. Please reload it.")]), 422
    refused = intake.take_files(form, draft, by=current_user, now=now)
    db.session.commit()
    return render_template("tickets/_files.html", draft=draft, refused=refused), 422 if refused else 200


@bp.post("/files/<token>/remove")
def remove_file(token: str) -> ResponseReturnValue:
    """Take an unsent file back. What was sent stays part of the conversation."""
    query = Attachment.visible_to(current_user).where(Attachment.token == token)
    found = get_or_404(query.where(Attachment.message_id.is_(None), Attachment.owner_id == current_user.id))
    draft = found.draft
    attachments.discard([found])
    db.session.commit()
    return render_template("tickets/_files.html", draft=draft, refused=[])


@bp.get("/files/<token>")
def attachment(token: str) -> Response:
    """The bytes, inert: never rendered as a page, nothing in them runs; only raster images may be shown in place."""
    found = get_or_404(Attachment.visible_to(current_user).where(Attachment.token == token))
    inline = "show" in request.args and found.content_type in filetypes.INLINE
    path = attachments.path_of(found)
    if not path.exists():
        raise NotFound
    response = send_file(
        path,
        mimetype=found.content_type,
        as_attachment=not inline,
        download_name=found.filename,
        etag=found.sha256,
        last_modified=found.created_at,
        max_age=0,
    )
    response.headers["Content-Security-Policy"] = INERT
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response
