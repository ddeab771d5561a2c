"""Domains of an organisation, and who asks to join by one."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from portal.accounts import joining
from portal.accounts.blueprint import bp
from portal.accounts.domains import JoinRequest, OrganisationDomain
from portal.accounts.forms import one_line
from portal.accounts.letters import write_letter
from portal.accounts.people import Organisation
from portal.accounts.team import managed
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.web import limiter, reader, settings


class DomainForm(FlaskForm):  # type: ignore[misc]
    domain = StringField(
        _l("Domain"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Enter a domain such as example.com.")),
            Length(max=253, message=_l("Use at most %(max)d characters.")),
        ],
        render_kw={"maxlength": 253, "required": True, "autocapitalize": "off", "spellcheck": "false"},
    )


@bp.post("/organisation/<int:organisation_id>/domains")
@limiter.limit(lambda: settings().limit_invite, key_func=lambda: f"person:{current_user.id}")
def claim_domain(organisation_id: int) -> ResponseReturnValue:
    theirs, form = managed(organisation_id), DomainForm()
    if not form.validate_on_submit():
        raise Refused(next(iter(form.errors.values()), [_("Enter a domain such as example.com.")])[0])
    joining.claim_domain(theirs, str(form.domain.data), by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".organisation", organisation_id=organisation_id, _anchor="domains"))


@bp.post("/organisation/<int:organisation_id>/domains/<int:domain_id>/check")
@limiter.limit(lambda: settings().limit_invite, key_func=lambda: f"person:{current_user.id}")
def check_domain(organisation_id: int, domain_id: int) -> ResponseReturnValue:
    joining.look_for_proof(_domain(managed(organisation_id), domain_id))
    db.session.commit()
    flash(_("We are looking for the record. Reload the page in a moment; new records can take an hour."), "info")
    return redirect(url_for(".organisation", organisation_id=organisation_id, _anchor="domains"))


@bp.post("/organisation/<int:organisation_id>/domains/<int:domain_id>/confirm")
def confirm_domain(organisation_id: int, domain_id: int) -> ResponseReturnValue:
    """By an administrator of the vendor, who has other proof."""
    claimed = _domain(managed(organisation_id), domain_id)
    if not current_user.has_role("admin"):
        raise Refused(_("Only the vendor’s administrators can do that."))
    joining.verify(claimed, "staff", by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".organisation", organisation_id=organisation_id, _anchor="domains"))


@bp.post("/organisation/<int:organisation_id>/domains/<int:domain_id>/remove")
def give_up_domain(organisation_id: int, domain_id: int) -> ResponseReturnValue:
    joining.give_up_domain(_domain(managed(organisation_id), domain_id), by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".organisation", organisation_id=organisation_id, _anchor="domains"))


@bp.post("/join/<int:organisation_id>")
@limiter.limit(lambda: settings().limit_invite, key_func=lambda: f"person:{current_user.id}")
def ask_to_join(organisation_id: int) -> ResponseReturnValue:
    """404 for everybody whose address isn't at a domain of it: nobody learns that it is there."""
    now = utcnow()
    found: Organisation = get_or_404(joining.joinable(reader(), now=now).where(Organisation.id == organisation_id))
    if joining.ask(found, by=current_user, now=now):
        place = url_for(".organisation", organisation_id=found.id, _anchor="asking", _external=True)
        names = {"organisation": found.name, "name": current_user.display_name, "email": current_user.email}
        for owner in joining.owners_of(found.id):
            write_letter("accounts/mail/asks_to_join", owner.email, owner, link=place, **names)
        db.session.commit()
    flash(
        _("The owners of %(organisation)s are asked. You get a mail when they decide.", organisation=found.name),
        "success",
    )
    return redirect(url_for(".profile"))


@bp.post("/organisation/<int:organisation_id>/asking/<int:request_id>/<any(accept,refuse):act>")
def decide_join(organisation_id: int, request_id: int, act: str) -> ResponseReturnValue:
    theirs = managed(organisation_id)
    asked: JoinRequest = get_or_404(joining.open_requests(theirs.id).where(JoinRequest.id == request_id))
    asking = asked.user
    joining.decide(asked, act == "accept", by=current_user, now=utcnow())
    template = "accounts/mail/let_in" if act == "accept" else "accounts/mail/turned_away"
    home = url_for(".profile", _external=True)
    write_letter(template, asking.email, asking, organisation=theirs.name, link=home)
    db.session.commit()
    if act == "accept":
        flash(_("%(name)s is a member now.", name=asking.display_name), "success")
    else:
        flash(_("%(name)s is told that they can’t join.", name=asking.display_name), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


def _domain(organisation: Organisation, domain_id: int) -> OrganisationDomain:
    found: OrganisationDomain = get_or_404(
        select(OrganisationDomain).where(
            OrganisationDomain.id == domain_id, OrganisationDomain.organisation_id == organisation.id
        )
    )
    return found
