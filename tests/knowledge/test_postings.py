"""Scores from whole posting lists: Whoosh's own, whatever has been changed and deleted meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from whoosh.query import Term

from knowledge.audience import PUBLIC
from knowledge.edition import Edition
from knowledge.search.engine import Wanted, engine
from knowledge.search.items import Scope
from knowledge.search.postings import Postings
from knowledge.search.ranking import COVERAGE

pytestmark = pytest.mark.whoosh
WORDS = ("pump", "sensor", "gateway", "update", "battery", "signal")


@pytest.fixture
def searcher(app: Flask, write: Callable[..., str]) -> Iterator[Any]:
    """Forty articles in several segments, some of them written twice."""
    for n in range(40):
        body = " ".join(WORDS[(n * 5 + i * i) % (6 if n % 3 else 4)] for i in range(4 + n))
        write(slug=f"article-{n % 35}", title=f"{WORDS[n % 6]} number {n}", body=body)
    with app.test_request_context(), engine().opened(Edition.current()[0]) as opened:
        yield opened._searcher  # type: ignore[attr-defined]


@pytest.fixture
def allowed(searcher: Any) -> set[int]:
    """What a visitor may find."""
    with engine().opened(Edition.current()[0]) as opened:
        found: set[int] = opened._allowed_in(Scope((PUBLIC,)))  # type: ignore[attr-defined]
        return found


@pytest.mark.parametrize("text", ["pump sensor", "pump signal battery", "gateway", "update signal pump sensor"])
@pytest.mark.parametrize("boost", [1.0, 3.0])
def test_scores_are_those_of_whoosh_and_a_bonus_for_more_words(
    searcher: Any, allowed: set[int], text: str, boost: float
) -> None:
    words = [Wanted("words", word, boost if n else 1.0) for n, word in enumerate(text.split())]
    many, theirs = len(words), dict[int, list[float]]()
    for field, word, factor in words:
        for score, number in searcher.search(Term(field, word, boost=factor), limit=100, filter=allowed).top_n:
            theirs.setdefault(number, []).append(score)
    ours = Postings(searcher).best(words, allowed, 100)
    assert {number for _, number in ours} == set(theirs) and len(ours) > 20
    for score, number in ours:
        worth = sum(theirs[number]) + (len(theirs[number]) - 1) / (many - COVERAGE) ** 2
        assert score == pytest.approx(worth * (many - 1) / many if many > 1 else worth)


def test_the_best_come_first_and_are_cut(searcher: Any, allowed: set[int]) -> None:
    words = [Wanted("words", word, 1.0) for word in WORDS]
    everything = Postings(searcher).best(words, allowed, 1000)
    assert everything == sorted(everything, key=lambda pair: (-pair[0], pair[1]))
    assert Postings(searcher).best(words, {number for _, number in everything}, 5) == everything[:5]


def test_only_what_is_allowed_is_found(searcher: Any, allowed: set[int]) -> None:
    postings, words = Postings(searcher), [Wanted("words", "pump", 1.0), Wanted("words", "sensor", 1.0)]
    number = postings.best(words, allowed, 100)[7][1]
    assert [found for _, found in postings.best(words, {number}, 100)] == [number]
    assert postings.best(words, set(), 100) == []
    assert postings.best([], {number}, 100) == []


def test_what_was_deleted_is_not_found(searcher: Any, allowed: set[int]) -> None:
    words = [Wanted("words", "number", 1.0)]
    found = Postings(searcher).best(words, allowed, 100)
    assert len(found) == 35
