"""Limits count exactly, by address and by account, and are told on a page of their own."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.cast import PASSWORD, World


@pytest.fixture
def limit(app: Flask) -> Iterator[Callable[[str, str], None]]:
    """`limit("limit_sign_in", "3 per minute")` for this test."""
    config = app.extensions["settings"]
    before = dict(config)
    yield config.__setitem__
    config.update(before)


def statuses(app: Flask, path: str, times: int, **sent: object) -> list[int]:
    """What that many tries at once were answered."""
    found: list[int] = []

    def attempt() -> None:
        found.append(app.test_client().post(path, **sent).status_code)  # type: ignore[arg-type]

    threads = [threading.Thread(target=attempt) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_the_limit_is_exact_under_fifty_at_once(app: Flask, limit: Callable[[str, str], None]) -> None:
    limit("limit_sign_in", "20 per hour")
    found = statuses(app, "/account/sign-in", 50, data={"email": "x@fjord.example", "password": "not the right one"})
    assert (found.count(422), found.count(429)) == (20, 30)


def test_a_thousand_addresses_get_no_further_with_one_account(
    app: Flask, world: World, limit: Callable[[str, str], None]
) -> None:
    limit("limit_sign_in", "3 per hour")
    codes = []
    for number in range(5):
        answer = app.test_client().post(
            "/account/sign-in",
            data={"email": f" {world.email('customer').upper()}", "password": "not the right one"},
            environ_base={"REMOTE_ADDR": f"10.1.0.{number}"},
        )
        codes.append(answer.status_code)
    assert codes == [422, 422, 422, 429, 429]


def test_another_spelling_of_the_domain_is_the_same_account(
    app: Flask, world: World, limit: Callable[[str, str], None]
) -> None:
    limit("limit_sign_in", "2 per hour")
    codes = []
    for number, domain in enumerate(("heron.example", "ｈeron.example", "heron。example", "hⓔron.example")):
        sent = {"email": f"carla@{domain}", "password": "not the right one"}
        origin = {"REMOTE_ADDR": f"10.5.0.{number}"}
        codes.append(app.test_client().post("/account/sign-in", data=sent, environ_base=origin).status_code)
    assert codes == [422, 422, 429, 429]


def test_a_made_up_forwarding_header_changes_nothing(app: Flask, limit: Callable[[str, str], None]) -> None:
    limit("limit_sign_in", "3 per hour")
    codes = []
    for number in range(10):
        answer = app.test_client().post(
            "/account/sign-in",
            data={"email": f"x{number}@fjord.example", "password": "not the right one"},
            headers={"X-Forwarded-For": f"10.2.0.{number}", "X-Real-IP": f"10.3.0.{number}"},
        )
        codes.append(answer.status_code)
    assert codes == [422] * 3 + [429] * 7


@pytest.mark.parametrize(
    ("name", "path", "data", "code"),
    [
        ("limit_sign_in", "/account/sign-in", {"email": "a@fjord.example", "password": "not the right one"}, 422),
        ("limit_register", "/account/register", {"email": "a@fjord.example"}, 422),
        ("limit_recovery", "/account/recover", {"email": "a@fjord.example"}, 200),
        ("limit_recovery", "/account/confirm", {"email": "a@fjord.example"}, 200),
    ],
)
def test_every_door_has_its_limit_and_says_so(
    client: FlaskClient, limit: Callable[[str, str], None], name: str, path: str, data: dict[str, str], code: int
) -> None:
    limit(name, "2 per hour")
    answers = [client.post(path, data=data) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [code, code, 429]
    assert "There were too many tries in a short time." in answers[2].text
    assert client.get(path).status_code == 200


def test_known_and_unknown_run_into_it_alike(app: Flask, world: World, limit: Callable[[str, str], None]) -> None:
    limit("limit_recovery", "2 per hour")
    for number, email in enumerate(("nobody@fjord.example", world.email("customer"))):
        codes = [
            app.test_client()
            .post("/account/recover", data={"email": email}, environ_base={"REMOTE_ADDR": f"10.4.0.{number}"})
            .status_code
            for _ in range(3)
        ]
        assert codes == [200, 200, 429]


def test_the_old_password_cannot_be_guessed_from_an_open_session(
    as_: Callable[[str], FlaskClient], limit: Callable[[str, str], None]
) -> None:
    browser = as_("customer")
    limit("limit_sign_in", "2 per hour")
    sent = {"password": "not the right one", "new_password": "rowing boats at dawn"}
    codes = [browser.post("/account/password", data=sent).status_code for _ in range(3)]
    assert codes[-1] == 429


def test_claiming_is_limited_by_person(as_: Callable[[str], FlaskClient], limit: Callable[[str, str], None]) -> None:
    limit("limit_claim", "2 per hour")
    customer, colleague = as_("customer"), as_("colleague")
    codes = [customer.post("/account/licences", data={"key": "ABCD-1234"}).status_code for _ in range(3)]
    assert codes == [422, 422, 429]
    assert colleague.post("/account/licences", data={"key": "ABCD-1234"}).status_code == 422


def test_signing_out_everywhere_starts_no_new_count(
    as_: Callable[[str], FlaskClient], limit: Callable[[str, str], None]
) -> None:
    limit("limit_claim", "2 per hour")
    browser = as_("customer")
    for _ in range(2):
        browser.post("/account/licences", data={"key": "ABCD-1234"})
    browser.post("/account/sign-out-everywhere")
    assert as_("customer").post("/account/licences", data={"key": "ABCD-1234"}).status_code == 429


def test_the_right_password_counts_as_well(app: Flask, world: World, limit: Callable[[str, str], None]) -> None:
    limit("limit_sign_in", "2 per hour")
    sent = {"email": world.email("customer"), "password": PASSWORD}
    assert sorted(statuses(app, "/account/sign-in", 5, data=sent)) == [302, 302, 429, 429, 429]
