"""The bookkeepers' list of licences: found by the end of a key or by customer; given a new key, revoked, prolonged."""

from datetime import timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select
from wtforms import DateField
from wtforms.validators import InputRequired

from portal import spreadsheets
from portal.accounts import issuing
from portal.accounts.licences import Licence
from portal.billing import licensing
from portal.billing.accounts import midnight
from portal.billing.desk import bp
from portal.billing.desk_forms import ReasonForm
from portal.billing.wording import licence_states
from portal.db import db, get_or_404, utcnow
from portal.policies import name_in, the_policy
from portal.web import reader_zone

PAGE, MOST = 50, 5000


class EndForm(ReasonForm):
    """Its last day, and why."""

    last_day = DateField(_l("Last day"), validators=[InputRequired(_l("Which day is the last?"))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason.id = self.reason.label.field_id = "end-reason"  # two reasons stand on one page


@bp.get("/licences")
def licences() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "")[:100].strip() for name in ("q", "state")}
    query = licensing.listed(current_user, utcnow(), text=asked["q"], state=asked["state"])
    if "csv" in request.args:
        return licences_file(query)
    number = max(1, min(request.args.get("page", 1, type=int), 100_000))
    rows = db.session.execute(query.limit(PAGE + 1).offset((number - 1) * PAGE)).all()
    shown = {"rows": rows[:PAGE], "number": number, "has_more": len(rows) > PAGE, "states": licence_states()}
    return render_template("billing/desk/licences.html", asked=asked, plan_name=plan_name, **shown)


def licences_file(query: Any) -> Response:
    states, zone = licence_states(), reader_zone()
    lines = [
        (
            *(f"…{one.key_hint}", one.product.name, plan_name(one.plan), one.seats, one.licensed_to),
            *(one.organisation.name if one.organisation else "", one.order_email or ""),
            *(one.starts_at.astimezone(zone).date(), one.ends_at.astimezone(zone).date() if one.ends_at else ""),
            *(states[state][0], one.reason),
        )
        for one, state in db.session.execute(query.limit(MOST))
    ]
    head: tuple[str, ...] = (
        _("Key"),
        _("Product"),
        _("Plan"),
        _("Seats"),
        _("Licensed to"),
        _("Organisation"),
        _("E-mail address"),
    )
    head += (_("From"), _("Until"), _("State"), _("Reason"))
    answer = Response(spreadsheets.written(head, lines), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="licences.csv"'
    return answer


def plan_name(plan: str) -> str:
    return name_in(the_policy().plans, plan)


@bp.get("/licences/<int:licence_id>")
def licence(licence_id: int) -> ResponseReturnValue:
    return licence_page(one_licence(licence_id))


@bp.post("/licences/<int:licence_id>/revoke")
def revoke_licence(licence_id: int) -> ResponseReturnValue:
    one, form = one_licence(licence_id), ReasonForm()
    if not form.validate_on_submit():
        return licence_page(one, form, code=422)
    licensing.revoke(one, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("The licence is revoked."), "success")
    return redirect(url_for(".licence", licence_id=licence_id))


@bp.post("/licences/<int:licence_id>/reissue")
def reissue_licence(licence_id: int) -> ResponseReturnValue:
    """The new key stands in this one answer."""
    one, form = one_licence(licence_id), ReasonForm()
    if not form.validate_on_submit():
        return licence_page(one, form, code=422)
    key = licensing.reissue(one, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    return licence_page(one, key=key)


@bp.post("/licences/<int:licence_id>/end")
def end_licence(licence_id: int) -> ResponseReturnValue:
    one, form = one_licence(licence_id), EndForm()
    if not form.validate_on_submit():
        return licence_page(one, ending=form, code=422)
    ends_at = midnight(form.last_day.data + timedelta(days=1))
    issuing.set_end(one, ends_at, by=current_user, now=utcnow(), reason=str(form.reason.data))
    db.session.commit()
    flash(_("The end is set."), "success")
    return redirect(url_for(".licence", licence_id=licence_id))


def one_licence(licence_id: int) -> Licence:
    found: Licence = get_or_404(select(Licence).where(Licence.id == licence_id))
    return found


def licence_page(
    one: Licence, form: ReasonForm | None = None, *, ending: EndForm | None = None, key: str = "", code: int = 200
) -> ResponseReturnValue:
    now = utcnow()
    state = db.session.execute(select(licensing.state_of(now)).where(Licence.id == one.id)).scalar_one()
    earlier = db.session.scalars(select(Licence).where(Licence.replaced_by_id == one.id).order_by(Licence.id)).all()
    page = render_template(
        "billing/desk/licence.html",
        one=one,
        state=state,
        states=licence_states(),
        earlier=earlier,
        form=form or ReasonForm(formdata=None),
        ending=ending or EndForm(formdata=None),
        key=key,
        plan_name=plan_name,
    )
    return page, code, {"Cache-Control": "no-store"}
