"""Several tickets of the queue at once: what was done, what was refused, and undoing it."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.people import User, staff
from portal.db import db, get_or_404, utcnow
from portal.desk.gate import bp
from portal.desk.sieve import Sieve
from portal.errors import Refused
from portal.tickets import bulk, tags
from portal.tickets.bulk import BulkAct
from portal.tickets.ticket import LARGEST, Ticket


@bp.post("/bulk")
def act_on_several() -> ResponseReturnValue:
    """The address carries the view of the queue that the tickets were chosen in, to lead back to it."""
    sieve, kind = Sieve.from_arguments(request.args), request.form.get("act", "")
    picked = [int(text) for text in request.form.getlist("pick") if text.isdecimal() and len(text) < 10]
    try:
        row = bulk.act(picked, kind, asked(kind), by=current_user, now=utcnow())
    except Refused as reason:
        flash(str(reason), "warning")
        return redirect(url_for(".queue") + sieve.query(page=sieve.page))
    db.session.commit()
    return redirect(url_for(".bulk_done", bulk_id=row.id) + sieve.query(page=sieve.page))


def asked(kind: str) -> dict[str, Any]:
    """What the bar below the queue says, for this kind of act."""
    if kind == "tag":
        if names := tags.read_names(request.form.get("names", "")[:500]):
            return {"names": names}
        raise Refused(_("Write a tag."))
    if kind == "assign":
        to = request.form.get("to", "")
        if to == "0" or (to.isdecimal() and len(to) < 10 and is_staff(int(to))):
            return {"to": int(to) or None}
        raise Refused(_("Choose somebody."))
    if kind not in bulk.KINDS:
        raise Refused(_("Choose what to do."))
    return {}


def is_staff(person_id: int) -> bool:
    return db.session.scalar(staff().where(User.id == person_id)) is not None


@bp.get("/bulk/<int:bulk_id>")
def bulk_done(bulk_id: int) -> ResponseReturnValue:
    row, back = own(bulk_id), Sieve.from_arguments(request.args)
    numbers = [one["number"] for one in (*row.done, *row.refused)]
    shown = Ticket.visible_to(current_user).with_only_columns(Ticket.number, Ticket.subject)
    subjects = dict(db.session.execute(shown.where(Ticket.number.in_(numbers))).all())
    to = db.session.get(User, row.detail["to"]) if row.detail.get("to") else None
    more = {"to": to, "back": back, "may_be_undone": row.may_be_undone(utcnow())}
    return render_template("desk/bulk.html", row=row, subjects=subjects, **more)


@bp.post("/bulk/<int:bulk_id>/undo")
def undo_bulk(bulk_id: int) -> ResponseReturnValue:
    row, back = own(bulk_id), Sieve.from_arguments(request.args)
    try:
        bulk.undo(row, by=current_user, now=utcnow())
        db.session.commit()
        flash(_("It is undone."), "success")
    except Refused as reason:
        flash(str(reason), "warning")
    return redirect(url_for(".bulk_done", bulk_id=bulk_id) + back.query(page=back.page))


def own(bulk_id: int) -> BulkAct:
    found: BulkAct = get_or_404(BulkAct.visible_to(current_user).where(BulkAct.id == min(bulk_id, LARGEST)))
    return found
