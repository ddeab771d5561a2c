"""Markdown to HTML: what is drawn, and what stays inert."""

import re

import pytest

from knowledge.articles.rendering import LONGEST, MOST_LINES, TooLong, render
from tests.pace import SECOND, loops

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java&#x0a;script:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](vbscript:x)",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "![a](javascript:alert(1))",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    '[a](/x "\\" onclick=alert(1) x=\\"")',
    '## x" onclick="alert(1)',
    '```x" onclick="alert(1)\ncode\n```',
    "> [!NOTE] <img src=x onerror=alert(1)>",
    "- [ ] <script>alert(1)</script>\n- [x] \" onfocus=alert(1) autofocus",
    "| <script> | b |\n|---|---|\n| <style>*{}</style> | <iframe src=//x> |",
    "text[^1]\n\n[^1]: <svg onload=alert(1)>",
)  # fmt: skip
NASTY = {
    "brackets": "[" * LONGEST,
    "images": "![" * LONGEST,
    "links": "[a](b" * LONGEST,
    "quotes": "> " * LONGEST,
    "emphasis": "_a*" * LONGEST,
    "backticks": "".join("`" * n + "x" for n in range(1, 400)),
    "addresses": ("http://a" * 240 + "\n\n") * 40,
    "paragraphs": ("![[" * 5000 + "\n\n") * 6,
    "lists": "".join("  " * n + "- a\n" for n in range(300)),
    "headings": "# a\n" * MOST_LINES,
    "tasks": "- [ ] x\n" * MOST_LINES,
    "table": "a|b\n-|-\n" + "x|y\n" * MOST_LINES,
    "columns": "|a" * 8000 + "\n" + "|-" * 8000,
    "footnotes": "".join(f"[^{n}]: x\n\n" for n in range(1900)),
    "callouts": "> [!NOTE]\n\n" * 1900,
    "python": "```python\n" + "(" * 11000 + "\n```",
    "strings": "```bash\n" + "'\"$(" * 2900 + "\n```",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_stays_inert(text: str) -> None:
    html = render(text).html
    assert not re.search(r"<(script|style|iframe|svg|object)", html, re.IGNORECASE)
    for tag in re.findall(r"<[^>]*>", html):
        assert not re.search(r"\son\w+\s*=", re.sub(r'"[^"]*"', '""', tag)), tag
        assert not re.search(r'(href|src)="\s*(javascript|vbscript|data):', tag, re.IGNORECASE), tag


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_of_100_kb_takes_little_time(name: str) -> None:
    render("```python\nx = 1\n```\n\n```bash\nls\n```")  # the lexers are there
    body = "\n".join(NASTY[name][: LONGEST - 1].split("\n")[:MOST_LINES])
    assert loops(lambda: render(body)) < SECOND
    with pytest.raises(TooLong):
        render(body + " " * 100_000)


def test_more_than_64_kb_is_refused() -> None:
    with pytest.raises(TooLong, match="64 KB"):
        render("é" * (LONGEST // 2 + 1))


def test_headings_have_anchors_of_their_own() -> None:
    rendered = render("## Set up\n\na\n\n## Set up\n\nb\n\n### Main\n\n# Ключ\n")
    assert [anchor for _, anchor, _ in rendered.toc] == ["set-up", "set-up-2", "main-2", "ключ"]
    assert [level for level, _, _ in rendered.toc] == [2, 2, 3, 2]
    assert '<a class="header-anchor" href="#set-up" aria-label="Set up">' in rendered.html
    assert "<h1" not in rendered.html


def test_no_two_headings_have_the_same_anchor() -> None:
    toc = render("## Set up\n\n## Set up\n\n## Set up 2\n\n## Set up\n\n## Related").toc
    assert [anchor for _, anchor, _ in toc] == ["set-up", "set-up-2", "set-up-2-2", "set-up-3", "related-2"]


def test_sections_are_cut_at_headings() -> None:
    pieces = render("Intro *text*.\n\n## One `x`\n\n- a\n- b\n\n### Two\n\n```sh\nls -l\n```\n").pieces
    assert [(p.anchor, p.heading, p.text) for p in pieces] == [
        ("", "", "Intro text."),
        ("one-x", "One x", "a\nb"),
        ("two", "Two", "ls -l"),
    ]


def test_callouts_are_boxes_in_the_language_of_the_article() -> None:
    html = render("> [!WARNING]\n> Mind the gap.\n\n> [!TIP] Own title\n>\n> Text", {"Warning": "Achtung"}).html
    assert '<div class="warning">\n<p><strong class="title">Achtung</strong><br>\nMind the gap.' in html
    assert '<div class="tip">\n<p><strong class="title">Own title</strong></p>\n<p>Text</p>' in html
    assert "<blockquote" in render("> just a quotation").html


def test_code_is_highlighted_by_classes() -> None:
    html = render("```python\ndef x(): pass\n```\n\n```unheard-of\n<b>\n```").html
    assert '<div class="highlight"><pre tabindex="0"><code><span class="k">def</span>' in html
    assert "&lt;b&gt;" in html and "style=" not in html


def test_tables_tasks_footnotes_and_addresses() -> None:
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n\nhttps://x.example[^1]\n\n[^1]: Note").html
    assert '<td class="num">2</td>' in html
    assert '<input type="checkbox" disabled="" checked="" aria-label="done"> done' in html
    assert '<a href="https://x.example" rel="noopener nofollow">https://x.example</a>' in html
    assert 'class="footnotes"' in html
