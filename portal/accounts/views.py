"""The account pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("accounts", __name__, url_prefix="/account")


@bp.get("/")
def profile() -> ResponseReturnValue:
    return render_template("accounts/profile.html")


@bp.get("/licences")
def licences() -> ResponseReturnValue:
    return render_template("accounts/licences.html")
