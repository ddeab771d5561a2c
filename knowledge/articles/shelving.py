"""Categories and sections under the editors' hands."""

import re
from collections.abc import Mapping

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from knowledge.articles.article import Article, Category
from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from portal.db import db
from portal.errors import Refused

ALL = "all"  # the address of the list of everything
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


def put(
    category: Category | None,
    *,
    slug: str,
    parent_id: int | None,
    position: int,
    icon: str,
    titles: Mapping[str, str],
    descriptions: Mapping[str, str],
) -> Category:
    """Make a category, or change one. With a parent it is a section; those have no sections of their own."""
    if not _SLUG.fullmatch(slug) or slug == ALL:
        raise Refused(_("“%(slug)s” can't be an address: use a-z, 0-9 and hyphens.", slug=slug[:80]))
    holder = db.session.scalars(select(Category).filter_by(slug=slug)).first()
    if holder and holder is not category:
        raise _taken(slug)
    if not any(titles.values()):
        raise Refused(_("Give it a title in one language at least."))
    if parent_id:
        _expect_top(category, parent_id)
    category = category or Category(slug=slug)
    try:
        with db.session.begin_nested():
            category.slug, category.parent_id, category.position, category.icon = slug, parent_id, position, icon
            category.titles = {lang: title for lang, title in titles.items() if title}
            category.descriptions = {lang: text for lang, text in descriptions.items() if text}
            db.session.add(category)
    except IntegrityError:  # another editor has taken the address since it was looked up
        raise _taken(slug) from None
    Edition.advance()
    if held := db.session.scalars(select(Article.id).where(Article.category_id == category.id)).all():
        note_changes(held)  # its title is searched too
    return category


def _taken(slug: str) -> Refused:
    return Refused(_("There is a category “%(slug)s” already.", slug=slug))


def take_away(category: Category) -> None:
    """Remove an empty category."""
    held = select(func.count()).select_from(Article).where(Article.category_id == category.id)
    below = select(func.count()).select_from(Category).where(Category.parent_id == category.id)
    if db.session.scalar(held) or db.session.scalar(below):
        raise Refused(_("There are articles or sections in it. Move them first."))
    db.session.delete(category)
    db.session.flush()
    Edition.advance()


def counted() -> dict[int, int]:
    """How many articles stand in each, whatever their status."""
    rows = db.session.execute(select(Article.category_id, func.count()).group_by(Article.category_id))
    return {category_id: number for category_id, number in rows if category_id}


def _expect_top(category: Category | None, parent_id: int) -> None:
    parent = db.session.get(Category, parent_id)
    if parent is None or parent.parent_id or parent is category:
        raise Refused(_("Choose a category that is no section itself."))
    if category and db.session.scalar(select(Category.id).where(Category.parent_id == category.id).limit(1)):
        raise Refused(_("It has sections, so it can't be one."))
