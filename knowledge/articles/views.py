"""The pages of the knowledge base. What they show is kept in the process, by edition, rights and language."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from knowledge.articles import reading
from knowledge.articles.votes import vote as keep_vote
from knowledge.audience import sees
from knowledge.edition import Edition
from portal.db import db, utcnow
from portal.fragments import fragment
from portal.web import limiter, public, settings, wants_partial

bp = Blueprint("articles", __name__, url_prefix="/kb")
bp.add_app_template_filter(reading.language_name)
bp.add_app_template_filter(reading.version_range)


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    def render() -> str:
        shelves, recent = reading.shelves(current_user, languages()), reading.recent(current_user, languages())
        return render_template("articles/_index.html", shelves=shelves, recent=recent)

    return render_template("articles/index.html", shelves=kept(render, "index", Edition.current()))


@bp.get("/category/<slug>")
@public
def category(slug: str) -> ResponseReturnValue:
    shelf = reading.category(slug, current_user, languages()) or abort(404)
    sort = "updated" if request.args.get("sort") == "updated" else "title"
    page = request.args.get("page", 1, type=int)

    def render() -> str:
        articles, names = reading.listed(shelf, current_user, languages(), sort), reading.product_names()
        context = {"shelf": shelf, "articles": articles, "sort": sort, "product_names": names}
        return render_template("articles/_category.html", **context)

    content = kept(render, "category", Edition.current(), shelf.slug, sort, page)
    return render_template("articles/category.html", shelf=shelf, content=content)


@bp.get("/<slug>")
@public
def show(slug: str) -> ResponseReturnValue:
    where = find(slug)
    page, readers = reading.Page(where, current_user, languages()), those_like(current_user)

    def part(name: str) -> Markup:
        key = ("articles", name, where.edition, where.article_id, *readers)
        return fragment(key, lambda: render_template(f"articles/_{name}.html", page=page))

    return render_template("articles/show.html", slug=slug, where=where, part=part)


@bp.post("/<slug>/helpful")
@public
@limiter.limit("30 per hour")
def vote(slug: str) -> ResponseReturnValue:
    where = find(slug)
    if request.form.get("helpful") not in ("yes", "no"):
        abort(400)
    if current_user.is_authenticated:
        voter = f"account {current_user.id}"
    else:
        voter = session.setdefault("voter", secrets.token_hex(12))
    keep_vote(where.article_id, request.form["helpful"] == "yes", voter=voter, now=utcnow())
    db.session.commit()
    if wants_partial():
        return render_template("articles/_thanks.html", slug=slug, was_helpful=request.form["helpful"] == "yes")
    return redirect(url_for(".show", slug=slug, thanks=request.form["helpful"], _anchor="helpful"))


def home_knowledge() -> Markup:
    """The topics, for the home page; nothing while there are none."""

    def render() -> str:
        shelves = reading.shelves(current_user, languages())
        return render_template("articles/_home.html", shelves=shelves) if shelves else ""

    return kept(render, "home", Edition.current())


def find(slug: str) -> reading.Address:
    """Where the address leads the reader; `in` or `lang` asks for a language. 404 when it leads nowhere."""
    wanted = request.args.get("in") or request.args.get("lang")
    return reading.address(slug, current_user, wanted, languages()) or abort(404)


def languages() -> reading.Languages:
    return reading.Languages(str(get_locale()).replace("_", "-"), settings().default_locale)


def kept(render: Callable[[], str], *key: Any) -> Markup:
    """A rendered piece, kept for readers with the same rights and language."""
    return fragment(("articles", *key, *those_like(current_user)), render)


def those_like(person: Any) -> tuple[tuple[str, ...], str]:
    """What readers have in common who are shown the same: their rights and their language."""
    return sees(person), str(get_locale())
