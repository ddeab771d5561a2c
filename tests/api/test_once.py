"""Idempotency keys: the same request does nothing more and has the same answer, whoever dies in between."""

import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal.accounts.tokens import READ, WRITE
from portal.api.once import KEPT_FOR, KeptAnswer, forget_answers
from portal.db import db, utcnow
from portal.tickets.ticket import Message, Ticket
from tests import cast
from tests.api.conftest import Program, Programs

NEW = {"subject": "It beeps", "body": "All day long.", "product": "beacon"}


@pytest.fixture
def customer(app: Flask, world: cast.World, program: Programs) -> Program:
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        db.session.commit()
    return program("customer")


def tickets(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(db.select(Ticket.id)).all())


def test_the_same_request_has_the_same_answer(app: Flask, customer: Program) -> None:
    first, second = (customer.post("/tickets", NEW, key="k-1") for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json == second.json
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers and second.headers["Idempotent-Replayed"] == "true"
    assert tickets(app) == 1


def test_another_request_under_the_key_is_refused(app: Flask, customer: Program) -> None:
    assert customer.post("/tickets", NEW, key="k-1").status_code == 201
    answer = customer.post("/tickets", NEW | {"body": "Another one."}, key="k-1")
    assert answer.status_code == 422
    assert answer.json["type"] == "urn:foyer:problem:idempotency-key-reused"  # type: ignore[index]
    assert tickets(app) == 1


def test_a_key_is_its_owners(app: Flask, world: cast.World, customer: Program, program: Programs) -> None:
    customer.post("/tickets", NEW, key="k-1")
    assert program("owner").post("/tickets", NEW, key="k-1").headers.get("Idempotent-Replayed") is None
    assert tickets(app) == 2


def test_a_token_of_fewer_scopes_has_no_answer_of_more(customer: Program, program: Programs) -> None:
    number = customer.post("/tickets", NEW).json["number"]  # type: ignore[index]
    note, path = {"kind": "note", "body": "NOTE-4711"}, f"/tickets/{number}/messages"
    assert program("agent").post(path, note, key="k-1").status_code == 201
    answer = program("agent", READ, WRITE).post(path, note, key="k-1")
    assert answer.status_code == 422 and "NOTE-4711" not in answer.text


def test_what_was_refused_may_be_sent_again(app: Flask, customer: Program) -> None:
    assert customer.post("/tickets", NEW | {"product": "of-nobody"}, key="k-1").status_code == 422
    assert customer.post("/tickets", NEW, key="k-1").status_code == 201


def test_files_count_by_their_bytes(app: Flask, customer: Program) -> None:
    def send(content: bytes) -> int:
        form: dict[str, Any] = NEW | {"files": [(io.BytesIO(content), "beep.log")]}
        headers = {"Idempotency-Key": "k-1"}
        return customer.send("POST", "/tickets", headers, data=form, content_type="multipart/form-data").status_code

    assert [send(b"beep\n"), send(b"beep\n"), send(b"boop\n")] == [201, 201, 422]
    assert tickets(app) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
def test_a_key_that_is_none_is_refused(customer: Program, key: str) -> None:
    assert customer.post("/tickets", NEW, key=key).status_code == 400


def test_two_at_once_do_it_once(app: Flask, customer: Program) -> None:
    number = customer.post("/tickets", NEW).json["number"]  # type: ignore[index]
    answers: list[Any] = []

    def send() -> None:
        answers.append(customer.post(f"/tickets/{number}/messages", {"body": "Hello?"}, key="k-2"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status_code for one in answers] == [201] * 6
    assert len({one.json["id"] for one in answers}) == 1
    with app.app_context():
        assert len(db.session.scalars(db.select(Message.id)).all()) == 2


def test_answers_are_forgotten(app: Flask, customer: Program) -> None:
    customer.post("/tickets", NEW, key="k-1")
    with app.app_context():
        assert forget_answers(now=utcnow()) == 0
        assert forget_answers(now=utcnow() + KEPT_FOR + timedelta(minutes=1)) == 1
        db.session.commit()
        assert db.session.scalars(db.select(KeptAnswer)).all() == []
