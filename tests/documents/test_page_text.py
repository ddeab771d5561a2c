"""The text of a page, for phones, screen readers and browsers without a PDF viewer."""

from collections.abc import Callable

from flask.testing import FlaskClient

from knowledge.documents.reading import paragraphs
from scripts.manuals import pdf


def test_the_text_of_a_page_leads_into_the_pdf(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    page = client.get("/manuals/harbour/page/2").text
    assert "Change the bulb with gloves." in page and "Page 2 of 3" in page
    assert 'href="/manuals/harbour/4.2/en/harbour.pdf#page=2"' in page
    assert "/manuals/harbour/page/1?" in page and "/manuals/harbour/page/3?" in page


def test_words_are_marked_and_nothing_else_is_markup(client: FlaskClient, add: Callable[..., int]) -> None:
    add(content=pdf([[("text", "Bulbs <script>alert(1)</script> & lamps.")]]))
    page = client.get("/manuals/harbour/page/1?q=bulb+<b>").text
    assert "<mark>Bulbs</mark> &lt;script&gt;" in page and "<script>alert" not in page
    assert 'value="bulb &lt;b&gt;"' in page


def test_lines_are_joined_to_paragraphs() -> None:
    text = "Alarms\nAn alarm has a threshold and people\nwho are told of it.\n\nChains\n- one\n- two"
    joined = ["Alarms", "An alarm has a threshold and people who are told of it.", "Chains", "- one", "- two"]
    assert paragraphs(text) == joined
    assert paragraphs("\u8b66\u62a5\n\u9608\u503c") == ["\u8b66\u62a5\u9608\u503c"] and paragraphs("") == []


def test_there_is_no_page_beyond_the_last(client: FlaskClient, add: Callable[..., int]) -> None:
    add()
    for number in ("0", "4", "99999999999999999999", "-1"):
        assert client.get(f"/manuals/harbour/page/{number}").status_code == 404


def test_a_page_without_text_says_so(client: FlaskClient, add: Callable[..., int]) -> None:
    add(content=pdf([[("text", "First.")], []]))
    assert "This page has no text" in client.get("/manuals/harbour/page/2").text


def test_the_version_and_language_asked_for_are_kept(client: FlaskClient, add: Callable[..., int]) -> None:
    add(version="4.1", content=pdf([[("text", "Old bulb.")], [("text", "Old lamp.")]]))
    add(version="4.2")
    page = client.get("/manuals/harbour/page/1?version=4.1&in=en&q=bulb").text
    assert "Old <mark>bulb</mark>." in page and "This is an old version" in page
    assert "/manuals/harbour/page/2?version=4.1&amp;in=en&amp;q=bulb" in page
