"""Mending what was said, and moving what was planned."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, DateTimeLocalField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.status import maintenance, reporting
from portal.status.gate import bp
from portal.status.incident import INCIDENT, Incident, IncidentUpdate
from portal.status.incident_pages import OF_INCIDENTS, TOO_LONG, TYPED
from portal.status.maintenance_pages import WHEN, address_of, held, moment_of
from portal.status.reporting import LONGEST_BODY
from portal.status.views import asked
from portal.status.words import IMPACT_NAMES, STATUS_NAMES
from portal.tickets.drafts import new_key, own_key
from portal.tickets.form import with_plain_lines
from portal.web import reader, reader_zone


class WordsForm(FlaskForm):  # type: ignore[misc]
    body = TextAreaField(
        _l("What was said"),
        [DataRequired(_l("Write what is known.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )


class HeadForm(FlaskForm):  # type: ignore[misc]
    title = StringField(_l("Title"), [DataRequired(_l("Give it a title.")), Length(max=200, message=TOO_LONG)])
    impact = SelectField(_l("Impact"))


class MoveForm(FlaskForm):  # type: ignore[misc]
    starts = DateTimeLocalField(_l("Begins"), [DataRequired(WHEN)], format=TYPED)
    ends = DateTimeLocalField(_l("Ends"), [DataRequired(WHEN)], format=TYPED)
    body = TextAreaField(
        _l("What is to be said"),
        [DataRequired(_l("Write something first.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )
    notify = BooleanField(_l("Tell the subscribers"), default=True)
    form_key = HiddenField("form_key", filters=[own_key])


@bp.route("/updates/<public_id>", methods=["GET", "POST"])
def reword(public_id: str) -> ResponseReturnValue:
    """Another text for one update. Nobody is told of it again."""
    mine = Incident.visible_to(current_user).with_only_columns(Incident.id)
    query = select(IncidentUpdate).where(IncidentUpdate.public_id == public_id, IncidentUpdate.incident_id.in_(mine))
    found: IncidentUpdate = get_or_404(query.with_for_update() if request.method == "POST" else query)
    form = WordsForm(body=found.body)
    if form.validate_on_submit():
        reporting.reword(found, form.body.data, by=reader(), now=utcnow())
        db.session.commit()
        flash(_("The text is changed."), "success")
        return redirect(desk_address(found.incident))
    page = render_template("status/desk/reword.html", update=found, incident=found.incident, form=form, **asked())
    return page, 422 if form.errors else 200


@bp.route("/incidents/<public_id>/edit", methods=["GET", "POST"])
def edit(public_id: str) -> ResponseReturnValue:
    """Title and impact; of a maintenance, the title."""
    query = Incident.visible_to(current_user).where(Incident.public_id == public_id)
    found: Incident = get_or_404(query.with_for_update(of=Incident) if request.method == "POST" else query)
    form = HeadForm(title=found.title, impact=found.impact)
    choices = OF_INCIDENTS if found.kind == INCIDENT else ("maintenance",)
    form.impact.choices = [SelectChoice(name, IMPACT_NAMES[name]) for name in choices]
    if form.validate_on_submit():
        reporting.edit(found, title=form.title.data, impact=form.impact.data, by=reader(), now=utcnow())
        db.session.commit()
        flash(_("Title and impact are changed."), "success")
        return redirect(desk_address(found))
    page = render_template("status/desk/edit.html", incident=found, form=form, **asked())
    return page, 422 if form.errors else 200


@bp.post("/incidents/<public_id>/discard")
def discard(public_id: str) -> ResponseReturnValue:
    query = Incident.visible_to(current_user).where(Incident.public_id == public_id, Incident.kind == INCIDENT)
    found: Incident = get_or_404(query.with_for_update(of=Incident))
    reporting.discard(found, by=reader(), now=utcnow())
    db.session.commit()
    flash(_("The draft is discarded. Nobody was told."), "success")
    return redirect(url_for("status_desk.index"))


@bp.route("/maintenance/<public_id>/move", methods=["GET", "POST"])
def move(public_id: str) -> ResponseReturnValue:
    """Other times for a maintenance that hasn't begun."""
    found = held(public_id)
    zone = reader_zone()
    times = {"starts": found.scheduled_for, "ends": found.scheduled_until}
    form = MoveForm(form_key=new_key(), **{name: at.astimezone(zone) for name, at in times.items() if at})
    if form.validate_on_submit():
        if reporting.said_with(form.form_key.data):
            return redirect(address_of(found))
        try:
            moved(found, form)
            db.session.commit()
            return redirect(address_of(found))
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(str(error))
            found = held(public_id)
    page = render_template("status/desk/move.html", incident=found, form=form, **asked())
    return page, 422 if form.errors or form.form_errors else 200


def moved(found: Incident, form: MoveForm) -> None:
    now, starts, ends = utcnow(), moment_of(form.starts.data), moment_of(form.ends.data)
    told = {"body": form.body.data, "form_key": form.form_key.data or new_key(), "notify": form.notify.data}
    maintenance.reschedule(found, starts=starts, ends=ends, by=reader(), now=now, **told)
    if maintenance.is_short_notice(starts, ends, announced=found.announced_at or now):
        flash(_("Less than the notice that contracts ask for: it will count as downtime."), "warning")


@bp.post("/maintenance/<public_id>/next")
def hurry(public_id: str) -> ResponseReturnValue:
    """The next step now. The form names the status that its reader saw: pressed twice, it is one step."""
    found = held(public_id)
    if request.form.get("from") == found.status:
        status = maintenance.hurry(found, by=reader(), now=utcnow())
        db.session.commit()
        flash(_("The maintenance is now: %(status)s.", status=STATUS_NAMES[status]), "success")
    return redirect(address_of(found))


def desk_address(found: Incident) -> str:
    page = "status_desk.incident" if found.kind == INCIDENT else "status_desk.planned"
    return url_for(page, public_id=found.public_id)
