"""The community as its people meet it: asked, answered, accepted, mailed, held, flagged, and kept private."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Site, Tab, text_of
from tests.browser.test_journey import press
from tests.browser.test_two_at_once import AGENT, CUSTOMER, SAM, Open, mail_in
from tests.pictures import picture
from tests.running import wait_for

NEWCOMER, RESELLER, MODERATOR = "petra@tidewater.example", "rashid@northgate.example", "admin@larkspur.example"
AS_LONG_AS_A_HAND = 3_200  # milliseconds: a newcomer's form that comes sooner waits for a moderator


def answer(tab: Tab, text: str) -> None:
    tab.page.locator("#reply #body").fill(text)
    tab.page.wait_for_timeout(AS_LONG_AS_A_HAND)
    press(tab.page, "Post the answer")


def ask(tab: Tab, title: str, body: str) -> None:
    tab.go("/community/new")
    tab.page.locator("#title").press_sequentially(title)
    tab.page.locator("#body").fill(body)
    tab.page.locator("#product").select_option("beacon")
    tab.page.wait_for_timeout(AS_LONG_AS_A_HAND)


def refused(tab: Tab) -> None:
    """The page says no, in answer and console; nothing else went wrong so far."""
    expect(tab.page.get_by_role("alert")).to_contain_text("Not posted: everybody would read this")
    assert [trouble for trouble in tab.troubles if "422" not in trouble] == []
    tab.troubles.clear()


def test_a_question_is_answered_accepted_and_gone_on_with_by_mail(open_tab: Open, site: Site) -> None:
    asks, staff = open_tab(CUSTOMER, name="community-asks"), open_tab(AGENT, name="community-staff")
    wait_for(lambda: site.value("SELECT count(*) FROM index_change") == 0, 60)  # topics of the demo can be found
    ask(
        asks, "Agents are offline after the reboot of site 9", "Since Monday. The agent's password: Kite-7-Lantern-Moss"
    )
    expect(asks.page.locator("#similar")).to_contain_text("Agents show as offline after the nightly reboot")
    asks.shoot_all("similar")
    press(asks.page, "Post")
    refused(asks)
    asks.shoot_all("secret")
    asks.page.locator("#body").fill("Since Monday all of them stay offline.")
    asks.page.wait_for_timeout(AS_LONG_AS_A_HAND)
    press(asks.page, "Post")
    expect(asks.page.locator("h1")).to_have_text("Agents are offline after the reboot of site 9")
    there = asks.page.url.removeprefix(site.url)
    staff.go(there)
    answer(staff, "Update the agent to **4.2.1**, then they come back.")
    expect(staff.page.locator("#post-2")).to_contain_text("Staff of Larkspur Instruments")
    letter = site.mail_to(CUSTOMER, "they come back")
    assert letter["List-Unsubscribe-Post"]
    asks.go(there)
    press(asks.page, "This is the answer")
    expect(asks.page.locator("#post-2")).to_contain_text("Answer")
    expect(asks.page.locator("main")).to_contain_text("Solved")
    asks.shoot_all("accepted")
    taken = mail_in(site, CUSTOMER, f"Re: {letter['Subject']}", "All are back. Thank you!\n", letter["Message-ID"])
    assert taken["result"] == "reply", taken
    asks.go(there)
    expect(asks.page.locator("#post-3")).to_contain_text("All are back.")
    assert not asks.troubles + staff.troubles


def test_a_newcomers_first_post_waits_is_shown_and_flagged(open_tab: Open, site: Site) -> None:
    newcomer, visitor = open_tab(NEWCOMER, name="community-newcomer"), open_tab(name="community-visitor")
    keeper, reader = open_tab(MODERATOR, name="community-keeper"), open_tab(SAM, name="community-reader")
    there = site.value("SELECT '/community/' || slug || '/' || id FROM topic WHERE title LIKE 'Alarm only%'")
    newcomer.go(there)
    answer(newcomer, "We use two gauges and a delay of a minute.")
    expect(newcomer.page.locator("main")).to_contain_text("Waits for a moderator")
    newcomer.shoot_all("waits")
    visitor.go(there)
    expect(visitor.page.locator("main")).not_to_contain_text("a delay of a minute")
    keeper.go("/community/order")
    expect(keeper.page.locator("main")).to_contain_text("a delay of a minute")
    keeper.shoot_all("queue")
    press(keeper.page, "Show it")
    visitor.go(there)
    expect(visitor.page.locator("main")).to_contain_text("a delay of a minute")
    visitor.shoot_all("shown")
    reader.go(there)
    post = reader.page.locator("article", has_text="a delay of a minute")
    post.get_by_role("link", name="Flag").click()
    reader.page.get_by_text("Has nothing to do with the topic").click()
    reader.shoot_all("flag")
    press(reader.page, "Flag it")
    expect(reader.page.locator("#flashes")).to_contain_text("A moderator looks at it.")
    keeper.go("/community/order")
    expect(keeper.page.locator("main")).to_contain_text("Has nothing to do with the topic")
    keeper.shoot_all("flagged")
    hidden = keeper.page.locator("li", has_text="a delay of a minute")
    hidden.get_by_label("Why, for its author:").fill("It is about gauges, not about alarms.")
    hidden.get_by_role("button", name="Hide it").click()
    visitor.go(there)
    expect(visitor.page.locator("main")).not_to_contain_text("a delay of a minute")
    assert "about gauges, not about alarms" in text_of(site.mail_to(NEWCOMER, "was hidden"))
    keeper.go("/community/order/log")
    expect(keeper.page.locator("main")).to_contain_text("It is about gauges")
    keeper.shoot_all("log")
    assert not newcomer.troubles + visitor.troubles + keeper.troubles + reader.troubles


def test_what_is_private_becomes_a_ticket_with_its_promise(open_tab: Open, site: Site) -> None:
    tab, reseller = open_tab(CUSTOMER, name="community-private"), open_tab(RESELLER, name="community-reseller")
    ask(tab, "The licence of site 12 is refused", "Our licence key is FOYER-DEM0T-EAM00-00000-00020, it says no.")
    press(tab.page, "Post")
    refused(tab)
    press(tab.page, "Move it all into a private ticket")
    tab.page.wait_for_url(re.compile(r"/tickets/new\?draft="))
    expect(tab.page.locator("#subject")).to_have_value("The licence of site 12 is refused")
    expect(tab.page.locator("#body")).to_have_value(re.compile("it says no"))
    expect(tab.page.locator("main")).to_contain_text("First response")
    tab.shoot_all("ticket")
    reseller.go(site.value("SELECT '/community/' || slug || '/' || id FROM topic WHERE title LIKE 'Alarm only%'"))
    expect(reseller.page.locator("main")).to_contain_text("Resellers don't post in the community.")
    reseller.shoot_all("told-why")
    assert not tab.troubles + reseller.troubles


def test_a_picture_is_shown_and_a_follower_reads_it_in_a_digest(open_tab: Open, site: Site) -> None:
    reader, staff = open_tab(SAM, name="community-follower"), open_tab(AGENT, name="community-picture")
    there = site.value("SELECT '/community/' || slug || '/' || id FROM topic WHERE title LIKE 'Alarm only%'")
    reader.go(there)
    press(reader.page, "Follow this topic")
    expect(reader.page.locator(".follow")).to_contain_text("You hear of it")
    reader.go("/community/following")
    followed = reader.page.locator("li", has_text="Alarm only")
    followed.get_by_label("How soon you hear of").select_option("daily")
    followed.get_by_role("button", name="Change").click()
    expect(followed.get_by_label("How soon you hear of")).to_have_value("daily")
    reader.shoot_all("following")
    staff.go(there)
    staff.page.locator("#reply #body").fill("The switch is on the left:")
    shown = {"name": "left switch.png", "mimeType": "image/png", "buffer": picture(size=(320, 160))}
    staff.page.locator("#reply input[type=file]").set_input_files(shown)
    press(staff.page, "Add to the text")
    expect(staff.page.locator("#reply #body")).to_have_value(re.compile(r"!\[left switch\]\(/community/picture/f"))
    staff.shoot_all("composed")
    press(staff.page, "Post the answer")
    drawn = staff.page.locator('img[alt="left switch"]')
    expect(drawn).to_be_visible()
    assert drawn.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 320
    staff.shoot_all("picture")
    wait_for(lambda: site.value("SELECT count(*) FROM forum_told WHERE due_at IS NOT NULL"), 20)
    site.change("UPDATE forum_told SET due_at = '2026-01-01 00:00:00' WHERE due_at IS NOT NULL")
    site.run("community", "digests")
    letter = site.mail_to(SAM, "What is new in the community")
    assert "The switch is on the left" in text_of(letter)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    reader.go(re.search(r"<(https?://[^>]+)>", letter["List-Unsubscribe"])[1])  # type: ignore[index]
    reader.shoot_all("stop")
    press(reader.page, "Tell me no more")
    expect(reader.page.locator("main")).to_contain_text("No more mails about this")
    assert not reader.troubles + staff.troubles


def test_what_a_ticket_found_out_is_told_to_everybody(open_tab: Open, site: Site) -> None:
    staff, visitor = open_tab(AGENT, name="community-tells"), open_tab(name="community-reads")
    number = site.value("SELECT number FROM ticket WHERE status IN ('resolved', 'closed') ORDER BY number LIMIT 1")
    staff.go(f"/desk/{number}")
    staff.page.get_by_role("link", name="Answer in the community").click()
    expect(staff.page.locator("h1")).to_be_visible()
    staff.page.locator("#title").fill("What to do when the gauge stops at noon")
    staff.page.locator("#question").fill("The gauge stops at noon each day.")
    staff.page.locator("#answer").fill("Give it the firmware 4.2.1: the noon fault is gone.")
    staff.shoot_all("answer")
    press(staff.page, "Publish the answer")
    expect(staff.page.locator("h1")).to_have_text("What to do when the gauge stops at noon")
    there = staff.page.url.removeprefix(site.url)
    visitor.go(there)
    expect(visitor.page.locator("main")).to_contain_text("Solved")
    visitor.shoot_all("answer")
    assert not staff.troubles + visitor.troubles


def test_a_resolved_ticket_becomes_the_draft_of_an_article(open_tab: Open, site: Site) -> None:
    editor = open_tab(MODERATOR, name="community-article")
    number = site.value("SELECT number FROM ticket WHERE status IN ('resolved', 'closed') ORDER BY number LIMIT 1")
    editor.go(f"/desk/{number}")
    editor.page.get_by_role("link", name="Write an article from it").click()
    expect(editor.page.locator("h1")).to_contain_text(f"#{number}")
    editor.shoot_all("material")
    press(editor.page, "Make it a draft")
    expect(editor.page.locator("textarea[name=body]")).not_to_be_empty()
    editor.shoot_all("draft")
    assert not editor.troubles
