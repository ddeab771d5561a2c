"""What customers and agents write, rendered: nothing of it runs, and nothing takes long."""

import pytest

from portal.tickets.prose import plain, prose
from tests.growing import MANY, growth

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "![x](https://tracker.example/p.gif)",
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>`",
    "```html\n<script>alert(1)</script>\n```",
    "<svg/onload=alert(1)>",
    "<a href='https://x' onclick='alert(1)'>x</a>",
    "<style>body{display:none}</style>",
    "<iframe src=//x></iframe>",
    'https://x.example/"onmouseover="alert(1)',
    "vbscript:msgbox(1)",
    "<base href=//x>",
    "<form action=//x><button>x</button></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    html = str(prose(text)).lower()
    for tag in ("<script", "<img", "<svg", "<style", "<iframe", "<base", "<form", "<math", "<button"):
        assert tag not in html
    assert 'href="javascript' not in html and 'href="data' not in html and 'href="vbscript' not in html
    assert " onclick=" not in html.replace("&quot;", "") or "<a href='" in text


def test_links_lists_and_code_are_kept() -> None:
    html = prose("See https://help.example/a\n\n- one\n- two\n\n```\ncode\n```")
    assert '<a href="https://help.example/a" rel="nofollow noopener ugc">' in html
    assert "<li>one</li>" in html and '<pre tabindex="0"><code>code' in html


def test_a_pasted_log_keeps_its_lines() -> None:
    assert "<br>" in prose("first line\nsecond line").replace("<br />", "<br>")
    assert "<h1" not in prose("# not a heading")


def test_without_html_the_marks_are_gone_and_links_and_code_can_be_read() -> None:
    text = "**Set** *this* in `relay.toml`, see [the guide](https://help.example/?b=1):\n\n```\n# kept\nhours = 2\n```"
    told = "Set this in relay.toml, see the guide (https://help.example/?b=1):\n\n    # kept\n    hours = 2"
    assert plain(text) == told


def test_without_html_lists_and_quotes_stay_as_people_write_them() -> None:
    text = (
        "> it said *no*\n\n7. one\n   - inner\n8. https://help.example/\n9. <https://help.example/>\n\nSnake_case_word"
    )
    told = "> it said no\n\n7. one\n   - inner\n8. https://help.example/\n9. https://help.example/\n\nSnake_case_word"
    assert plain(text) == told


@pytest.mark.parametrize(
    "nasty", ["[" * 50_000, "*a " * 16_000, "`" * 50_000, "> " * 25_000, "a@" * 25_000, "- " * 25_000]
)
def test_the_work_of_nasty_text_grows_evenly(nasty: str) -> None:
    prose(nasty)
    assert growth(lambda length: (prose(nasty[:length]), plain(nasty[:length])), 19_000 // MANY) < 2 * MANY
