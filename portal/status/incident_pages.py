"""Writing incidents: begun from a template or from nothing, told on, looked back at."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, DateTimeLocalField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.status import known, reporting, showing
from portal.status.component import STATES, Component
from portal.status.gate import bp
from portal.status.incident import INCIDENT, INCIDENT_STATUSES, Incident, IncidentEvent, IncidentTemplate
from portal.status.reporting import LONGEST_BODY
from portal.status.views import asked
from portal.status.words import IMPACT_NAMES, STATUS_NAMES
from portal.tickets.drafts import new_key, own_key
from portal.tickets.form import with_plain_lines
from portal.web import choose_zone, reader

TOO_LONG = _l("Please keep it under %(max)d characters.")
RECENT = 20
TYPED = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]  # as browsers send local times
OF_INCIDENTS = ("none", "minor", "major", "critical")


class UpdateForm(FlaskForm):  # type: ignore[misc]
    """What is said of an incident at one moment. The states of components are fields of their own."""

    status = SelectField(_l("Status"))
    body = TextAreaField(
        _l("What is known"),
        [DataRequired(_l("Write what is known.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )
    at = DateTimeLocalField(_l("When it was (empty: now)"), [Optional()], format=TYPED)
    notify = BooleanField(_l("Tell the subscribers"), default=True)
    form_key = HiddenField("form_key", filters=[own_key])

    def moment(self) -> datetime | None:
        """The moment that was typed in the writer's zone, in UTC; None for now."""
        typed = self.at.data
        return typed.replace(tzinfo=ZoneInfo(choose_zone())).astimezone(UTC) if typed else None


class IncidentForm(UpdateForm):
    title = StringField(_l("Title"), [DataRequired(_l("Give it a title.")), Length(max=200, message=TOO_LONG)])
    impact = SelectField(_l("Impact"))


class BackForm(FlaskForm):  # type: ignore[misc]
    text = TextAreaField(
        _l("What happened and what is done about it"),
        [DataRequired(_l("Write something first.")), Length(max=LONGEST_BODY, message=TOO_LONG)],
        [with_plain_lines],
    )


@bp.get("/")
def index() -> ResponseReturnValue:
    """What goes on, drafts, what was lately, and where the rest is kept."""
    lately = select(Incident).order_by(Incident.began_at.desc(), Incident.id.desc()).limit(RECENT)
    found = db.session.scalars(lately).all()
    return render_template("status/desk/index.html", found=found, **asked())


