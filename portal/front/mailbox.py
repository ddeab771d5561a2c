"""The demo's mailbox: what the portal sent, readable without a mail program. It exists in demo mode only."""

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from portal.db import db
from portal.mail import Mail
from portal.web import public, settings

bp = Blueprint("mailbox", __name__, url_prefix="/demo/mail")

PAGE = 30
SHUT_OFF = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-top-navigation-by-user-activation"
)


@bp.before_request
def only_in_the_demo() -> None:
    if not settings().is_demo:
        abort(404)


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    wanted = request.args.get("to", "").replace("\0", "").strip().lower()
    query = db.select(Mail).order_by(Mail.id.desc())
    if wanted:
        query = query.where(db.func.lower(Mail.recipient) == wanted)
    mails = db.paginate(query, per_page=PAGE, max_per_page=PAGE)
    return render_template("front/mailbox.html", mails=mails, wanted=wanted)


@bp.get("/<int:mail_id>")
@public
def show(mail_id: int) -> ResponseReturnValue:
    return render_template("front/mail.html", mail=db.get_or_404(Mail, mail_id))


@bp.get("/<int:mail_id>/html")
@public
def html(mail_id: int) -> ResponseReturnValue:
    """The mail as a mail program would show it, shut off from the portal."""
    return Response(db.get_or_404(Mail, mail_id).html, mimetype="text/html")


html.talisman_view_options = {"content_security_policy": SHUT_OFF}  # type: ignore[attr-defined]
