"""Addresses for what comes without one: Latin letters from the title in any script, unique, and stable for ever."""

import hashlib
from collections.abc import Callable, Mapping

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


def choose(titles: Mapping[str, str], original: Callable[[str], str] = str) -> dict[str, str]:
    """A slug for each external id: the one it has already, else one of its title that nobody has or ever had.

    The second of a name gets a tail made of its id, so that the order of an import doesn't matter to it. `original`
    gives the id of which another one is a translation: those share an address, whichever comes first.
    """
    chosen = _known(list(titles))
    fresh = {name: slug_of(title) for name, title in titles.items() if name not in chosen}
    holders = _holders(set(fresh.values()))
    used = set(chosen.values())
    for name, slug in fresh.items():
        if any(original(holder) != name for holder in holders.get(slug, ())):
            used.add(slug)
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


def _holders(slugs: set[str]) -> dict[str, set[str]]:
    """The external ids of the articles at these addresses; "" for one that once was an article's."""
    holders: dict[str, set[str]] = {}
    names = sorted(slugs)
    for start in range(0, len(names), LOOKED_UP):
        some = names[start : start + LOOKED_UP]
        for row in db.session.execute(select(Article.slug, Article.external_id).where(Article.slug.in_(some))):
            holders.setdefault(row.slug, set()).add(row.external_id)
        for slug in db.session.scalars(select(OldAddress.slug).where(OldAddress.slug.in_(some))):
            holders.setdefault(slug, set()).add("")
    return holders
