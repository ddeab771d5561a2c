"""What search engines of the web are told: /sitemap.xml and /robots.txt. Only what everybody may read."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, request
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from knowledge.articles.article import Article, Category
from knowledge.documents.document import Document
from knowledge.edition import Edition
from portal.audience import PUBLIC
from portal.db import db
from portal.web import public, settings

bp = Blueprint("sitemap", __name__)

AT_ONCE = 10_000  # addresses (with all their languages) in one file; 50,000 entries or 50 MB are the standard's most
KEPT = "public, max-age=3600"
CLOSED = (
    "/account/",
    "/api/",
    "/community/following",
    "/community/mails/",
    "/desk/",
    "/kb/desk/",
    "/kb/following/",
    "/search",
    "/tickets/",
    "/demo/",
    "/news",
)
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_READABLE = (Article.status == "published", Article.visibility == PUBLIC)


@bp.get("/robots.txt")
@public
def robots() -> Response:
    base = settings().base_url
    maps = (f"Sitemap: {base}/sitemap.xml", f"Sitemap: {base}/community/sitemap.xml")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), *maps]
    response = Response("\n".join(lines) + "\n", mimetype="text/plain")
    response.headers["Cache-Control"] = KEPT
    return response


@bp.get("/sitemap.xml")
@public
def sitemap() -> Response:
    """All there is, or the list of files when it is too much for one."""
    files = -(-_count() // AT_ONCE)
    return _answer(_list_of(files) if files > 1 else _file(1))


@bp.get("/sitemap-<int:number>.xml")
@public
def sitemap_file(number: int) -> Response:
    if not 1 <= number <= max(1, -(-_count() // AT_ONCE)):
        abort(404)
    return _answer(_file(number))


def _answer(text: str) -> Response:
    response = Response(_HEAD + text, mimetype="text/xml")
    response.headers["Cache-Control"] = KEPT
    response.set_etag("-".join(map(str, Edition.current())) or "none")
    response.make_conditional(request)
    return response


def _count() -> int:
    return db.session.scalar(select(func.count(Article.slug.distinct())).where(*_READABLE)) or 0


def _list_of(files: int) -> str:
    base = settings().base_url
    entries = "".join(f"<sitemap><loc>{base}/sitemap-{n}.xml</loc></sitemap>\n" for n in range(1, files + 1))
    return f"<sitemapindex {_SPACES}>\n{entries}</sitemapindex>\n"


def _file(number: int) -> str:
    """One file: the first holds the categories too. An article has one entry for each of its languages."""
    slugs = select(Article.slug).where(*_READABLE).distinct().order_by(Article.slug)
    here = slugs.limit(AT_ONCE).offset((number - 1) * AT_ONCE).subquery()
    columns = select(Article.slug, Article.lang, Article.updated_at, Article.translation_of_id).where(*_READABLE)
    rows = db.session.execute(columns.where(Article.slug.in_(select(here.c.slug))).order_by(Article.slug, Article.id))
    entries = _categories() + _documents() if number == 1 else []
    for slug, versions in groupby(rows, key=lambda row: row.slug):
        entries += _entries(f"{settings().base_url}/kb/{quote(slug)}", list(versions))
    return f"<urlset {_SPACES}>\n{''.join(entries)}</urlset>\n"


def _entries(address: str, versions: Sequence[Any]) -> list[str]:
    addresses = {row.lang: f"{address}?lang={quote(row.lang)}" for row in versions}
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{lang}" href="{href}"/>' for lang, href in sorted(addresses.items())
    )
    links = others if len(versions) > 1 else ""
    return [_entry(addresses[row.lang], row.updated_at, links) for row in versions]


def _categories() -> list[str]:
    """Those in which, or in a section of which, there is something to read."""
    above, newest = aliased(Category), func.max(Article.updated_at)
    own = select(Category.slug, newest).join(Article, Article.category_id == Category.id).where(*_READABLE)
    upper = select(above.slug, newest).join(Category, Category.parent_id == above.id)
    upper = upper.join(Article, Article.category_id == Category.id).where(*_READABLE)
    changed: dict[str, datetime] = {}
    for query in (own.group_by(Category.slug), upper.group_by(above.slug)):
        for slug, at in db.session.execute(query):
            changed[slug] = max(at, changed.get(slug, at))
    base = settings().base_url
    first = _entry(f"{base}/kb/", max(changed.values(), default=None))
    return [first, *(_entry(f"{base}/kb/category/{quote(slug)}", at) for slug, at in sorted(changed.items()))]


def _documents() -> list[str]:
    """The list of manuals and downloads, and each of them once: its page knows its versions and languages."""
    readable = (Document.status == "published", Document.visibility == PUBLIC)
    query = select(Document.slug, func.max(Document.updated_at).label("at")).where(*readable)
    rows = db.session.execute(query.group_by(Document.slug).order_by(Document.slug).limit(AT_ONCE)).all()
    base = f"{settings().base_url}/manuals/"
    first = [_entry(base, max(row.at for row in rows))] if rows else []
    return first + [_entry(base + quote(row.slug), row.at) for row in rows]


def _entry(address: str, changed: datetime | None, links: str = "") -> str:
    at = f"<lastmod>{changed:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if changed else ""
    return f"<url><loc>{escape(address)}</loc>{at}{links}</url>\n"
