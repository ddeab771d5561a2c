"""The presses and pages of 'Tell me when this changes'. A GET changes nothing: scanners of mail send GETs."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from knowledge.articles import following
from knowledge.articles.article import Article
from knowledge.articles.revision import Follower
from knowledge.articles.views import asked_language, bp, find
from portal.accounts.addresses import AddressField
from portal.db import db, utcnow
from portal.web import choose_zone, csrf, limiter, public, settings


class FollowForm(FlaskForm):  # type: ignore[misc]
    """The address that is to be told."""

    email = AddressField()


@bp.post("/<slug>/follow")
@public
@limiter.limit(lambda: settings().limit_following)
def follow(slug: str) -> ResponseReturnValue:
    """With an account one press is enough. An address alone is asked by mail; the answer is the same for every one."""
    where, form, locale = find(slug), FollowForm(), str(get_locale())
    if current_user.is_authenticated and request.form.get("stop"):
        following.unfollow(where.article_id, by=current_user)
    elif current_user.is_authenticated:
        following.follow(where.article_id, by=current_user, now=utcnow(), locale=locale, zone=choose_zone())
    elif form.validate():
        following.ask_to_follow(where.article_id, form.email.data, locale=locale, zone=choose_zone())
        told = _("Look into the inbox of %(email)s: a link there confirms it, unless the address is told already.")
        flash(told % {"email": form.email.data}, "success")
    else:
        return render_template("articles/follow.html", slug=slug, form=form, asked=asked_language()), 422
    db.session.commit()
    return redirect(url_for(".show", slug=slug, **asked_language(), _anchor="follow"))


@bp.get("/following/<token>")
@public
def confirm_following(token: str) -> ResponseReturnValue:
    article = followed(following.of_key(token)) or abort(404)
    return render_template("articles/following.html", step="confirm", article=article, token=token)


@bp.post("/following/<token>")
@public
def confirmed_following(token: str) -> ResponseReturnValue:
    follower = following.of_key(token) or abort(404)
    article = followed(follower) or abort(404)
    following.confirm(follower, now=utcnow())
    db.session.commit()
    return render_template("articles/following.html", step="confirmed", article=article, token=token)


@bp.get("/following/<token>/stop")
@public
def stop_following(token: str) -> ResponseReturnValue:
    follower = following.of_key(token)
    step = "stop" if follower else "stopped"
    return render_template("articles/following.html", step=step, article=followed(follower), token=token)


@bp.post("/following/<token>/stop")
@public
@csrf.exempt
def stopped_following(token: str) -> ResponseReturnValue:
    """One press, or one POST of a mail program that has neither cookie nor token (RFC 8058). A second does no harm."""
    follower = following.of_key(token)
    article = followed(follower)
    if follower:
        following.stop(follower)
        db.session.commit()
    return render_template("articles/following.html", step="stopped", article=article, token=token)


def followed(follower: Follower | None) -> Article | None:
    """The article, if whoever holds the link may still read it."""
    if follower is None:
        return None
    article: Article | None = db.session.get(Article, follower.article_id)
    return article if article and following.may_read(article, following.account_of(follower)) else None
