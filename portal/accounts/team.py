"""An organisation's page: its members, their roles, invitations."""

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.accounts import joining, membership
from portal.accounts.blueprint import bp
from portal.accounts.domains import OrganisationDomain
from portal.accounts.forms import Plain, email_field, known_by, one_line
from portal.accounts.people import Invitation, MemberRole, Membership, Organisation
from portal.accounts.texts import N_
from portal.db import db, get_or_404, utcnow
from portal.mail import compose
from portal.web import choose_locale, choose_zone, limiter, settings

ROLES = {
    MemberRole.OWNER: (_l("Owner"), _l("Sees every ticket, invites people, decides who may do what.")),
    MemberRole.BILLING: (_l("Billing"), _l("Asks about invoices and sees what the organisation holds.")),
    MemberRole.MEMBER: (_l("Member"), _l("Files and follows their own tickets.")),
}
SUBJECT = N_("%(inviter)s invites you to %(organisation)s")


def role_field() -> SelectField:
    return SelectField(
        _l("Role"),
        choices=lambda: [SelectChoice(role, str(name)) for role, (name, _what) in ROLES.items()],
        default=MemberRole.MEMBER,
        invalid_choice_message=_l("Choose one of the roles in the list."),
    )


class InviteForm(FlaskForm):  # type: ignore[misc]
    email = email_field()
    role = role_field()


class RoleForm(FlaskForm):  # type: ignore[misc]
    role = role_field()


class NameForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        _l("Name of the organisation"),
        filters=[one_line],
        validators=[
            DataRequired(_l("An organisation needs a name.")),
            Length(max=200, message=_l("Use at most %(max)d characters.")),
            Plain(),
        ],
        id="organisation-name",
        render_kw={"maxlength": 200, "required": True},
    )


def visible(organisation_id: int) -> Organisation:
    """The organisation, if this person may see it; else 404."""
    found: Organisation = get_or_404(Organisation.visible_to(current_user).where(Organisation.id == organisation_id))
    return found


def managed(organisation_id: int) -> Organisation:
    """The same, for those who may change it: 404 for strangers, 403 for members without the role."""
    organisation = visible(organisation_id)
    if not membership.may_manage(current_user, organisation):
        abort(403)
    return organisation


def member_of(organisation: Organisation, membership_id: int) -> Membership:
    found: Membership = get_or_404(
        select(Membership).where(
            Membership.id == membership_id,
            Membership.organisation_id == organisation.id,
            Membership.ended_at.is_(None),
        )
    )
    return found


def team_page(organisation: Organisation, invite: InviteForm, rename: NameForm, code: int = 200) -> ResponseReturnValue:
    order = {role: place for place, role in enumerate(ROLES)}
    current = select(Membership).where(Membership.organisation_id == organisation.id, Membership.ended_at.is_(None))
    members = db.session.scalars(current.options(joinedload(Membership.user))).unique().all()
    may_manage = membership.may_manage(current_user, organisation)
    return render_template(
        "accounts/organisation.html",
        organisation=organisation,
        members=sorted(members, key=lambda one: (order[MemberRole(one.role)], one.user.display_name.casefold())),
        invitations=db.session.scalars(Invitation.waiting(organisation, utcnow())).all() if may_manage else [],
        may_manage=may_manage,
        is_member=current_user.role_in(organisation) is not None,
        roles=ROLES,
        invite=invite,
        rename=rename,
        domains=_domains(organisation) if may_manage else [],
        asking=db.session.scalars(joining.open_requests(organisation.id)).all() if may_manage else [],
    ), code


def _domains(organisation: Organisation) -> Sequence[OrganisationDomain]:
    theirs = select(OrganisationDomain).where(OrganisationDomain.organisation_id == organisation.id)
    return db.session.scalars(theirs.order_by(OrganisationDomain.domain)).all()


@bp.get("/organisation/<int:organisation_id>")
def organisation(organisation_id: int) -> ResponseReturnValue:
    shown = visible(organisation_id)
    return team_page(shown, InviteForm(formdata=None), NameForm(formdata=None, obj=shown))


