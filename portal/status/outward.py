"""What programs read of the status page: API v2 as Statuspage's, feeds, calendar, badges. The same for everybody."""

import json
from collections.abc import Callable

from flask import Blueprint, Response, abort, request

from portal.db import utcnow
from portal.fragments import fragment
from portal.status import feeds
from portal.status.answers import ANSWERS, answer
from portal.status.document import Document, document, shown_slugs, version
from portal.web import public, settings

bp = Blueprint("statuspage", __name__)
FEEDS = {
    "history.atom": ("application/atom+xml", feeds.atom),
    "history.rss": ("application/rss+xml", feeds.rss),
    "calendar.ics": ("text/calendar", feeds.calendar),
}


@bp.get("/api/v2/<path:name>")
@public
def api(name: str) -> Response:
    """One of the answers, `summary.json` or `summary` alike."""
    name = name.removesuffix(".json")
    if name not in ANSWERS:
        abort(404)
    told = _kept(name, lambda doc: json.dumps(answer(name, doc), ensure_ascii=False, separators=(",", ":")))
    return _sent(told, "application/json")


@bp.get("/status/history.atom", defaults={"name": "history.atom"})
@bp.get("/status/history.rss", defaults={"name": "history.rss"})
@bp.get("/status/calendar.ics", defaults={"name": "calendar.ics"})
@public
def feed(name: str) -> Response:
    """What happened, for feed readers, and what is planned, for calendars."""
    kind, made = FEEDS[name]
    return _sent(_kept(name, made), kind)


@bp.get("/status/badge.svg", defaults={"slug": None})
@bp.get("/status/badge/<slug>.svg")
@public
def badge(slug: str | None) -> Response:
    """A picture of the state, for other sites to show."""
    if slug is not None and slug not in shown_slugs():  # before anything is kept under a name that somebody made up
        abort(404)
    response = _sent(_kept(("badge", slug), lambda doc: feeds.badge(doc, slug) or ""), "image/svg+xml")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _kept(name: object, made: Callable[[Document], str]) -> str:
    """Made once for each version of the document."""
    key = ("status", version(), name)
    return str(fragment(key, lambda: made(document(settings(), now=utcnow()))))


def _sent(told: str, kind: str) -> Response:
    response = Response(told, mimetype=kind)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    response.add_etag()
    response.make_conditional(request)
    return response
