"""Who may do what: every route × method × member of the cast, as `access.txt` declares it."""

import re
from collections.abc import Mapping

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.db import db
from portal.web import public
from tests import cast
from tests.conftest import empty
from tests.house.access import ACTORS, ALLOWED, Row, declared, enter, status, table
from tests.house.furniture import furnish
from tests.house.routes import UNSAFE, methods

ROWS = table()
GETS = [row for row in ROWS if not row.is_unsafe]
# What a GET may leave behind, and why that changes nothing for anybody.
NOTED = {
    "/manuals/<slug>/<version>/<lang>/<filename>": "counts the download, once a reader and day",
    "/chat/<int:chat_id>/talk": "notes once in 30 s that the customer's page is open, and so keeps their place",
    "/desk/<int:number>/presence": "notes for a minute that the page is open, and tells nobody but colleagues",
    "/community/<slug>/<int:topic_id>": "notes how far its reader has read",
    "/status/heartbeat/<token>": "notes that its sender is well; cron jobs and devices ask by GET",
    "/news/<int:news_id>": "notes that its reader has read it",
    "/billing/<int:organisation_id>/payments/<public_id>/back": "has a job look at the payment; it moves no money",
    "/billing/<int:organisation_id>/methods/left": "has a job look at what was left at the provider",
    "/tickets/answers/<token>": "notes in the reader's own draft which answer was opened",
}
Things = Mapping[str, object]


@pytest.fixture
def things(app: Flask, world: cast.World) -> Things:
    return furnished(app, world)


def furnished(app: Flask, world: cast.World) -> Things:
    with app.test_request_context():
        things = furnish(world)
        db.session.commit()
        return things


def again(app: Flask) -> Things:
    """The same world anew, after somebody changed it."""
    empty(app)
    with app.app_context():
        world = cast.gather()
        db.session.commit()
    return furnished(app, world)


def address(row: Row, things: Things) -> str:
    """The rule with the ids of the customer's things in it; `/kb/<slug>` or `@billing` choose a certain one."""

    def fill(argument: re.Match[str]) -> str:
        name = argument[1].split(":")[-1]
        for key in (f"{row.thing} {name}", f"{row.rule} {name}", name):
            if key in things:
                return str(things[key])
        raise AssertionError(f"furnish() makes nothing for {name!r} of {row}")

    return re.sub(r"<([^>]+)>", fill, row.rule)


def send(app: Flask, row: Row, actor: str, things: Things, **options: bool) -> TestResponse:
    browser = enter(app, cast.ADDRESSES.get(actor))
    return browser.open(address(row, things), method=row.method, **options)


def test_every_route_is_declared(shared_app: Flask) -> None:
    rows = {(row.method, row.rule) for row in ROWS}
    missing, gone = declared(shared_app) - rows, rows - declared(shared_app)
    assert not missing, f"write their lines in tests/house/access.txt: {sorted(missing)}"
    assert not gone, f"take their lines out of tests/house/access.txt: {sorted(gone)}"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_access_is_as_declared(row: Row, app: Flask, things: Things) -> None:
    seen = {}
    for actor in sorted(ACTORS, key=lambda actor: row.statuses[actor] in ALLOWED):  # who may change nothing comes first
        answer = send(app, row, actor, things)
        seen[actor] = status(answer)
        check_headers(answer, row, actor)
        answer.close()
        if row.is_unsafe and row.statuses[actor] in ALLOWED:
            things = again(app)
    assert " ".join(seen[actor] for actor in ACTORS) == " ".join(row.statuses[actor] for actor in ACTORS)


@pytest.mark.parametrize("row", GETS, ids=str)
def test_the_suspended_are_visitors_at_their_next_request(row: Row, app: Flask, things: Things) -> None:
    answer = send(app, row, "suspended", things)
    assert status(answer) == row.statuses["visitor"]
    answer.close()


@pytest.mark.parametrize("actor", ["suspended", "unconfirmed"])
def test_the_suspended_and_unconfirmed_cannot_sign_in(actor: str, app: Flask, world: cast.World) -> None:
    browser = app.test_client()
    browser.post("/account/sign-in", data={"email": world.email(actor), "password": cast.PASSWORD})
    assert status(browser.get("/tickets/")) == "in"


@pytest.mark.parametrize("row", [row for row in ROWS if "<" in row.rule and row.statuses["visitor"] == "in"], ids=str)
def test_what_is_not_yours_is_not_there(row: Row) -> None:
    """For a stranger and a former member somebody's thing answers as if it didn't exist: 404, never 403 or 200."""
    assert row.statuses["stranger"] == row.statuses["former"] == "404" or row.rule in OWN_OR_SIGNED


# Addresses whose argument is a signed link: whoever holds it is who it was sent to, or it only leads on.
# A question for consent is answered by whoever got the mail, for an organisation of their own.
OWN_OR_SIGNED = {"/account/confirm/<token>", "/tickets/answers/<token>", "/account/consent/<token>"}


@pytest.mark.parametrize("row", GETS, ids=str)
def test_a_get_changes_nothing(row: Row, app: Flask, things: Things) -> None:
    if row.rule in NOTED:
        return
    before = everything(app)
    for actor in ("visitor", "customer", "agent"):
        send(app, row, actor, things).close()
    assert everything(app) == before


