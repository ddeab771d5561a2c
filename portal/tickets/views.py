"""The customer's ticket pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("tickets", __name__, url_prefix="/tickets")


@bp.get("/")
def index() -> ResponseReturnValue:
    return render_template("tickets/index.html")


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    return render_template("tickets/new.html")
