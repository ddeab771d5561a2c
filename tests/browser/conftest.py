"""A real Chromium before the real portal: web server and worker on an instance of their own, with the demo loaded."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from portal.demo.cast import PASSWORD
from portal.sla.loading import path_of
from scripts import browser as chromium
from tests.running import Portal, wait_for

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SIGHTS: tuple[tuple[str, Any], ...] = (("wide", "light"), ("wide", "dark"), ("phone", "light"), ("phone", "dark"))
SCREENSHOTS = os.environ.get("FOYER_SCREENSHOTS")
LIMITS = ("limit_sign_in", "limit_register", "limit_recovery", "limit_claim", "limit_filing", "limit_pin")
ALLOWANCES = dict.fromkeys(LIMITS, "100000 per hour")

expect.set_options(timeout=30_000)  # a loaded machine is slow, not wrong


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = chromium.find()
    assert path, "no Chromium: `make test` brings one, and so does scripts/browser.py"
    return {"executable_path": str(path), "args": ARGUMENTS, "headless": True}


class Site(Portal):
    """The portal with the demo, and what a test may look up in its database and mail folder."""

    def value(self, query: str, *values: object) -> Any:
        with closing(sqlite3.connect(self.instance / "portal.db", timeout=60)) as connection:
            row = connection.execute(query, values).fetchone()
        return row[0] if row else None

    def change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.instance / "portal.db", timeout=60)) as connection, connection:
            connection.execute(statement, values)

    def mail_to(self, address: str, containing: str = "") -> Any:
        """The newest mail to somebody, as soon as the worker has written it."""

        def newest() -> Any:
            for path in sorted((self.instance / "mail").glob("*.eml"), reverse=True):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                if mail["To"] == address and containing in mail["Subject"] + text_of(mail):
                    return mail
            return None

        return wait_for(newest)


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def link_in(mail: Any, path: str) -> str:
    """The first link of a mail whose path begins so."""
    found = re.search(rf"https?://[^\s>]+{re.escape(path)}[^\s>)]*", text_of(mail))
    assert found, f"no link to {path} in {text_of(mail)!r}"
    return found[0]


def awake(copy: Path) -> Path:
    """The demo's policy with a chat that is open at any hour: the suite runs at night, too."""
    text, hours = path_of("demo").read_text(encoding="utf-8"), 'hours = "chat"\n'
    assert text.count(hours) == 1
    copy.write_text(text.replace(hours, ""), encoding="utf-8")
    return copy


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder, mode="demo", log_level="WARNING", policy=awake(folder / "demo.toml"), **ALLOWANCES)
    site.start_web()
    site.start_worker()
    yield site
    site.stop()


@dataclass
class Tab:
    """A page with its troubles noted: console errors, broken scripts, refused resources."""

    page: Page
    site: Site
    name: str = "page"
    troubles: list[str] = field(default_factory=list)
    shots: int = 0

    def watch(self) -> "Tab":
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        return self

    def note(self, message: ConsoleMessage) -> None:
        """Errors of the console; but an autosave that leaving the page cut off is none, nor is a stream that has had
        its time and begins anew (htmx logs the bare event)."""
        harmless = ("htmx:sendAbort", "htmx:afterRequest", "[object Event]")
        if SCREENSHOTS:  # what hides the caret in a picture is an inline style
            harmless += ("Applying inline style",)
        if message.type == "error" and not message.text.startswith(harmless):
            self.troubles.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.site.url + path)

    def shoot(self, step: str) -> None:
        """A screenshot of the whole page, when FOYER_SCREENSHOTS names a folder."""
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.shots += 1
            self.page.screenshot(path=f"{SCREENSHOTS}/{self.name}-{self.shots:02}-{step}.png", full_page=True)

    def shoot_all(self, step: str) -> None:
        """The same wide and as on a phone, light and dark."""
        for size, scheme in SIGHTS if SCREENSHOTS else ():
            self.page.set_viewport_size(WIDE if size == "wide" else PHONE)
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.shoot(f"{step}-{size}-{scheme}")
        if SCREENSHOTS:
            self.page.set_viewport_size(WIDE)
            self.page.emulate_media(color_scheme="light")


@pytest.fixture(scope="session")
def states(browser: Browser, site: Site) -> Callable[[str | None], Any]:
    """The cookies of somebody who has signed in, by address; nobody's without one."""
    kept: dict[str | None, Any] = {None: None}

    def state(email: str | None) -> Any:
        if email not in kept:
            context = browser.new_context(locale="en-GB")
            sign_in(context.new_page(), site, email or "")
            kept[email] = context.storage_state()
            context.close()
        return kept[email]

    return state


def sign_in(page: Page, site: Site, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{site.url}/account/sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/account/sign-in" not in url)


@pytest.fixture
def open_tab(browser: Browser, site: Site, states: Callable[[str | None], Any]) -> Iterator[Callable[..., Tab]]:
    """`open_tab("mira@…")` is a tab in which she has signed in; options go to the browser context."""
    contexts: list[BrowserContext] = []

    def new(email: str | None = None, *, name: str = "page", **options: Any) -> Tab:
        options = {"viewport": WIDE, "locale": "en-GB", "timezone_id": "Europe/Berlin"} | options
        context = browser.new_context(storage_state=states(email), **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return Tab(context.new_page(), site, name).watch()

    yield new
    for context in contexts:
        context.close()
