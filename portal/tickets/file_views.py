"""Files: added to a draft at once, removed from it, and handed out through one authorising view."""

from flask import Response, make_response, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import NotFound

from portal.db import db, get_or_404, utcnow
from portal.formats import filesize
from portal.tickets import attachments, drafts, filetypes, intake
from portal.tickets.blueprint import bp
from portal.tickets.form import ReplyForm, TicketForm
from portal.tickets.keeping import drain
from portal.tickets.new_views import place_of
from portal.tickets.ticket import Attachment, Draft, Ticket
from portal.web import INERT, settings, wants_partial


@bp.post("/files")
def upload() -> ResponseReturnValue:
    """Keep files with the draft of this form as soon as they are chosen; answers with the field and its list."""
    key, now, ticket = request.args.get("key", ""), utcnow(), None
    if number := request.args.get("ticket", type=int):
        ticket = get_or_404(Ticket.numbered(number, current_user))
    draft = drafts.find(current_user, key)
    draft = draft or drafts.keep(current_user, key, {}, now=now, ticket=ticket, even_empty=True)
    if draft is None:
        return field(key, ticket, None, [_("This page is out of date. Please reload it.")])
    refused = intake.take_files(ReplyForm(), draft, by=current_user, now=now)
    db.session.commit()
    return field(key, ticket, draft, refused)


@bp.post("/files/<token>/remove")
def remove_file(token: str) -> ResponseReturnValue:
    """Take an unsent file back, by htmx or (with the whole form) by the button. What was sent stays as it was.

    A second click, or another tab, finds the draft without it.
    """
    query = Attachment.visible_to(current_user).where(Attachment.token == token)
    query = query.where(Attachment.message_id.is_(None), Attachment.owner_id == current_user.id)
    found = db.session.scalar(query)
    draft: Draft | None = found.draft if found else drafts.find(current_user, request.form.get("form_key", ""))
    if draft is None:
        raise NotFound
    if found:
        attachments.discard([found])
        db.session.flush()
        db.session.expire(draft, ["attachments"])
    if not wants_partial():
        drafts.keep(
            current_user, draft.form_key, request.form, now=utcnow(), secret=request.form.get("credentials", "")
        )
    db.session.commit()
    if wants_partial():
        return field(draft.form_key, draft.ticket, draft, [], refocus=True)
    return redirect(place_of(draft))


@bp.after_request
def say_too_large(response: Response) -> Response:
    """An upload over the limit of a whole request: the sentence stands at the field, like those for single files."""
    if request.endpoint != "tickets.upload" or response.status_code != 413:
        return response
    drain()
    key, number = request.args.get("key", ""), request.args.get("ticket", type=int)
    ticket = db.session.scalar(Ticket.numbered(number, current_user)) if number else None
    sentence = _(
        "These files are too large together. One message takes at most %(most)s.",
        most=filesize(settings().upload_total_bytes),
    )
    return make_response(field(key, ticket, drafts.find(current_user, key), [sentence]))


def field(
    key: str, ticket: Ticket | None, draft: Draft | None, refused: list[str], *, refocus: bool = False
) -> ResponseReturnValue:
    """The file field, empty again, with what the draft holds. `refocus`: the button that was pressed is gone."""
    form = ReplyForm(formdata=None) if ticket else TicketForm(formdata=None)
    context = {"field": form.files, "form_key": key, "ticket": ticket, "draft": draft, "refused": refused}
    return render_template("tickets/_files.html", **context, refocus=refocus), 422 if refused else 200


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
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


attachment.talisman_view_options = {"content_security_policy": INERT}  # type: ignore[attr-defined]
