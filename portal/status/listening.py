"""What other programs call: a heartbeat's address, and the one for alerts. Whoever has the address may."""

import json

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.db import db, utcnow, writing
from portal.status import alerting, probing
from portal.status.probe import AlertSource, Probe
from portal.web import csrf, limiter, public, settings

bp = Blueprint("listening", __name__)


@bp.route("/status/heartbeat/<token>", methods=["GET", "POST"])
@public
@limiter.limit(lambda: settings().limit_heartbeats)
@csrf.exempt
def heartbeat(token: str) -> ResponseReturnValue:
    """All is well with whatever calls. By GET too, as cron jobs and simple devices ask."""
    if request.method == "HEAD":  # whoever only looks whether the address is there
        return "", 204
    with writing():
        query = select(Probe).where(Probe.token_hash == probing.hashed(token), Probe.is_on)
        probe = db.session.scalar(query.with_for_update(of=Probe)) or abort(404)
        probing.hear(probe, now=utcnow())
        db.session.commit()
    return "", 204


@bp.post("/api/alerts/<token>")
@public
@limiter.limit(lambda: settings().limit_alerts)
@csrf.exempt
def alerts(token: str) -> ResponseReturnValue:
    """A message of Alertmanager: all of it is taken, or none."""
    query = select(AlertSource).where(AlertSource.token_hash == probing.hashed(token), AlertSource.is_on)
    source = db.session.scalar(query.with_for_update(of=AlertSource)) or abort(404)
    if (request.content_length or 0) > alerting.MOST_BYTES:
        abort(413)
    text = request.stream.read(alerting.MOST_BYTES)
    try:
        told = alerting.read(text)
    except json.JSONDecodeError:
        return {"error": {"code": 400, "message": "This is no JSON, or not all of it."}}, 400
    except alerting.NotRead as reason:
        return {"error": {"code": 422, "message": str(reason)}}, 422
    count = alerting.take(source, told, now=utcnow())
    db.session.commit()
    return {"alerts": len(told), "news": count}
