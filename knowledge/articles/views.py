"""The pages of the knowledge base. What they show is kept in the process, by edition, rights and language."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from knowledge.articles import reading, shelves
from knowledge.articles.comparing import side_by_side
from knowledge.articles.following import is_following
from knowledge.articles.votes import REASONS, take_back
from knowledge.articles.votes import vote as keep_vote
from knowledge.documents.reading import Entry, entries_about, newest_entries
from knowledge.edition import Edition
from portal.audience import sees
from portal.db import db, utcnow
from portal.fragments import fragment
from portal.web import choose_zone, limiter, public, reader, settings, wants_partial

bp = Blueprint("articles", __name__, url_prefix="/kb")
bp.add_app_template_filter(reading.file_kind)
bp.add_app_template_filter(reading.language_name)
bp.add_app_template_filter(reading.version_range)
ANSWERS = ("yes", "no", "undo")


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    def render() -> str:
        topics, recent = shelves.shelves(current_user, languages()), shelves.recent(current_user, languages())
        manuals = newest_entries(current_user, languages())
        return render_template("articles/_index.html", shelves=topics, recent=recent, manuals=manuals)

    return render_template("articles/index.html", shelves=kept(render, "index", Edition.current()))


@bp.get("/category/<slug>")
@public
def category(slug: str) -> ResponseReturnValue:
    shelf = shelves.category(slug, current_user, languages()) or abort(404)
    sort = "updated" if request.args.get("sort") == "updated" else "title"
    page = request.args.get("page", 1, type=int)

    def render() -> str:
        articles, names = shelves.listed(shelf, current_user, languages(), sort), reading.product_names()
        below = shelves.sections(shelf, current_user, languages()) if sort == "title" and page == 1 else ()
        context = {"shelf": shelf, "articles": articles, "sort": sort, "product_names": names, "sections": below}
        manuals = manuals_about(*shelves.products(shelf, current_user)) if page == 1 else ()
        return render_template("articles/_category.html", manuals=manuals, **context)

    content = kept(render, "category", Edition.current(), shelf.slug, sort, page)
    return render_template("articles/category.html", shelf=shelf, content=content)


@bp.get("/<slug>")
@public
def show(slug: str) -> ResponseReturnValue:
    where = find(slug)
    page, readers = reading.Page(where, reader(), languages()), those_like(reader())
    follows = current_user.is_authenticated and is_following(where.article_id, by=current_user)

    def part(name: str, *key: Any) -> Markup:
        key = ("articles", name, where.edition, where.article_id, *readers, *key)
        context = {"page": page, "follows": follows, "manuals_about": manuals_about}
        return fragment(key, lambda: render_template(f"articles/_{name}.html", **context))

    after = [current_user.is_authenticated, follows]
    return render_template("articles/show.html", slug=slug, where=where, part=part, after=after, reasons=REASONS)


@bp.get("/<slug>/compare")
@public
def compare(slug: str) -> ResponseReturnValue:
    """A translation side by side with its original; what is an original itself has its own page."""
    where = find(slug)
    page = reading.Page(where, current_user, languages())
    if page.original is None:
        return redirect(url_for(".show", slug=slug, **asked_language()))

    def render() -> str:
        rows = side_by_side(page.original.id, where.article_id)
        return render_template("articles/_compare.html", page=page, rows=rows)

    content = kept(render, "compare", where.edition, where.article_id)
    return render_template("articles/compare.html", page=page, content=content)


@bp.post("/<slug>/helpful")
@public
@limiter.limit(lambda: settings().limit_votes)
def vote(slug: str) -> ResponseReturnValue:
    where, given, now = find(slug), request.form, utcnow()
    answer, reason, comment = (given.get(name, "") for name in ("helpful", "reason", "comment"))
    if answer not in ANSWERS or reason not in ("", *REASONS):
        abort(400)
    if answer == "undo":
        take_back(where.article_id, voter=voter())
    else:
        keep_vote(where.article_id, answer == "yes", voter=voter(), now=now, reason=reason, comment=comment)
    db.session.commit()
    said = "told" if answer == "no" and (reason or comment) else answer
    if wants_partial():
        return render_template("articles/_voted.html", slug=slug, lang=where.lang, said=said, reasons=REASONS)
    return redirect(url_for(".show", slug=slug, thanks=said, _anchor="helpful", **asked_language()))


def voter() -> str:
    """Whose answer it is: the account's, else this browser session's."""
    if current_user.is_authenticated:
        return f"account {current_user.id}"
    return f"{session.setdefault('voter', secrets.token_hex(12))}"


def home_knowledge() -> Markup:
    """The topics, for the home page; nothing while there are none."""

    def render() -> str:
        topics = shelves.shelves(current_user, languages())
        return render_template("articles/_home.html", shelves=topics) if topics else ""

    return kept(render, "home", Edition.current())


def manuals_about(*products: str) -> list[Entry]:
    """The manuals and downloads of some products, as this reader wants them."""
    return entries_about(products, current_user, languages()) if products else []


def find(slug: str) -> reading.Address:
    """Where the address leads the reader; `in` or `lang` asks for a language.

    An old address leads on to the new one, for ever; what was put away says so (410); all else is 404.
    """
    wanted = request.args.get("in") or request.args.get("lang")
    if found := reading.address(slug, reader(), wanted, languages()):
        return found
    if new := reading.moved(slug, current_user):
        there = {**(request.view_args or {}), "slug": new, **asked_language()}
        abort(redirect(url_for(request.endpoint or ".show", **there), 301 if request.method == "GET" else 308))
    if title := reading.archived(slug, current_user, languages()):
        abort(Response(render_template("articles/gone.html", title=title), 410))
    abort(404)


def asked_language() -> dict[str, Any]:
    """The language that the address asks for, to ask for it at the next one too."""
    return {name: request.args[name] for name in ("in", "lang") if name in request.args}


def languages() -> reading.Languages:
    return reading.Languages(str(get_locale()).replace("_", "-"), settings().default_locale)


def kept(render: Callable[[], str], *key: Any) -> Markup:
    """A rendered piece, kept for readers with the same rights, language and zone."""
    return fragment(("articles", *key, *those_like(current_user)), render)


def those_like(person: Any) -> tuple[tuple[str, ...], str, str]:
    """What readers have in common who are shown the same: their rights, their language, and where their days begin."""
    return sees(person), str(get_locale()), choose_zone()
