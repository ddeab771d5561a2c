"""Joining by an invitation: with the invited, confirmed address, within three days, once."""

import threading
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Membership
from portal.db import db, utcnow
from tests.accounts import post
from tests.accounts.test_registering import GOOD
from tests.cast import World


@pytest.fixture
def address(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> str:
    """The link of an invitation of the stranger to Heron Marine, as billing contact."""
    sent = {"email": world.email("stranger"), "role": "billing"}
    as_("owner").post(f"/account/organisation/{world.heron}/invite", data=sent)
    return post.link(post.last(app, world.email("stranger")))


def roles(app: Flask, world: World, name: str = "stranger") -> list[str]:
    with app.app_context():
        current = db.select(Membership.role).where(
            Membership.user_id == world.ids[name],
            Membership.organisation_id == world.heron,
            Membership.ended_at.is_(None),
        )
        return list(db.session.scalars(current))


def test_the_button_makes_one_a_member(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, address: str
) -> None:
    sam = as_("stranger")
    assert "Join Heron Marine" in sam.get(address).text
    assert roles(app, world) == []
    assert sam.post(address).location == f"/account/organisation/{world.heron}"
    assert roles(app, world) == ["billing"]
    assert sam.get(f"/account/organisation/{world.heron}").status_code == 200


def test_it_works_once(app: Flask, as_: Callable[[str], FlaskClient], world: World, address: str) -> None:
    sam = as_("stranger")
    sam.post(address)
    assert sam.post(f"/account/organisation/{world.heron}/leave").status_code == 302
    assert "This invitation has ended" in sam.post(address).text
    assert roles(app, world) == []


def test_of_two_tries_at_once_one_goes_through(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, address: str
) -> None:
    browsers, statuses = [as_("stranger") for _ in range(4)], []
    threads = [threading.Thread(target=lambda b=b: statuses.append(b.post(address).status_code)) for b in browsers]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(302) == 1
    assert roles(app, world) == ["billing"]


def test_it_ends_after_three_days(app: Flask, as_: Callable[[str], FlaskClient], world: World, address: str) -> None:
    with time_machine.travel(utcnow().timestamp() + 72 * 3600 + 1, tick=False):
        assert as_("stranger").post(address).status_code == 404
    assert roles(app, world) == []


@pytest.mark.parametrize("actor", ["reseller", "former", "agent", "admin", "owner"])
def test_the_link_lets_nobody_else_in(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, address: str, actor: str
) -> None:
    answer = as_(actor).post(address)
    assert answer.status_code == 404
    assert "This invitation is for another address" in answer.text
    assert world.email("stranger") not in answer.text
    assert roles(app, world) == []


def test_registering_with_the_address_is_not_enough_before_it_is_confirmed(
    app: Flask, as_: Callable[[str], FlaskClient], client: FlaskClient, world: World
) -> None:
    sent = {"email": GOOD["email"], "role": "member"}
    as_("owner").post(f"/account/organisation/{world.heron}/invite", data=sent)
    address = post.link(post.last(app, GOOD["email"]))
    client.post("/account/register", data=GOOD)
    client.post("/account/sign-in", data=GOOD)
    assert "/account/sign-in" in client.post(address).location
    client.post(post.link(post.last(app, GOOD["email"])))
    client.get(address)
    assert client.post("/account/sign-in", data={**GOOD, "next": address}).location == address
    assert client.post(address).status_code == 302


@pytest.mark.parametrize("token", ["x", "", "%00", "é" * 50, "../..", "a" * 2000])
def test_a_made_up_token_gets_the_same_page(as_: Callable[[str], FlaskClient], token: str) -> None:
    assert as_("stranger").post(f"/account/invitation/{token}").status_code in (404, 405)


def test_an_empty_hash_matches_nothing(app: Flask, as_: Callable[[str], FlaskClient], address: str) -> None:
    for token in ("None", "null", "0", "false"):
        assert as_("stranger").get(f"/account/invitation/{token}").status_code == 404
