"""The one search box: results, suggestions while typing, and the same for machines."""

from collections.abc import Callable, Hashable, Sequence

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from knowledge.articles.reading import Languages
from knowledge.articles.shelves import Shelf, shelves
from knowledge.paging import ListPages
from knowledge.search.finding import Found, search
from knowledge.search.memory import clicked, remember
from knowledge.search.narrowing import Catalogue, Narrowed, facets, whole_of
from knowledge.search.presenting import listed, present
from portal.fragments import fragment
from portal.web import choose_zone, csrf, limiter, public, settings, wants_partial

bp = Blueprint("search", __name__)

PAGE, SUGGESTIONS, MOST = 10, 6, 50
LONGEST_LOG = 100_000
LONGEST_KEPT = 500  # bytes of an address

_limit = limiter.shared_limit(lambda: settings().limit_search, scope="search")


@bp.get("/search")
@public
@_limit
def results() -> ResponseReturnValue:
    text, narrowed, typing = request.args.get("q", ""), Narrowed.by(request.args), wants_partial()
    catalogue, here = Catalogue.read(), narrowed.find(text, current_user, locale(), typing=typing)
    whole = whole_of(here, text, locale(), typing=typing)

    def render() -> str:
        page = ListPages(items=here.hits, per_page=PAGE, max_per_page=PAGE)
        shown = present(here.found, page.items, current_user, locale())
        narrow = {"facets": facets(whole, narrowed, catalogue), "product_names": catalogue.names, "narrowed": narrowed}
        context = {"first": page.first, "version": narrowed.version, "topics": topics}
        return render_template("search/_results.html", found=here.found, page=page, results=shown, **narrow, **context)

    drawn = kept(render, *(part.found.key for part in (here, *whole.values())), catalogue.state)
    template = "search/_typed.html" if typing else "search/results.html"
    clicks = noted(here.found, narrowed.product, len(here.hits))
    return render_template(template, found=here.found, drawn=drawn, narrowed=narrowed, clicks=clicks)


@bp.get("/search/suggest")
@public
@_limit
def suggest() -> ResponseReturnValue:
    """As one types: the best few, and a link to all. Nothing for a single letter."""
    text = request.args.get("q", "")
    if len(text.strip()) < 2:
        return make_response("")
    catalogue, found = Catalogue.read(), search(text, current_user, locale(), typing=True)
    best = found.hits[:SUGGESTIONS]

    def render() -> str:
        shown = present(found, best, current_user, locale())
        return render_template("search/_options.html", found=found, results=shown, product_names=catalogue.names)

    drawn = kept(render, found.key, catalogue.state)
    return render_template("search/_suggest.html", count=len(best), drawn=drawn, clicks=noted(found))


@bp.route("/search/log", methods=["GET", "POST"])
@public
@_limit
def log() -> ResponseReturnValue:
    """What helps with an error message or a log: it comes by POST, so that nothing of it stands in an address."""
    text = request.form.get("text", "")[:LONGEST_LOG]
    found = search(text, current_user, locale())
    shown = present(found, found.hits[:PAGE], current_user, locale())
    context = {"found": found, "text": text, "results": shown, "first": 1, "clicks": noted(found)}
    page = render_template("search/log.html", product_names=Catalogue.read().names, **context)
    return page, 422 if request.method == "POST" and not text.strip() else 200


@bp.post("/search/click/<token>")
@public
@_limit
@csrf.exempt
def click(token: str) -> ResponseReturnValue:
    """Which result was opened: the page tells it on the way. The token says of which search, and that it is ours."""
    return "", 204 if clicked(token, request.form.get("hit", "")) else 400


def noted(found: Found, product: str | None = None, results: int | None = None) -> str | None:
    """Have the search remembered; the address that is told which of its results was opened."""
    token = remember(found, lang=locale(), product=product, results=results)
    return url_for("search.click", token=token) if token else None


def topics() -> Sequence[Shelf]:
    """Where to look on, for those who find nothing."""
    return shelves(current_user, Languages(locale(), settings().default_locale))


def kept(render: Callable[[], str], *keys: Hashable) -> Markup:
    """What was drawn, kept by what was found and by the address: its links repeat the other arguments."""
    if not request.args.get("q") or None in keys or len(request.query_string) > LONGEST_KEPT:
        return Markup(render())
    return fragment((request.endpoint, keys, request.query_string, choose_zone()), render)


@bp.get("/api/search")
@public
@_limit
def api() -> ResponseReturnValue:
    """`{"results": [...], "total"}` with what this session may see; `limit` is 1 to 50, 10 if it is no number."""
    limit = min(max(request.args.get("limit", 10, type=int), 1), MOST)
    narrowed = Narrowed.by(request.args)
    if problem := narrowed.problem(Catalogue.read()):
        return {"error": {"code": 400, "message": problem}}, 400
    lang = request.args.get("lang") or locale()
    here = narrowed.find(request.args.get("q", ""), current_user, lang)
    return listed(here.found, here.hits, current_user, lang, limit)


@bp.get("/opensearch.xml")
@public
def description() -> Response:
    """For browsers that offer the portal's search in their own field (OpenSearch 1.1)."""
    answer = make_response(render_template("search/opensearch.xml"))
    answer.mimetype = "application/opensearchdescription+xml"
    return answer


def locale() -> str:
    return str(get_locale()).replace("_", "-")
