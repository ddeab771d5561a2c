"""Following from the page, what one follows, and the links of mails that end it. A GET changes nothing."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField

from knowledge.articles.reading import Languages
from knowledge.community import following
from knowledge.community.asking import clean_tags
from knowledge.community.blueprint import address_of, bp
from knowledge.community.following import PACES
from knowledge.community.topic import ForumCategory, Topic
from portal.db import db, get_or_404, utcnow
from portal.web import choose_locale, csrf, limiter, public, settings, wants_partial

PACE_NAMES = {
    "instant": _l("At once"),
    "daily": _l("In a daily digest"),
    "weekly": _l("In a weekly digest"),
    "portal": _l("Here only, no mail"),
}


class PreferenceForm(FlaskForm):  # type: ignore[misc]
    """What somebody wants to be mailed."""

    pace = SelectField(_l("What I follow from now on"), choices=list(PACE_NAMES.items()))
    follows_own = BooleanField(_l("Follow topics that I begin or answer in"))
    mails_mentions = BooleanField(_l("Mail me when somebody mentions me"))


@bp.post("/follow/<kind>/<key>")
@limiter.limit(lambda: settings().limit_community_follows, key_func=lambda: f"person:{current_user.id}")
def follow(kind: str, key: str) -> ResponseReturnValue:
    """Follow a topic, a category or a tag, change how soon one hears, or stop."""
    what, back = _thing(kind, key, is_stop=bool(request.form.get("stop")))
    if request.form.get("stop"):
        following.unfollow(kind, what, by=current_user)
    else:
        pace = request.form.get("pace", "")
        following.follow(kind, what, by=current_user, now=utcnow(), pace=pace if pace in PACES else "")
    db.session.commit()
    if wants_partial():
        return render_template("community/_follow.html", kind=kind, key=what)
    return redirect(url_for(".follows") if request.form.get("listed") else back)


@bp.route("/following", methods=["GET", "POST"])
def follows() -> ResponseReturnValue:
    """All that the reader follows, and what they want to be mailed."""
    chosen = following.preference_of(current_user.id)
    form = PreferenceForm(obj=chosen)
    if form.validate_on_submit():
        form.populate_obj(chosen)
        db.session.add(chosen)
        db.session.commit()
        flash(_("Your choice is saved."), "success")
        return redirect(url_for(".follows"))
    languages = Languages(choose_locale().replace("_", "-"), settings().default_locale)
    given = {"form": form, "rows": following.followed(current_user), "languages": languages}
    return render_template("community/following.html", **given), 422 if form.errors else 200


@bp.get("/mails/<key>")
@public
def stop_mails(key: str) -> ResponseReturnValue:
    what, _number = following.stopped_by(key) or abort(404)
    return render_template("community/stopping.html", step="stop", what=what, key=key)


@bp.post("/mails/<key>")
@public
@csrf.exempt
def stopped_mails(key: str) -> ResponseReturnValue:
    """One press, or one POST of a mail program that has neither cookie nor token (RFC 8058). A second does no harm."""
    what, number = following.stopped_by(key) or abort(404)
    following.stop(what, number)
    db.session.commit()
    return render_template("community/stopping.html", step="stopped", what=what, key=key)


def _thing(kind: str, key: str, *, is_stop: bool) -> tuple[int | str, str]:
    """What is followed, and the address of its page; 404 for what the reader does not see. Everything can be left."""
    if kind == "tag":
        name = (clean_tags([key]) or abort(404))[0]
        return name, url_for(".index", tag=name)
    if kind not in following.COLUMNS or not (key.isascii() and key.isdigit() and len(key) < 10):
        abort(404)
    if is_stop and following.pace_of(kind, int(key), current_user):
        return int(key), url_for(".follows")
    if kind == "topic":
        return int(key), address_of(get_or_404(Topic.visible_to(current_user).where(Topic.id == int(key))))
    room = get_or_404(ForumCategory.visible_to(current_user).where(ForumCategory.id == int(key)))
    return int(key), url_for(".category", slug=room.slug)


@bp.app_template_global()
def follow_pace(kind: str, key: int | str) -> str:
    """How soon the reader hears of it; empty when they don't follow it."""
    return following.pace_of(kind, key, current_user)
