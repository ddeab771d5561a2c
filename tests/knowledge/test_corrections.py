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
    assert found(demo, "de", "Verbindng").instead == "Verbindung"
    assert found(demo, "nl", "verbindng").instead == "verbinding"


def test_without_a_telling_word_other_languages_are_searched_but_not_suggested(demo: Flask) -> None:
    result = found(demo, "en", "Verbindng")
    assert result.suggestion is None and result.instead is None
    assert "de" in {hit.best.lang for hit in result.hits}


def test_a_misspelt_word_of_the_readers_language_is_corrected(demo: Flask) -> None:
    assert found(demo, "en", "batery").instead == "battery"


def test_a_correction_keeps_the_capitals_that_were_typed(demo: Flask) -> None:
    suggested = {text: found(demo, "en", text) for text in ("Licence kie", "the CERTIFCATE of Relay", "Batery")}
    assert suggested["the CERTIFCATE of Relay"].suggestion == "the CERTIFICATE of Relay"
    assert suggested["Batery"].instead == "Battery"


@pytest.mark.parametrize(("locale", "text"), [("en", "certificat expried"), ("nl", "Beacon instaleren")])
def test_a_form_of_another_languages_word_is_a_mistake_in_the_readers(demo: Flask, locale: str, text: str) -> None:
    assert found(demo, locale, text).suggestion in ("certificate expired", "certificat expired", "Beacon installeren")
    assert found(demo, locale, text).hits[0].best.lang == locale


@pytest.mark.parametrize(
    ("locale", "text", "article"),
    [
        ("de", "Wie löse ich meinen Lizenzschlüssel ein?", "claim-licence-key"),
        ("nl", "Welke poorten moeten open staan in de firewall?", "firewall-ports"),
        ("nl", "Waarom weigert de console de tunnel?", "rly-0307-tunnel-refused"),
        ("ru", "Как настроить прокси-сервер?", "proxy-settings"),
    ],
)
def test_what_is_answered_is_not_doubted(demo: Flask, locale: str, text: str, article: str) -> None:
    """Words that no article happens to hold are no mistakes, where the others find the answer."""
    result = found(demo, locale, text)
    assert result.suggestion is None and result.hits[0].best.address == f"kb/{article}"


@pytest.mark.parametrize(("locale", "text"), [("en", "licnce key"), ("de", "Zertifkat Fehler"), ("zh", "安装 Becon")])
def test_what_hangs_on_a_misspelt_word_is(demo: Flask, locale: str, text: str) -> None:
    assert found(demo, locale, text).suggestion
