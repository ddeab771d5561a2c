"""How text becomes words: the same for what is indexed and what is asked."""

import pytest

from knowledge.search.ranking import distance
from knowledge.search.words import STEMMED, field_of, fold, identifiers, pairs, plain_words, stemmer, terms


@pytest.mark.parametrize("field", STEMMED)
def test_every_stemmer_works(field: str) -> None:
    assert stemmer(field)("beacon")


def test_forms_of_a_word_are_one_term() -> None:
    assert terms("The certificates were installed", "en") == terms("installing a certificate", "en")[::-1]
    assert terms("Lizenzen", "de") == terms("Lizenz", "de")
    assert terms("ключами", "ru") == terms("ключ", "ru")


def test_accents_may_be_left_out() -> None:
    assert fold("übertragung") == "ubertragung" and fold("mållås") == "mallas" and fold("ещё") == "еще"
    assert fold("йод") == "йод"


def test_runs_of_chinese_become_pairs() -> None:
    assert pairs("安装Beacon代理，错") == ["安装", "代理", "错"]
    assert terms("安装Beacon代理", "plain") == ["beacon"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("BCN-3010: limit", {"bcn-3010", "bcn3010"}),
        ("since v4.2.1.", {"4.2", "4.2.1"}),
        ("0x80070005 in beaconctl.exe", {"0x80070005", "beaconctl.exe"}),
        ("ERR_CERT_DATE", {"err_cert_date"}),
        ("nothing here, e-mail me", {"e-mail"}),
    ],
)
def test_identifiers_are_kept_as_written(text: str, names: set[str]) -> None:
    assert set(identifiers(text)) == names


def test_a_question_means_the_version_it_names() -> None:
    assert identifiers("v4.2.1", asked=True) == ["4.2.1"]
    assert "bcn3010" in identifiers("bcn 3010", asked=True)


def test_languages_without_a_stemmer_share_a_field() -> None:
    assert (field_of("de-AT"), field_of("zh"), field_of("pl")) == ("de", "plain", "plain")
    assert plain_words("Żółw i 42") == ["zolw", "42"]


@pytest.mark.parametrize(
    ("a", "b", "steps"), [("eror", "error", 1), ("becaon", "beacon", 1), ("abc", "xyz", 3), ("a", "abcdef", 3)]
)
def test_distance_counts_swaps_as_one(a: str, b: str, steps: int) -> None:
    assert distance(a, b, 3) == steps


def test_a_word_that_a_stemmer_breaks_on_stays_whole() -> None:
    assert stemmer("es")("argue") == "argue"
