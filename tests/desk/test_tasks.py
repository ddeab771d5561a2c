"""A checklist on a ticket: who does what until when, for staff alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.tickets.tasks import MOST, Task
from tests.cast import World
from tests.desk.rows import file_one, the

As = Callable[[str], FlaskClient]
TASK = "Ask the factory CANARY"


def add(agent: FlaskClient, number: int, **fields: Any) -> int:
    data = {"text": TASK, "person": "0", "due_on": ""} | fields
    return agent.post(f"/desk/{number}/tasks", data=data).status_code


def only(app: Flask) -> Task:
    return db.session.scalars(db.select(Task)).one()


def test_a_task_stands_on_its_ticket_and_with_its_person(
    app: Flask, number: int, world: World, agent: FlaskClient, as_: As
) -> None:
    yesterday = utcnow().date() - timedelta(days=2)
    assert add(agent, number, person=world.ids["admin"], due_on=yesterday.isoformat()) == 302
    page = agent.get(f"/desk/{number}").text
    assert TASK in page and "Overdue" in page
    own = as_("admin").get("/desk/tasks").text
    assert TASK in own and f"/desk/{number}" in own and "Overdue" in own
    assert TASK not in agent.get("/desk/tasks").text


def test_it_is_ticked_off_and_back(app: Flask, number: int, world: World, agent: FlaskClient) -> None:
    add(agent, number, person=world.ids["agent"])
    with app.app_context():
        task = {"task": str(only(app).id)}
    agent.post(f"/desk/{number}/tasks/settle", data=task)
    assert "<s>" in agent.get(f"/desk/{number}").text and TASK not in agent.get("/desk/tasks").text
    with app.app_context():
        assert only(app).done_by_id == world.ids["agent"]
    agent.post(f"/desk/{number}/tasks/settle", data=task)
    assert TASK in agent.get("/desk/tasks").text
    agent.post(f"/desk/{number}/tasks/remove", data=task)
    assert TASK not in agent.get(f"/desk/{number}").text


def test_a_task_of_another_ticket_is_not_there(app: Flask, number: int, world: World, agent: FlaskClient) -> None:
    add(agent, number)
    with app.app_context():
        task, other = {"task": str(only(app).id)}, file_one(world)
    for act in ("settle", "remove"):
        assert agent.post(f"/desk/{other}/tasks/{act}", data=task).status_code == 404
        assert agent.post(f"/desk/{number}/tasks/{act}", data={"task": "x"}).status_code == 422


@pytest.mark.parametrize("fields", [{"text": " "}, {"text": "a" * 301}, {"due_on": "soon"}, {"person": "customer"}])
def test_what_makes_no_task_is_refused(number: int, world: World, agent: FlaskClient, fields: dict[str, str]) -> None:
    if "person" in fields:
        fields = {"person": str(world.ids["customer"])}
    assert add(agent, number, **fields) == 422


def test_a_ticket_has_only_so_many(app: Flask, number: int, world: World, agent: FlaskClient) -> None:
    with app.app_context():
        db.session.add_all(
            Task(ticket_id=the(number).id, text="One more", by_id=world.ids["agent"]) for _ in range(MOST)
        )
        db.session.commit()
    assert add(agent, number) == 422


def test_tasks_follow_a_merge(app: Flask, number: int, world: World, agent: FlaskClient) -> None:
    with app.app_context():
        other = file_one(world)
    add(agent, other)
    agent.post(f"/desk/{other}/merge", data={"into": str(number)})
    assert TASK in agent.get(f"/desk/{number}").text


def test_no_customer_learns_of_it(app: Flask, number: int, agent: FlaskClient, as_: As) -> None:
    with app.app_context():
        before = the(number).updated_at
    add(agent, number)
    customer = as_("customer")
    assert TASK not in customer.get(f"/tickets/{number}").text
    assert add(customer, number) == customer.get("/desk/tasks").status_code == 404
    with app.app_context():
        assert the(number).updated_at == before
