"""The status page through its life: somebody subscribes to one component's maintenance and is told, until they end it;
an incident begins from a template, is told on, ended and looked back at."""

import re
import urllib.request
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.browser.conftest import Site, Tab, link_in, text_of
from tests.browser.test_journey import press
from tests.browser.test_two_at_once import AGENT, CUSTOMER, Open
from tests.running import wait_for

READER = "rosa@reader.example"


def subscribe(tab: Tab, site: Site) -> None:
    """To the maintenance of Relay alone, by the link that the mail brings."""
    relay = site.value("SELECT id FROM component WHERE slug = 'relay'")
    tab.go(f"/status/subscribe?component={relay}")
    tab.page.get_by_label("E-mail address, or address of the webhook").fill(READER)
    tab.page.get_by_label("Unexpected outages").uncheck()
    expect(tab.page.get_by_label("Relay", exact=True)).to_be_checked()
    tab.shoot_all("subscribe")
    press(tab.page, "Subscribe")
    expect(tab.page.locator("h1")).to_have_text("One step more")
    tab.go(link_in(site.mail_to(READER, "Shall we tell you"), "/status/subscribe/"))
    expect(tab.page.get_by_label("Unexpected outages")).not_to_be_checked()
    press(tab.page, "Yes, tell me")
    expect(tab.page.get_by_role("main")).to_contain_text("Your choice is saved.")


def plan(tab: Tab, title: str, component: str) -> None:
    tab.go("/desk/status/maintenance/new")
    starts = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=8)
    tab.page.get_by_label("Title").fill(title)
    tab.page.get_by_label("What is done, and what readers notice of it").fill("Relay gets a new line.")
    tab.page.get_by_label("Begins").fill(starts.strftime("%Y-%m-%dT%H:%M"))
    tab.page.get_by_label("Ends").fill((starts + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"))
    tab.page.get_by_label(component, exact=True).check()
    press(tab.page, "Publish")
    expect(tab.page.locator("h1")).to_have_text(title)


def told(site: Site, title: str) -> int:
    """How many mails about it the reader has."""
    found = "SELECT count(*) FROM mail WHERE recipient = ? AND subject LIKE ? AND sent_at IS NOT NULL"
    return int(site.value(found, READER, f"%{title}%"))


def a_week_passes(site: Site, title: str) -> None:
    """As if it had been planned a week and four hours earlier: it begins in less than a day."""
    moments = ("announced_at", "scheduled_for", "scheduled_until", "began_at")
    earlier = ", ".join(f"{moment} = datetime({moment}, '-7 days', '-4 hours')" for moment in moments)
    site.change(f"UPDATE incident SET {earlier} WHERE title = ?", title)


def one_click(site: Site, title: str) -> None:
    """What a mail program does with its button: one POST, with neither cookie nor page (RFC 8058)."""
    letter = site.mail_to(READER, title)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.search(r"<(https?://[^>]+)>", letter["List-Unsubscribe"])
    assert address
    asked = urllib.request.Request(address[1], data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status == 200


def test_a_maintenance_is_told_through_its_life_and_ended_with_one_click(open_tab: Open, site: Site) -> None:
    reader, staff = open_tab(name="status-reader"), open_tab(AGENT, name="status-staff")
    subscribe(reader, site)
    plan(staff, "A new line for Relay", "Relay")
    plan(staff, "A new roof for the console", "Console")
    wait_for(lambda: told(site, "new line") == 1, 60)
    reader.go("/status/")
    expect(reader.page.get_by_role("main")).to_contain_text("A new line for Relay")
    reader.shoot_all("planned")
    staff.go("/desk/status/")
    staff.page.get_by_role("link", name="A new line for Relay").click()
    staff.shoot_all("planned")
    a_week_passes(site, "A new line for Relay")
    wait_for(lambda: told(site, "new line") == 2, 90)  # the worker looks once a minute
    assert "reminder" in text_of(site.mail_to(READER, "A new line")).casefold()
    staff.page.reload()
    steps = (("Begin now", "In progress"), ("The work is done", "Verifying"), ("All is well", "Completed"))
    for step, (button, status) in enumerate(steps, 3):
        press(staff.page, button)
        staff.page.locator("dialog[open]").get_by_role("button", name="Yes").click()
        expect(staff.page.get_by_role("main")).to_contain_text(status)
        wait_for(lambda step=step: told(site, "new line") == step, 60)  # type: ignore[misc]
        if status == "In progress":
            reader.go("/status/")
            expect(reader.page.get_by_role("main")).to_contain_text("Maintenance is in progress")
            reader.shoot_all("in-progress")
    assert told(site, "new roof") == 0, "it is another component"
    assert "over" in text_of(site.mail_to(READER, "Planned maintenance: A new line"))
    one_click(site, "Planned maintenance: A new line")
    plan(staff, "Another line for Relay", "Relay")
    wait_for(lambda: site.value("SELECT count(*) FROM job WHERE state IN ('pending', 'running')") == 0, 60)
    assert told(site, "Another line") == 0
    assert not reader.troubles + staff.troubles


def test_an_incident_begins_from_a_template_and_ends_in_a_look_back(open_tab: Open, site: Site) -> None:
    reader, customer, staff = open_tab(name="outage-reader"), open_tab(CUSTOMER), open_tab(AGENT, name="outage-staff")
    staff.go("/desk/status/incidents/new")
    staff.page.get_by_role("link", name="Console is slow").click()
    expect(staff.page.get_by_label("Title")).to_have_value("The console is slow")
    staff.shoot_all("template")
    press(staff.page, "Publish")
    expect(staff.page.locator("h1")).to_have_text("The console is slow")
    there = staff.page.url.removeprefix(site.url).replace("/desk", "")
    for page in ("/", "/status/"):
        reader.go(page)
        expect(reader.page.get_by_role("main")).to_contain_text("The console is slow")
        reader.shoot_all(f"goes-on-{'home' if page == '/' else 'status'}")
    customer.go(there)
    press(customer.page, "Notify me")
    expect(customer.page.get_by_role("main")).to_contain_text("You are told of each update")
    staff.page.get_by_label("Status").select_option("identified")
    staff.page.get_by_label("What is known").fill("A job runs wild. We stop it.")
    press(staff.page, "Publish")
    assert "runs wild" in text_of(site.mail_to(CUSTOMER, "The console is slow"))
    staff.page.get_by_label("Status").select_option("resolved")
    staff.page.get_by_label("What is known").fill("It is quick again.")
    press(staff.page, "Publish")
    staff.page.get_by_label("What happened and what is done about it").fill("The job has **a limit** now.")
    staff.page.get_by_role("region", name="Looking back").get_by_role("button", name="Publish").click()
    expect(staff.page.get_by_role("main")).to_contain_text("Written down.")
    reader.go(there)
    expect(reader.page.get_by_role("region", name="Looking back").locator("strong")).to_have_text("a limit")
    reader.shoot_all("looked-back")
    reader.go("/status/")
    expect(reader.page.locator("svg.status-bars").first).to_be_visible()
    reader.shoot_all("bars")
    reader.go("/status/history")
    expect(reader.page.get_by_role("main")).to_contain_text("The console is slow")
    reader.shoot_all("history")
    assert not reader.troubles + customer.troubles + staff.troubles
