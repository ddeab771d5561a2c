"""The lists, their exports, and what can be done about a line."""

from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from knowledge.articles.article import Article
from knowledge.articles.reading import language_name, product_names
from knowledge.insight import articles, beginning, lists
from knowledge.insight.filters import PERIODS, Filters
from knowledge.insight.gate import bp, sheet
from knowledge.insight.lists import Listing
from knowledge.insight.upkeep import LISTINGS, cells, head
from portal.db import db, get_or_404, utcnow
from portal.jobs import enqueue
from portal.web import asked_here, settings


@bp.get("/")
def index() -> ResponseReturnValue:
    """All lists at a glance: how long each is, and how it went of late."""
    filters, now = Filters.from_args(request.args, ()), utcnow()
    cards = [
        (one, one.count(filters, now), one.moments(filters, now) if one.moments else None) for one in LISTINGS.values()
    ]
    return render_template("insight/index.html", cards=cards, filters=filters, **choices())


@bp.get("/<name>")
def show(name: str) -> ResponseReturnValue:
    listing, now = listed(name), utcnow()
    filters = asked(listing)
    page = listing.page(filters, now)
    lines = listing.lines(page.items, filters, now)
    context = {"listing": listing, "page": page, "lines": lines, "filters": filters, "listings": LISTINGS}
    return render_template("insight/list.html", **context, **choices())


@bp.get("/<name>.csv")
def export(name: str) -> Response:
    listing, now = listed(name), utcnow()
    lines = listing.every(asked(listing), now)
    return sheet(f"{name}-{now:%Y-%m-%d}.csv", head(listing), [cells(listing, line) for line in lines])


@bp.post("/<name>/dismiss")
def dismiss(name: str) -> ResponseReturnValue:
    """Put a line away, or (`undo`) bring it back."""
    listing, key, lang = listed(name), request.form.get("key", "")[:200], request.form.get("lang", "")[:20]
    if not listing.can_dismiss or not key or "\0" in key + lang:
        abort(400)
    if request.form.get("undo"):
        lists.bring_back(name, key, lang)
    else:
        lists.dismiss(name, key, lang, by=current_user, now=utcnow())
    db.session.commit()
    return back_to(name)


@bp.post("/rated/<int:article_id>/dealt")
def deal_with(article_id: int) -> ResponseReturnValue:
    count = articles.deal_with(find(article_id).id, now=utcnow())
    db.session.commit()
    flash(_("%(num)s answers are dealt with.", num=count), "success")
    return back_to("rated")


@bp.post("/stale/<int:article_id>/holds")
def holds(article_id: int) -> ResponseReturnValue:
    articles.still_holds(find(article_id), now=utcnow())
    db.session.commit()
    flash(_("It is asked about again in %(num)s days.", num=settings().stale_after_days), "success")
    return back_to("stale")


@bp.post("/links/check")
def check_links() -> ResponseReturnValue:
    enqueue("check_links")
    db.session.commit()
    flash(_("The links are being checked. Look again in a moment."), "success")
    return back_to("links")


@bp.post("/write")
def write() -> ResponseReturnValue:
    """A new article from what somebody searched for."""
    text, lang = request.form.get("text", ""), request.form.get("lang", "")
    revision = beginning.from_search(text, lang, request.form.get("product"), by=current_user, now=utcnow())
    db.session.commit()
    return redirect(url_for("editing.edit", revision_id=revision.id))


def listed(name: str) -> Listing:
    return LISTINGS.get(name) or abort(404)


def asked(listing: Listing) -> Filters:
    return Filters.from_args(request.args, listing.sorts, sees_tickets=current_user.is_staff)


def find(article_id: int) -> Article:
    found: Article = get_or_404(Article.visible_to(current_user).where(Article.id == min(article_id, 2**31 - 1)))
    return found


def back_to(name: str) -> Response:
    """The list as it was: its filters come along in the address."""
    kept = {key: value for key, value in asked_here().items() if key not in (request.view_args or {})}
    return redirect(url_for(".show", **kept | {"name": name}))  # type: ignore[return-value]


def choices() -> dict[str, Any]:
    """What the filters offer."""
    languages = {code: language_name(code) for code in settings().languages}
    return {"languages": languages, "products": product_names(), "periods": PERIODS}
