"""What only a laid out page shows: room to write in, texts to read whole, headings apart from the text above."""

from collections.abc import Callable

from tests.browser.conftest import Site, Tab

EDITOR = "editor@larkspur.example"
GAP = """(() => {
  const column = document.querySelector('section[aria-labelledby=coverage] .grid-wide > :last-child');
  const [, list, heading] = column.children;
  return heading.getBoundingClientRect().top - list.getBoundingClientRect().bottom;
})()"""


def test_an_article_has_room_to_be_written_and_its_reviewer_sees_it_whole(
    site: Site, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(EDITOR)
    article = site.value("SELECT id FROM article WHERE slug = 'release-notes-relay-2-7'")
    tab.go(f"/kb/desk/article/{article}")
    tab.page.get_by_role("button", name="Edit").click()
    assert tab.page.locator("#body").evaluate("field => parseFloat(getComputedStyle(field).minBlockSize)") > 300
    tab.page.get_by_role("button", name="Send for review").click()
    pane = tab.page.locator("section[aria-labelledby=preview-head]")
    assert pane.evaluate("pane => pane.scrollHeight - pane.clientHeight") <= 1
    tab.page.get_by_role("button", name="Back to draft").click()
    tab.page.get_by_role("button", name="Give this draft up").click()
    tab.page.locator("dialog[open]").get_by_role("button", name="Yes").click()


def test_a_heading_of_the_policy_stands_apart_from_the_list_above(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/support-policy")
    assert tab.page.evaluate(GAP) >= 8


def test_short_code_in_a_table_stays_in_one_piece(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.go("/kb/firewall-ports")
    codes = tab.page.get_by_text("443/tcp", exact=True).all()
    assert codes and {code.evaluate("one => one.getClientRects().length") for code in codes} == {1}
