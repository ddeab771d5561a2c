"""What an owner gives away: sight of all tickets, and the organisation itself."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from portal.accounts import membership
from portal.accounts.blueprint import bp
from portal.accounts.letters import tell_of_owner
from portal.accounts.people import MemberRole
from portal.accounts.team import managed, member_of
from portal.db import db, utcnow


@bp.post("/organisation/<int:organisation_id>/member/<int:membership_id>/sight")
def let_see(organisation_id: int, membership_id: int) -> ResponseReturnValue:
    member, all_tickets = member_of(managed(organisation_id), membership_id), request.form.get("all") == "yes"
    membership.let_see(member, all_tickets, by=current_user, now=utcnow())
    db.session.commit()
    if all_tickets:
        flash(_("%(name)s sees every ticket now.", name=member.user.display_name), "success")
    else:
        flash(_("%(name)s sees their own tickets only.", name=member.user.display_name), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


@bp.route("/organisation/<int:organisation_id>/member/<int:membership_id>/hand-over", methods=["GET", "POST"])
def hand_over(organisation_id: int, membership_id: int) -> ResponseReturnValue:
    """One step, asked for once more on a page of its own: it can't be taken back by whoever took it."""
    theirs = managed(organisation_id)
    member = member_of(theirs, membership_id)
    if not FlaskForm().validate_on_submit():
        is_owner = current_user.role_in(theirs) is MemberRole.OWNER
        return render_template("accounts/hand_over.html", organisation=theirs, member=member, is_owner=is_owner)
    membership.hand_over(theirs, member, by=current_user, now=utcnow())
    tell_of_owner(theirs, member, people=(current_user, member.user))
    db.session.commit()
    flash(_("%(name)s owns %(organisation)s now.", name=member.user.display_name, organisation=theirs.name), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))
