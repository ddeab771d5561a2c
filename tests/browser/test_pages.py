"""Every page of the route table in Chromium, wide and phone, light and dark: axe finds nothing, nothing breaks."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import PHONE, WIDE, Site, Tab
from tests.house.access import Row, table
from tests.running import ROOT, wait_for

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Light shows the structure of each width; what the dark scheme can break is contrast.
RULES = {"light": {"type": "tag", "values": TAGS}, "dark": {"type": "rule", "values": ["color-contrast"]}}
CUSTOMER, AGENT, ADMIN = "mira@tidewater.example", "agent@larkspur.example", "admin@larkspur.example"
WHO = (("visitor", None), ("owner", CUSTOMER), ("agent", AGENT), ("admin", ADMIN))
AT_REST = "document.getAnimations().every(one => one.playState !== 'running')"
VIEWS = [(size, scheme) for size in ("wide", "phone") for scheme in ("light", "dark")]

# Addresses that answer with something else than a page of their own, or only to a secret in the link.
NO_PAGE = {
    "/static/<path:filename>", "/account/fs-static/<path:filename>", "/healthz", "/readyz", "/brand.css", "/brand-logo",
    "/robots.txt", "/sitemap.xml", "/sitemap-<int:number>.xml",
    "/tickets/rating/<token>",  # a key that stands in a mail alone
    "/kb/files/<token>/<filename>", "/kb/desk/organisations",
    "/search/suggest", "/opensearch.xml", "/tickets/answers", "/tickets/quote",  # pieces that htmx puts into a page
    "/manuals/<slug>/<version>/<lang>/<filename>",  # a PDF
    "/kb/desk/insight/pins.csv", "/kb/desk/insight/synonyms.csv",
    "/demo/mail/<int:mail_id>/html",  # shut in a sandbox where not even axe may run
}  # fmt: skip


def pages() -> list[Row]:
    found = {row.rule: row for row in table() if not row.is_unsafe and row.rule not in NO_PAGE and not row.thing}
    return [row for row in found.values() if "200" in row.statuses.values()]


@pytest.fixture(scope="session")
def things(site: Site) -> dict[str, object]:
    """What the demo has for the arguments of addresses."""
    of_customer = (
        "SELECT number FROM ticket WHERE requester_id = (SELECT id FROM users WHERE email = ?) ORDER BY id LIMIT 1"
    )
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
        "/kb/desk/insight/<name> name": "nothing",
        "synonym_id": site.value("SELECT id FROM search_synonym ORDER BY id"),
        "person_id": site.value("SELECT id FROM users WHERE email = ?", CUSTOMER),
        "policy_id": policy,
        "version": version,
    }


def keep_out(site: Site) -> object:
    """A mail that waits on the desk's page: the agent's address in it proves nothing."""
    raw = f"From: {AGENT}\nSubject: A mail that nobody can be sure of\n\n{'It beeps. ' * 40}".encode()
    command = [sys.executable, "-m", "portal", "mail", "receive"]
    subprocess.run(command, input=raw, env=site.environment, cwd=ROOT, check=True, capture_output=True)
    return site.value("SELECT id FROM received_mail WHERE result = 'quarantine'")


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
        return
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
