"""A customer's side: who asks to act for them, who does, and an end to it."""

import hashlib
from collections.abc import Sequence
from typing import Self

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import DateField, HiddenField, RadioField
from wtforms.validators import Optional

from portal.accounts import consenting
from portal.accounts.partnership import Consent, PartnerCustomer
from portal.accounts.people import MemberRole, Organisation
from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.partner.forms import day_after
from portal.partner.letters import tell_given, tell_refused, tell_withdrawn

bp = Blueprint("consents", __name__, url_prefix="/account")


class AnswerForm(FlaskForm):  # type: ignore[misc]
    organisation = RadioField(
        _l("For which organisation?"), coerce=int, validate_choice=False, validators=[Optional()], choices=[]
    )
    ends_on = DateField(_l("Last day"), validators=[Optional()], description=_l("Empty: until you take it back."))
    seal = HiddenField()  # of the text that was shown

    def offer(self, theirs: Sequence[Organisation]) -> Self:
        """Only what there is to choose: an owner of one organisation answers for it, an owner of none gives nothing."""
        self.organisation.choices = [(one.id, one.name) for one in theirs]
        if len(theirs) < 2:
            del self.organisation
        if not theirs:
            del self.ends_on
        return self


@bp.route("/consent/<token>", methods=["GET", "POST"])
def answer(token: str) -> ResponseReturnValue:
    """Where the mail leads: whoever got it may answer for the organisations that they own."""
    return _answered(db.session.scalar(consenting.by_token(token, now=utcnow())))


@bp.route("/consent/of/<int:consent_id>", methods=["GET", "POST"])
def answer_here(consent_id: int) -> ResponseReturnValue:
    """The same without the mail, for whoever has the address that was asked."""
    query = consenting.asked_of(current_user, now=utcnow()).where(Consent.id == consent_id)
    return _answered(get_or_404(query))


def _answered(asked: Consent | None) -> ResponseReturnValue:
    """Opening it changes nothing; its two buttons do."""
    if asked is None:
        return render_template("partner/consent.html", asked=None), 404
    theirs = db.session.scalars(consenting.may_speak_for(current_user, asked.relation)).all()
    words = consenting.wording(asked.relation)
    form = AnswerForm().offer(theirs)
    if form.is_submitted() and form.validate() and request.form.get("answer") in ("give", "refuse"):
        if request.form["answer"] == "refuse":
            return _refuse(asked)
        if form.seal.data == _seal(words):
            return _give(asked, words, form, {one.id: one for one in theirs})
        flash(_("The text has changed. Please read it again."), "info")
    code = 422 if form.is_submitted() else 200
    form.seal.data = _seal(words)
    return render_template("partner/consent.html", asked=asked, words=words, form=form, theirs=theirs), code


def _give(asked: Consent, words: str, form: AnswerForm, theirs: dict[int, Organisation]) -> ResponseReturnValue:
    chosen = form.organisation.data if "organisation" in form else next(iter(theirs), None)
    organisation = theirs.get(chosen or 0)
    if organisation is None:
        raise Refused(_("Choose an organisation that you own."))
    ends_at = day_after(form.ends_on.data)
    consenting.give(asked, organisation, wording=words, ends_at=ends_at, by=current_user, now=utcnow())
    tell_given(asked)
    db.session.commit()
    flash(_("%(reseller)s may act for you now.", reseller=asked.relation.reseller.name), "success")
    return redirect(url_for(".partners", organisation_id=organisation.id))


def _refuse(asked: Consent) -> ResponseReturnValue:
    consenting.refuse(asked, by=current_user, now=utcnow())
    tell_refused(asked, by=current_user)
    db.session.commit()
    flash(_("You refused. %(reseller)s is told.", reseller=asked.relation.reseller.name), "success")
    return redirect(url_for("accounts.profile"))


def _seal(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def owned(organisation_id: int) -> Organisation:
    """For owners alone: members without that role get 403, strangers 404."""
    found: Organisation = get_or_404(Organisation.visible_to(current_user).where(Organisation.id == organisation_id))
    if current_user.role_in(found) is not MemberRole.OWNER:
        abort(403)
    return found


@bp.get("/organisation/<int:organisation_id>/partners")
def partners(organisation_id: int) -> ResponseReturnValue:
    theirs, now = owned(organisation_id), utcnow()
    related = joinedload(Consent.relation).joinedload(PartnerCustomer.reseller)
    return render_template(
        "partner/acting.html",
        organisation=theirs,
        asked=db.session.scalars(consenting.asked_of(current_user, now=now).options(related)).all(),
        consents=db.session.scalars(consenting.given_by(theirs).options(related)).all(),
        now=now,
    )


@bp.post("/organisation/<int:organisation_id>/partners/<int:consent_id>/withdraw")
def withdraw_consent(organisation_id: int, consent_id: int) -> ResponseReturnValue:
    theirs = owned(organisation_id)
    given = select(Consent).where(Consent.id.in_(consenting.given_by(theirs).with_only_columns(Consent.id)))
    consent: Consent = get_or_404(given.where(Consent.id == consent_id))
    consenting.withdraw(consent, by=current_user, now=utcnow())
    tell_withdrawn(consent)
    db.session.commit()
    flash(_("%(reseller)s no longer acts for you.", reseller=consent.relation.reseller.name), "success")
    return redirect(url_for(".partners", organisation_id=organisation_id))