def everything(app: Flask) -> dict[str, list[str]]:
    with app.app_context():
        found = {
            table.name: sorted(map(repr, db.session.execute(text(f'SELECT * FROM "{table.name}"')).all()))
            for table in db.metadata.sorted_tables
            if table.name != "sign_in"  # each browser that is sent has one
        }
        db.session.rollback()
        return found


def unsafe_rules(app: Flask) -> list[Row]:
    rules = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in methods(rule.methods)]
    return [Row(method, rule, "", {}) for method, rule in rules if method in UNSAFE]


@pytest.mark.parametrize("token", [None, "forged"])
def test_another_site_changes_nothing_without_the_token_of_the_form(
    token: str | None, app: Flask, things: Things
) -> None:
    offences, before = [], everything(app)
    for row in unsafe_rules(app):
        knows_no_session = row.rule in ONE_CLICK or row.rule.startswith(FOR_PROGRAMS)
        for actor in ("customer", "admin") if not knows_no_session else ():
            browser = enter(app, cast.ADDRESSES[actor])
            headers = {"Sec-Fetch-Site": "cross-site"} | ({"X-CSRFToken": token} if token else {})
            answer = browser.open(address(row, things), method=row.method, csrf=False, headers=headers)
            if answer.status_code != 400:
                offences.append(f"{row} as {actor}: {answer.status_code}")
            check_headers(answer, row, actor)
    assert not offences, "\n".join(offences)
    assert everything(app) == before


# What the key in the link ends, and mail programs call with nothing else (RFC 8058).
ONE_CLICK = {
    *("/kb/following/<token>/stop", "/search/wish/<token>/stop", "/community/mails/<key>"),
    "/status/subscribe/<token>/stop",
}
# No session opens them: 401 for every browser, or what the secret in the address allows.
FOR_PROGRAMS = ("/api/v1/", "/api/alerts/", "/status/heartbeat/", "/billing/provider/events")


def test_another_sites_token_opens_nothing(app: Flask, things: Things) -> None:
    """A token is good for the session it was made for, and for no other."""
    row = next(row for row in ROWS if row.rule == "/tickets/<int:number>/close")
    stranger = enter(app, cast.ADDRESSES["stranger"])
    token = stranger._token()  # type: ignore[attr-defined]
    browser = enter(app, cast.ADDRESSES["customer"])
    answer = browser.open(address(row, things), method="POST", csrf=False, headers={"X-CSRFToken": token})
    assert answer.status_code == 400


def check_headers(answer: TestResponse, row: Row, actor: str) -> None:
    """On every answer, whatever its status."""
    headers, where = answer.headers, f"{row} as {actor}: {answer.status_code}"
    policy = headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy, where
    assert "'unsafe-inline'" not in policy or "sandbox" in policy, where
    assert "frame-ancestors" in policy or "sandbox" in policy, where
    assert headers.get("X-Content-Type-Options") == "nosniff", where
    assert headers.get("X-Frame-Options") in ("SAMEORIGIN", "DENY"), where
    assert headers.get("Referrer-Policy") == "same-origin", where
    where_shown = "cross-origin" if row.rule in SHOWN_ELSEWHERE else "same-origin"
    assert headers.get("Cross-Origin-Resource-Policy") == where_shown, where
    if row.rule.startswith("/static/"):  # sent before the application is asked
        return
    assert headers.get("Cross-Origin-Opener-Policy") == "same-origin", where
    assert re.fullmatch(r"[A-Za-z0-9-]{8,64}", headers.get("X-Request-ID", "")), where
    if actor != "visitor" and not row.is_unsafe and row.rule not in FOR_EVERYBODY:
        assert "no-store" in headers.get("Cache-Control", ""), where


# Answers that are the same for everybody, and may be kept by a browser.
FOR_EVERYBODY = {
    *("/brand.css", "/brand-logo", "/static/<path:filename>"),
    *("/robots.txt", "/sitemap.xml", "/sitemap-<int:number>.xml"),
    *("/community/sitemap.xml", "/community/sitemap-<int:number>.xml", "/community/feed.atom"),
    *("/community/category/<slug>/feed.atom", "/community/topic/<int:topic_id>/feed.atom"),
    *("/api/v2/<path:name>", "/status/history.atom", "/status/history.rss", "/status/calendar.ics"),
    "/status/badge.svg",
}
# Pictures that other sites show.
SHOWN_ELSEWHERE = {"/status/badge.svg"}


def test_a_broken_page_tells_nothing_and_keeps_its_headers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    @public
    def break_down() -> str:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setitem(app.view_functions, "front.healthz", break_down)
    monkeypatch.setitem(app.config, "TESTING", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    row = Row("GET", "/healthz", "", {})
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 500
    assert "a secret of the inside" not in answer.text and "Traceback" not in answer.text
    check_headers(answer, row, "visitor")


@pytest.mark.parametrize(
    "path", ["/nothing-here", "/tickets/1/nothing", "/kb/no-such-article", "/%ff%fe", "/static/no.css"]
)
def test_an_address_that_is_not_there_keeps_the_headers(path: str, app: Flask) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code == 404
    check_headers(answer, Row("GET", path, "", {}), "visitor")
