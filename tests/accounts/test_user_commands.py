"""`python -m portal user …`: accounts and roles, with passwords from standard input."""

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from portal.accounts.cli import user
from portal.accounts.people import User
from portal.db import db
from tests.cast import World

PASSWORD = "rowing boats at dawn\n"


@pytest.fixture
def run(app: Flask):  # type: ignore[no-untyped-def]
    def invoke(*args: str, given: str = "") -> Result:
        return CliRunner().invoke(user, args, input=given, obj=ScriptInfo(create_app=lambda: app))

    return invoke


def find(app: Flask, email: str) -> User | None:
    with app.app_context():
        return db.session.scalar(db.select(User).where(User.email == email))


def test_create_makes_an_account_that_can_sign_in(app: Flask, run) -> None:  # type: ignore[no-untyped-def]
    result = run("create", "Nina@Vendor.example", "--name", "Nina", "--role", "agent", given=PASSWORD)
    assert (result.exit_code, result.output) == (0, "nina@vendor.example can sign in.\n")
    sent = {"email": "nina@vendor.example", "password": PASSWORD.strip()}
    assert app.test_client().post("/account/sign-in", data=sent).status_code == 302
    with app.app_context():
        nina = db.session.scalars(db.select(User).filter_by(email="nina@vendor.example")).one()
        assert nina.has_role("agent")


@pytest.mark.parametrize(
    ("args", "given", "said"),
    [
        (("create", "carla@heron.example"), PASSWORD, "has an account already"),
        (("create", "nowhere"), PASSWORD, "is no e-mail address"),
        (("create", "n@vendor.example"), "short\n", "Use 15 characters or more"),
        (("create", "n@vendor.example"), "", "Use 15 characters or more"),
        (("create", "n@vendor.example", "--role", "king"), PASSWORD, "'king' is not one of"),
        (("create", "n@vendor.example", "--password", "x"), PASSWORD, "No such option"),
        (("grant", "nobody@x.example", "agent"), "", "nobody has the address"),
        (("grant", "amir@vendor.example", "agent"), "", "is agent already"),
        (("revoke", "carla@heron.example", "agent"), "", "isn't agent"),
        (("confirm", "nobody@x.example"), "", "nobody has the address"),
        (("password", "nobody@x.example"), PASSWORD, "nobody has the address"),
        (("password", "carla@heron.example"), "carla@heron.example\n", "mostly your name or address"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(world: World, run, args: tuple[str, ...], given: str, said: str) -> None:  # type: ignore[no-untyped-def]
    result = run(*args, given=given)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_role_that_is_taken_away_ends_at_the_next_request(app: Flask, world: World, run, as_) -> None:  # type: ignore[no-untyped-def]
    agent = as_("agent")
    assert agent.get(f"/account/organisation/{world.heron}").status_code == 200
    assert run("revoke", "amir@vendor.example", "agent").exit_code == 0
    assert agent.get(f"/account/organisation/{world.heron}").status_code == 404
    assert run("grant", "amir@vendor.example", "agent").exit_code == 0
    assert agent.get(f"/account/organisation/{world.heron}").status_code == 200


def test_confirm_confirms(app: Flask, world: World, run) -> None:  # type: ignore[no-untyped-def]
    assert run("confirm", "uma@heron.example").output == "uma@heron.example is confirmed.\n"
    uma = find(app, "uma@heron.example")
    assert uma is not None and uma.confirmed_at is not None


def test_a_new_password_ends_all_sessions(app: Flask, world: World, run, as_) -> None:  # type: ignore[no-untyped-def]
    carla = as_("customer")
    assert run("password", "carla@heron.example", given=PASSWORD).exit_code == 0
    assert carla.get("/account/").status_code == 302
    sent = {"email": "carla@heron.example", "password": PASSWORD.strip()}
    assert app.test_client().post("/account/sign-in", data=sent).status_code == 302


def test_list_names_everybody_and_their_state(world: World, run) -> None:  # type: ignore[no-untyped-def]
    lines = run("list").output.splitlines()
    assert "amir@vendor.example\tAmir\tconfirmed\tagent" in lines
    assert "uma@heron.example\tUma\tunconfirmed\t-" in lines
    assert "sven@heron.example\tSven\tclosed\t-" in lines
    assert run("list", "--role", "admin").output.splitlines() == ["ada@vendor.example\tAda\tconfirmed\tadmin"]
