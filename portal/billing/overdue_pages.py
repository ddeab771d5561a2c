"""What is overdue, at the bookkeepers' desk: who was reminded how often, what pauses it, and what staff do by hand."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.billing import dunning
from portal.billing.accounts import today
from portal.billing.desk import bp, one
from portal.billing.desk_forms import HoldForm
from portal.db import db, utcnow

PAGE = 50


@bp.get("/overdue")
def overdue() -> ResponseReturnValue:
    return overdue_page()


def overdue_page(code: int = 200, **refused: Any) -> ResponseReturnValue:
    """The list; `refused` is the form that was sent for an account (`account_id`) and not taken."""
    now, number = utcnow(), max(1, request.args.get("page", 1, type=int))
    rows = dunning.overdue_accounts(today(now), most=PAGE + 1, skip=(number - 1) * PAGE)
    pauses = dunning.pauses_of([row.account for row in rows], now=now)
    return render_template(
        "billing/desk/overdue.html",
        rows=rows[:PAGE],
        number=number,
        has_more=len(rows) > PAGE,
        pauses=pauses,
        waits={key: dunning.words(pause) for key, pause in pauses.items()},
        levels=len(dunning.levels()),
        form=refused.get("form") or HoldForm(formdata=None),
        refused_id=refused.get("account_id"),
        today=today(now),
    ), code


@bp.post("/overdue/<int:account_id>/send")
def overdue_send(account_id: int) -> ResponseReturnValue:
    level = dunning.send_now(one(account_id), request.form.get("stamp", -1, type=int), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Reminder %(level)s is sent.", level=level), "success")
    return redirect(url_for(".overdue"))


@bp.post("/overdue/<int:account_id>/hold")
def overdue_hold(account_id: int) -> ResponseReturnValue:
    account, form = one(account_id), HoldForm()
    if not form.validate_on_submit():
        return overdue_page(422, form=form, account_id=account_id)
    dunning.hold(account, form.until.data, reason=str(form.reason.data), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Reminders wait."), "success")
    return redirect(url_for(".overdue"))


@bp.post("/overdue/<int:account_id>/release")
def overdue_release(account_id: int) -> ResponseReturnValue:
    dunning.release(one(account_id), by=current_user, now=utcnow())
    db.session.commit()
    flash(_("Reminders go on."), "success")
    return redirect(url_for(".overdue"))
