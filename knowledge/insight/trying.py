"""What a search finds now, and what it would find with a change that nobody else sees."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.edition import Edition
from knowledge.search.finding import search
from knowledge.search.presenting import Result, present
from portal.db import db

SHOWN = 8


@dataclass(frozen=True)
class Trial:
    """The first results before and after; `new` are the ids of those that the change brings."""

    text: str
    before: Sequence[Result]
    after: Sequence[Result]

    @property
    def new(self) -> set[str]:
        return {one.id for one in self.after} - {one.id for one in self.before}


def tried(text: str, person: Any, locale: str, change: Callable[[], None]) -> Trial:
    """Search with and without a change, which is taken back. Raises what the change raises.

    Found things are kept by the edition's number: during the trial it is one that no edition ever has.
    """
    before = _first(text, person, locale)
    trial = db.session.begin_nested()
    try:
        change()
        db.session.execute(db.update(Edition).values(number=-1 - secrets.randbelow(2**30)))
        after = _first(text, person, locale)
    finally:
        trial.rollback()
    return Trial(text, before, after)


def _first(text: str, person: Any, locale: str) -> Sequence[Result]:
    found = search(text, person, locale)
    return present(found, found.hits[:SHOWN], person, locale)
