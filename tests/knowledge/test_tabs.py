"""Tabs by platform, and pictures with captions, in Markdown."""

import re

import pytest

from knowledge.articles.rendering import LONGEST, render
from tests.growing import MANY, growth

TABS = "::: tabs\n== Windows\nPress *Start*.\n\n== Linux\n- Open a shell.\n:::\n"


def test_each_tab_is_a_radio_button_with_a_panel_behind_it() -> None:
    html = render(f"Before\n{TABS}\nAfter").html
    assert html.count('type="radio"') == html.count('class="tab-panel"') == 2
    assert '<label for="tab_1_2">Linux</label>\n<div class="tab-panel">\n<ul>' in html
    assert html.count("checked") == 1 and ":::" not in html and "==" not in html
    assert 'role="group" aria-label="Windows, Linux"' in html


def test_groups_choose_for_themselves() -> None:
    html = render(TABS + "\nThen\n\n" + TABS).html
    assert html.count('name="tabs_1"') == html.count('name="tabs_2"') == 2 and html.count("checked") == 2


def test_marks_within_code_are_code() -> None:
    html = render("::: tabs\n== A\n```\n:::\n== B\n```\n:::").html
    assert html.count("tab-panel") == 1 and "== B" in html


def test_tabs_stand_in_lists_and_hold_all_that_articles_hold() -> None:
    assert 'class="tab-panel"' in render("1. Do this:\n\n   ::: tabs\n   == A\n   x\n   :::\n").html
    rendered = render("## One\n\n::: tabs\n== Mac\n### Inner\n\n> [!TIP]\n> Mind.\n:::\n\n## Two")
    assert [anchor for _, anchor, _ in rendered.toc] == ["one", "two"]
    assert 'class="tip"' in rendered.html
    assert rendered.pieces[1].text.startswith("Mac\nInner")


@pytest.mark.parametrize(
    "text", ["::: tabs\n== A\nx", "::: tabs\n:::", "::: tabs\nx\n== A\n:::", "- ::: tabs\n\n== A\n:::"]
)
def test_what_is_not_whole_stays_text(text: str) -> None:
    assert "tab-panel" not in render(text).html


def test_a_hostile_name_stays_inert() -> None:
    html = render('::: tabs\n== <img src=x onerror=alert(1)> " onclick="x\n:::').html
    outside = re.sub('"[^"]*"', '""', html)
    assert "<img" not in outside and not re.search(r"<[^>]*onclick", outside)


@pytest.mark.parametrize(
    "line", ["::: tabs\n", "::: tabs\n== a\n", "> > > ::: tabs\n> > > == a\n", "- ::: tabs\n  == A\n  x\n  :::\n"]
)
def test_the_work_of_nasty_tabs_grows_evenly(line: str) -> None:
    lines = min(LONGEST // len(line), 4000 // line.count("\n")) - 1
    assert growth(lambda count: render(line * count), lines // MANY) < 2 * MANY


def test_a_picture_with_a_title_has_a_caption() -> None:
    html = render('![A map](/kb/files/a/map.png "Where <all> is")').html
    assert '<figure><img src="/kb/files/a/map.png" alt="A map" loading="lazy">' in html
    assert "<figcaption>Where &lt;all&gt; is</figcaption></figure>" in html
    assert "<figure" not in render("See ![A map](/map.png).").html
