"""The presses and pages of 'Tell me when this is answered'. A GET changes nothing: scanners of mail send GETs."""

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import DataRequired, Length

from knowledge.search import wishes
from knowledge.search.ranking import LONGEST
from portal.accounts.addresses import AddressField
from portal.db import db, utcnow
from portal.web import choose_zone, csrf, limiter, public, settings, wants_partial

bp = Blueprint("wishes", __name__, url_prefix="/search/wish")


class WishForm(FlaskForm):  # type: ignore[misc]
    """The search, and for visitors the address that is to be told."""

    q = HiddenField(validators=[DataRequired(_l("Search for something first.")), Length(max=LONGEST)])
    email = AddressField()

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        if current_user.is_authenticated:
            del self.email


@bp.get("")
@public
def new() -> ResponseReturnValue:
    """The form: a page of its own, or the piece that stands below a search that found nothing.

    That search's page is kept for everybody alike, so no form with its token can stand in it.
    """
    form = WishForm(formdata=None, q=request.args.get("q", "")[:LONGEST])
    return render_template("wishes/_ask.html" if wants_partial() else "wishes/ask.html", form=form)


@bp.post("")
@public
@limiter.limit(lambda: settings().limit_wishes)
def ask() -> ResponseReturnValue:
    """With an account one press is enough. An address alone is asked by mail; the answer is the same for every one."""
    form, locale = WishForm(), str(get_locale())
    reader = {"lang": locale.replace("_", "-"), "locale": locale, "zone": choose_zone()}
    if not form.validate():
        return render_template("wishes/_ask.html" if wants_partial() else "wishes/ask.html", form=form), 422
    email = form.email.data if form.email else current_user.email
    if current_user.is_authenticated:
        wishes.wish(form.q.data, by=current_user, now=utcnow(), **reader)
    else:
        wishes.ask_to_wish(form.q.data, email, **reader)
    db.session.commit()
    name = "wishes/_asked.html" if wants_partial() else "wishes/asked.html"
    return render_template(name, text=form.q.data, email=email)


@bp.get("/<token>")
@public
def confirm(token: str) -> ResponseReturnValue:
    wish = wishes.of_key(token) or abort(404)
    return render_template("wishes/wish.html", step="confirm", wish=wish, token=token)


@bp.post("/<token>")
@public
def confirmed(token: str) -> ResponseReturnValue:
    wish = wishes.of_key(token) or abort(404)
    wishes.confirm(wish, now=utcnow())
    db.session.commit()
    return render_template("wishes/wish.html", step="confirmed", wish=wish, token=token)


@bp.get("/<token>/stop")
@public
def stop(token: str) -> ResponseReturnValue:
    wish = wishes.of_key(token)
    return render_template("wishes/wish.html", step="stop" if wish else "stopped", wish=wish, token=token)


@bp.post("/<token>/stop")
@public
@csrf.exempt
def stopped(token: str) -> ResponseReturnValue:
    """One press, or one POST of a mail program that has neither cookie nor token (RFC 8058). A second does no harm."""
    if wish := wishes.of_key(token):
        wishes.stop(wish)
        db.session.commit()
    return render_template("wishes/wish.html", step="stopped", wish=None, token=token)
