"""The one search box."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.web import public

bp = Blueprint("search", __name__)


@bp.get("/search")
@public
def results() -> ResponseReturnValue:
    return render_template("search/results.html")
