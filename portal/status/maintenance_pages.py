"""Planning maintenance, saying more of it, and calling it off."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, DateTimeLocalField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.status import maintenance, reporting
from portal.status.gate import bp
from portal.status.incident import MAINTENANCE, Incident
from portal.status.incident_pages import TOO_LONG, TYPED, all_parts
from portal.status.reporting import LONGEST_BODY
from portal.status.views import asked
from portal.tickets.drafts import new_key, own_key
from portal.tickets.form import with_plain_lines
from portal.web import choose_zone, reader

WHEN = _l("Choose a day and a time.")


class PlanForm(FlaskForm):  # type: ignore[misc]
    """A maintenance. The components it touches are fields of their own."""

    title = StringField(_l("Title"), [DataRequired(_l("Give it a title.")), Length(max=200, message=TOO_LONG)])
    body = TextAreaField(
        _l("What is done, and what readers notice of it"),
        [DataRequired(_l("Write what is done.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )
    starts = DateTimeLocalField(_l("Begins"), [DataRequired(WHEN)], format=TYPED)
    ends = DateTimeLocalField(_l("Ends"), [DataRequired(WHEN)], format=TYPED)
    notify = BooleanField(_l("Tell the subscribers"), default=True)
    form_key = HiddenField("form_key", filters=[own_key])


class MoreForm(FlaskForm):  # type: ignore[misc]
    body = TextAreaField(
        _l("What is to be said"),
        [DataRequired(_l("Write something first.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )
    form_key = HiddenField("form_key", filters=[own_key])


@bp.route("/maintenance/new", methods=["GET", "POST"])
def plan() -> ResponseReturnValue:
    form, chosen = PlanForm(form_key=new_key()), [part.id for part in all_parts() if f"part-{part.id}" in request.form]
    if form.validate_on_submit():
        if there := reporting.reported_with(form.form_key.data):
            return redirect(address_of(there))
        try:
            made = begin(form, chosen)
            db.session.commit()
            return redirect(address_of(made))
        except IntegrityError:  # sent twice at once: the other one has planned it
            db.session.rollback()
            return redirect(address_of(reporting.reported_with(form.form_key.data) or abort(409)))
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(str(error))
    given = {"form": form, "parts": all_parts(), "chosen": chosen}
    return render_template("status/desk/plan.html", **given, **asked()), 422 if form.errors or form.form_errors else 200


def begin(form: PlanForm, chosen: list[int]) -> Incident:
    """Plan what the form says; a notice that is too short for contracts is said, not forbidden."""
    now, starts, ends = utcnow(), moment_of(form.starts.data), moment_of(form.ends.data)
    told = {"title": form.title.data, "body": form.body.data, "form_key": form.form_key.data or new_key()}
    made = maintenance.schedule(
        **told, starts=starts, ends=ends, components=chosen, by=reader(), now=now, notify=form.notify.data
    )
    if maintenance.is_short_notice(starts, ends, announced=now):
        flash(_("Less than the notice that contracts ask for: it will count as downtime."), "warning")
    return made


@bp.route("/maintenance/<public_id>", methods=["GET", "POST"])
def planned(public_id: str) -> ResponseReturnValue:
    """Say more of it, or call it off."""
    found, form = held(public_id), MoreForm(form_key=new_key())
    if form.validate_on_submit():
        is_off = "cancel" in request.form
        if reporting.said_with(form.form_key.data):
            return redirect(address_of(found))
        if is_off and found.is_over:
            raise Refused(_("This maintenance is over already."))
        status = "cancelled" if is_off else found.status
        given = {"by": reader(), "now": utcnow(), "form_key": form.form_key.data or new_key()}
        reporting.add_update(found, status=status, body=form.body.data, components={}, **given)
        if is_off:
            found.ics_sequence += 1
        db.session.commit()
        return redirect(address_of(found))
    page = render_template("status/desk/planned.html", incident=found, form=form, **asked())
    return page, 422 if form.errors else 200


def moment_of(typed: datetime) -> datetime:
    """What was typed in the writer's zone, in UTC. Raises `Refused` for a time that the clock jumps over there."""
    zone = ZoneInfo(choose_zone())
    moment = typed.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != typed:
        raise Refused(_("That time does not exist in your time zone: the clock jumps over it that night."))
    return moment


def held(public_id: str) -> Incident:
    mine = Incident.visible_to(current_user).where(Incident.public_id == public_id, Incident.kind == MAINTENANCE)
    found: Incident = get_or_404(mine.with_for_update(of=Incident) if request.method == "POST" else mine)
    return found


def address_of(found: Incident) -> str:
    return url_for("status_desk.planned", public_id=found.public_id)
