"""The desk's reports: all on one page, and each as a file."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.desk.gate import staff_only
from portal.formats import date_locale
from portal.policies import the_policy
from portal.reports.asked import Asked
from portal.reports.drawing import columns, squares
from portal.reports.sheets import NAMES, sheet, sheets
from portal.spreadsheets import written
from portal.web import reader_zone

bp = Blueprint("reports", __name__, url_prefix="/desk/reports")
bp.before_request(staff_only)


@bp.get("/")
def index() -> ResponseReturnValue:
    now = utcnow()
    asked = asked_for(now)
    shown = sheets(asked, now=now)
    return render_template(
        "reports/index.html", sheets=shown, asked=asked, columns=columns, squares=squares, **choices()
    )


@bp.get("/<name>.csv")
def export(name: str) -> Response:
    if name not in NAMES:
        abort(404)
    now = utcnow()
    asked = asked_for(now)
    one = sheet(name, asked, now=now)
    answer = Response(written(one.head, one.cells), mimetype="text/csv")
    filename = f"{name}-{asked.first}-{asked.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def asked_for(now: datetime) -> Asked:
    zone = reader_zone()
    return Asked.from_args(request.args, today=now.astimezone(zone).date(), zone=zone)


def choices() -> dict[str, Any]:
    """What the filters offer."""
    policy, locale = the_policy(), str(date_locale())
    products = Product.visible_to(current_user).with_only_columns(Product.slug, Product.name)
    return {
        "products": db.session.execute(products).all(),
        "tiers": [(tier.id, tier.name.to(locale)) for tier in policy.tiers.values()],
        "channels": [(channel.id, channel.name.to(locale)) for channel in policy.channels.values()],
    }
