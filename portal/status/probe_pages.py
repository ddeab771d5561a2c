"""Probes and the systems that tell of alerts, as administrators keep them."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from portal.db import db, get_or_404, utcnow
from portal.errors import Refused
from portal.status import probing, reporting
from portal.status.probe import AlertSource, Probe
from portal.status.probe_forms import KINDS, ProbeForm, SourceForm, drawing, said, written
from portal.web import reader, settings

bp = Blueprint("probes", __name__, url_prefix="/desk/status/probes")
MOST = 200  # a round's worth
SHOWN = 10  # results in the list


@bp.before_request
def admins_only() -> None:
    """Where probes may reach is for administrators to say; for others there are no such pages."""
    if not current_user.has_role("admin"):
        abort(404)


@bp.get("/")
def index() -> ResponseReturnValue:
    return list_page(SourceForm(formdata=None))


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    form = ProbeForm().offer(probing.components())
    if form.validate_on_submit():
        if len(db.session.scalars(select(Probe.id)).all()) >= MOST:
            raise Refused(_("There are as many probes as there can be. Remove one first."))
        probe, now = Probe(next_at=utcnow(), asks={}), utcnow()
        form.fill(probe)
        db.session.add(probe)
        secret = renewed(probe)
        db.session.flush()
        reporting.note("probe made", component=probe.component, by=reader(), now=now, name=probe.name)
        db.session.commit()
        return shown(probe, ProbeForm(formdata=None, data=written(probe)), secret)
    return render_template("status/probes/new.html", form=form), 422 if form.errors else 200


@bp.get("/<int:probe_id>")
def show(probe_id: int) -> ResponseReturnValue:
    probe = found(probe_id)
    return shown(probe, ProbeForm(formdata=None, data=written(probe)))


@bp.post("/<int:probe_id>")
def change(probe_id: int) -> ResponseReturnValue:
    probe = found(probe_id)
    form = ProbeForm().offer(probing.components())
    if not form.validate():
        return shown(probe, form)
    form.fill(probe)
    probe.next_at = utcnow()
    secret = renewed(probe) if (probe.kind == probing.HEARTBEAT) != bool(probe.token_hash) else ""
    reporting.note("probe changed", component=probe.component, by=reader(), now=utcnow(), name=probe.name)
    db.session.commit()
    return shown(probe, ProbeForm(formdata=None, data=written(probe)), secret)


@bp.post("/<int:probe_id>/switch")
def switch(probe_id: int) -> ResponseReturnValue:
    probe, now = found(probe_id), utcnow()
    probe.is_on, probe.next_at, probe.fails, probe.passes = not probe.is_on, now, 0, 0
    kind = "probe on" if probe.is_on else "probe off"
    reporting.note(kind, component=probe.component, by=reader(), now=now, name=probe.name)
    db.session.commit()
    flash(_("The probe is on.") if probe.is_on else _("The probe is off."), "success")
    return redirect(url_for(".show", probe_id=probe_id))


@bp.post("/<int:probe_id>/remove")
def remove(probe_id: int) -> ResponseReturnValue:
    probe = found(probe_id)
    reporting.note("probe removed", component=probe.component, by=reader(), now=utcnow(), name=probe.name)
    db.session.delete(probe)
    db.session.commit()
    flash(_("The probe is removed."), "success")
    return redirect(url_for(".index"))


@bp.post("/sources")
def add_source() -> ResponseReturnValue:
    form = SourceForm().offer(probing.components())
    if not form.validate():
        return list_page(form)
    token, kept = probing.new_token()
    given = {"name": form.name.data, "opens": form.opens.data, "component_id": form.component.data or None}
    db.session.add(AlertSource(token_hash=kept, **given))
    reporting.note("alerts taken", by=reader(), now=utcnow(), name=form.name.data)
    db.session.commit()
    return list_page(SourceForm(formdata=None), address("listening.alerts", token))


@bp.post("/sources/<int:source_id>/remove")
def remove_source(source_id: int) -> ResponseReturnValue:
    source = get_or_404(select(AlertSource).where(AlertSource.id == source_id))
    reporting.note("alerts refused", by=reader(), now=utcnow(), name=source.name)
    db.session.delete(source)
    db.session.commit()
    flash(_("The address is removed."), "success")
    return redirect(url_for(".index"))


def found(probe_id: int) -> Probe:
    probe: Probe = get_or_404(select(Probe).where(Probe.id == probe_id).with_for_update(of=Probe))
    return probe


def renewed(probe: Probe) -> str:
    """The address of a heartbeat, made anew and shown once; other kinds have none."""
    if probe.kind != probing.HEARTBEAT:
        probe.token_hash = None
        return ""
    token, probe.token_hash = probing.new_token()
    return address("listening.heartbeat", token)


def address(endpoint: str, token: str) -> str:
    return settings().base_url.rstrip("/") + url_for(endpoint, token=token)


def list_page(form: SourceForm, fresh: str = "") -> ResponseReturnValue:
    probes = db.session.scalars(select(Probe).order_by(Probe.name, Probe.id)).all()
    sources = db.session.scalars(select(AlertSource).order_by(AlertSource.name, AlertSource.id)).all()
    given = {"probes": probes, "sources": sources, "kinds": KINDS, "fresh": fresh}
    page = render_template("status/probes/index.html", form=form.offer(probing.components()), **given)
    return page, 422 if form.errors else 200


def shown(probe: Probe, form: ProbeForm, fresh: str = "") -> ResponseReturnValue:
    results = probing.latest([probe.id])[probe.id]
    given = {"probe": probe, "results": results[: -SHOWN - 1 : -1], "drawing": drawing(results), "said": said}
    page = render_template(
        "status/probes/show.html", form=form.offer(probing.components()), fresh=fresh, kinds=KINDS, **given
    )
    return page, 422 if form.errors else 200
