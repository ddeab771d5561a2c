"""The vendor's partners: who applied, on which terms, and what is decided. For administrators."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.accounts.partnership import STATES, Partner, PartnerCustomer
from portal.accounts.people import Organisation
from portal.db import db, get_or_404, utcnow
from portal.partner import applying
from portal.partner import customers as customer_verbs
from portal.partner.forms import ReasonForm, TermsForm, last_day
from portal.partner.letters import tell_decided
from portal.partner.naming import LOOKS, level_choices, partnership_names, state_names
from portal.web import reader_zone

bp = Blueprint("partner_desk", __name__, url_prefix="/desk/partners")
PER_PAGE, MOST = 50, 50
SAID = {"decline": "declined", "suspend": "suspended", "resume": "resumed", "end": "ended"}


@bp.before_request
def administrators_only() -> None:
    """Customers find no such page; staff see that it isn't theirs."""
    if not current_user.is_staff:
        abort(404)
    if not current_user.has_role("admin"):
        abort(403)


@bp.context_processor
def words() -> dict[str, Any]:
    return {"looks": LOOKS, "names": partnership_names(), "states": state_names()}


@bp.get("/")
def index() -> ResponseReturnValue:
    state, text = request.args.get("state", ""), request.args.get("q", "")[:100].strip()
    query = select(Partner).join(Organisation).options(joinedload(Partner.organisation))
    if state in STATES:
        query = query.where(Partner.state == state)
    if text:
        query = query.where(Organisation.name.icontains(text, autoescape=True))
    counts = dict(db.session.execute(select(Partner.state, func.count(Partner.id)).group_by(Partner.state)).all())
    ordered = query.order_by((Partner.state == "applied").desc(), func.lower(Organisation.name), Partner.id)
    page = db.paginate(ordered, per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)
    shown = {"state": state, "text": text, "counts": counts, "levels": dict(level_choices())}
    return render_template("partner/desk/index.html", page=page, **shown)


@bp.get("/<int:partner_id>")
def one(partner_id: int) -> ResponseReturnValue:
    return page_of(found(partner_id))


def found(partner_id: int) -> Partner:
    partner: Partner = get_or_404(select(Partner).where(Partner.id == partner_id))
    return partner


def page_of(partner: Partner, code: int = 200, **forms: Any) -> ResponseReturnValue:
    """A partner with its newest customers; `forms` are those that were sent and refused."""
    theirs, now = PartnerCustomer.reseller_id == partner.organisation_id, utcnow()
    query = customer_verbs.listed(PartnerCustomer.visible_to(current_user).where(theirs), now, sort="newest")
    return render_template(
        "partner/desk/partner.html",
        partner=partner,
        number=db.session.scalar(select(func.count(PartnerCustomer.id)).where(theirs)),
        rows=db.session.execute(query.limit(MOST)).all(),
        can=[act for act, (states, _to, _kind) in applying.ACTS.items() if partner.state in states],
        **{"terms": _terms(partner, fresh=True), "reason": ReasonForm(formdata=None)} | forms,
    ), code


def _terms(partner: Partner, *, fresh: bool = False) -> TermsForm:
    begun = (partner.starts_at or utcnow()).astimezone(reader_zone()).date()
    given = {"starts_on": begun, "ends_on": last_day(partner.ends_at), "obj": partner}
    form = TermsForm(formdata=None, **given) if fresh else TermsForm(**given)
    form.level.choices = level_choices()
    return form


@bp.post("/<int:partner_id>/terms")
def terms(partner_id: int) -> ResponseReturnValue:
    """Approve on these terms; or change those of who is a partner."""
    partner = found(partner_id)
    form = _terms(partner)
    if not form.validate_on_submit():
        return page_of(partner, 422, terms=form)
    now = utcnow()
    if partner.state in applying.ACTS["approve"][0]:
        applying.decide(partner, "approve", by=current_user, now=now, **form.terms)
        tell_decided(partner, "approved")
    else:
        applying.change_terms(partner, by=current_user, now=now, **form.terms)
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for(".one", partner_id=partner_id))


@bp.post("/<int:partner_id>/<any(decline,suspend,resume,end):act>")
def decide(partner_id: int, act: str) -> ResponseReturnValue:
    partner, form = found(partner_id), ReasonForm()
    if act != "resume" and not form.validate_on_submit():
        return page_of(partner, 422, reason=form)
    reason = "" if act == "resume" else str(form.reason.data).strip()
    applying.decide(partner, act, reason=reason, by=current_user, now=utcnow())
    tell_decided(partner, SAID[act], reason=reason)
    db.session.commit()
    flash(_("It is decided, and they are told."), "success")
    return redirect(url_for(".one", partner_id=partner_id))
