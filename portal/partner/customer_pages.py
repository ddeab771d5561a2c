"""The reseller's customers: the list, each of them, and the question whether they let themselves be acted for."""

from datetime import datetime
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal import spreadsheets
from portal.accounts import consenting
from portal.accounts.partnership import PartnerCustomer
from portal.db import db, utcnow
from portal.errors import Refused
from portal.formats import when_day
from portal.partner import customers as verbs
from portal.partner import gate
from portal.partner.blueprint import bp
from portal.partner.forms import CustomerForm, last_day
from portal.partner.keeping import kept
from portal.partner.letters import ask_for_consent
from portal.partner.naming import state_names
from portal.web import limiter, reader_zone, settings

PER_PAGE, MOST = 25, 5000  # rows of a page, lines of a file
SORTS = ("name", "email", "state", "newest")


@bp.get("/customers")
def customers() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "")[:100].strip() for name in ("q", "state", "sort")}
    now, sort = utcnow(), asked["sort"] if asked["sort"] in SORTS else "name"
    query = verbs.listed(gate.relations(), now, text=asked["q"], state=asked["state"], sort=sort)
    if "csv" in request.args:
        return _file(query)

    def load() -> dict[str, Any]:
        number = max(1, min(request.args.get("page", 1, type=int), 100_000))
        rows = db.session.execute(query.limit(PER_PAGE + 1).offset((number - 1) * PER_PAGE)).all()
        shown = {"rows": rows[:PER_PAGE], "number": number, "has_more": len(rows) > PER_PAGE}
        return shown | {"asked": asked, "sort": sort, "states": state_names(), "now": now}

    return render_template("partner/customers.html", shown=kept("partner/_customers.html", load))


def _file(query: Any) -> Response:
    names = state_names()
    lines = [
        (one.name, one.email, _known(one, state), names[state], _day(one.starts_at), _day(one.ends_at))
        for one, _consent, state in db.session.execute(query.limit(MOST))
    ]
    head = (_("Name"), _("E-mail address"), _("Organisation"), _("Consent"), _("Sold to since"), _("Until"))
    answer = Response(spreadsheets.written(head, lines), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="customers.csv"'
    return answer


def _known(one: PartnerCustomer, state: str) -> str:
    """Who it is here: told only while they let themselves be acted for."""
    return one.customer.name if state == verbs.GIVEN and one.customer else ""


def _day(moment: datetime | None) -> str:
    return moment.astimezone(reader_zone()).date().isoformat() if moment else ""


@bp.route("/customers/new", methods=["GET", "POST"])
def new_customer() -> ResponseReturnValue:
    now = utcnow()
    form = CustomerForm(starts_on=now.astimezone(reader_zone()).date())
    if form.validate_on_submit():
        try:
            added = verbs.add(gate.reseller(), by=current_user, now=now, **form.about)
        except Refused as refusal:
            form.email.errors = [str(refusal)]
        else:
            db.session.commit()
            flash(_("%(name)s is saved. Ask them for consent, and you can act for them.", name=added.name), "success")
            return redirect(url_for(".customer", public_id=added.public_id))
    return render_template("partner/customer_form.html", form=form, customer=None), 422 if form.errors else 200


@bp.get("/customers/<public_id>")
def customer(public_id: str) -> ResponseReturnValue:
    return customer_page(gate.relation(public_id))


def customer_page(row: PartnerCustomer) -> ResponseReturnValue:
    now = utcnow()
    found = db.session.execute(verbs.listed(gate.relations().where(PartnerCustomer.id == row.id), now)).one()
    return render_template(
        "partner/customer.html",
        customer=row,
        consent=found[1],
        state=found.state,
        states=state_names(),
        consents=row.consents[::-1],
        is_over=row.ends_at is not None and row.ends_at <= now,
        now=now,
    )


@bp.route("/customers/<public_id>/edit", methods=["GET", "POST"])
def edit_customer(public_id: str) -> ResponseReturnValue:
    row = gate.relation(public_id)
    since = row.starts_at.astimezone(reader_zone()).date()
    form = CustomerForm(obj=row, starts_on=since, ends_on=last_day(row.ends_at))
    if form.validate_on_submit():
        try:
            verbs.change(row, by=current_user, now=utcnow(), **form.about)
        except Refused as refusal:
            db.session.rollback()
            form.email.errors = [str(refusal)]
        else:
            db.session.commit()
            flash(_("Saved."), "success")
            return redirect(url_for(".customer", public_id=public_id))
    return render_template("partner/customer_form.html", form=form, customer=row), 422 if form.errors else 200


@bp.post("/customers/<public_id>/end")
def end_customer(public_id: str) -> ResponseReturnValue:
    row = gate.relation(public_id)
    verbs.end(row, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("You no longer sell to %(name)s. You can take that back here.", name=row.name), "success")
    return redirect(url_for(".customer", public_id=public_id))


@bp.post("/customers/<public_id>/reopen")
def reopen_customer(public_id: str) -> ResponseReturnValue:
    row = gate.relation(public_id)
    verbs.reopen(row, by=current_user, now=utcnow())
    db.session.commit()
    flash(_("You sell to %(name)s again.", name=row.name), "success")
    return redirect(url_for(".customer", public_id=public_id))


@bp.post("/customers/<public_id>/ask")
@limiter.limit(lambda: settings().limit_invite, key_func=lambda: f"person:{current_user.id}")
def ask_customer(public_id: str) -> ResponseReturnValue:
    row = gate.relation(public_id)
    asked, token = consenting.ask(row, by=current_user, now=utcnow())
    ask_for_consent(asked, token, by=current_user)
    db.session.commit()
    until = when_day(asked.asked_until.astimezone(reader_zone()).date())
    flash(_("%(name)s is asked by mail, and can answer until %(day)s.", name=row.name, day=until), "success")
    return redirect(url_for(".customer", public_id=public_id))
