"""Each device has a sign-in of its own: kept cookies end with it, and the profile page lists and ends them."""

import re
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.sessions import SignIn
from portal.db import db, utcnow
from tests.accounts import post
from tests.cast import PASSWORD, World

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"


@pytest.fixture
def remembered(app: Flask, world: World) -> Callable[..., FlaskClient]:
    """A browser that the customer asked to stay signed in."""

    def open_browser(agent: str = FIREFOX) -> FlaskClient:
        browser = app.test_client()
        browser.environ_base["HTTP_USER_AGENT"] = agent
        kept = {"email": world.email("customer"), "password": PASSWORD, "remember": "y"}
        assert browser.post("/account/sign-in", data=kept).status_code == 302
        return browser

    return open_browser


def copy_of(app: Flask, browser: FlaskClient, name: str = "remember_token") -> FlaskClient:
    """Another browser, with that one cookie of the first."""
    cookie = browser.get_cookie(name)
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie(name, cookie.value)
    return thief


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account/").status_code == 200


def ends(page: str) -> list[str]:
    return re.findall(r'action="(/account/sign-in/\d+/end)"', page)


def test_a_copied_cookie_ends_with_the_sign_out(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    browser = remembered()
    thief = copy_of(app, browser)
    assert is_in(thief)
    late = copy_of(app, browser)
    browser.post("/account/sign-out")
    assert not is_in(thief)
    assert not is_in(late)
    assert late.get_cookie("remember_token") is None


def test_the_thief_signing_out_ends_it_as_well(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    browser = remembered()
    copy_of(app, browser).post("/account/sign-out")
    assert not is_in(browser)


@pytest.mark.parametrize("cookie", ["remember_token", "session"])
def test_the_absolute_end_holds_on_the_server(app: Flask, remembered: Callable[..., FlaskClient], cookie: str) -> None:
    browser = remembered()
    hours = app.extensions["settings"].session_max_hours
    thief = copy_of(app, browser, cookie)
    with time_machine.travel(utcnow().timestamp() + hours * 3600 + 5, tick=False):
        assert not is_in(thief)
        assert not is_in(browser)


def test_the_cookie_itself_lasts_no_longer(remembered: Callable[..., FlaskClient], app: Flask) -> None:
    cookie = remembered().get_cookie("remember_token")
    assert cookie is not None
    assert cookie.expires is not None
    left = cookie.expires.timestamp() - utcnow().timestamp()
    assert abs(left - app.extensions["settings"].session_max_hours * 3600) < 60


def test_a_kept_device_outlives_the_idle_end_and_another_does_not(
    app: Flask, remembered: Callable[..., FlaskClient], as_: Callable[[str], FlaskClient]
) -> None:
    kept, plain = remembered(), as_("colleague")
    idle = app.extensions["settings"].session_idle_minutes * 60
    with time_machine.travel(utcnow().timestamp() + idle + 5, tick=False):
        assert is_in(kept)
        assert not is_in(plain)
    with app.app_context():
        ends_at = db.session.scalars(db.select(SignIn.expires_at).where(~SignIn.is_kept)).one()
    assert ends_at.timestamp() - utcnow().timestamp() < idle + 2 * 3600


def test_use_moves_the_idle_end_and_is_noted_once_an_hour(
    app: Flask, as_: Callable[[str], FlaskClient], counted: Callable[[], int]
) -> None:
    browser = as_("customer")
    start = utcnow().timestamp()
    counted()
    browser.get("/account/licences")
    usual = counted()
    for hours in (8, 16, 24):
        with time_machine.travel(start + hours * 3600, tick=False):
            assert is_in(browser)
            counted()
            browser.get("/account/licences")
            assert counted() == usual


def test_the_profile_lists_devices_and_marks_this_one(
    app: Flask, remembered: Callable[..., FlaskClient], as_: Callable[[str], FlaskClient]
) -> None:
    as_("colleague")
    remembered(SAFARI), remembered(EDGE)
    page = remembered(FIREFOX).get("/account/").text
    assert [name in page for name in ("Firefox on Linux", "Safari on iPhone", "Edge on Windows")] == [True] * 3
    assert page.count("This device") == 1
    assert page.index("Firefox on Linux") < page.index("This device") < page.index("Edge on Windows")
    assert len(ends(page)) == 2


def test_a_nameless_browser_is_another_device(remembered: Callable[..., FlaskClient]) -> None:
    assert "Another device" in remembered("curl/8 <script>").get("/account/").text


def test_one_device_is_ended_from_another(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    here, there = remembered(), remembered()
    thief = copy_of(app, there)
    [address] = ends(here.get("/account/").text)
    answer = here.post(address, follow_redirects=True)
    assert "That device is signed out." in answer.text
    assert is_in(here)
    assert not is_in(there)
    assert not is_in(thief)


def test_nobody_ends_the_device_of_another(
    app: Flask, remembered: Callable[..., FlaskClient], as_: Callable[[str], FlaskClient]
) -> None:
    browser = remembered()
    with app.app_context():
        key = db.session.scalars(db.select(SignIn.id)).one()
    for name in ("colleague", "owner", "stranger", "admin"):
        assert as_(name).post(f"/account/sign-in/{key}/end").status_code == 404
    assert app.test_client().post(f"/account/sign-in/{key}/end").status_code == 302
    assert is_in(browser)


def test_everywhere_means_every_kept_device(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    here, there = remembered(), remembered()
    copies = [copy_of(app, here), copy_of(app, there)]
    here.post("/account/sign-out-everywhere")
    assert not any(map(is_in, (here, there, *copies)))
    with app.app_context():
        assert db.session.scalars(db.select(SignIn)).all() == []


def test_a_change_of_password_keeps_this_device_alone(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    here, there = remembered(), remembered()
    old = copy_of(app, here)
    fresh = {"password": PASSWORD, "new_password": "rowing boats at dawn"}
    assert here.post("/account/password", data=fresh).status_code == 302
    assert not any(map(is_in, (there, old)))
    here.delete_cookie("session")
    assert is_in(here)


def test_a_change_of_address_keeps_this_device_alone(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    here, there = remembered(), remembered()
    here.post("/account/email", data={"email": "carla.new@heron.example"})
    here.post(post.link(post.last(app, "carla.new@heron.example"), "/account/email/"))
    assert not is_in(there)
    here.delete_cookie("session")
    assert is_in(here)


def test_a_closed_account_is_signed_out(app: Flask, remembered: Callable[..., FlaskClient], world: World) -> None:
    browser = remembered()
    with app.app_context():
        app.extensions["security"].datastore.find_user(email=world.email("customer")).active = False
        db.session.commit()
    assert not is_in(browser)


def test_the_database_holds_no_token(app: Flask, remembered: Callable[..., FlaskClient]) -> None:
    browser = remembered()
    with browser.session_transaction() as session:
        token = session["_user_id"]
    with app.app_context():
        row = db.session.scalars(db.select(SignIn)).one()
        assert token not in (row.token_hash, row.uniquifier)


def test_a_signed_in_page_asks_once_who_it_is(as_: Callable[[str], FlaskClient], counted: Callable[[], int]) -> None:
    browser = as_("customer")
    browser.get("/support-policy")
    counted()
    assert "carla@heron.example" in browser.get("/support-policy").text
    assert counted() <= 4  # the beginning of the transaction, who it is, what they hold, how much is new for the bell
