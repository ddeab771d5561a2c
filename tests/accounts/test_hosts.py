"""Links in mails start with `base_url`, whatever host a request names."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import trusted_hosts
from tests.accounts import post
from tests.accounts.test_registering import GOOD
from tests.cast import PASSWORD, World

EVIL = [
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example"},
    {"Host": "evil.example:8000", "X-Forwarded-Proto": "https"},
    {"Forwarded": "host=evil.example"},
    {"X-Host": "evil.example", "X-Original-URL": "//evil.example/"},
    {"Origin": "http://evil.example", "Referer": "http://evil.example/"},
]


@pytest.fixture(autouse=True)
def any_host(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the first line of defence, refusing foreign hosts, were not there."""
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", None)


@pytest.mark.parametrize("headers", EVIL)
def test_no_mail_names_another_host(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, headers: dict[str, str]
) -> None:
    base = app.extensions["settings"].base_url
    visitor = app.test_client()
    customer, owner = as_("customer"), as_("owner")
    send: dict[str, Any] = {"headers": headers}
    for browser in (visitor, customer, owner):
        carry_cookies(browser, headers.get("Host", "localhost"))
    visitor.post("/account/register", data=GOOD, **send)
    visitor.post("/account/register", data={**GOOD, "email": world.email("colleague")}, **send)
    visitor.post("/account/recover", data={"email": world.email("billing")}, **send)
    visitor.post("/account/confirm", data={"email": world.email("unconfirmed")}, **send)
    customer.post("/account/email", data={"email": "carla@newplace.example"}, **send)
    customer.post("/account/password", data={"password": PASSWORD, "new_password": "rowing boats at dawn"}, **send)
    owner.post(
        f"/account/organisation/{world.heron}/invite", data={"email": "n@fjord.example", "role": "member"}, **send
    )
    written = post.mails(app)
    assert written
    for mail in written:
        for address in re.findall(r"https?://[^\s<>\"]+", mail.text + mail.html):
            assert address.startswith(base), (mail.subject, address)
        assert "evil" not in (mail.text + mail.html + mail.subject + mail.message_id)


def test_every_kind_of_account_mail_is_among_them(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    test_no_mail_names_another_host(app, as_, world, {})
    assert len({mail.subject for mail in post.mails(app)}) == 7


def test_a_foreign_host_is_refused(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", trusted_hosts("help.vendor.example"))
    assert client.get("/account/sign-in", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/account/sign-in", headers={"Host": "help.vendor.example"}).status_code == 200


def carry_cookies(browser: FlaskClient, host: str) -> None:
    """Take the session along to a host of another name, as if a browser could be made to."""
    browser.get("/account/email")
    session = browser.get_cookie("session")
    assert session is not None
    browser.set_cookie("session", session.value, domain=host.partition(":")[0])
