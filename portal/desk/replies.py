"""Canned replies and articles, put under what is being written; and the page that keeps the replies."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.exceptions import Forbidden
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from portal.db import db, get_or_404, utcnow
from portal.desk.acts import begun, locked, page
from portal.desk.case import crossed
from portal.desk.forms import LONGEST_ID, ReplyForm
from portal.desk.gate import bp
from portal.errors import Refused
from portal.tickets import canned
from portal.tickets.canned import CannedReply
from portal.tickets.conversation import LONGEST_BODY, clean
from portal.tickets.ticket import LARGEST, Ticket
from portal.web import wants_partial

TOO_LONG = _l("Please keep it under %(max)d characters.")


class CannedForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        _l("Name"),
        [DataRequired(_l("Give it a name.")), Length(max=canned.LONGEST_NAME, message=TOO_LONG)],
        [lambda text: " ".join(clean(text or "").split())],
    )
    body = TextAreaField(
        _l("Text"),
        [DataRequired(_l("Write the text.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [lambda text: clean(text or "")],
    )
    is_shared = BooleanField(_l("Share it with all who answer"))


@bp.post("/<int:number>/insert")
def insert(number: int) -> ResponseReturnValue:
    """Put a canned reply or an article under the words of the reply, or look for articles. Nothing is sent yet."""
    ticket, form, refusal = locked(number), ReplyForm(), None
    seek = request.form.get("seek", "").strip()[:200]
    body = "\n\n".join(filter(None, (form.body.data, chosen(ticket))))
    form.body.data = body[:LONGEST_BODY]
    try:
        if body or any(file.filename for file in form.files.data or ()):
            begun(ticket, form, "reply")
    except Refused as reason:
        refusal = str(reason)
    crossing = crossed(ticket, form.seen.data, current_user)
    db.session.commit()
    if not wants_partial() and not refusal:
        return redirect(url_for(".show", number=ticket.number, seek=seek or None, _anchor="compose"))
    shown = {"form": form, "written": "reply", "seek": seek, "crossing": crossing, "refusal": refusal}
    return page(ticket, 422 if refusal else 200, **shown)


def chosen(ticket: Ticket) -> str:
    """What is to be inserted, by the button that was pressed."""
    if token := request.form.get("article"):
        return canned.article_named(token)
    number = request.form.get("canned", "")
    if request.form.get("insert") != "canned" or not number.isdecimal() or len(number) > LONGEST_ID:
        return ""
    return canned.filled(the_reply(int(number)), ticket, by=current_user)


def the_reply(reply_id: int) -> CannedReply:
    found: CannedReply = get_or_404(
        CannedReply.visible_to(current_user).where(CannedReply.id == min(reply_id, LARGEST))
    )
    return found


def own_reply(reply_id: int) -> CannedReply:
    """That reply, if the agent may change it."""
    row = the_reply(reply_id)
    if not row.may_change(current_user):
        raise Forbidden
    return row


@bp.get("/replies")
def replies() -> ResponseReturnValue:
    return draw(CannedForm(formdata=None))


@bp.post("/replies")
def add_reply() -> ResponseReturnValue:
    form = CannedForm()
    return settled(form, None) or (draw(form), 422)


@bp.route("/replies/<int:reply_id>", methods=["GET", "POST"])
def change_reply(reply_id: int) -> ResponseReturnValue:
    row = own_reply(reply_id)
    form = CannedForm(obj=row)
    return (settled(form, row) if request.method == "POST" else None) or (
        draw(form, changed=row),
        422 if form.errors else 200,
    )


@bp.post("/replies/<int:reply_id>/remove")
def remove_reply(reply_id: int) -> ResponseReturnValue:
    db.session.delete(own_reply(reply_id))
    db.session.commit()
    flash(_("The canned reply is removed."), "success")
    return redirect(url_for(".replies"))


def settled(form: CannedForm, row: CannedReply | None) -> ResponseReturnValue | None:
    """Keep it and lead back to the list; None when the form has to be shown again."""
    if not form.validate():
        return None
    name, body, is_shared = form.name.data or "", form.body.data or "", bool(form.is_shared.data)
    try:
        canned.keep(row, name, body, is_shared=is_shared, by=current_user, now=utcnow())
    except Refused as reason:
        form.body.errors = [str(reason)]
        return None
    db.session.commit()
    flash(_("The canned reply is kept."), "success")
    return redirect(url_for(".replies"))


def draw(form: CannedForm, changed: CannedReply | None = None) -> str:
    query = CannedReply.visible_to(current_user).order_by(CannedReply.name, CannedReply.id)
    rows = db.session.scalars(query).all()
    return render_template("desk/replies.html", rows=rows, form=form, changed=changed, gaps=canned.GAPS)
