"""Organisations that nobody can run any more, because their owners left or may not sign in."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import joinedload
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length

from portal.accounts import membership
from portal.accounts.forms import Plain, one_line
from portal.accounts.letters import tell_of_owner
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.db import db, get_or_404, utcnow
from portal.desk.gate import bp

PER_PAGE = 25


class AppointForm(FlaskForm):  # type: ignore[misc]
    to = RadioField(
        _l("New owner"),
        coerce=int,
        validators=[InputRequired(_l("Choose a member."))],
        invalid_choice_message=_l("Choose a member."),
    )
    reason = StringField(
        _l("Reason"),
        filters=[one_line],
        validators=[
            InputRequired(_l("Say why: it is kept with the change.")),
            Length(max=500, message=_l("Use at most %(max)d characters.")),
            Plain(),
        ],
        render_kw={"maxlength": 500, "required": True},
    )


def ownerless() -> Select[Organisation]:
    """Those that have members who can sign in, and no owner among them."""
    able = select(Membership.id).join(User, User.id == Membership.user_id)
    able = able.where(Membership.organisation_id == Organisation.id, Membership.ended_at.is_(None), User.active)
    owned = able.where(Membership.role == MemberRole.OWNER)
    return select(Organisation).where(exists(able), ~exists(owned)).order_by(Organisation.name, Organisation.id)


@bp.get("/owners")
def owners() -> ResponseReturnValue:
    page = db.paginate(ownerless(), per_page=PER_PAGE, error_out=False)
    return render_template("desk/owners.html", page=page)


@bp.route("/owners/<int:organisation_id>", methods=["GET", "POST"])
def appoint_owner(organisation_id: int) -> ResponseReturnValue:
    """For administrators: agents see that there is something to mend."""
    found: Organisation = get_or_404(ownerless().where(Organisation.id == organisation_id))
    if not current_user.has_role("admin"):
        abort(403)
    members = _members(found)
    form = AppointForm()
    form.to.choices = [(one.id, f"{one.user.display_name} ({one.user.email})") for one in members]
    if not form.validate_on_submit():
        code = 422 if form.errors else 200
        return render_template("desk/owner.html", organisation=found, form=form), code
    chosen = next(one for one in members if one.id == form.to.data)
    membership.appoint(chosen, reason=str(form.reason.data), by=current_user, now=utcnow())
    tell_of_owner(found, chosen, people=tuple(one.user for one in members))
    db.session.commit()
    flash(_("%(name)s owns %(organisation)s now.", name=chosen.user.display_name, organisation=found.name), "success")
    return redirect(url_for(".owners"))


def _members(organisation: Organisation) -> list[Membership]:
    current = select(Membership).join(User, User.id == Membership.user_id).options(joinedload(Membership.user))
    current = current.where(Membership.organisation_id == organisation.id, Membership.ended_at.is_(None), User.active)
    return list(db.session.scalars(current.order_by(User.email)))