@bp.route("/incidents/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    form = offered(IncidentForm(form_key=new_key()))
    states = chosen_states()
    if request.method == "GET" and (number := request.args.get("template", 0, type=int)):
        states = fill(form, get_or_404(select(IncidentTemplate).where(IncidentTemplate.id == number)))
    if form.validate_on_submit():
        if there := reporting.reported_with(form.form_key.data):
            return redirect(address_of(there))
        try:
            made = begin(form, states)
            db.session.commit()
            return redirect(address_of(made))
        except IntegrityError:  # sent twice at once: the other one has opened it
            db.session.rollback()
            return redirect(address_of(reporting.reported_with(form.form_key.data) or abort(409)))
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(str(error))
    templates = db.session.scalars(select(IncidentTemplate).order_by(IncidentTemplate.name)).all()
    shown = {"form": form, "states": states, "parts": all_parts(), "templates": templates}
    return render_template("status/desk/new.html", **shown, **asked()), 422 if form.errors or form.form_errors else 200


def begin(form: IncidentForm, states: dict[int, str]) -> Incident:
    moment = form.moment()
    return reporting.open_incident(
        title=form.title.data,
        impact=form.impact.data,
        status=form.status.data,
        body=form.body.data,
        components=states,
        by=reader(),
        now=utcnow(),
        at=moment,
        form_key=form.form_key.data or new_key(),
        notify=form.notify.data,
    )


@bp.route("/incidents/<public_id>", methods=["GET", "POST"])
def incident(public_id: str) -> ResponseReturnValue:
    """Say more of it."""
    found = held(public_id) if request.method == "POST" else seen(public_id)
    form, states = offered(UpdateForm(form_key=new_key(), status=found.status)), chosen_states()
    if form.validate_on_submit():
        if reporting.said_with(form.form_key.data):
            return redirect(address_of(found))
        given = {"by": reader(), "now": utcnow(), "form_key": form.form_key.data or new_key(), "at": form.moment()}
        try:
            reporting.add_update(
                found, status=form.status.data, body=form.body.data, components=states, notify=form.notify.data, **given
            )
            db.session.commit()
            flash(_("Said."), "success")
            return redirect(address_of(found))
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(str(error))
            found = seen(public_id)
    return incident_page(found, form, states), 422 if form.errors or form.form_errors else 200


@bp.post("/incidents/<public_id>/publish")
def publish(public_id: str) -> ResponseReturnValue:
    found = held(public_id)
    reporting.publish(found, by=reader(), now=utcnow())
    db.session.commit()
    return redirect(address_of(found))


@bp.post("/incidents/<public_id>/postmortem")
def look_back(public_id: str) -> ResponseReturnValue:
    found, form = held(public_id), BackForm()
    if not form.validate():
        return incident_page(found, offered(UpdateForm(formdata=None, form_key=new_key())), {}, form), 422
    reporting.look_back(found, form.text.data, by=reader(), now=utcnow())
    db.session.commit()
    flash(_("Written down."), "success")
    return redirect(address_of(found))


def incident_page(found: Incident, form: UpdateForm, states: dict[int, str], back: BackForm | None = None) -> str:
    events = select(IncidentEvent).where(IncidentEvent.incident_id == found.id).order_by(IncidentEvent.id.desc())
    back = back or BackForm(formdata=None, text=found.postmortem)
    now = {claim.component_id: claim.state for claim in found.claims}
    shown = {"form": form, "states": states, "now_states": now, "parts": all_parts(), "back": back}
    shown["tickets"] = known.attached(found)
    acts = db.session.scalars(events.limit(50)).all()
    return render_template("status/desk/incident.html", incident=found, acts=acts, **shown, **asked())


def offered(form: Any) -> Any:
    """With what can be chosen."""
    form.status.choices = [SelectChoice(name, STATUS_NAMES[name]) for name in INCIDENT_STATUSES[:-1]]
    if hasattr(form, "impact"):
        form.impact.choices = [SelectChoice(name, IMPACT_NAMES[name]) for name in OF_INCIDENTS]
    return form


def fill(form: IncidentForm, template: IncidentTemplate) -> dict[int, str]:
    """Begin with the words of a template; the states that it gives."""
    form.title.data, form.body.data = template.title, template.body
    form.status.data, form.impact.data = template.status, template.impact
    return {int(number): template.state for number in template.components}


def chosen_states() -> dict[int, str]:
    """The state that was chosen for each component, by its id; those left as they are stand not in it."""
    named = {part.id: request.form.get(f"state-{part.id}", "") for part in all_parts()}
    return {number: state for number, state in named.items() if state in STATES}


def all_parts() -> list[Component]:
    mine = Component.visible_to(current_user).where(Component.archived_at.is_(None))
    return list(db.session.scalars(mine))


def seen(public_id: str) -> Incident:
    found = showing.one(public_id, current_user)
    if found is None or found.kind != INCIDENT:
        abort(404)
    return found


def held(public_id: str) -> Incident:
    """The same, and nobody else changes it meanwhile."""
    mine = Incident.visible_to(current_user).where(Incident.public_id == public_id, Incident.kind == INCIDENT)
    found: Incident = get_or_404(mine.with_for_update(of=Incident))
    return found


def address_of(found: Incident) -> str:
    return url_for("status_desk.incident", public_id=found.public_id)
