"""Scores from whole posting lists: Whoosh's own, whatever has been changed and deleted meanwhile."""

from collections.abc import Callable, Collection, Iterator
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from whoosh.query import Term

from knowledge.articles.article import Article
from knowledge.edition import Edition
from knowledge.search import postings
from knowledge.search.engine import Wanted, engine
from knowledge.search.items import Scope
from knowledge.search.lexicon import distances_from
from knowledge.search.postings import Mask, Postings
from knowledge.search.ranking import COVERAGE, distance
from portal.audience import PUBLIC
from portal.db import db

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
def allowed(searcher: Any) -> list[Mask]:
    """What a visitor may find, by segment."""
    with engine().opened(Edition.current()[0]) as opened:
        found: list[Mask] = opened._allowed_in(Scope((PUBLIC,)))  # type: ignore[attr-defined]
        return found


def none_but(allowed: list[Mask], numbers: Collection[int]) -> list[Mask]:
    """Masks for these numbers alone."""
    masks, base = [], 0
    for mask in allowed:
        masks.append(Mask(base + n in numbers for n in range(len(mask))))
        base += len(mask)
    return masks


@pytest.mark.parametrize("text", ["pump sensor", "pump signal battery", "gateway", "update signal pump sensor"])
@pytest.mark.parametrize("boost", [1.0, 3.0])
def test_scores_are_those_of_whoosh_and_a_bonus_for_more_words(
    searcher: Any, allowed: list[Mask], text: str, boost: float
) -> None:
    words = [Wanted("words", word, boost if n else 1.0) for n, word in enumerate(text.split())]
    many, theirs = len(words), dict[int, list[float]]()
    every = b"".join(allowed)
    mine = {number for number in range(len(every)) if every[number]}
    for field, word, factor in words:
        for score, number in searcher.search(Term(field, word, boost=factor), limit=100, filter=mine).top_n:
            theirs.setdefault(number, []).append(score)
    ours = Postings(searcher).best(words, allowed, 100)
    assert {number for _, number in ours} == set(theirs) and len(ours) > 20
    for score, number in ours:
        worth = sum(theirs[number]) + (len(theirs[number]) - 1) / (many - COVERAGE) ** 2
        assert score == pytest.approx(worth * (many - 1) / many if many > 1 else worth)


def test_the_best_come_first_and_are_cut(searcher: Any, allowed: list[Mask]) -> None:
    words = [Wanted("words", word, 1.0) for word in WORDS]
    everything = Postings(searcher).best(words, allowed, 1000)
    assert everything == sorted(everything, key=lambda pair: (-pair[0], pair[1]))
    assert Postings(searcher).best(words, none_but(allowed, {number for _, number in everything}), 5) == everything[:5]


def test_only_what_is_allowed_is_found(searcher: Any, allowed: list[Mask]) -> None:
    postings, words = Postings(searcher), [Wanted("words", "pump", 1.0), Wanted("words", "sensor", 1.0)]
    number = postings.best(words, allowed, 100)[7][1]
    assert [found for _, found in postings.best(words, none_but(allowed, {number}), 100)] == [number]
    assert postings.best(words, none_but(allowed, ()), 100) == []
    assert postings.best([], allowed, 100) == []


def test_what_was_deleted_is_not_found(searcher: Any, allowed: list[Mask]) -> None:
    words = [Wanted("words", "number", 1.0)]
    found = Postings(searcher).best(words, allowed, 100)
    assert len(found) == 35


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8])
@pytest.mark.parametrize(
    "text", ["pump sensor gateway update", "number battery", "signal number pump", "number 7 12 update"]
)
def test_what_is_cut_short_would_not_have_come_first(searcher: Any, allowed: list[Mask], text: str, limit: int) -> None:
    words = [Wanted("words", word, 1.0) for word in text.split()]
    everything = Postings(searcher).best(words, allowed, 1000)
    assert Postings(searcher).best(words, allowed, limit) == everything[:limit]


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("limit", [1, 3, 8])
def test_sections_scored_piece_by_piece_come_as_those_scored_together(
    searcher: Any, allowed: list[Mask], limit: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [Wanted("words", word, 1.0) for word in ("pump", "signal", "sensor")]
    together = Postings(searcher).best(words, allowed, limit)
    monkeypatch.setattr(postings, "AT_ONCE", at_once)
    assert Postings(searcher).best(words, allowed, limit) == together
    assert together


def test_what_was_read_serves_the_next_generation(app: Flask, write: Callable[..., str]) -> None:
    """A change leaves the other segments' lists, words and rights as they are, and hides what it replaces."""
    for n in range(12):
        write(slug=f"article-{n}", title=f"Pump number {n}", body="sensor " * (n + 1))
    scope, words = Scope((PUBLIC,)), [Wanted("words", word, 1.0) for word in ("pump", "sensor")]
    with app.test_request_context():
        with engine().opened(Edition.current()[0]) as opened:
            before = opened.best(words, scope, 100)
        write(slug="article-3", title="Gateway", body="A gateway.")
        with engine().opened(Edition.current()[0]) as opened:
            after = opened.best(words, scope, 100)
            fresh = Postings(opened._searcher).best(words, opened._allowed_in(scope), 100)  # type: ignore[attr-defined]
            assert "gateway" in dict(opened.beginning_with("gate", 5)) and not opened.near("gatewey", 0)
        changed = db.session.scalar(select(Article.id).where(Article.slug == "article-3"))
    assert {ref.item_id for _, ref in before} - {ref.item_id for _, ref in after} == {changed}
    assert [score for score, _ in after] == pytest.approx([score for score, _ in fresh], rel=0.01)


@pytest.mark.parametrize("word", ["pump", "sensor", "gateway", "a"])
def test_letters_are_counted_as_the_ranking_counts_them(word: str) -> None:
    chance, count = Random(1), distances_from(word)
    for _ in range(300):
        letters = list(word)
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(letters) + 1)
            letters[place : place + chance.randrange(3)] = chance.choices("pumsenorgatwy", k=chance.randrange(3))
        other = "".join(letters)
        assert count(other) == distance(word, other, 99)
