"""Drafts that begin with something readers left: a search, a ticket."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.articles import editing
from knowledge.articles.article import Article, Category
from knowledge.articles.markdown import slugify
from knowledge.articles.revision import OldAddress, Revision
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.web import settings

LONGEST_SLUG = 80
LONGEST_TITLE = 200


def from_search(text: str, lang: str, product: str | None, *, by: User, now: datetime) -> Revision:
    """A draft with the search as its title: the words that people look for are those it should have."""
    title = " ".join(text.replace("\0", "").split())[:LONGEST_TITLE]
    if not title:
        raise Refused(_("There is no search to begin with."))
    fields = {"title": title[:1].upper() + title[1:], "note": _("Written for the search “%(text)s”", text=title[:150])}
    return begin(fields | {"product": product or None}, lang, by=by, now=now)


def begin(fields: Mapping[str, Any], lang: str, *, by: User, now: datetime) -> Revision:
    """A draft at an address that nobody has, made of its title."""
    lang = lang if lang in settings().languages else str(settings().default_locale)
    return editing.begin_new({"body": "", **fields, "lang": lang, "slug": free_slug(fields["title"])}, by=by, now=now)


def free_slug(title: str) -> str:
    """Letters of the Latin alphabet from the title, and what tells it from those that are taken."""
    base = re.sub(r"[^a-z0-9-]+", "", slugify(title).lower()).strip("-")[:LONGEST_SLUG].rstrip("-") or "article"
    taken = select(Article.id).where(Article.slug == base)
    moved = select(OldAddress.slug).where(OldAddress.slug == base)
    names_shelf = db.session.scalar(select(Category.id).where(Category.slug == base)) is not None
    if db.session.scalar(taken) is None and db.session.scalar(moved) is None and not names_shelf and len(base) > 2:
        return base
    return f"{base}-{secrets.token_hex(3)}"
