"""The desk's page of availability: what an outage costs so far, what was kept, and the credits to decide."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import Length, Optional

from portal.db import db, utcnow
from portal.desk.gate import staff_only
from portal.errors import Refused
from portal.formats import date_locale
from portal.sla.text import Text
from portal.spreadsheets import written
from portal.status import uptime_reports
from portal.status.component import Component
from portal.status.uptime import UptimeReport
from portal.status.uptime_reports import ACCEPTED, DECLINED, LONGEST_REASON

bp = Blueprint("uptime", __name__, url_prefix="/desk/status/uptime")
bp.before_request(staff_only)

COLUMNS = ("begins", "ends", "organisation", "contract", "component", "plan", "tier", "policy", "seconds_in_period",
           "down_seconds", "excluded_seconds", "uptime_percent", "met", "credit_percent", "credit_state")  # fmt: skip


class DecisionForm(FlaskForm):  # type: ignore[misc]
    """What is said to a credit that was proposed."""

    reason = TextAreaField(_l("Reason"), [Optional(), Length(max=LONGEST_REASON)], description=_l("Needed to decline."))


@bp.get("/")
def index() -> ResponseReturnValue:
    begins = period_asked_for()
    return render_template(
        "reports/uptime.html",
        running=uptime_reports.running(now=utcnow()),
        periods=uptime_reports.periods(),
        begins=begins,
        reports=uptime_reports.reports_of(begins) if begins else [],
        title_of=title_of,
    )


@bp.get("/<int:report_id>")
def show(report_id: int) -> ResponseReturnValue:
    return page(report_or_404(report_id), DecisionForm())


@bp.post("/<int:report_id>/accept")
def accept(report_id: int) -> ResponseReturnValue:
    return decided(report_id, ACCEPTED, _("The credit is accepted."))


@bp.post("/<int:report_id>/decline")
def decline(report_id: int) -> ResponseReturnValue:
    return decided(report_id, DECLINED, _("The credit is declined."))


@bp.get("/<begins>.csv")
def export(begins: str) -> Response:
    first = day_of(begins)
    rows = uptime_reports.reports_of(first) if first else []
    if not rows:
        abort(404)
    cells = [
        [r.begins, r.ends, r.organisation.name, r.contract, title_of(r.component), r.plan, r.tier,
         f"{r.policy_id} {r.policy_version}", r.seconds_in_period, r.down_seconds, r.excluded_seconds,
         r.uptime_percent, r.is_met, r.credit_percent, credit.state if credit else ""]
        for r, credit in rows
    ]  # fmt: skip
    answer = Response(written(list(COLUMNS), cells), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="uptime-{first}.csv"'
    return answer


def decided(report_id: int, state: str, says: str) -> ResponseReturnValue:
    report, form = report_or_404(report_id), DecisionForm()
    credit = uptime_reports.credit_of(report, hold=True) or abort(404)
    if not form.validate_on_submit():
        return page(report, form), 422
    try:
        uptime_reports.decide(credit, state, reason=form.reason.data or "", by=current_user, now=utcnow())
    except Refused as refused:
        form.reason.errors = [str(refused)]
        return page(report, form), 422
    db.session.commit()
    flash(says, "success")
    return redirect(url_for(".show", report_id=report_id))


def page(report: UptimeReport, form: DecisionForm) -> str:
    credit = uptime_reports.credit_of(report)
    proof = uptime_reports.proof_of(report)
    return render_template(
        "reports/uptime_report.html", report=report, credit=credit, proof=proof, form=form, title_of=title_of
    )


def report_or_404(report_id: int) -> UptimeReport:
    return db.session.get(UptimeReport, report_id) or abort(404)


def period_asked_for() -> date | None:
    """The period of the address, else the newest that was closed."""
    asked = day_of(request.args.get("period", ""))
    return asked or next(iter(uptime_reports.periods()), None)


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def title_of(component: Component) -> Any:
    return Text(component.titles).to(str(date_locale()))
