"""A customer and an agent at once, each in a browser of their own, through a ticket of every channel."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import make_msgid

from playwright.sync_api import Locator, expect

from portal.demo.cast import PASSWORD
from tests.browser.conftest import Site, Tab, link_in, text_of
from tests.browser.test_journey import press
from tests.running import ROOT

CUSTOMER, AGENT = "mira@tidewater.example", "agent@larkspur.example"
LENA, SAM = "lena@alpenwerk.example", "sam@brightfield.example"
Open = Callable[..., Tab]


def test_a_mail_becomes_a_ticket_and_its_answer_a_reply(open_tab: Open, site: Site) -> None:
    desk, customer = open_tab(AGENT, name="mail-desk"), open_tab(LENA, name="mail-customer")
    taken = mail_in(site, LENA, "Beacon counts pumps twice", "Since Friday every pump is there twice.\n")
    assert taken["result"] == "ticket", taken
    number = taken["ticket"]
    assert site.mail_to(LENA, str(number))["Auto-Submitted"]
    desk.go(f"/desk/{number}")
    expect(desk.page.locator(".thread")).to_contain_text("every pump is there twice")
    desk.shoot_all("as-it-came")
    desk.page.get_by_label("Reply to the customer").fill("Please restart the collector once.")
    press(desk.page, "Send reply")
    answer = site.mail_to(LENA, "restart the collector")
    joined = mail_in(site, LENA, f"Re: {answer['Subject']}", "Restarted: all is well.\n", answer["Message-ID"])
    assert (joined["result"], joined["ticket"]) == ("reply", number)
    customer.go(f"/tickets/{number}")
    expect(conversation(customer)).to_contain_text("Restarted: all is well.")
    customer.shoot_all("ticket")
    desk.go(f"/desk/{number}")
    expect(desk.page.locator(".thread")).to_contain_text("Restarted: all is well.")
    assert not desk.troubles + customer.troubles


def conversation(tab: Tab) -> Locator:
    """What the customer reads, in whatever language."""
    return tab.page.locator("section:has(> article.message)")


def mail_in(site: Site, sender: str, subject: str, body: str, answers: str = "") -> dict[str, object]:
    """By the pipe; returns what it prints."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "help@larkspur.example", subject
    mail["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    if answers:
        mail["In-Reply-To"] = answers
    mail.set_content(body)
    command = [sys.executable, "-m", "portal", "mail", "receive"]
    done = subprocess.run(
        command, input=mail.as_bytes(), env=site.environment, cwd=ROOT, check=True, capture_output=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_call_is_written_down_with_the_promise(open_tab: Open, site: Site) -> None:
    customer, desk = open_tab(CUSTOMER, name="phone-customer"), open_tab(AGENT, name="phone-desk")
    customer.go("/contact")
    customer.shoot_all("contact")
    customer.go("/account/")
    customer.page.locator("#pin").get_by_role("button").click()
    pin = customer.page.locator("#pin .lead").inner_text()
    customer.shoot_all("pin")
    desk.go("/desk/phone")
    desk.shoot_all("who-calls")
    desk.page.get_by_label("What the caller says").fill(pin)
    press(desk.page, "Find the caller")
    expect(desk.page.get_by_text("Recognised by PIN")).to_be_visible()
    desk.page.locator("#subject").fill("Valve 7 does not close")
    desk.page.locator("#product").select_option("beacon")
    desk.page.locator("#said").fill("Valve 7 stays open since the night shift.")
    desk.page.locator("#answered").fill("Close it by hand; a colleague calls you back.")
    desk.page.locator("#note").fill("Sounded worried.")
    desk.shoot_all("call")
    press(desk.page, "Write the call down")
    desk.page.wait_for_url(re.compile(r"/desk/\d{8}"))
    expect(desk.page.locator(".thread")).to_contain_text("Sounded worried.")
    desk.shoot_all("written-down")
    number = re.findall(r"/desk/(\d{8})", desk.page.url)[0]
    assert "Sounded worried" not in text_of(site.mail_to(CUSTOMER, number))
    customer.go(f"/tickets/{number}")
    expect(customer.page.locator("#promise time").first).to_be_visible()
    expect(conversation(customer)).to_contain_text("written down by Tess Brandt")
    expect(customer.page.locator("main")).not_to_contain_text("Sounded worried")
    customer.shoot_all("ticket")
    assert not desk.troubles + customer.troubles


def test_a_chat_is_waited_for_held_and_handed_over(open_tab: Open, site: Site) -> None:
    first, desk = open_tab(SAM, name="chat-customer"), open_tab(AGENT, name="chat-desk")
    talk = begin_chat(first, "The gateway lost its clock.")
    waits = first.page.locator("#chat-state")
    expect(waits).to_contain_text(re.compile(r"You are number \d+ in the queue"))
    first.shoot_all("waiting")
    desk.go("/desk/")
    desk.shoot_all("queue")
    desk.page.get_by_role("link", name=re.compile(r"Chats \(\d+\)")).click()
    desk.page.wait_for_url("**/desk/chats")
    desk.shoot_all("list")
    desk.page.get_by_role("link", name="Sam Ortega").click()
    desk.page.wait_for_url(re.compile(r"/desk/chats/\d+"))
    press(desk.page, "Take the chat")
    expect(waits).to_contain_text("Tess Brandt")
    desk.page.locator("#body").press_sequentially("Which ver")
    expect(waits).to_contain_text("is writing")
    first.shoot_all("is-writing")
    desk.page.locator("#body").fill("Which version is it?")
    press(desk.page, "Send")
    expect(first.page.locator("#talk")).to_contain_text("Which version is it?")
    first.page.locator("#body").fill("4.2, here is its log.")
    log = {"name": "gateway.log", "mimeType": "text/plain", "buffer": b"12:01 clock lost\n"}
    first.page.locator("#files").set_input_files(log)
    press(first.page, "Send")
    expect(desk.page.locator("#talk")).to_contain_text("gateway.log")
    desk.shoot_all("talk")
    first.shoot_all("talk")
    press(desk.page, "File the ticket")
    desk.page.wait_for_url(re.compile(r"/desk/\d{8}"))
    number = re.findall(r"/desk/(\d{8})", desk.page.url)[0]
    desk.shoot_all("handed-over")
    expect(waits).to_contain_text("This chat has ended.")
    expect(first.page.locator("#composer")).to_be_hidden()
    expect(first.page.get_by_role("button", name="End the chat")).to_have_count(0)
    first.shoot_all("over")
    first.page.get_by_role("link", name=f"It is ticket {number}").click()
    expect(first.page.locator("#promise time").first).to_be_visible()
    expect(conversation(first)).to_contain_text("Which version is it?")
    expect(first.page.get_by_text("gateway.log").first).to_be_visible()
    first.shoot_all("ticket")
    assert talk and number in text_of(site.mail_to(SAM, number))
    assert not desk.troubles + first.troubles


def test_a_chat_that_ends_is_sent_by_mail(open_tab: Open, site: Site) -> None:
    customer, desk = open_tab(SAM, name="transcript-customer"), open_tab(AGENT, name="transcript-desk")
    talk = begin_chat(customer, "Where do I find the licence?")
    desk.go(f"/desk{talk}".replace("/chat/", "/chats/"))
    desk.page.locator("#body").fill("On your profile, under Licences.")
    press(desk.page, "Send")
    expect(customer.page.locator("#talk")).to_contain_text("under Licences")
    press(customer.page, "End the chat")
    customer.page.get_by_role("button", name="Yes, go on").click()
    expect(customer.page.locator("#chat-state")).to_contain_text("This chat has ended.")
    customer.shoot_all("over")
    transcript = site.mail_to(SAM, "Your chat with support")
    assert "Where do I find the licence?" in text_of(transcript) and "under Licences" in text_of(transcript)
    assert not desk.troubles + customer.troubles


def begin_chat(tab: Tab, body: str) -> str:
    """The path of its page."""
    tab.go("/contact")
    tab.page.get_by_role("link", name="Start a chat").click()
    tab.page.locator("#product").select_option("beacon")
    tab.page.locator("#body").fill(body)
    tab.shoot_all("start")
    press(tab.page, "Start the chat")
    tab.page.wait_for_url(re.compile(r"/chat/\d+"))
    return re.findall(r"/chat/\d+", tab.page.url)[0]


def test_a_program_files_a_ticket_and_reads_the_answer(open_tab: Open, site: Site) -> None:
    customer, desk = open_tab(CUSTOMER, name="api-customer"), open_tab(AGENT, name="api-desk")
    customer.go("/account/tokens")
    customer.page.locator("#name").fill("Pump watch")
    customer.page.locator("#writes").check()
    customer.page.locator("#password").fill(PASSWORD)
    press(customer.page, "Make the token")
    token = customer.page.locator("code.code").inner_text()
    customer.shoot_all("token")
    asked = {"subject": "Pump 3 vibrates", "body": "7 mm/s since 04:12.", "product": "beacon"}
    filed = call(site, token, "/api/v1/tickets", asked)
    number = filed["number"]
    assert filed["promise"]["first_response"]["due_at"]
    desk.go("/desk/")
    desk.shoot_all("queue")
    desk.go(f"/desk/{number}")
    desk.page.get_by_label("Reply to the customer").fill("Is the bearing warm?")
    press(desk.page, "Send reply")
    expect(desk.page.locator(".thread")).to_contain_text("Is the bearing warm?")
    said = call(site, token, f"/api/v1/tickets/{number}/messages")
    assert "Is the bearing warm?" in [message["body"] for message in said["messages"]]
    assert not desk.troubles + customer.troubles


def call(site: Site, token: str, path: str, body: object = None) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(site.url + path, json.dumps(body).encode() if body else None, headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        found: dict[str, object] = json.loads(answer.read())
    return found


def test_a_remote_session_is_agreed_to_and_its_credentials_are_seen_once(open_tab: Open, site: Site) -> None:
    """And at the end the customer says in one press how it went."""
    customer, desk = open_tab(CUSTOMER, name="remote-customer"), open_tab(AGENT, name="remote-desk")
    number = pass_hours(site, CUSTOMER, "Nothing reports any more")
    late = site.mail_to(CUSTOMER, f"We are late with your ticket {number}")
    assert "a credit of 2%" in text_of(late)
    customer.go(f"/tickets/{number}")
    expect(customer.page.locator("#promise")).to_contain_text("late", ignore_case=True)
    customer.shoot_all("late")
    desk.go("/desk/?due=late")
    expect(desk.page.locator(f"a[href*='{number}']").first).to_be_visible()
    desk.shoot_all("queue-late")
    desk.go(f"/desk/{number}")
    desk.shoot_all("late")
    remote = desk.page.locator("#remote")
    remote.get_by_text("Propose a session").click()
    remote.locator("#remote-purpose").fill("Look at the collector’s service.")
    remote.locator("#remote-explained").check()
    press(desk.page, "Ask for consent")
    expect(remote).to_contain_text("Waits for the customer’s consent")
    site.mail_to(CUSTOMER, "Look at the collector")
    customer.go(f"/tickets/{number}")
    customer.page.locator("#session-credentials").fill("id 123 456 789, pass heron-7")
    customer.shoot_all("asked")
    press(customer.page, "I agree")
    customer.shoot_all("agreed")
    desk.go(f"/desk/{number}")
    desk.page.locator("#credentials [name=password]").fill(PASSWORD)
    desk.shoot_all("agreed")
    press(desk.page, "Show credentials")
    expect(desk.page.locator(".desk-secret")).to_have_text("id 123 456 789, pass heron-7")
    desk.shoot_all("credentials")
    remote.locator("#remote-present").check()
    press(desk.page, "Begin")
    expect(remote).to_contain_text("Began")
    expect(desk.page.locator(".desk-secret")).to_have_count(0)
    desk.shoot_all("begun")
    customer.go(f"/tickets/{number}")
    customer.shoot_all("begun")
    press(customer.page, "End the session")
    customer.shoot_all("ended")
    desk.go(f"/desk/{number}")
    desk.page.get_by_role("tab", name="Resolve").click()
    desk.page.locator("#resolve textarea").fill("The collector’s service was stopped; it starts by itself now.")
    press(desk.page, "Resolve ticket")
    expect(desk.page.locator(".desk-head")).to_contain_text("Resolved")
    site.mail_to(CUSTOMER, "starts by itself now")
    rate(customer, site, number)
    desk.go(f"/desk/{number}")
    expect(desk.page.locator(".desk-aside")).to_contain_text("satisfied")
    desk.shoot_all("rated")
    assert not desk.troubles + customer.troubles


def pass_hours(site: Site, *arguments: str) -> str:
    command = [sys.executable, "-m", "tests.browser.hours", *arguments]
    done = subprocess.run(command, env=site.environment, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def rate(tab: Tab, site: Site, number: str) -> None:
    """The mail's link opens a page with the answer chosen; one press sends it."""
    assert site.value("SELECT ask_at FROM ticket WHERE number = ?", number)
    site.change("UPDATE ticket SET ask_at = created_at WHERE number = ?", number)
    pass_hours(site)
    mail = site.mail_to(CUSTOMER, f"Your ticket {number} is resolved. Are you satisfied")
    tab.go(link_in(mail, "/tickets/rating/"))
    expect(tab.page.locator("#score-good")).to_be_checked()
    tab.shoot_all("how-did-it-go")
    press(tab.page, "Send the answer")
    expect(tab.page.get_by_text("Thank you. Your answer is kept.")).to_be_visible()
    tab.shoot_all("rated")
