"""The front hall, walked through: from registration to an answer, with JavaScript and without, and by keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.demo.cast import UNCLAIMED
from tests.browser.conftest import PHONE, WIDE, Site, Tab, link_in, sign_in, text_of

AGENT = "agent@larkspur.example"
REASON = "Alarms are late, but none is lost."
NEW_PASSWORD = "seven herons over the harbour"
# Each walk claims a key of its own: a key is claimed once.
WALKS = {
    "script-wide-light": (True, WIDE, "light", UNCLAIMED["business"]),
    "plain-phone-dark": (False, PHONE, "dark", UNCLAIMED["team"]),
}


@pytest.mark.parametrize("walk", WALKS)
def test_from_registration_to_an_answer(walk: str, open_tab: Callable[..., Tab], site: Site) -> None:
    script, size, scheme, key = WALKS[walk]
    email = f"{walk}@newcomer.example"
    options = {"java_script_enabled": script, "viewport": size, "color_scheme": scheme}
    tab = open_tab(None, name=f"walk-{walk}", **options)
    register(tab, email)
    claim(tab, key)
    read_an_article(tab)
    number = file_with_quote(tab, site, email, script)
    desk = open_tab(AGENT, name=f"desk-{walk}", **options)
    severity = triage(desk, number, REASON)
    site.mail_to(email, REASON)
    tab.go(f"/tickets/{number}")
    expect(tab.page.get_by_role("main")).to_contain_text(f"confirmed the severity: {severity}")
    expect(tab.page.locator("#promise")).not_to_contain_text("in time", ignore_case=True)
    tab.shoot("triaged")
    answer(desk, number)
    site.mail_to(email, "Set the threshold to four.")
    tab.go(f"/tickets/{number}")
    expect(tab.page.get_by_text("Set the threshold to four.")).to_be_visible()
    expect(tab.page.locator("#promise")).to_contain_text("in time", ignore_case=True)
    tab.shoot("promise-and-fact")
    assert not tab.troubles + desk.troubles


def register(tab: Tab, email: str) -> None:
    tab.go("/")
    tab.shoot("home")
    tab.go("/account/register")
    tab.page.get_by_label("Your name").fill("Nele Newcomer")
    tab.page.get_by_label("E-mail address").fill(email)
    tab.page.locator("#password").fill(NEW_PASSWORD)
    tab.shoot("register")
    press(tab.page, "Register")
    tab.shoot("registered")
    tab.go(link_in(tab.site.mail_to(email, "/account/confirm/"), "/account/confirm/"))
    tab.shoot("confirm")
    tab.page.get_by_role("main").get_by_role("button").first.click()
    sign_in(tab.page, tab.site, email, NEW_PASSWORD)


def claim(tab: Tab, key: str) -> None:
    tab.go("/account/licences")
    tab.page.get_by_label("Licence key").fill(key)
    press(tab.page, "Claim the key")
    expect(tab.page.locator("#holdings-title")).to_be_visible()
    tab.shoot("claimed")


def read_an_article(tab: Tab) -> None:
    tab.go("/")
    box = tab.page.locator("main [name=q]").first
    box.fill("battery")
    box.press("Enter")
    tab.page.wait_for_url("**/search?**")
    tab.shoot("results")
    tab.page.locator(".result a[href*='/kb/']").first.click()
    tab.page.wait_for_url("**/kb/**")
    expect(tab.page.get_by_role("heading", level=1)).to_be_visible()
    tab.shoot("article")


def file_with_quote(tab: Tab, site: Site, email: str, script: bool) -> str:
    """Returns the number. The promise is on the page before the ticket is sent, and in the mail afterwards."""
    page = tab.page
    tab.go("/tickets/new")
    page.locator("#product").select_option("beacon")
    page.locator("#version").fill("4.2.1.0")
    page.locator("#subject").fill("Alarms come late")
    page.locator("#body").fill("The alarm for the lower tank comes an hour late.")
    page.locator("#files").set_input_files({"name": "alarm.log", "mimeType": "text/plain", "buffer": b"12:01 late\n"})
    if not script:
        page.get_by_role("button", name=re.compile("first response", re.IGNORECASE)).first.click()
        expect(page.locator("#subject")).to_have_value("Alarms come late")
    expect(page.locator("#quote time").first).to_be_visible()
    tab.shoot("quote")
    press(page, "File")
    page.wait_for_url(re.compile(r"/tickets/\d{8}"))
    tab.shoot("filed")
    expect(page.get_by_text("alarm.log").first).to_be_visible()
    number = re.findall(r"/tickets/(\d{8})", page.url)[0]
    mail = site.mail_to(email, number)
    assert mail["Auto-Submitted"] == "auto-generated" and number in text_of(mail)
    return str(number)


def triage(tab: Tab, number: str, reason: str) -> str:
    """Confirms the severity that stands there; returns its name."""
    tab.go(f"/desk/{number}")
    form = tab.page.locator("form[action$='/triage']")
    expect(tab.page.get_by_text("Not triaged")).to_be_visible()
    chosen = str(form.locator("select option:checked, label:has(input:checked)").first.inner_text()).strip()
    form.locator("[name=reason]").fill(reason)
    form.get_by_role("button").click()
    expect(tab.page.get_by_text("Not triaged")).to_have_count(0)
    expect(tab.page.locator("#main, main").first).to_contain_text(reason)
    tab.shoot("triaged")
    return chosen


def answer(tab: Tab, number: str) -> None:
    tab.go("/desk/")
    tab.shoot("queue")
    expect(tab.page.locator(f"a[href*='{number}']").first).to_be_visible()
    tab.go(f"/desk/{number}")
    tab.shoot("ticket")
    tab.page.get_by_label("Reply to the customer").fill("Set the threshold to four.")
    press(tab.page, "Send reply")
    expect(tab.page.locator(".thread")).to_contain_text("Set the threshold to four.")
    tab.shoot("answered")


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=re.compile(f"^{name}")).first.click()


def test_the_keyboard_alone_reaches_search_and_content(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(None, name="keyboard")
    tab.go("/support-policy")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.getAttribute('href')") == "#main", (
        "the first stop skips to the content"
    )
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("location.hash") == "#main"
    tab.page.keyboard.press("/")
    assert tab.page.evaluate("document.activeElement.type") == "search"
    tab.page.keyboard.type("battery")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/search?**")
    assert not tab.troubles


def test_every_stop_of_the_keyboard_can_be_seen(open_tab: Callable[..., Tab]) -> None:
    """Focus is drawn: the outline of each focused control differs from none."""
    tab = open_tab("mira@tidewater.example", name="focus")
    tab.go("/tickets/new")
    unseen = []
    for _ in range(25):
        tab.page.keyboard.press("Tab")
        style = tab.page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e), l = e.closest('label');"
            " const t = l ? getComputedStyle(l) : s;"
            " return [e.outerHTML.slice(0, 90), s.outlineStyle, s.boxShadow, t.outlineStyle, t.boxShadow] })()"
        )
        if all(value == "none" for value in style[1:]) and not style[0].startswith("<body"):  # behind the last one
            unseen.append(style[0])
    assert not unseen
