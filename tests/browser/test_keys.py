"""Small things that only a browser shows: where the focus is and how it is seen, what is said while one types."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Tab

MIRA = "mira@tidewater.example"
# Of an element's outline to what it stands on, as WCAG counts it.
CONTRAST = """element => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const light = (colour) => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const parts = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((one) => one / 255);
    const [r, g, b] = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(element);
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return 0;
  const paper = getComputedStyle(document.body).backgroundColor;
  const around = [light(style.outlineColor), light(paper)].sort((a, b) => b - a);
  return (around[0] + 0.05) / (around[1] + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen(open_tab: Callable[..., Tab], scheme: str) -> None:
    tab = open_tab(MIRA, color_scheme=scheme, reduced_motion="reduce")
    tab.go("/tickets/new")
    for field, framed in (
        ("#subject", "#subject"),
        ("[name=topic] >> nth=0", ".choice >> nth=0"),
        (".search-link", ".search-link"),
    ):
        tab.page.locator(field).focus()
        tab.page.keyboard.press("Shift")  # a key, so that the browser takes the focus for one of the keyboard
        assert tab.page.locator(framed).evaluate(CONTRAST) >= 3, field


def test_a_file_taken_back_leaves_the_focus_at_its_field(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(MIRA)
    tab.go("/tickets/new")
    tab.page.locator("#files").set_input_files({"name": "a.log", "mimeType": "text/plain", "buffer": b"one line"})
    tab.page.wait_for_load_state("networkidle")  # what it saves by itself is drawn
    tab.page.get_by_role("button", name="Remove a.log").click()
    expect(tab.page.locator("#files")).to_be_focused()
    expect(tab.page.get_by_role("button", name="Remove a.log")).to_have_count(0)
    assert not tab.troubles


def test_a_link_copied_twice_is_offered_again(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(permissions=["clipboard-read", "clipboard-write"])
    tab.go("/kb/category/all")
    tab.page.locator(".row-title a").first.click()
    copy = tab.page.get_by_role("button", name="Copy link")
    copy.click()
    tab.page.get_by_role("button", name="Copied").click()
    expect(copy).to_be_visible(timeout=6000)
