"""An organisation's licences, and a new key for one of them, which its owner sees once."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.licences import Licence
from portal.accounts.people import MemberRole, Organisation
from portal.billing import licensing
from portal.billing.blueprint import bp
from portal.billing.desk_forms import ReasonForm
from portal.billing.gate import seen
from portal.billing.wording import licence_states
from portal.db import db, get_or_404, utcnow
from portal.policies import name_in, the_policy
from portal.web import limiter, settings

MOST = 200


@bp.get("/<int:organisation_id>/licences")
def licences(organisation_id: int) -> ResponseReturnValue:
    organisation, _account = seen(organisation_id)
    return licences_page(organisation, ReasonForm(formdata=None))


@bp.post("/<int:organisation_id>/licences/<int:licence_id>/reissue")
@limiter.limit(lambda: settings().limit_claim, key_func=lambda: f"person:{current_user.id}")
def reissue_licence(organisation_id: int, licence_id: int) -> ResponseReturnValue:
    """The answer shows the key, and nothing else ever does: it isn't redirected, and is kept by no browser."""
    organisation, _account = seen(organisation_id)
    if current_user.role_in(organisation) != MemberRole.OWNER:
        abort(403)
    licence: Licence = get_or_404(licensing.licences_in(organisation).where(Licence.id == licence_id))
    form = ReasonForm()
    if not form.validate_on_submit():
        return licences_page(organisation, form, refused_id=licence_id, code=422)
    key = licensing.reissue(licence, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    return licences_page(organisation, ReasonForm(formdata=None), key=key)


def licences_page(
    organisation: Organisation, form: ReasonForm, *, key: str = "", refused_id: int = 0, code: int = 200
) -> ResponseReturnValue:
    query = licensing.licences_in(organisation).add_columns(licensing.state_of(utcnow()).label("state"))
    return (
        render_template(
            "billing/licences.html",
            organisation=organisation,
            rows=db.session.execute(query.limit(MOST)).all(),
            owns=current_user.role_in(organisation) == MemberRole.OWNER,
            form=form,
            key=key,
            refused_id=refused_id,
            states=licence_states(),
            plan_name=lambda name: name_in(the_policy().plans, name),
        ),
        code,
        {"Cache-Control": "no-store"},
    )
