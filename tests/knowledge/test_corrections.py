"""A correction stays in the language of the question, or in the reader's; other languages only widen the search."""

import pytest
from flask import Flask
from flask_login import AnonymousUserMixin

from knowledge.search.finding import Found, search


def found(demo: Flask, locale: str, text: str) -> Found:
    with demo.test_request_context():
        return search(text, AnonymousUserMixin(), locale)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_german_words_get_no_dutch_suggestion(demo: Flask, locale: str) -> None:
    result = found(demo, locale, "Verbindung verloren")
    assert result.suggestion is None and result.instead is None
    assert result.hits[0].best.lang == "de"


def test_a_misspelt_word_is_read_in_the_readers_language(demo: Flask) -> None:
    assert found(demo, "de", "Verbindng").instead == "verbindung"
    assert found(demo, "nl", "verbindng").instead == "verbinding"


def test_without_a_telling_word_other_languages_are_searched_but_not_suggested(demo: Flask) -> None:
    result = found(demo, "en", "Verbindng")
    assert result.suggestion is None and result.instead is None
    assert "de" in {hit.best.lang for hit in result.hits}


def test_a_misspelt_word_of_the_readers_language_is_corrected(demo: Flask) -> None:
    assert found(demo, "en", "batery").instead == "battery"
