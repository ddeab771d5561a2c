"""Reading in Chromium: tabs, a translation beside its original, answers, and following by mail."""

from collections.abc import Callable

from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, WIDE, Site, Tab, link_in
from tests.browser.test_pages import AXE, RULES


def offences(tab: Tab) -> list[str]:
    tab.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.page.evaluate("only => axe.run({runOnly: only})", RULES["light"])
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]


def test_tabs_are_chosen_by_keyboard_and_remembered(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/kb/collect-logs")
    chosen = tab.page.locator(".tabset > input:checked + label")
    assert chosen.inner_text() == "Linux and macOS"
    tab.page.focus(".tabset > input:checked")
    tab.page.keyboard.press("ArrowRight")
    assert chosen.inner_text() == "Windows"
    assert tab.page.get_by_text("Open a terminal as administrator").is_visible()
    assert not offences(tab)
    tab.shoot("tabs")
    tab.page.reload()
    assert chosen.inner_text() == "Windows"
    assert not tab.troubles


def test_tabs_work_without_a_script_and_print_whole(site: Site, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False, viewport=PHONE).new_page()  # type: ignore[arg-type]
    page.goto(f"{site.url}/kb/collect-logs")
    page.click("label:has-text('Windows')")
    assert page.get_by_text("Open a terminal as administrator").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".tab-panel:visible").count() == page.locator(".tab-panel").count() == 2
    page.context.close()


def test_the_contents_stay_in_view_beside_the_text_and_fold_above_it(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.page.set_viewport_size(WIDE)
    tab.go("/kb/collect-logs")
    tab.page.mouse.wheel(0, 1200)
    tab.page.wait_for_function("scrollY > 300")
    box = tab.page.locator(".toc-side").bounding_box()
    assert box and 0 <= box["y"] < WIDE["height"]
    tab.page.set_viewport_size(PHONE)
    assert not tab.page.locator(".toc-side").is_visible()
    tab.page.click(".toc-fold summary")
    assert tab.page.locator(".toc-fold a").first.is_visible()


def test_a_translation_stands_beside_its_original(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    for size in (WIDE, PHONE):
        tab.page.set_viewport_size(size)
        tab.go("/kb/collect-logs/compare?in=de")
        assert tab.page.locator(".compare-row").count() > 10
        assert not offences(tab)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        tab.shoot("side-by-side")
    assert not tab.troubles


def test_an_answer_its_reason_and_back(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/kb/collect-logs")
    tab.page.click("#helpful button:has-text('No')")
    tab.page.check("input[name=reason][value=unclear]")
    assert not offences(tab)
    tab.shoot("reason")
    tab.page.click("#helpful button:has-text('Send')")
    tab.page.wait_for_selector("#helpful :text('will read it')")
    tab.page.click("text=Take back my answer")
    tab.page.wait_for_selector("text=Was this helpful?")
    assert not tab.troubles


def test_an_address_follows_by_mail_and_stops(site: Site, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/kb/collect-logs")
    tab.page.click("summary:has-text('Tell me when this changes')")
    tab.page.fill("#follow-email", "fay@follower.example")
    tab.page.click("#follow button")
    tab.page.wait_for_selector("text=Look into the inbox of fay@follower.example")
    link = link_in(site.mail_to("fay@follower.example"), "/kb/following/")
    tab.go(link)
    assert not offences(tab)
    tab.page.click("button:has-text('Yes, tell me')")
    tab.page.wait_for_selector("h1:has-text('We will tell you')")
    tab.go(f"{link}/stop")
    tab.page.click("button:has-text('Tell me no more')")
    tab.page.wait_for_selector("h1:has-text('No more mails about this')")
    assert not tab.troubles
