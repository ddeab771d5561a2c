"""Home, support policy, brand and health."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from portal.web import public, settings

bp = Blueprint("front", __name__)


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    return render_template("front/home.html")


@bp.get("/support-policy")
@public
def policy() -> ResponseReturnValue:
    return render_template("front/policy.html")


@bp.get("/brand.css")
@public
def brand_css() -> Response:
    return Response(f":root{{--accent:{settings().brand_accent}}}\n", mimetype="text/css")


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}
