"""The one search box: results, suggestions while typing, and the same for machines."""

from collections.abc import Callable

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from knowledge.articles.reading import product_names
from knowledge.paging import ListPages
from knowledge.search.finding import Found, search
from knowledge.search.presenting import answer, present
from portal.fragments import fragment
from portal.web import limiter, public, settings, wants_partial

bp = Blueprint("search", __name__)

PAGE, SUGGESTIONS, MOST = 10, 6, 50
LONGEST_KEPT = 500  # bytes of an address

_limit = limiter.shared_limit(lambda: settings().limit_search, scope="search")


@bp.get("/search")
@public
@_limit
def results() -> ResponseReturnValue:
    text, lang, product = request.args.get("q", ""), request.args.get("language"), request.args.get("product")
    typing, names = wants_partial(), product_names()
    found = search(text, current_user, locale(), lang=lang, product=product, typing=typing)
    every = search(text, current_user, locale(), typing=typing) if lang or product else found

    def render() -> str:
        page = ListPages(items=found.hits, per_page=PAGE, max_per_page=PAGE)
        shown = present(found, page.items, current_user, locale())
        narrow = {"languages_found": every.languages(), "products_found": every.products(), "product_names": names}
        chosen = {"lang": lang, "product": product}
        return render_template("search/_results.html", found=found, page=page, results=shown, **narrow, **chosen)

    drawn = kept(render, found, every, names)
    if typing:
        return drawn
    return render_template("search/results.html", found=found, drawn=drawn, lang=lang, product=product)


def kept(render: Callable[[], str], found: Found, every: Found, names: dict[str, str]) -> Markup:
    """The drawn results, kept by what was found and by the address: their links repeat its other arguments."""
    if found.key is None or every.key is None or len(request.query_string) > LONGEST_KEPT:
        return Markup(render())
    return fragment(("search", found.key, every.key, tuple(names.items()), request.query_string), render)


@bp.get("/search/suggest")
@public
@_limit
def suggest() -> ResponseReturnValue:
    """As one types: the best few, and a link to all. Nothing for a single letter."""
    text = request.args.get("q", "")
    if len(text.strip()) < 2:
        return make_response("")
    found = search(text, current_user, locale(), typing=True)
    shown = present(found, found.hits[:SUGGESTIONS], current_user, locale())
    return render_template("search/_suggest.html", found=found, results=shown)


@bp.get("/api/search")
@public
@_limit
def api() -> ResponseReturnValue:
    """`{"results": [...], "total"}` with what this session may see; `limit` is 1 to 50, 10 if it is no number."""
    limit = min(max(request.args.get("limit", 10, type=int), 1), MOST)
    lang = request.args.get("lang") or locale()
    return answer(request.args.get("q", ""), current_user, lang, limit)


def locale() -> str:
    return str(get_locale()).replace("_", "-")
