"""Narrowing a search by kind, product, version and language, and how much each choice would leave."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask_login import current_user
from sqlalchemy import select

from knowledge.search.finding import Found, search
from knowledge.search.items import sources
from knowledge.search.ranking import Hit
from knowledge.versions import covers, numbers, sort_key
from portal.accounts.products import Product, Release
from portal.db import db

MOST_VERSIONS = 6
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True)
class Catalogue:
    """Names of products by slug, and of each its releases as 'major.minor', the newest first.

    `state` says all that is in it: a part of the key of what shows it.
    """

    names: Mapping[str, str]
    releases: Mapping[str, tuple[str, ...]]
    state: Hashable

    @classmethod
    def read(cls) -> "Catalogue":
        rows = db.session.execute(select(Product.slug, Product.name, Release.version).outerjoin(Product.releases)).all()
        found: dict[str, set[str]] = {}
        for slug, _name, version in rows:
            if version:
                found.setdefault(slug, set()).add(".".join(version.split(".")[:2]))
        newest = {slug: tuple(sorted(some, key=sort_key, reverse=True)[:MOST_VERSIONS]) for slug, some in found.items()}
        return cls({slug: name for slug, name, _version in rows}, newest, frozenset(map(tuple, rows)))


@dataclass(frozen=True)
class Narrowed:
    """What a search is narrowed to, under the names it has in addresses. A version leaves out what is known to be for
    others: what says nothing of versions stays."""

    kind: str | None = None
    product: str | None = None
    version: str | None = None
    language: str | None = None

    @classmethod
    def by(cls, args: Mapping[str, str]) -> "Narrowed":
        return cls(**{name: args.get(name, "").replace("\0", "")[:40] or None for name in cls.__dataclass_fields__})

    def chosen(self) -> dict[str, str]:
        """By name, what was chosen."""
        return {name: value for name, value in asdict(self).items() if value}

    def without(self, name: str) -> "Narrowed":
        # a version says nothing without its product
        return replace(self, **({name: None} if name != "product" else {"product": None, "version": None}))

    def problem(self, catalogue: Catalogue) -> str | None:
        """Why this can't be asked, in a sentence, or None."""
        if self.kind and self.kind not in sources():
            return f"There is no kind “{self.kind}”. The kinds are: {', '.join(sorted(sources()))}."
        if self.product and self.product not in catalogue.names:
            return f"There is no product “{self.product}”. The products are: {', '.join(sorted(catalogue.names))}."
        if self.version and numbers(self.version) is None:
            return f"“{self.version}” is no version: write numbers with dots, such as 4.2."
        if self.language and not _LANGUAGE.fullmatch(self.language):
            return f"“{self.language}” is no language: write a code such as de or zh-CN."
        return None

    def find(self, text: str, person: Any, locale: str, *, typing: bool = False) -> "Narrowing":
        """What the search finds in this."""
        scope = {"kind": self.kind, "lang": self.language, "product": self.product, "version": self.version}
        return Narrowing(search(text, person, locale, typing=typing, **scope), self)


@dataclass(frozen=True)
class Narrowing:
    """What was found, and what is left of it."""

    found: Found
    narrowed: Narrowed

    @property
    def hits(self) -> tuple[Hit, ...]:
        if not self.narrowed.version:
            return self.found.hits
        return tuple(hit for hit in self.found.hits if hit.is_covered is not False)

    def counts(self, name: str, catalogue: Catalogue) -> list[tuple[str, int]]:
        """By choice of this name, how many would be left: the most first, versions from the newest on."""
        best = [hit.best for hit in self.hits]
        if name != "version":
            return _counted(getattr(ref, "lang" if name == "language" else name) for ref in best)
        releases = catalogue.releases.get(self.narrowed.product or "", ())
        some = [(version, sum(covers(ref.versions, version) is not False for ref in best)) for version in releases]
        return [(version, count) for version, count in some if count] if any(ref.versions for ref in best) else []


@dataclass(frozen=True)
class Facet:
    """A name to narrow by, its choices with how many each leaves, and the one that was chosen."""

    name: str
    choices: list[tuple[str, int]]
    chosen: str | None


def facets(whole: Mapping[str, Narrowing], narrowed: Narrowed, catalogue: Catalogue) -> list[Facet]:
    """Those that leave anything out. `whole` is by name what is found when all but that is narrowed."""
    shown = []
    for name, narrowing in whole.items():
        chosen = getattr(narrowed, name)
        choices = narrowing.counts(name, catalogue)
        if chosen and chosen not in dict(choices):
            choices.append((chosen, 0))
        if chosen or any(count < len(narrowing.hits) for _, count in choices):
            shown.append(Facet(name, choices, chosen))
    return shown


def whole_of(here: Narrowing, text: str, locale: str, *, typing: bool) -> dict[str, Narrowing]:
    """By name, what is found when all but that is narrowed: the same search where nothing was chosen."""
    chosen = here.narrowed.chosen()
    return {
        name: here.narrowed.without(name).find(text, current_user, locale, typing=typing) if name in chosen else here
        for name in Narrowed.__dataclass_fields__
    }


def _counted(values: Iterable[str | None]) -> list[tuple[str, int]]:
    return Counter(value for value in values if value).most_common()
