"""Addresses for what comes without one: Latin letters from the title in any script, unique, and stable for ever."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import select

from knowledge.articles.article import Article
from knowledge.articles.revision import OldAddress
from knowledge.articles.writing import TAKEN_SLUGS
from portal.db import db

LONGEST = 90
LOOKED_UP = 500  # names in one query


def slug_of(text: str) -> str:
    """`Сеть настроить` → `set-nastroit`, `网络` → `wang-luo`; never empty."""
    from slugify import slugify

    return slugify(text[:400], max_length=LONGEST, word_boundary=True) or "article"


def choose(titles: Mapping[str, str]) -> dict[str, str]:
    """A slug for each external id: the one it has already, else one of its title that nobody has or ever had.

    The second of a name gets a tail made of its id, so that the order of an import doesn't matter to it.
    """
    chosen = _known(list(titles))
    fresh = {name: slug_of(title) for name, title in titles.items() if name not in chosen}
    used = _used(set(fresh.values())) | set(chosen.values())
    for name, slug in fresh.items():
        chosen[name] = f"{slug}-{_tail(name)}" if slug in used or slug in TAKEN_SLUGS else slug
        used.add(slug)
    return chosen


def _tail(name: str) -> str:
    last = name.rpartition("/")[2]
    return last if last.isdigit() and len(last) <= 20 else hashlib.sha256(name.encode()).hexdigest()[:8]


def _known(names: list[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(names), LOOKED_UP):
        asked = select(Article.external_id, Article.slug).where(
            Article.external_id.in_(names[start : start + LOOKED_UP])
        )
        known.update((row.external_id, row.slug) for row in db.session.execute(asked))
    return known


def _used(slugs: set[str]) -> set[str]:
    used: set[str] = set()
    names = sorted(slugs)
    for start in range(0, len(names), LOOKED_UP):
        some = names[start : start + LOOKED_UP]
        used.update(db.session.scalars(select(Article.slug).where(Article.slug.in_(some)).distinct()))
        used.update(db.session.scalars(select(OldAddress.slug).where(OldAddress.slug.in_(some))))
    return used
