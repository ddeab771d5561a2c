"""The desk's page of subscribers: how many there are, what waits for them, and the switch that stops it all."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func, select

from portal.db import db, get_or_404, utcnow
from portal.sla.text import Text
from portal.status import sending, subscribing
from portal.status.component import Component
from portal.status.subscriber import KINDS, Sending, Subscriber, SubscriberComponent
from portal.status.telling import TOLD
from portal.status.words import KIND_NAMES, WAY_NAMES
from portal.web import settings

bp = Blueprint("subscriber_desk", __name__, url_prefix="/desk/status/subscribers")

SHOWN = 50


@bp.before_request
def staff_only() -> None:
    if not current_user.is_staff:
        abort(404)


@bp.get("")
def index() -> ResponseReturnValue:
    wanted = request.args.get("q", "").replace("\0", "").strip()[:200]
    given = {"wanted": wanted, "rows": found(wanted) if wanted else [], "counts": counts(), "waiting": waiting()}
    switch = {"is_off": sending.is_switched_off(), "is_set_off": not settings().status_sending}
    names = {"way_names": WAY_NAMES, "kind_names": KIND_NAMES}
    return render_template("status/desk/subscribers.html", **given, **switch, **names)


def found(wanted: str) -> Sequence[Subscriber]:
    """Whose address holds these letters; one looks for somebody, and reads no lists."""
    query = select(Subscriber).where(func.lower(Subscriber.address).contains(wanted.lower(), autoescape=True))
    return db.session.scalars(query.order_by(Subscriber.id.desc()).limit(SHOWN)).all()


def counts() -> dict[str, Any]:
    """How many are told: in all, by way, kind and language, and by component of those who chose some."""
    by: dict[str, Any] = {}
    for name, column in (("way", Subscriber.way), ("lang", Subscriber.lang)):
        rows = db.session.execute(select(column, func.count()).where(*TOLD).group_by(column)).all()
        by[name] = {key: count for key, count in rows}  # noqa: C416  (rows are no pairs to type checkers)
    kinds = db.session.scalars(select(Subscriber.kinds).where(*TOLD)).all()
    by["kind"] = {kind: sum(kind in some for some in kinds) for kind in KINDS}
    chosen = (
        select(Component, func.count())
        .join(SubscriberComponent)
        .join(Subscriber, Subscriber.id == SubscriberComponent.subscriber_id)
    )
    found = db.session.execute(chosen.where(*TOLD, Subscriber.is_choosy).group_by(Component.id).order_by(Component.id))
    parts = [(Text(part.titles).to(get_locale()), number) for part, number in found]
    return by | {"all": sum(by["way"].values()), "parts": parts}


def waiting() -> int:
    return db.session.scalar(select(func.count(Sending.id)).where(Sending.state == "waiting")) or 0


@bp.post("/switch")
def switch() -> ResponseReturnValue:
    """Stop all sending, or go on with it."""
    if request.form.get("on"):
        sending.switch_on(by=current_user, now=utcnow())
    else:
        sending.switch_off(by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for(".index"))


@bp.post("/discard")
def discard() -> ResponseReturnValue:
    count = sending.discard(by=current_user, now=utcnow())
    db.session.commit()
    flash(ngettext("One message is discarded.", "%(num)s messages are discarded.", count), "success")
    return redirect(url_for(".index"))


@bp.post("/<int:subscriber_id>/stop")
def stop(subscriber_id: int) -> ResponseReturnValue:
    row = get_or_404(select(Subscriber).where(Subscriber.id == subscriber_id).with_for_update(of=Subscriber))
    subscribing.stop(row, "staff", now=utcnow())
    db.session.commit()
    flash(_("It is told no more."), "success")
    return redirect(url_for(".index"))
