"""Home, support policy, brand and health."""

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import text

from portal.db import db
from portal.front.home import front_desk
from portal.front.styleguide import examples
from portal.schema import is_current
from portal.web import public, settings

bp = Blueprint("front", __name__)


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    return render_template("front/home.html", hall=front_desk(current_user))


@bp.get("/brand.css")
@public
def brand_css() -> Response:
    response = Response(f":root {{ --accent: {settings().brand_accent}; }}\n", mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.get("/demo/styleguide")
@public
def styleguide() -> ResponseReturnValue:
    if not settings().is_demo:
        abort(404)
    return render_template("styleguide/index.html", **examples())


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """The process and what it needs answer: 200, else 503 with the name of what doesn't."""
    from flask import current_app

    checks = {"database": False, "migrations": False}
    try:
        db.session.execute(text("SELECT 1"))
        checks["database"] = True
        checks["migrations"] = current_app.testing or is_current(current_app._get_current_object())  # type: ignore[attr-defined]
    except Exception as error:
        current_app.logger.warning("not ready", exc_info=error)
    ready = all(checks.values())
    return {"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503
