"""Links in articles that lead nowhere. Those into the portal are looked up in the database, anchors among them.

Of what lies outside, only the spelling is checked: the portal asks nobody, so it tells nobody what its articles name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from huey import crontab
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile, OldAddress
from knowledge.documents.document import Document
from knowledge.insight.tables import BrokenLink
from portal.audience import PUBLIC, STAFF
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job
from portal.web import settings

REASONS = {
    "no_page": _l("There is no such page"),
    "no_article": _l("There is no such article"),
    "not_public": _l("Readers of this article may not read that one"),
    "archived": _l("That article is archived"),
    "no_anchor": _l("The page has no such heading"),
    "no_file": _l("There is no such file"),
    "no_document": _l("There is no such manual or download"),
    "misspelt": _l("This can't be an address"),
}
BATCH = 200
_HOST = re.compile(r"(?=.{1,253}$)([^\W_]([\w-]{0,61}[^\W_])?\.)*[^\W_]([\w-]{0,61}[^\W_])?", re.ASCII)
_MAILBOX = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


@dataclass(frozen=True)
class Link:
    target: str
    words: str


_LINK = re.compile(r"<a\b([^>]*)>(.*?)</a>|<img\b([^>]*)>", re.DOTALL)
_TARGET = re.compile(r'\b(?:href|src)="([^"]*)"')


def read_html(html: str) -> tuple[list[Link], set[str]]:
    """The links and pictures of a text as `rendering.py` made and cleaned it, and its anchors."""
    found = []
    for match in _LINK.finditer(html):
        given = match[1] if match[1] is not None else match[3]
        target = _TARGET.search(given)
        if target and "header-anchor" not in given:
            words = " ".join(unescape(re.sub(r"<[^>]*>", "", match[2] or "")).split())
            found.append(Link(unescape(target[1]), words))
    return found, anchors_of(html)


def anchors_of(html: str) -> set[str]:
    return {unescape(name) for name in re.findall(r'\bid="([^"]+)"', html)}


class Map:
    """What there is to be linked to, read once for a whole check."""

    def __init__(self) -> None:
        self.host = settings().host
        self.articles: dict[str, list[Any]] = {}
        self.anchors: dict[int, set[str]] = {}
        columns = (Article.id, Article.slug, Article.lang, Article.status, Article.visibility)
        for row in db.session.execute(select(*columns).where(Article.status != "draft")):
            self.articles.setdefault(row.slug, []).append(row)
        moved = select(OldAddress.slug, Article.slug).join(Article, Article.id == OldAddress.article_id)
        self.moved: Mapping[str, str] = {row[0]: row[1] for row in db.session.execute(moved)}
        self.shelves = set(db.session.scalars(select(Category.slug)))
        self.files = set(db.session.scalars(select(ArticleFile.token)))
        self.documents = set(db.session.scalars(select(Document.slug).where(Document.status == "published")))
        self.rules = current_app.url_map.bind(self.host)

    def ailment(self, target: str, article: Any, anchors: set[str]) -> str:
        """Why a link in this article (with these anchors of its own) leads nowhere; "" where it leads somewhere."""
        try:
            parts = urlsplit(target)
            port = parts.port
        except ValueError:
            return "misspelt"
        if parts.scheme == "mailto":
            return "" if _MAILBOX.fullmatch(unquote(parts.path)) else "misspelt"
        if parts.scheme in ("http", "https") and parts.netloc != self.host:
            host = parts.hostname or ""
            return "" if _is_host(host) and port != 0 else "misspelt"
        if parts.scheme not in ("", "http", "https"):
            return "misspelt"
        if not parts.path and not parts.netloc:
            return "" if not parts.fragment or unquote(parts.fragment) in anchors else "no_anchor"
        path = parts.path if parts.path.startswith("/") else f"/kb/{parts.path}"
        return self._inside(path, unquote(parts.fragment), parse_qs(parts.query).get("in", [""])[0], article)

    def _inside(self, path: str, fragment: str, lang: str, article: Any) -> str:
        try:
            endpoint, given = self.rules.match(unquote(path), method="GET")
        except RequestRedirect:
            return ""
        except HTTPException:
            return "no_page"
        if endpoint in ("articles.show", "articles.compare"):
            return self._article(given["slug"], fragment, lang, article)
        if endpoint == "articles.category":
            return "" if given["slug"] in self.shelves | {"all"} else "no_page"
        if given.get("token") and path.startswith("/kb/files/"):
            return "" if given["token"] in self.files else "no_file"
        if path.startswith("/manuals/") and given.get("slug"):
            return "" if given["slug"] in self.documents else "no_document"
        return ""

    def _article(self, slug: str, fragment: str, lang: str, article: Any) -> str:
        there = self.articles.get(slug) or self.articles.get(self.moved.get(slug, ""), [])
        if not there:
            return "no_article"
        live = [one for one in there if one.status == "published"]
        if not live:
            return "archived"
        readable = (PUBLIC, article.visibility)
        if article.visibility != STAFF and not any(one.visibility in readable for one in live):
            return "not_public"
        wanted = [one for one in live if one.lang == (lang or article.lang)] or live
        return "no_anchor" if fragment and not any(fragment in self._anchors(one.id) for one in wanted) else ""

    def _anchors(self, article_id: int) -> set[str]:
        if article_id not in self.anchors:
            html = db.session.scalar(select(Article.html).where(Article.id == article_id)) or ""
            self.anchors[article_id] = anchors_of(html)
        return self.anchors[article_id]


def _is_host(host: str) -> bool:
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return False
    return bool(_HOST.fullmatch(ascii_host)) or ":" in host


def check_links(*, now: datetime) -> int:
    """Look every link of every published article up; returns how many lead nowhere. What was mended is forgotten."""
    there, found = Map(), 0
    kept = {(row.article_id, row.target): row for row in db.session.scalars(select(BrokenLink))}
    for article, link, reason in _broken(there):
        found += 1
        row = kept.pop((article.id, link.target), None)
        if row is None:
            row = BrokenLink(article_id=article.id, target=link.target, found_at=now)
            db.session.add(row)
        row.words, row.reason = link.words[:200], reason
    for row in kept.values():
        db.session.delete(row)
    db.session.flush()
    return found


def _broken(there: Map) -> Iterator[tuple[Any, Link, str]]:
    columns = (Article.id, Article.lang, Article.visibility, Article.html)
    published = select(*columns).where(Article.status == "published").order_by(Article.id)
    for article in db.session.execute(published).yield_per(BATCH):
        links, anchors = read_html(article.html)
        seen = set()
        for link in links:
            if link.target in seen or len(link.target) > 500:
                continue
            seen.add(link.target)
            if reason := there.ailment(link.target, article, anchors):
                yield article, link, reason


@job("check_links")
def check() -> None:
    check_links(now=utcnow())


def init_links(app: Flask) -> None:
    """Have the links checked every night."""

    @app.extensions["queue"].periodic_task(crontab(hour="3", minute="41"), name="check_links")
    def check_every_night() -> None:
        with app.app_context(), writing(), db.session.begin():
            enqueue("check_links")
