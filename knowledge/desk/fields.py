"""What changed from one revision to another beside the text, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.articles.article import Article, Category
from knowledge.articles.editing import properties_of
from knowledge.articles.reading import product_names, version_range
from knowledge.articles.revision import Revision
from knowledge.desk.audiences import audience_name
from knowledge.desk.gate import languages
from portal.audience import PUBLIC
from portal.db import db
from portal.formats import when_day


@dataclass(frozen=True)
class Field:
    """One property, as it was and as it is; either may be empty."""

    name: str
    before: str
    after: str


def changed_fields(before: Revision | Article, after: Revision) -> list[Field]:
    """Everything that differs but the text."""
    one, other = _kept(before), _kept(after)
    found = []
    for name, (title, say) in _fields().items():
        left, right = (say(kept.get(name)) for kept in (one, other))
        if left != right:
            found.append(Field(title, left, right))
    return found


def _kept(one: Revision | Article) -> Mapping[str, Any]:
    properties = properties_of(one) if isinstance(one, Article) else one.properties
    return {**properties, "title": one.title, "summary": one.summary}


def _fields() -> dict[str, tuple[str, Any]]:
    """By property, what it is called, and how its value is said."""
    return {
        "title": (_("Title"), _text),
        "summary": (_("Summary"), _text),
        "category": (_("Category or section"), _shelf),
        "product": (_("Product"), lambda slug: product_names().get(slug, slug) if slug else _("All products")),
        "versions": (_("Versions"), lambda versions: version_range(versions) or _("All versions")),
        "tags": (_("Tags"), lambda tags: ", ".join(tags or ())),
        "visibility": (_("Who may read it"), lambda name: audience_name(name or PUBLIC)),
        "machine_translated": (_("Translated by a machine"), lambda is_so: _("Yes") if is_so else _("No")),
        "check_by": (_("Check again by"), lambda text: when_day(date.fromisoformat(text)) if text else ""),
    }


def _text(value: str | None) -> str:
    return value or ""


def _shelf(slug: str | None) -> str:
    titles = db.session.scalar(select(Category.titles).filter_by(slug=slug or ""))
    return (languages().choose(titles) if titles else "") or slug or _("None")
