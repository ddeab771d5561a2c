"""Every page of the route table in Chromium, wide and phone, light and dark: axe finds nothing, nothing breaks."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser.conftest import PHONE, WIDE, Site, Tab
from tests.house.access import Row, table
from tests.running import ROOT, wait_for

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Light shows the structure of each width; what the dark scheme can break is contrast.
RULES = {"light": {"type": "tag", "values": TAGS}, "dark": {"type": "rule", "values": ["color-contrast"]}}
RASHID = "rashid@northgate.example"
CUSTOMER, AGENT, ADMIN = "mira@tidewater.example", "agent@larkspur.example", "admin@larkspur.example"
WHO = (
    ("visitor", None),
    ("owner", CUSTOMER),
    ("customer", CUSTOMER),
    ("agent", AGENT),
    ("admin", ADMIN),
    ("reseller", RASHID),
)
AT_REST = "document.getAnimations().every(one => one.playState !== 'running')"
VIEWS = [(size, scheme) for size in ("wide", "phone") for scheme in ("light", "dark")]

# Addresses that answer with something else than a page of their own, or only to a secret in the link.
NO_PAGE = {
    "/static/<path:filename>", "/account/fs-static/<path:filename>", "/healthz", "/readyz", "/brand.css", "/brand-logo",
    "/robots.txt", "/sitemap.xml", "/sitemap-<int:number>.xml",
    # Pieces of a chat's page.
    "/chat/<int:chat_id>/talk", "/chat/<int:chat_id>/line", "/chat/<int:chat_id>/stream", "/chat/files/<token>",
    "/desk/<int:number>/presence",  # a piece that htmx puts into the page of the ticket
    "/community/mails/<key>", "/tickets/rating/<token>",  # a key that stands in a mail alone
    "/community/feed.atom", "/community/category/<slug>/feed.atom", "/community/topic/<int:topic_id>/feed.atom",
    "/community/sitemap.xml", "/community/sitemap-<int:number>.xml", "/community/similar", "/community/picture/<token>",
    "/kb/files/<token>/<filename>", "/kb/desk/organisations",
    "/status/heartbeat/<token>", "/status/calendar.ics", "/desk/status/uptime/<begins>.csv",
    "/search/suggest", "/opensearch.xml", "/tickets/answers", "/tickets/quote",  # pieces that htmx puts into a page
    "/manuals/<slug>/<version>/<lang>/<filename>",  # a PDF
    "/kb/desk/insight/pins.csv", "/kb/desk/insight/synonyms.csv",
    "/demo/mail/<int:mail_id>/html",  # shut in a sandbox where not even axe may run
}  # fmt: skip

JONAS = "jonas@tidewater.example"


def pages() -> list[Row]:
    found = {row.rule: row for row in table() if not row.is_unsafe and row.rule not in NO_PAGE and not row.thing}
    return [row for row in found.values() if "200" in row.statuses.values()]


@pytest.fixture(scope="session")
def things(site: Site) -> dict[str, object]:
    """What the demo has for the arguments of addresses."""
    of_customer = (
        "SELECT number FROM ticket WHERE requester_id = (SELECT id FROM users WHERE email = ?) ORDER BY id LIMIT 1"
    )
    of_writer = "SELECT id FROM {} WHERE author_id = (SELECT id FROM users WHERE email = ?) ORDER BY id LIMIT 1"
    handbook = wait_for(lambda: site.value("SELECT slug FROM document WHERE pages > 1 ORDER BY id"), 20)  # read by now
    policy, version = site.value("SELECT policy_id FROM ticket"), site.value("SELECT policy_version FROM ticket")
    return {
        "number": site.value(of_customer, CUSTOMER),
        "/kb/category/<slug> slug": site.value("SELECT slug FROM category ORDER BY position"),
        "slug": site.value("SELECT slug FROM article WHERE lang = 'en' AND visibility = 'public' ORDER BY id"),
        "document_id": site.value("SELECT id FROM document ORDER BY id"),
        "/manuals/<slug> slug": site.value("SELECT slug FROM document ORDER BY id"),
        "/manuals/<slug>/page/<int:number> slug": handbook,
        "/manuals/<slug>/page/<int:number> number": 2,
        "article_id": site.value("SELECT id FROM article WHERE lang = 'en' ORDER BY id"),
        "category_id": site.value("SELECT id FROM category ORDER BY position"),
        "mail_id": site.value("SELECT id FROM mail ORDER BY id"),
        "/desk/mail/<int:mail_id> mail_id": keep_out(site),
        "organisation_id": site.value("SELECT id FROM organisation WHERE name = 'Tidewater Pumps'"),
        "/desk/owners/<int:organisation_id> organisation_id": orphaned(site),
        "membership_id": site.value(
            "SELECT membership.id FROM membership JOIN users ON users.id = user_id WHERE email = ?", JONAS
        ),
        **bought(site),
        **reported(site),
        "/kb/desk/insight/<name> name": "nothing",
        "synonym_id": site.value("SELECT id FROM search_synonym ORDER BY id"),
        "person_id": site.value("SELECT id FROM users WHERE email = ?", CUSTOMER),
        "/desk/people/<int:person_id> person_id": site.value("SELECT id FROM users WHERE email = ?", AGENT),
        "policy_id": policy,
        "version": version,
        "chat_id": begin_chat(site),
        "/community/category/<slug> slug": "beacon",
        "/community/<slug>/<int:topic_id> slug": site.value("SELECT slug FROM topic ORDER BY id"),
        "/community/categories/<int:category_id> category_id": site.value("SELECT id FROM forum_category ORDER BY id"),
        "topic_id": site.value("SELECT id FROM topic ORDER BY id"),
        "post_id": site.value("SELECT id FROM post WHERE number = 1 ORDER BY id"),
        "/community/post/<int:post_id>/edit post_id": site.value(of_writer.format("post"), CUSTOMER),
        "/community/topic/<int:topic_id>/ticket topic_id": site.value(of_writer.format("topic"), CUSTOMER),
        "user_id": site.value("SELECT author_id FROM post ORDER BY id"),
        "webhook_id": site.value("SELECT id FROM webhook ORDER BY id"),
        **resold(site),
        "bulk_id": site.value("SELECT id FROM bulk_act ORDER BY id"),
    }


def resold(site: Site) -> dict[str, object]:
    """A customer of the demo's reseller, and its partnership."""
    customer = site.value("SELECT public_id FROM partner_customer ORDER BY id")
    page = "/partner/customers/<public_id>"
    return {
        f"{page} public_id": customer,
        f"{page}/edit public_id": customer,
        "partner_id": site.value("SELECT id FROM partner ORDER BY id"),
        "/partner/orders/<public_id> public_id": site.value("SELECT public_id FROM partner_order ORDER BY id"),
        "/desk/billing/licences/<int:licence_id> licence_id": site.value("SELECT id FROM licence ORDER BY id"),
    }


