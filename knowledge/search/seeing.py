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
        hidden_perhaps = {word for word in known if word[0] != WORDS}
        return known - hidden_perhaps | self._there_of(hidden_perhaps)

    def standing_in(self, words: Collection[tuple[str, str]], scope: Scope) -> frozenset[tuple[str, str]]:
        return self._there_of(words) if scope == self._scope else self._searcher.standing_in(words, scope)

    def best(self, wanted: Sequence[Wanted], scope: Scope, limit: int) -> list[tuple[float, Ref]]:
        return self._searcher.best(wanted, scope, limit)

    def _there_of(self, words: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Those that stand in what may be seen. All that weren't asked for yet are asked for at once."""
        if missing := [word for word in words if word not in self._there]:
            there = self._searcher.standing_in(missing, self._scope)
            self._there.update((word, word in there) for word in missing)
        return frozenset(word for word in words if self._there[word])
