"""Components, their groups and the words kept ready for incidents, as administrators keep them."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional, Regexp

from portal.accounts.people import Organisation
from portal.audience import PUBLIC, SIGNED_IN, STAFF, open_to
from portal.config import SHIPPED_LANGUAGES
from portal.db import db, get_or_404, utcnow
from portal.policies import the_policy
from portal.status import publishing, reporting
from portal.status.component import STATES, Component, ComponentGroup, ComponentSpan
from portal.status.gate import admins_only, bp
from portal.status.incident import INCIDENT_STATUSES, IncidentTemplate
from portal.status.incident_pages import all_parts
from portal.status.reporting import LONGEST_BODY
from portal.status.views import asked, title_of
from portal.status.words import IMPACT_NAMES, STATE_NAMES, STATUS_NAMES
from portal.tickets.conversation import one_line
from portal.web import reader, settings

TOO_LONG = _l("Please keep it under %(max)d characters.")
READERS = {PUBLIC: _l("Everybody"), SIGNED_IN: _l("Who is signed in"), STAFF: _l("Staff only")}


class PartForm(FlaskForm):  # type: ignore[misc]
    """A component. Titles and descriptions are fields of their own, one for each language."""

    slug = StringField(
        _l("Address"),
        [
            DataRequired(_l("Write an address.")),
            Length(max=80),
            Regexp(r"[a-z0-9]+(-[a-z0-9]+)*$", message=_l("Small letters, digits and hyphens only.")),
        ],
    )
    group = SelectField(_l("Group"), coerce=int)
    position = IntegerField(_l("Order"), [Optional(), NumberRange(min=0, max=9999)])
    product = SelectField(_l("Product"))
    visibility = SelectField(_l("Who sees it"))
    is_uptime_shown = BooleanField(_l("Show the last ninety days"), default=True)
    is_archived = BooleanField(_l("Put away"))


class GroupForm(FlaskForm):  # type: ignore[misc]
    """A group; its titles are fields of their own."""

    position = IntegerField(_l("Order"), [Optional(), NumberRange(min=0, max=9999)])
    is_collapsed = BooleanField(_l("Closed while all of it works"))


class TemplateForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_l("Name"), [DataRequired(_l("Give it a name.")), Length(max=100, message=TOO_LONG)])
    title = StringField(_l("Title"), [DataRequired(_l("Give it a title.")), Length(max=200, message=TOO_LONG)])
    status = SelectField(_l("Status"), choices=[SelectChoice(s, STATUS_NAMES[s]) for s in INCIDENT_STATUSES[:-1]])
    impact = SelectField(
        _l("Impact"), choices=[SelectChoice(i, IMPACT_NAMES[i]) for i in ("none", "minor", "major", "critical")]
    )
    state = SelectField(_l("State of its components"), choices=[SelectChoice(s, STATE_NAMES[s]) for s in STATES])
    body = TextAreaField(_l("Text"), [DataRequired(_l("Write the text.")), Length(max=LONGEST_BODY, message=TOO_LONG)])


@bp.get("/components")
def components() -> ResponseReturnValue:
    admins_only()
    parts = db.session.scalars(Component.visible_to(current_user)).all()
    groups = db.session.scalars(select(ComponentGroup).order_by(ComponentGroup.position, ComponentGroup.id)).all()
    return render_template("status/desk/components.html", parts=parts, groups=groups, readers=READERS, **asked())


@bp.route("/components/new", methods=["GET", "POST"])
@bp.route("/components/<int:component_id>", methods=["GET", "POST"])
def component(component_id: int | None = None) -> ResponseReturnValue:
    admins_only()
    part = get_or_404(Component.visible_to(current_user).where(Component.id == component_id)) if component_id else None
    form = offered(PartForm(obj=part), part)
    if form.validate_on_submit() and titled(form):
        try:
            keep(part, form)
            db.session.commit()
            flash(_("Kept."), "success")
            return redirect(url_for(".components"))
        except IntegrityError:
            db.session.rollback()
            form.slug.errors = [_("Another component has this address.")]
    given = {"form": form, "thing": part, "names": languages(), "is_group": False}
    return render_template("status/desk/component.html", **given, **asked()), 422 if form.errors else 200


@bp.route("/groups/new", methods=["GET", "POST"])
@bp.route("/groups/<int:group_id>", methods=["GET", "POST"])
def group(group_id: int | None = None) -> ResponseReturnValue:
    admins_only()
    found = get_or_404(select(ComponentGroup).where(ComponentGroup.id == group_id)) if group_id else None
    form = GroupForm(obj=found)
    if form.validate_on_submit() and titled(form):
        kept = found or ComponentGroup()
        kept.titles, kept.position = texts("titles"), form.position.data or 0
        kept.is_collapsed, kept.updated_at = form.is_collapsed.data, utcnow()
        db.session.add(kept)
        publishing.changed()
        db.session.commit()
        return redirect(url_for(".components"))
    given = {"form": form, "thing": found, "names": languages(), "is_group": True}
    return render_template("status/desk/component.html", **given, **asked()), 422 if form.errors else 200


@bp.route("/templates", methods=["GET", "POST"])
@bp.route("/templates/<int:template_id>", methods=["GET", "POST"])
def templates(template_id: int | None = None) -> ResponseReturnValue:
    """Words kept ready, and a form for one more or for changing one."""
    admins_only()
    found = get_or_404(select(IncidentTemplate).where(IncidentTemplate.id == template_id)) if template_id else None
    form = TemplateForm(obj=found)
    if form.validate_on_submit():
        kept = found or IncidentTemplate()
        form.populate_obj(kept)
        kept.components = [part.id for part in all_parts() if f"part-{part.id}" in request.form]
        db.session.add(kept)
        try:
            db.session.commit()
            return redirect(url_for(".templates"))
        except IntegrityError:
            db.session.rollback()
            form.name.errors = [_("Another template has this name.")]
    rows = db.session.scalars(select(IncidentTemplate).order_by(IncidentTemplate.name)).all()
    given = {"form": form, "changed": found, "rows": rows, "parts": all_parts()}
    return render_template("status/desk/templates.html", **given, **asked()), 422 if form.errors else 200


@bp.post("/templates/<int:template_id>/remove")
def remove_template(template_id: int) -> ResponseReturnValue:
    admins_only()
    db.session.delete(get_or_404(select(IncidentTemplate).where(IncidentTemplate.id == template_id)))
    db.session.commit()
    return redirect(url_for(".templates"))


def keep(part: Component | None, form: PartForm) -> None:
    """What the form says of a component. A new one is operational from now on."""
    now, is_new = utcnow(), part is None
    kept = part or Component(begins_at=now)
    kept.slug, kept.position = form.slug.data, form.position.data or 0
    kept.titles, kept.descriptions = texts("titles"), texts("descriptions")
    kept.group_id, kept.product = form.group.data or None, form.product.data or None
    kept.visibility, kept.is_uptime_shown = form.visibility.data, form.is_uptime_shown.data
    kept.archived_at = (kept.archived_at or now) if form.is_archived.data else None
    kept.updated_at = now
    open_to(kept.visibility)
    db.session.add(kept)
    db.session.flush()
    if is_new:
        db.session.add(ComponentSpan(component_id=kept.id, state=kept.state, began_at=now))
    reporting.note("component", component=kept, by=reader(), now=now)
    publishing.changed()


def offered(form: Any, part: Component | None) -> Any:
    """With what can be chosen, and what the component has."""
    groups = db.session.scalars(select(ComponentGroup).order_by(ComponentGroup.position, ComponentGroup.id))
    form.group.choices = [SelectChoice(0, "–"), *(SelectChoice(one.id, title_of(one.titles)) for one in groups)]
    products = the_policy().products
    form.product.choices = [SelectChoice("", "–"), *(SelectChoice(slug, slug) for slug in products)]
    plans = [SelectChoice(f"plan:{plan.id}", str(plan.name)) for plan in the_policy().plans.values()]
    organisations = db.session.execute(select(Organisation.id, Organisation.name).order_by(Organisation.name)).all()
    owns = [SelectChoice(f"org:{row.id}", row.name) for row in organisations]
    form.visibility.choices = [*(SelectChoice(name, text) for name, text in READERS.items()), *plans, *owns]
    if not form.is_submitted():
        form.group.data = (part.group_id or 0) if part else 0
        form.product.data = (part.product or "") if part else ""
        form.is_archived.data = bool(part and part.archived_at)
    return form


def texts(name: str) -> dict[str, str]:
    """What was typed in each language."""
    typed = {code: one_line(request.form.get(f"{name}-{code}", ""))[:300] for code, _name in languages()}
    return {code: text for code, text in typed.items() if text}


def titled(form: Any) -> bool:
    """Whether there is a title in the portal's own language; else the form says so."""
    code = settings().default_locale
    if texts("titles").get(code):
        return True
    form.form_errors.append(_("Give it a name in the language that the others fall back to."))
    return False


def languages() -> list[tuple[str, str]]:
    """The portal's languages by their own names, its default first."""
    first = settings().default_locale
    codes = [first, *(code for code in settings().languages if code != first)]
    return [(code, SHIPPED_LANGUAGES.get(code, code)) for code in codes]