@bp.route("/organisation/new", methods=["GET", "POST"])
@limiter.limit(lambda: settings().limit_claim, key_func=lambda: f"person:{current_user.id}", methods=["POST"])
def new_organisation() -> ResponseReturnValue:
    """Found one without a licence: its founder is its owner, and it holds nothing yet."""
    form = NameForm()
    if not form.validate_on_submit():
        return render_template("accounts/new_organisation.html", form=form), 422 if form.is_submitted() else 200
    made = membership.found_organisation(str(form.name.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("%(organisation)s is founded. Invite your colleagues.", organisation=made.name), "success")
    return redirect(url_for(".organisation", organisation_id=made.id))


@bp.post("/organisation/<int:organisation_id>/rename")
def rename(organisation_id: int) -> ResponseReturnValue:
    named, form = managed(organisation_id), NameForm()
    if not form.validate_on_submit():
        return team_page(named, InviteForm(formdata=None), form, 422)
    membership.rename(named, str(form.name.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The name is saved."), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


@bp.post("/organisation/<int:organisation_id>/invite")
@limiter.limit(lambda: settings().limit_invite, key_func=lambda: f"person:{current_user.id}")
def invite(organisation_id: int) -> ResponseReturnValue:
    inviting, form = managed(organisation_id), InviteForm()
    if not form.validate_on_submit():
        return team_page(inviting, form, NameForm(formdata=None, obj=inviting), 422)
    email, role = str(form.email.data), MemberRole(form.role.data)
    invitation, token = membership.invite(inviting, email, role, by=current_user, now=utcnow())
    write_invitation(invitation, inviting, token)
    db.session.commit()
    flash(_("An invitation is on its way to %(email)s.", email=email), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


def write_invitation(invitation: Invitation, organisation: Organisation, token: str) -> None:
    """In the invited person's language if they have an account, else in the inviter's."""
    known = known_by(invitation.email)
    compose(
        invitation.email,
        "accounts/mail/invitation",
        SUBJECT,
        locale=str(known.locale) if known and known.locale in settings().languages else choose_locale(),
        zone=choose_zone(),
        inviter=current_user.display_name,
        organisation=organisation.name,
        role=ROLES[MemberRole(invitation.role)][0],  # said in the language of the mail
        hours=int(membership.INVITED_FOR.total_seconds() // 3600),
        link=f"{settings().base_url.rstrip('/')}{url_for('accounts.invitation', token=token)}",
    )


@bp.post("/organisation/<int:organisation_id>/invitation/<int:invitation_id>/withdraw")
def withdraw(organisation_id: int, invitation_id: int) -> ResponseReturnValue:
    owner = managed(organisation_id)
    found = get_or_404(Invitation.waiting(owner, utcnow()).where(Invitation.id == invitation_id))
    membership.withdraw(found, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The invitation is withdrawn; its link is dead."), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


@bp.post("/organisation/<int:organisation_id>/member/<int:membership_id>/role")
def change_role(organisation_id: int, membership_id: int) -> ResponseReturnValue:
    member, form = member_of(managed(organisation_id), membership_id), RoleForm()
    if not form.validate_on_submit():
        abort(422)
    membership.change_role(member, MemberRole(form.role.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("%(name)s’s role is changed.", name=member.user.display_name), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


@bp.post("/organisation/<int:organisation_id>/member/<int:membership_id>/remove")
def remove(organisation_id: int, membership_id: int) -> ResponseReturnValue:
    member = member_of(managed(organisation_id), membership_id)
    membership.remove(member, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("%(name)s is no member any more.", name=member.user.display_name), "success")
    stays = current_user.role_in(organisation_id) is not None or current_user.is_staff
    return redirect(url_for(".organisation", organisation_id=organisation_id) if stays else url_for(".profile"))


@bp.post("/organisation/<int:organisation_id>/leave")
def leave(organisation_id: int) -> ResponseReturnValue:
    left = visible(organisation_id)
    if current_user.role_in(left) is None:
        abort(403)
    membership.leave(left, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("You have left %(organisation)s.", organisation=left.name), "success")
    return redirect(url_for(".profile"))


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@limiter.limit(lambda: settings().limit_invite, methods=["POST"])
def invitation(token: str) -> ResponseReturnValue:
    """Where an invitation's link leads. Opening it changes nothing; the button does."""
    found = membership.open_invitation(token, now=utcnow())
    context: dict[str, Any] = {"invitation": found, "is_mine": found and membership.is_for(found, current_user)}
    if not found or not context["is_mine"]:
        return render_template("accounts/invitation.html", **context), 404
    where = db.session.get_one(Organisation, found.organisation_id)
    if not FlaskForm().validate_on_submit():
        return render_template("accounts/invitation.html", organisation=where, roles=ROLES, **context)
    membership.join(found, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Welcome to %(organisation)s.", organisation=where.name), "success")
    return redirect(url_for(".organisation", organisation_id=where.id))
