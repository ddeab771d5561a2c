"""The search by keyboard, by finger and by paste: what is focused, chosen, said and opened."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Tab
from tests.browser.test_pages import AT_REST, overflow, violations
from tests.running import wait_for

SEEN_IN = {
    "wide": {"viewport": WIDE},
    "phone": {"viewport": PHONE, "has_touch": True},
    "narrow": {"viewport": {"width": 320, "height": 600}},
    "zoomed": {"viewport": {"width": 640, "height": 450}},  # 1280 x 900 at 200 %
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "forced": {"viewport": WIDE, "forced_colors": "active"},
    "chinese": {"viewport": WIDE, "locale": "zh-CN"},
}
STATES = (
    "/search",
    "/search?q=licence",
    "/search?q=licence&product=beacon&version=4.2",
    "/search?q=qqqqzzzz",
    "/search/log",
)


def opened(open_tab: Callable[..., Tab], path: str = "/kb/category/all", typed: str = "", **options: Any) -> Tab:
    """A page without a field of its own, with the palette opened by its key."""
    tab = open_tab(reduced_motion="reduce", **options)
    tab.go(path)
    tab.page.keyboard.press("/")
    tab.page.locator("#palette-q").press_sequentially(typed)
    if typed:
        expect(tab.page.locator("#palette-q")).to_have_attribute("aria-expanded", "true")
    return tab


def chosen(page: Page) -> int | None:
    """The number of the option that the field says is chosen, when the list says so too."""
    name = page.locator("#palette-q").get_attribute("aria-activedescendant") or ""
    marked = page.locator("#palette [aria-selected=true]").evaluate_all("found => found.map(one => one.id)")
    assert marked == ([name] if name else [])
    return int(name.rpartition("-")[2]) if name else None


def test_the_keys_choose_among_the_suggestions(open_tab: Callable[..., Tab]) -> None:
    page = opened(open_tab, typed="licence").page
    last = page.locator("#palette [role=option]").count() - 1
    expect(page.locator("#palette [role=status]")).to_contain_text(f"{last} suggestions")
    steps = []
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowDown", "ArrowUp", "Home"):
        page.keyboard.press(key)
        steps.append(chosen(page))
    assert steps == [0, 1, last, 0, last, 0]
    expect(page.locator("#palette-q")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/kb/"))


def test_enter_without_a_choice_shows_all_results(open_tab: Callable[..., Tab]) -> None:
    page = opened(open_tab, typed="licence").page
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search\?q=licence$"))


def test_control_and_enter_open_a_tab_and_leave_the_palette(open_tab: Callable[..., Tab]) -> None:
    page = opened(open_tab, typed="licence").page
    page.keyboard.press("ArrowDown")
    with page.context.expect_page() as opening:
        page.keyboard.press("Control+Enter")
    assert "/kb/" in opening.value.url and "/kb/category/all" in page.url
    expect(page.locator("#palette-q")).to_be_focused()


@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_escape_closes_the_palette_and_gives_the_focus_back(open_tab: Callable[..., Tab], key: str) -> None:
    tab = open_tab()
    tab.go("/kb/category/all")
    link = tab.page.locator(".row-title a").first
    link.focus()
    tab.page.keyboard.press(key)
    expect(tab.page.locator("#palette-q")).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("#palette")).not_to_be_visible()
    expect(link).to_be_focused()
    assert not tab.troubles


def test_a_page_with_a_field_of_its_own_focuses_that(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/kb/")
    link = tab.page.locator("main a:not([role])").first
    link.focus()
    tab.page.keyboard.press("/")
    field = tab.page.locator("#q")
    expect(field).to_be_focused()
    field.press_sequentially("sensor")
    expect(tab.page.locator("#q-suggest")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("#q-suggest")).not_to_be_visible()
    expect(field).to_have_value("sensor")
    tab.page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_typing_in_other_fields_is_left_alone(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/search/log")
    tab.page.locator("#text").press_sequentially("/var/log")
    expect(tab.page.locator("#text")).to_have_value("/var/log")
    expect(tab.page.locator("#palette")).not_to_be_visible()


def test_a_late_answer_is_thrown_away(open_tab: Callable[..., Tab]) -> None:
    """The answer to "sen" comes after the one to "licence", and one comes after Escape."""
    tab = open_tab()
    tab.go("/kb/")
    tab.page.route(re.compile(r"suggest\?q=sen$"), lambda route: (tab.page.wait_for_timeout(600), route.continue_()))
    field = tab.page.locator("#q")
    field.fill("sen")
    tab.page.wait_for_timeout(250)
    field.fill("licence")
    expect(tab.page.locator("#q-suggest .suggest-all")).to_contain_text("licence")
    tab.page.wait_for_timeout(700)
    expect(tab.page.locator("#q-suggest .suggest-all")).to_contain_text("licence")
    field.fill("sensor")
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_timeout(500)
    expect(tab.page.locator("#q-suggest")).not_to_be_visible()


def test_a_finger_opens_the_palette_and_a_suggestion(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(viewport=PHONE, has_touch=True)
    tab.go("/kb/category/all")
    tab.page.get_by_role("link", name="Search help").tap()
    expect(tab.page.locator("#palette-q")).to_be_focused()
    tab.page.keyboard.type("licence")
    tab.page.locator("#palette [role=option]").first.tap()
    tab.page.wait_for_url(re.compile(r"/kb/(?!category)"))
    assert not tab.troubles


def test_a_pasted_log_goes_to_the_page_for_logs(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(permissions=["clipboard-read", "clipboard-write"])
    tab.go("/kb/")
    tab.page.evaluate("navigator.clipboard.writeText('2026-01-01 ERROR\\nBCN-3010: licence machine limit')")
    tab.page.locator("#q").focus()
    tab.page.keyboard.press("Control+v")
    tab.page.wait_for_url(re.compile(r"/search/log$"))
    expect(tab.page.locator(".result").first).to_contain_text("BCN-3010")
    expect(tab.page.locator("#understood")).to_be_focused()
    assert not tab.page.evaluate("sessionStorage.pasted")
    tab.go("/kb/")
    tab.page.evaluate("navigator.clipboard.writeText('move a licence')")
    tab.page.locator("#q").focus()
    tab.page.keyboard.press("Control+v")
    expect(tab.page.locator("#q")).to_have_value("move a licence")


def test_the_results_follow_what_is_typed_and_say_how_many(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/search?q=lice&product=beacon")
    tab.page.locator("#q").press("End")
    tab.page.locator("#q").press_sequentially("nce")
    tab.page.wait_for_url(re.compile(r"q=licence.*product=beacon"))
    expect(tab.page.locator("#found")).to_contain_text("result")
    assert tab.page.title().startswith("licence · ")
    tab.page.locator("#q").fill("qqqqzzzzqqqq")
    expect(tab.page.locator("#found")).to_have_text("Nothing found")
    assert not tab.troubles


def test_without_javascript_it_is_a_form(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(java_script_enabled=False)
    tab.go("/kb/category/all")
    tab.page.locator(".search-link").click()
    tab.page.locator("#q").fill("licence")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(".result").first).to_contain_text("icence")


@pytest.mark.parametrize("seen_in", SEEN_IN)
def test_every_state_is_sound(open_tab: Callable[..., Tab], seen_in: str) -> None:
    options, found = SEEN_IN[seen_in], []
    tab = opened(open_tab, typed="licence", name=f"search-{seen_in}", **options)
    tab.page.keyboard.press("ArrowDown")
    scheme = "dark" if seen_in == "dark" else "light"
    for path in (None, *STATES):
        if path:
            tab.go(path)
        wait_for(lambda: tab.page.evaluate(AT_REST))
        found += [f"{path or 'palette'}: {what}" for what in (*violations(tab, scheme), *overflow(tab))]
        tab.shoot(re.sub(r"\W+", "-", path or "palette"))
    assert not found + tab.troubles, "\n".join(found + tab.troubles)
