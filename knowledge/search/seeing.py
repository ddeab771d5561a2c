"""An index as it looks to those who may see a part of it."""

from collections.abc import Collection, Sequence

from knowledge.search.engine import Searcher, Wanted
from knowledge.search.items import Ref, Scope
from knowledge.search.words import WORDS


class SeenBy:
    """A searcher that knows no word of what is hidden: such a word changes no weight, no score and no correction.

    The field `WORDS` holds public words alone, so nothing needs to be looked up for it.
    """

    def __init__(self, searcher: Searcher, scope: Scope) -> None:
        self._searcher, self._scope = searcher, scope
        self._there: dict[tuple[str, str], bool] = {}
        self.fields, self.refs = searcher.fields, searcher.refs
        self.beginning_with, self.near = searcher.beginning_with, searcher.near

    def known(self, words: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        known = self._searcher.known(words)
        return frozenset(word for word in known if word[0] == WORDS or self._is_there(word))

    def stands_in(self, field: str, term: str, scope: Scope) -> bool:
        if scope == self._scope:
            return self._is_there((field, term))
        return self._searcher.stands_in(field, term, scope)

    def best(self, wanted: Sequence[Wanted], scope: Scope, limit: int) -> list[tuple[float, Ref]]:
        return self._searcher.best(wanted, scope, limit)

    def _is_there(self, word: tuple[str, str]) -> bool:
        if word not in self._there:
            self._there[word] = self._searcher.stands_in(*word, self._scope)
        return self._there[word]
