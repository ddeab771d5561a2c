"""Who gets in, how far, and how often; and how it is said."""

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal.accounts.people import User
from portal.accounts.tokens import DESK, READ, WRITE
from portal.api import gate
from portal.config import Settings
from portal.db import db
from tests import cast
from tests.api.conftest import Program, Programs
from tests.house.access import enter

ACTORS = ("customer", "colleague", "owner", "billing", "former", "stranger", "reseller", "agent", "editor", "admin")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer foyer_nothing", "Basic Zm9v", "Bearer \u00e9"])
def test_without_a_token_that_holds_nobody_gets_in(app: Flask, header: str) -> None:
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json and answer.json["status"] == 401 and answer.json["title"] == "Unauthorized"


def test_a_session_opens_nothing_here(app: Flask, world: cast.World, things: dict[str, object]) -> None:
    """So nobody's browser can be made to ask: a cookie counts for nothing."""
    browser = enter(app, world.email("customer"))
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.post(f"/api/v1/tickets/{things['number']}/close").status_code == 401


@pytest.mark.parametrize("actor", ACTORS)
def test_a_program_sees_the_tickets_that_its_owner_sees(
    actor: str, app: Flask, program: Programs, things: dict[str, object], world: cast.World
) -> None:
    mine = program(actor)
    page = enter(app, world.email(actor))
    for number in (things["number"], things["@billing number"]):
        seen = page.get(f"/tickets/{number}").status_code
        assert mine.get(f"/tickets/{number}").status_code == seen
        assert mine.get(f"/tickets/{number}/messages").status_code == seen
        listed = {one["number"] for one in mine.get("/tickets").json["tickets"]}  # type: ignore[index]
        assert (number in listed) == (seen == 200)
        if seen != 200:
            assert mine.post(f"/tickets/{number}/messages", {"body": "Let me in."}).status_code == 404
            assert mine.post(f"/tickets/{number}/close").status_code == 404


@pytest.mark.parametrize("actor", ACTORS)
def test_a_file_is_its_readers_alone(
    actor: str, app: Flask, program: Programs, things: dict[str, object], world: cast.World
) -> None:
    token = things["/tickets/files/<token> token"]
    seen = enter(app, world.email(actor)).get(f"/tickets/files/{token}")
    answer = program(actor).get(f"/attachments/{token}")
    assert answer.status_code == seen.status_code
    if answer.status_code == 200:
        assert answer.data == b"beep\n"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    seen.close()
    answer.close()


def test_a_file_that_was_not_sent_is_not_there(program: Programs, things: dict[str, object]) -> None:
    token = things["/tickets/files/<token>/remove token"]
    assert program("customer").get(f"/attachments/{token}").status_code == 404


def test_staff_without_the_desk_see_their_own_alone(program: Programs, things: dict[str, object]) -> None:
    agents = program("agent", READ, WRITE)
    assert agents.get(f"/tickets/{things['number']}").status_code == 404
    assert agents.get("/tickets").json == {"tickets": [], "next": None}
    assert program("agent", READ, DESK).get(f"/tickets/{things['number']}").status_code == 200


def test_a_scope_that_is_lacking_is_named(program: Programs, things: dict[str, object]) -> None:
    answer = program("customer", READ).post(f"/tickets/{things['number']}/close")
    assert answer.status_code == 403
    assert 'scope="tickets:write"' in answer.headers["WWW-Authenticate"]
    assert program("customer").post(f"/tickets/{things['number']}/resolve", {"body": "So."}).status_code == 403


def test_who_left_the_staff_has_no_desk(
    app: Flask, world: cast.World, program: Programs, things: dict[str, object]
) -> None:
    agents = program("agent")
    with app.app_context():
        agent = db.session.get_one(User, world.ids["agent"])
        agent.roles.clear()
        db.session.commit()
    assert agents.get(f"/tickets/{things['number']}").status_code == 404
    assert agents.post(f"/tickets/{things['number']}/resolve", {"body": "So."}).status_code == 403


def test_notes_stay_at_the_desk(program: Programs, things: dict[str, object]) -> None:
    path, agents = f"/tickets/{things['number']}/messages", program("agent")
    made = agents.post(path, {"body": "NOTE-4711 of the inside", "kind": "note"})
    assert made.status_code == 201 and made.json["kind"] == "note"  # type: ignore[index]
    assert "NOTE-4711" in agents.get(path).text
    for reader in (program("customer"), program("owner"), program("agent", READ)):
        assert "NOTE-4711" not in reader.get(path).text + reader.get("/tickets").text
    assert program("customer").post(path, {"body": "x", "kind": "note"}).status_code == 403


def test_too_many_requests_are_told_when_to_come_back(
    app: Flask, program: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    config: Settings = app.extensions["settings"]
    monkeypatch.setitem(config, "limit_api", "2 per minute")
    mine = program("customer")
    assert [mine.get("/me").status_code for _ in range(3)] == [200, 200, 429]
    answer = mine.get("/me")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.mimetype == "application/problem+json"
    assert program("stranger").get("/me").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/tickets/1", 404), (f"/tickets/{10**30}", 404), ("/attachments/%00", 404)]
)
def test_what_is_not_there_is_a_problem_too(program: Programs, path: str, status: int) -> None:
    answer = program("customer").get(path)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json and answer.json["request"] == answer.headers["X-Request-ID"]


def test_without_the_database_it_says_when_to_come_back(program: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the database is away"))

    mine = program("customer")
    monkeypatch.setattr(gate, "held_by", away)
    answer = mine.get("/me")
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json" and "database" not in answer.text
    assert answer.headers["Retry-After"] == "3"


def test_no_answer_is_kept_by_anybody(program: Programs) -> None:
    assert program("customer").get("/me").headers["Cache-Control"] == "no-store"


def test_the_wrong_method_names_the_right_ones(app: Flask) -> None:
    answer = Program(app, "foyer_none").send("DELETE", "/tickets")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