def begin_chat(site: Site) -> object:
    """A chat of the customer's, whatever the hour."""
    now = "2026-11-23 11:00:00.000000"
    with closing(sqlite3.connect(site.instance / "portal.db", timeout=60)) as connection, connection:
        person = connection.execute("SELECT id FROM users WHERE email = ?", (CUSTOMER,)).fetchone()[0]
        columns = "state, requester_id, rank, language, zone, version, awaits_agent, began_at, said_at, seen_at"
        values = ("waiting", person, 1, "en", "UTC", 1, True, now, now, "2126-01-01 00:00:00.000000")
        chat = connection.execute(f"INSERT INTO chat ({columns}) VALUES ({', '.join('?' * 10)})", values).lastrowid
        said = (chat, person, False, "It beeps all day, and the manual says nothing of it.", now)
        columns = "chat_id, author_id, is_agents, body, created_at"
        connection.execute(f"INSERT INTO chat_message ({columns}) VALUES (?, ?, ?, ?, ?)", said)
    return chat


ORPHANED = """
from flask import current_app
from portal import create_app
from portal.accounts.people import Membership, Organisation
from portal.db import db
with create_app().app_context():
    people = current_app.security.datastore
    lou = people.create_user(email="lou@leftalone.example", name="Lou", password="-", active=True)
    row = Organisation(name="Left Alone Ltd")
    db.session.add(Membership(user=lou, organisation=row, role="member"))
    db.session.commit()
    print(row.id)
"""


def orphaned(site: Site) -> object:
    """An organisation whose only member is no owner; nobody else's, for what people are in decides what they see."""
    command = [sys.executable, "-c", ORPHANED]
    told = subprocess.run(command, env=site.environment, cwd=ROOT, check=True, capture_output=True, text=True)
    return told.stdout.split()[-1]


def keep_out(site: Site) -> object:
    """A mail that waits on the desk's page: the agent's address in it proves nothing."""
    raw = f"From: {AGENT}\nSubject: A mail that nobody can be sure of\n\n{'It beeps. ' * 40}".encode()
    command = [sys.executable, "-m", "portal", "mail", "receive"]
    subprocess.run(command, input=raw, env=site.environment, cwd=ROOT, check=True, capture_output=True)
    return site.value("SELECT id FROM received_mail WHERE result = 'quarantine'")


