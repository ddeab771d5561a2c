"""Home, support policy, brand and health."""

from flask import Blueprint, Response, abort, current_app, render_template, send_from_directory
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy import text

from portal.db import db, utcnow
from portal.fragments import fragment
from portal.front.contact import contact_for
from portal.front.home import front_desk
from portal.front.policy_page import plan_and_tier, policy_context
from portal.front.styleguide import examples
from portal.policies import policy_at, the_policy
from portal.schema import is_current
from portal.sla import Policy
from portal.web import choose_zone, public, reader, settings

bp = Blueprint("front", __name__)


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    if (person := reader()).is_authenticated:
        return render_template("front/home.html", hall=front_desk(person))
    key = ("home", str(get_locale()), choose_zone(), the_policy(), utcnow().replace(second=0, microsecond=0))
    return render_template("front/home.html", drawn=fragment(key, render_hall, seconds=60))


def render_hall() -> str:
    return render_template("front/_hall.html", hall=front_desk(current_user))


@bp.get("/contact")
@public
def contact() -> ResponseReturnValue:
    person, now = reader(), utcnow()
    if person.is_authenticated:
        return render_template("front/contact.html", contact=contact_for(person, now=now))
    key = ("contact", str(get_locale()), choose_zone(), the_policy(), now.replace(second=0, microsecond=0))
    drawn = fragment(
        key, lambda: render_template("front/_contact.html", contact=contact_for(person, now=now)), seconds=60
    )
    return render_template("front/contact.html", drawn=drawn)


@bp.get("/support-policy")
@public
def policy() -> ResponseReturnValue:
    return show_policy(the_policy())


@bp.get("/support-policy/<policy_id>/<version>")
@public
def policy_version(policy_id: str, version: str) -> ResponseReturnValue:
    return show_policy(policy_at(policy_id, version) or abort(404))


def show_policy(policy: Policy) -> str:
    """The page of one version, kept for the hour by what it shows: version, language, zone, and the reader's row."""
    mine = plan_and_tier(current_user, policy)
    key = ("policy", policy.id, policy.version, the_policy() is policy, str(get_locale()), choose_zone(), mine)
    hour = utcnow().replace(minute=0, second=0, microsecond=0)
    body = fragment((*key, hour), lambda: render_template("front/_policy.html", **policy_context(policy, mine)))
    return render_template("front/policy.html", policy=policy, body=body)


@bp.get("/brand.css")
@public
def brand_css() -> Response:
    response = Response(f":root {{ --accent: {settings().brand_accent}; }}\n", mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.get("/brand-logo")
@public
def brand_logo() -> Response:
    """The vendor's logo from the instance folder; an SVG can't run anything there."""
    name = settings().brand_logo
    if not name.lower().endswith((".svg", ".png")):
        abort(404)
    return send_from_directory(settings().instance, name, max_age=3600)


brand_logo.talisman_view_options = {  # type: ignore[attr-defined]
    "content_security_policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"
}


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
    checks = {"database": False, "migrations": False}
    try:
        db.session.execute(text("SELECT 1"))
        checks["database"] = True
        checks["migrations"] = current_app.testing or is_current(current_app._get_current_object())  # type: ignore[attr-defined]
    except Exception as error:
        current_app.logger.warning("not ready", exc_info=error)
    ready = all(checks.values())
    return {"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503
