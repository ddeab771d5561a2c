"""Where the audit log is read: owners that of their organisation, administrators all of it."""

from flask import Blueprint, Flask, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import or_, select

from portal import auditing
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.audit import AuditEntry
from portal.auditing import Asked
from portal.db import db, get_or_404

bp = Blueprint("audit", __name__)


@bp.get("/account/organisation/<int:organisation_id>/audit")
def organisation(organisation_id: int) -> ResponseReturnValue:
    """Owners alone: members without that role get 403, strangers 404."""
    theirs: Organisation = get_or_404(Organisation.visible_to(current_user).where(Organisation.id == organisation_id))
    if current_user.role_in(theirs) is not MemberRole.OWNER and not current_user.has_role("admin"):
        abort(403)
    of = or_(AuditEntry.organisation_id == theirs.id, AuditEntry.partner_id == theirs.id)
    query, asked = AuditEntry.visible_to(current_user).where(of), Asked.from_args(request.args)
    if "csv" in request.args:
        return auditing.as_file(query, asked, inside=False, filename=f"audit-{theirs.id}.csv")
    page = auditing.page_of(query, asked)
    people = select(User).join(Membership, Membership.user_id == User.id).where(Membership.organisation_id == theirs.id)
    return render_template(
        "audit/organisation.html",
        organisation=theirs,
        page=page,
        lines=auditing.lines(page.items, inside=False),
        asked=asked,
        areas=auditing.areas(),
        people=db.session.scalars(people.order_by(User.name, User.id)).unique().all(),
    )


@bp.get("/desk/audit")
def everything() -> ResponseReturnValue:
    if not current_user.is_staff:
        abort(404)
    if not current_user.has_role("admin"):
        abort(403)
    query, asked = AuditEntry.visible_to(current_user), Asked.from_args(request.args)
    if "csv" in request.args:
        return auditing.as_file(query, asked, inside=True, filename="audit.csv")
    page = auditing.page_of(query, asked)
    shown = auditing.lines(page.items, inside=True)
    return render_template("audit/all.html", page=page, lines=shown, asked=asked, areas=auditing.areas())


def init_audit(app: Flask) -> None:
    app.register_blueprint(bp)