def bought(site: Site) -> dict[str, object]:
    """What Tidewater Pumps buys in the demo."""
    account = site.value("SELECT id FROM billing_account WHERE legal_name = 'Tidewater Pumps'")
    held = "SELECT id FROM subscription WHERE contract_id IS NULL AND currency IS NOT NULL AND organisation_id = ?"
    base = "/billing/<int:organisation_id>"
    return {
        "account_id": account,
        "file_id": site.value("SELECT id FROM bank_file WHERE confirmed_at IS NULL"),
        "entry_id": site.value("SELECT id FROM bank_entry WHERE state = 'waiting'"),
        "subscription_id": site.value(
            held, site.value("SELECT organisation_id FROM billing_account WHERE id = ?", account)
        ),
        f"{base}/order/<slug> slug": "team",
        f"{base}/invoices/<public_id> public_id": site.value(
            "SELECT public_id FROM invoice WHERE account_id = ? AND state = 'open'", account
        ),
    }


SUBSCRIBED = """
from portal import create_app
from portal.db import db
from portal.status.subscriber import Subscriber
from portal.status.subscribing import token_of
with create_app().app_context():
    row = Subscriber(address="sue@reader.example", kinds=["outage"], nonce="0123456789abcdef" * 2)
    db.session.add(row)
    db.session.commit()
    print(token_of(row))
"""


def reported(site: Site) -> dict[str, object]:
    """What the demo's status page shows, and what its desk keeps."""
    said = "SELECT public_id FROM incident WHERE kind = ? ORDER BY id"
    incident, planned = (site.value(said, kind) for kind in ("incident", "maintenance"))
    command = [sys.executable, "-c", SUBSCRIBED]
    told = subprocess.run(command, env=site.environment, cwd=ROOT, check=True, capture_output=True, text=True)
    subscribed = told.stdout.split()[-1]
    return {
        "/status/incidents/<public_id> public_id": incident,
        "/desk/status/incidents/<public_id> public_id": incident,
        "/desk/status/maintenance/<public_id> public_id": planned,
        "/desk/status/maintenance/<public_id>/move public_id": planned,
        "/desk/status/incidents/<public_id>/edit public_id": incident,
        "/desk/status/updates/<public_id> public_id": site.value("SELECT public_id FROM incident_update ORDER BY id"),
        "/status/subscribe/<token>/incidents/<public_id> public_id": incident,
        "/status/subscribe/<token>/incidents/<public_id> token": subscribed,
        "probe_id": site.value("SELECT id FROM probe WHERE kind = 'http'"),
        "report_id": site.value("SELECT id FROM uptime_report ORDER BY is_met, id"),
        "component_id": site.value("SELECT id FROM component ORDER BY id"),
        "group_id": site.value("SELECT id FROM component_group ORDER BY id"),
        "template_id": site.value("SELECT id FROM incident_template ORDER BY id"),
        "/status/subscribe/<token> token": subscribed,
        "/status/subscribe/<token>/stop token": subscribed,
    }


def address(row: Row, things: dict[str, object]) -> str | None:
    """The rule with the demo's ids; None where the demo has nothing to show there."""
    path = row.rule
    for argument in re.findall(r"<([^>]+)>", row.rule):
        name = argument.split(":")[-1]
        value = things.get(f"{row.rule} {name}", things.get(name))
        if value is None:
            return None
        path = path.replace(f"<{argument}>", str(value))
    return path


@pytest.mark.parametrize("row", pages(), ids=lambda row: row.rule)
def test_a_page_is_sound(row: Row, things: dict[str, object], open_tab: Callable[..., Tab]) -> None:
    path = address(row, things)
    if path is None:
        pytest.skip("the demo has nothing to show there")
    email = next(email for actor, email in WHO if row.statuses[actor] == "200")
    tab = open_tab(email, name=re.sub(r"\W+", "-", row.rule).strip("-") or "home")
    tab.go(path)
    if "text/html" not in tab.page.evaluate("document.contentType"):
        return
    found = []
    for size, scheme in VIEWS:
        tab.page.set_viewport_size(WIDE if size == "wide" else PHONE)
        tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        wait_for(lambda: tab.page.evaluate(AT_REST))
        found += [f"{size}, {scheme}: {what}" for what in (*violations(tab, scheme), *overflow(tab))]
        tab.shoot(f"{size}-{scheme}")
    assert not found + tab.troubles, "\n".join(found + tab.troubles)


def violations(tab: Tab, scheme: str) -> list[str]:
    """What axe finds, one line each."""
    if not tab.page.evaluate("typeof axe === 'object'"):
        tab.page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    options = {"runOnly": RULES[scheme], "resultTypes": ["violations"]}
    results = tab.page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for violation in results["violations"]
        for node in violation["nodes"][:3]
    ]


def overflow(tab: Tab) -> list[str]:
    wide = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"the page is {wide} px wider than the window"] if wide > 0 else []
