"""Where the provider tells us of what happened. Its word is checked and kept; a job looks what is behind it."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from portal.billing.blueprint import bp
from portal.billing.provider.gateway import is_used
from portal.billing.provider.keeping import keep, read
from portal.billing.provider.signature import is_signed
from portal.db import db, utcnow
from portal.web import csrf, public, settings

MOST_BYTES = 512_000
HEADER = "Stripe-Signature"


@bp.post("/provider/events")
@public
@csrf.exempt
def provider_events() -> ResponseReturnValue:
    """Signed over the raw body, kept once by its id. Refuses what nobody signed, or long ago."""
    if not is_used():
        abort(404)
    request.max_content_length = MOST_BYTES
    body, header = request.get_data(cache=False), request.headers.get(HEADER, "")
    if not is_signed(body, header, settings().stripe_webhook_secret, now=utcnow()):
        return {"error": {"code": 400, "message": "The signature is missing, wrong or too old."}}, 400
    try:
        event = read(body.decode())
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return {"error": {"code": 400, "message": "This is no event."}}, 400
    keep(event, now=utcnow())
    db.session.commit()
    return "", 204
