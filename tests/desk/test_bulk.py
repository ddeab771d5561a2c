"""One act on several tickets: done to each, refusals told, undone again."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.tickets import bulk, tags
from portal.tickets.bulk import BulkAct
from tests.cast import World
from tests.desk.rows import file_one, the

As = Callable[[str], FlaskClient]


@pytest.fixture
def numbers(app: Flask, world: World) -> list[int]:
    with app.app_context():
        return sorted(file_one(world) for _ in range(3))


def do(browser: FlaskClient, numbers: list[int], act: str, **more: Any) -> str:
    """The page that tells what was done."""
    answer = browser.post("/desk/bulk?whose=mine", data={"pick": numbers, "act": act, **more})
    assert answer.status_code == 302 and answer.location.endswith("?whose=mine")
    return browser.get(answer.location).text


def undo(app: Flask, browser: FlaskClient) -> str:
    with app.app_context():
        bulk_id = db.session.scalars(db.select(BulkAct.id).order_by(BulkAct.id.desc())).first()
    return browser.get(browser.post(f"/desk/bulk/{bulk_id}/undo").location).text


def test_tickets_are_assigned_and_given_back(app: Flask, world: World, agent: FlaskClient, numbers: list[int]) -> None:
    page = do(agent, numbers, "assign", to=world.ids["admin"])
    assert "3 tickets given to Ada" in page and 'href="/desk/?whose=mine"' in page
    with app.app_context():
        assert {the(number).assignee_id for number in numbers} == {world.ids["admin"]}
    assert "Undone" in undo(app, agent)
    with app.app_context():
        assert {the(number).assignee_id for number in numbers} == {None}


def test_what_is_refused_is_told_of_each_and_the_rest_is_done(
    app: Flask, world: World, agent: FlaskClient, numbers: list[int]
) -> None:
    agent.post(f"/desk/{numbers[0]}/close")
    agent.post(f"/desk/{numbers[1]}/assign", data={"to": world.ids["agent"]})
    page = do(agent, numbers, "assign", to=world.ids["agent"])
    assert "1 ticket given to Amir" in page and "Not done to 2 tickets" in page
    assert "This ticket is closed." in page and "It is assigned so already." in page
    undo(app, agent)
    with app.app_context():
        assert [the(number).assignee_id for number in numbers] == [None, world.ids["agent"], None]


def test_tickets_are_tagged_and_only_the_new_tags_come_off(app: Flask, agent: FlaskClient, numbers: list[int]) -> None:
    agent.post(f"/desk/{numbers[0]}/tag", data={"names": "leak"})
    assert "3 tickets tagged: leak, pump" in do(agent, numbers, "tag", names="Leak, pump")
    undo(app, agent)
    with app.app_context():
        assert [tags.tags_of(the(number).id) for number in numbers] == [["leak"], [], []]


def test_tickets_are_closed_and_open_again(app: Flask, agent: FlaskClient, numbers: list[int]) -> None:
    assert "3 tickets closed" in do(agent, numbers, "close")
    with app.app_context():
        assert {the(number).status for number in numbers} == {"closed"}
    undo(app, agent)
    with app.app_context():
        for number in numbers:
            assert the(number).status == "open" and the(number).closed_at is None
            assert the(number).first_response_due_at is not None


def test_an_undoing_leaves_alone_what_somebody_changed(
    app: Flask, world: World, agent: FlaskClient, numbers: list[int]
) -> None:
    do(agent, numbers, "assign", to=world.ids["admin"])
    agent.post(f"/desk/{numbers[1]}/assign", data={"to": world.ids["agent"]})
    page = undo(app, agent)
    assert "1 ticket had changed meanwhile" in page
    with app.app_context():
        assert [the(number).assignee_id for number in numbers] == [None, world.ids["agent"], None]


def test_an_undoing_is_done_once_and_soon(app: Flask, world: World, agent: FlaskClient, numbers: list[int]) -> None:
    do(agent, numbers, "assign", to=world.ids["admin"])
    undo(app, agent)
    agent.post(f"/desk/{numbers[0]}/assign", data={"to": world.ids["admin"]})
    assert "be undone any more" in undo(app, agent).replace("&#39;", "'")
    do(agent, numbers[1:], "assign", to=world.ids["admin"])
    with app.app_context():
        db.session.scalars(db.select(BulkAct).order_by(BulkAct.id.desc())).first().at -= bulk.UNDO_FOR  # type: ignore[union-attr]
        db.session.commit()
    undo(app, agent)
    with app.app_context():
        assert {the(number).assignee_id for number in numbers} == {world.ids["admin"]}


@pytest.mark.parametrize(
    "sent",
    [
        {"act": "close"},
        {"act": "burn", "pick": "{}"},
        {"act": "tag", "pick": "{}", "names": " , "},
        {"act": "assign", "pick": "{}", "to": "x"},
        {"act": "assign", "pick": "{}", "to": "customer"},
        {"act": "close", "pick": "99999999999999999999"},
    ],
)
def test_what_makes_no_sense_does_nothing(
    app: Flask, world: World, agent: FlaskClient, number: int, sent: dict[str, str]
) -> None:
    given = {key: value.format(number) for key, value in sent.items()}
    given["to"] = str(world.ids.get(given.get("to", ""), given.get("to", "")))
    assert agent.post("/desk/bulk", data=given).location == "/desk/"
    with app.app_context():
        assert not db.session.scalars(db.select(BulkAct)).all() and the(number).status == "open"


def test_too_many_are_refused(agent: FlaskClient, numbers: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    agent.post("/desk/bulk", data={"pick": numbers, "act": "close"})
    assert "Choose at most 2 tickets." in agent.get("/desk/").text


def test_what_is_chosen_stays_so_when_the_list_renews_itself(agent: FlaskClient, numbers: list[int]) -> None:
    page = agent.get(f"/desk/?pick={numbers[1]}", headers={"HX-Request": "true"}).text
    chosen = [n for n in numbers if "checked" in page.split(f'id="p{n}"')[1].split(">")[0]]
    assert chosen == [numbers[1]]


def test_what_can_no_longer_be_undone_is_forgotten(app: Flask, agent: FlaskClient, numbers: list[int]) -> None:
    do(agent, numbers, "close")
    with app.app_context():
        bulk.forget_bulk_acts(now=utcnow())
        assert db.session.scalars(db.select(BulkAct)).one()
        bulk.forget_bulk_acts(now=utcnow() + 25 * bulk.UNDO_FOR)
        assert not db.session.scalars(db.select(BulkAct)).all()


def test_a_colleague_neither_sees_nor_undoes_it(app: Flask, agent: FlaskClient, as_: As, numbers: list[int]) -> None:
    do(agent, numbers, "close")
    with app.app_context():
        bulk_id = db.session.scalars(db.select(BulkAct.id)).one()
    admin = as_("admin")
    assert admin.get(f"/desk/bulk/{bulk_id}").status_code == 404
    assert admin.post(f"/desk/bulk/{bulk_id}/undo").status_code == 404


@pytest.mark.parametrize("name", ["customer", "owner", "editor"])
def test_customers_do_nothing_in_bulk(number: int, as_: As, name: str) -> None:
    assert as_(name).post("/desk/bulk", data={"pick": number, "act": "close"}).status_code == 404
