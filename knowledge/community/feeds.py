"""What is new, for feed readers and search engines of the web: Atom feeds and a sitemap of what everybody may read."""

import re
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import Response, abort, request
from flask_babel import gettext as _
from flask_login import AnonymousUserMixin
from sqlalchemy import func, select

from knowledge.community import listing
from knowledge.community.blueprint import address_of, bp
from knowledge.community.naming import called
from knowledge.community.showing import topic_row
from knowledge.community.topic import ForumCategory, Post, Topic
from knowledge.community.views import chosen
from portal.accounts.people import User
from portal.audience import PUBLIC
from portal.db import db, utcnow
from portal.web import public, settings

MOST = 30  # entries of a feed
AT_ONCE = 10_000  # numbers of topics in one file of the sitemap
ANYBODY = AnonymousUserMixin()
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_INWARD = re.compile(r'\b(src|href)="/(?!/)')
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BY = (Post.author_id, Post.author_name, User.name.label("author"))
_READABLE = (Topic.state == "shown", Topic.posts > 0, ForumCategory.visibility == PUBLIC)


@bp.get("/feed.atom")
@public
def feed() -> Response:
    """The newest topics of all categories."""
    return _atom(_("Community"), address_of_all(), _new_topics())


@bp.get("/category/<slug>/feed.atom")
@public
def category_feed(slug: str) -> Response:
    """The newest topics of a category."""
    here = listing.room(slug, ANYBODY) or abort(404)
    address = f"{settings().base_url}/community/category/{here.slug}"
    return _atom(chosen().choose(here.titles), address, _new_topics(Topic.category_id == here.id))


@bp.get("/topic/<int:topic_id>/feed.atom")
@public
def topic_feed(topic_id: int) -> Response:
    """The newest posts of a topic."""
    topic = topic_row(topic_id, ANYBODY) or abort(404)
    columns = (
        Post.id,
        Post.number,
        Post.created_at,
        Post.html,
        Post.author_id,
        Post.author_name,
        User.name.label("author"),
    )
    shown = select(*columns, Post.edited_at).outerjoin(User, User.id == Post.author_id)
    shown = shown.where(Post.topic_id == topic.id, Post.state == "shown")
    rows = db.session.execute(shown.order_by(Post.number.desc()).limit(MOST)).all()
    return _atom(topic.title, _outside(topic), [(topic, topic.title, row) for row in rows])


def _new_topics(*where: Any) -> list[tuple[Any, str, Any]]:
    columns = (Topic.id, Topic.slug, Topic.title, Post.number, Post.created_at, Post.edited_at, Post.html)
    query = select(*columns, Post.author_id, Post.author_name, User.name.label("author")).join(
        Post, Post.topic_id == Topic.id
    )
    query = query.join(ForumCategory, ForumCategory.id == Topic.category_id)
    query = query.outerjoin(User, User.id == Post.author_id).where(*_READABLE, Post.number == 1, Post.state == "shown")
    rows = db.session.execute(query.where(*where).order_by(Topic.created_at.desc(), Topic.id.desc()).limit(MOST))
    return [(row, row.title, row) for row in rows]


def _atom(title: str, address: str, entries: Iterable[tuple[Any, str, Any]]) -> Response:
    """A feed by RFC 4287. Entries are (topic, title, post)."""
    told, newest = [], None
    for topic, name, post in entries:
        at = post.edited_at or post.created_at
        newest = max(newest or at, at)
        told.append(_entry(_outside(topic, post.number), name, post, at))
    own = f"{settings().base_url}{request.path}"
    head = f"<title>{_text(title)}</title><id>{escape(own)}</id><updated>{_at(newest or utcnow())}</updated>"
    links = f'<link rel="self" href={quoteattr(own)}/><link href={quoteattr(address)}/>'
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{links}\n{"".join(told)}</feed>\n'
    return _answer(feed, "application/atom+xml")


def _outward(html: str) -> str:
    """The post with its own pictures and links at addresses that hold outside of the portal."""
    return _INWARD.sub(rf'\1="{settings().base_url}/', html)


def _entry(address: str, title: str, post: Any, at: Any) -> str:
    author, text = called(post.author, post.author_name, post.author_id), _outward(post.html)
    return (
        f"<entry><title>{_text(title)}</title><id>{escape(address)}</id><link href={quoteattr(address)}/>"
        f"<published>{_at(post.created_at)}</published><updated>{_at(at)}</updated>"
        f'<author><name>{_text(author)}</name></author><content type="html">{_text(text)}</content></entry>\n'
    )


@bp.get("/sitemap.xml")
@public
def sitemap() -> Response:
    """All topics, or the list of files when there are too many for one."""
    last = db.session.scalar(select(func.max(Topic.id))) or 0
    if last <= AT_ONCE:
        return _answer(_addresses(1), "text/xml")
    base = f"{settings().base_url}/community/sitemap"
    files = "".join(f"<sitemap><loc>{base}-{n}.xml</loc></sitemap>\n" for n in range(1, -(-last // AT_ONCE) + 1))
    return _answer(f'<sitemapindex xmlns="{_MAPS}">\n{files}</sitemapindex>\n', "text/xml")


@bp.get("/sitemap-<int:number>.xml")
@public
def sitemap_file(number: int) -> Response:
    last = db.session.scalar(select(func.max(Topic.id))) or 0
    if not 1 <= number <= max(1, -(-last // AT_ONCE)):
        abort(404)
    return _answer(_addresses(number), "text/xml")


def _addresses(number: int) -> str:
    """One file: topics by their numbers, so that each stays in its file; the first has the categories too."""
    here = Topic.id.between((number - 1) * AT_ONCE + 1, number * AT_ONCE)
    query = select(Topic.id, Topic.slug, Topic.bumped_at).join(ForumCategory).where(here, *_READABLE)
    entries = []
    if number == 1:
        rooms = [f"{settings().base_url}/community/category/{room.slug}" for room in listing.rooms(ANYBODY)]
        entries = [f"<url><loc>{escape(one)}</loc></url>\n" for one in (address_of_all(), *rooms)]
    for row in db.session.execute(query.order_by(Topic.id)):
        entries.append(f"<url><loc>{escape(_outside(row))}</loc><lastmod>{_at(row.bumped_at)}</lastmod></url>\n")
    return f'<urlset xmlns="{_MAPS}">\n{"".join(entries)}</urlset>\n'


def address_of_all() -> str:
    return f"{settings().base_url}/community/"


def _outside(topic: Any, number: int = 1) -> str:
    return f"{settings().base_url}{address_of(topic, number)}"


def _text(text: str) -> str:
    return escape(_NO_XML.sub("", text))


def _at(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _answer(text: str, kind: str) -> Response:
    """Asked for anew each time: what was hidden a moment ago is gone from it."""
    response = Response(_HEAD + text, mimetype=kind)
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
