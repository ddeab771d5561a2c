"""Posts that want to run something, look like something else, or take long."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from flask import Flask

from knowledge.community.rendering import html_of
from portal.errors import Refused
from tests.knowledge.test_rendering import HOSTILE as OF_ARTICLES
from tests.knowledge.test_rendering import NASTY
from tests.pace import SECOND, loops
from tests.tickets.test_prose import HOSTILE

NEVER = ("<script", "<svg", "<iframe", "<style", "<form", "<input", "<button", "<base", "<math", "<label", "<figure")
ATTRIBUTES = (
    'href="javascript',
    'href="data',
    'href="vbscript',
    'src="http',
    'src="//',
    ' id="',
    " name=",
    " for=",
    " data-",
)


@pytest.fixture(autouse=True)
def inside(shared_app: Flask) -> Iterator[None]:
    with shared_app.test_request_context():
        yield


@pytest.mark.parametrize("text", [*HOSTILE, *OF_ARTICLES])
def test_nothing_runs(text: str) -> None:
    html = html_of(text).lower()
    assert not [tag for tag in NEVER if tag in html]
    assert not [one for one in ATTRIBUTES if one in html.replace("&quot;", "")]


@pytest.mark.parametrize(
    "text",
    [
        "![x](//t.example/p.gif)",
        "![x](https://t.example/p.gif)",
        "![x](/static/x.svg)",
        "![x](/community/picture/../../x)",
    ],
)
def test_a_picture_from_elsewhere_is_its_name(text: str) -> None:
    assert html_of(text) == "<p>[x]</p>\n"


@pytest.mark.parametrize("address", ["https://e.example", "//e.example", "mailto:x@e.example", "e.example/x"])
def test_a_link_to_elsewhere_is_not_recommended(address: str) -> None:
    assert 'rel="noopener nofollow ugc"' in html_of(f"[x]({address})")


def test_a_link_within_the_portal_is() -> None:
    assert html_of("[x](/kb/guide)") == '<p><a href="/kb/guide">x</a></p>\n'


@pytest.mark.parametrize(
    "text",
    ['```" onload=alert(1) class="staff\nx\n```', "```staff answer\nx\n```", "# x {.staff #main}", "[x](/a){.staff}"],
)
def test_nobody_dresses_a_post_as_something_else(text: str) -> None:
    html = html_of(text)
    assert 'class="staff' not in html and "class='staff" not in html and " id=" not in html


@pytest.mark.parametrize("name", NASTY)
def test_no_post_takes_long(name: str) -> None:
    text = (NASTY[name] * (1 + 60_000 // len(NASTY[name])))[:60_000]

    def once() -> None:
        with suppress(Refused):
            html_of("\n".join(text.split("\n")[:4000]))

    assert loops(once) < 2 * SECOND


def test_an_enormous_post_is_refused_at_once() -> None:
    def once() -> None:
        for text in ("x" * 10**6, "\n" * 10**5, "> " * 10**6):
            with pytest.raises(Refused):
                html_of(text)

    assert loops(once) < 2 * SECOND
