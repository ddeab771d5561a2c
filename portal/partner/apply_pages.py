"""Where an organisation's owner asks to become a partner, and sees what became of it."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.people import MemberRole, Membership, Organisation
from portal.db import db, utcnow
from portal.partner import applying
from portal.partner.forms import ApplicationForm
from portal.partner.letters import tell_applied
from portal.partner.naming import LOOKS, partnership_names
from portal.policies import has_partner_area
from portal.web import limiter, settings

bp = Blueprint("partner_application", __name__, url_prefix="/partner/apply")


def chosen() -> tuple[Organisation, list[Organisation]]:
    """The organisation that is asked for, and all that the reader owns. Who owns none has nothing to do here."""
    owner = Membership.role == MemberRole.OWNER
    theirs = list(db.session.scalars(current_user.organisations().where(owner)).all()) if has_partner_area() else []
    if not theirs:
        abort(404)
    wanted = request.args.get("organisation", theirs[0].id, type=int)
    found = next((one for one in theirs if one.id == wanted), None)
    if found is None:
        abort(404)
    return found, theirs


@bp.route("", methods=["GET", "POST"])
@limiter.limit(lambda: settings().limit_invite, methods=["POST"], key_func=lambda: f"person:{current_user.id}")
def apply() -> ResponseReturnValue:
    organisation, theirs = chosen()
    form, partner = ApplicationForm(), applying.partner_of(organisation)
    if form.validate_on_submit():
        tell_applied(applying.apply(organisation, form.application, by=current_user, now=utcnow()))
        db.session.commit()
        flash(_("Thank you. You get a mail when it is decided."), "success")
        return redirect(url_for(".apply", organisation=organisation.id))
    return render_template(
        "partner/apply.html",
        organisation=organisation,
        theirs=theirs,
        form=form if applying.may_apply(partner, organisation) else None,
        partner=partner,
        states=partnership_names(),
        looks=LOOKS,
    ), 422 if form.errors else 200
