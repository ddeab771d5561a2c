"""Every catalogue says everything, with the placeholders that the program fills in."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ROOT / "portal" / "translations"
LANGUAGES = sorted(path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "N_": None}
SOURCES = ("portal", "knowledge", "templates")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]")
ENOUGH = 0.95


@cache
def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def with_contexts() -> frozenset[tuple[str | tuple[str, ...], str | None]]:
    """The messages of the program and its templates with their contexts, found the way `make messages` finds them."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")
    found = extract_from_dir(
        ROOT, methods, options, KEYWORDS, directory_filter=lambda path: Path(path).relative_to(ROOT).parts[0] in SOURCES
    )
    return frozenset((message, context) for _path, _line, message, _comments, context in found if message)


def extractable() -> frozenset[str | tuple[str, ...]]:
    return frozenset(message for message, _context in with_contexts())


def entries(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_there_are_catalogues_beside_english() -> None:
    assert LANGUAGES
    assert len(extractable()) > 500


def test_a_ticket_and_an_office_are_closed_in_words_of_their_own() -> None:
    assert {("Closed", None), ("Closed", "support hours")} <= with_contexts()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_has_the_placeholders_of_its_message(language: str) -> None:
    for message in entries(language):
        allowed = [placeholders(text) for text in forms(message.id)]
        for text in forms(message.string):
            assert placeholders(text) in allowed, f"{message.id!r} became {text!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_is_empty_or_a_guess_or_lacks_a_plural(language: str) -> None:
    several = catalogue(language).num_plurals
    for message in entries(language):
        assert not message.fuzzy, message.id
        assert all(text.strip() for text in forms(message.string)), message.id
        assert len(forms(message.string)) == (several if message.pluralizable else 1), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_nearly_every_message_is_translated(language: str) -> None:
    told = {message.id for message in entries(language)}
    missing = sorted(str(message) for message in extractable() - told)
    assert len(missing) <= (1 - ENOUGH) * len(extractable()), missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_says_its_language_and_plurals_and_compiles(language: str, tmp_path: Path) -> None:
    head = (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8").split("\n\n")[0]
    assert f'"Language: {language}\\n"' in head
    assert f"Plural-Forms: {catalogue(language).plural_forms}" in head
    with (tmp_path / "messages.mo").open("wb") as file:
        write_mo(file, catalogue(language))
    assert (tmp_path / "messages.mo").stat().st_size > 1000
