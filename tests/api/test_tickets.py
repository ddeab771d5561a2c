"""Tickets by program: read, filed, replied to, closed, reopened, rated; at the desk triaged, assigned, resolved."""

import io
import json
from typing import Any

import pytest
from flask import Flask

from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.tickets import merging
from portal.tickets.custom_fields import TicketField
from portal.tickets.ticket import Draft, Ticket
from tests import cast
from tests.api.conftest import Program, Programs

NEW = {"subject": "It beeps", "body": "All day long.", "product": "beacon", "severity": "high"}


@pytest.fixture
def customer(app: Flask, world: cast.World, program: Programs) -> Program:
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        db.session.commit()
    return program("customer")


@pytest.fixture
def number(customer: Program) -> int:
    return int(customer.post("/tickets", NEW).json["number"])  # type: ignore[index]


def test_a_ticket_is_filed_with_its_promise(customer: Program, app: Flask) -> None:
    quoted: Any = customer.get("/quote", product="beacon", severity="high").json
    answer = customer.post("/tickets", NEW)
    assert answer.status_code == 201, answer.text
    ticket: Any = answer.json
    assert answer.headers["Location"] == f"/api/v1/tickets/{ticket['number']}"
    assert ticket["promise"]["first_response"]["calendar"] == quoted["first_response"]["calendar"]
    assert (ticket["status"], ticket["severity"], ticket["product"]) == ("open", "high", "beacon")
    assert customer.get(f"/tickets/{ticket['number']}").json == ticket
    with app.app_context():
        run_due()
        assert db.session.scalars(db.select(Mail.recipient)).all() == ["carla@heron.example"]
        assert db.session.scalars(db.select(Draft)).all() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": " "}, "subject"),
        ({"subject": 7}, "subject"),
        ({"body": None}, "body"),
        ({"nonsense": 1}, ""),
        ({"product": "of-nobody"}, "product"),
        ({"severity": "of-nobody"}, "severity"),
        ({"version": "latest"}, "version"),
        ({"organisation": 999999}, "organisation"),
        ({"topic": "gossip"}, "topic"),
    ],
)
def test_what_is_wrong_is_told_field_by_field(customer: Program, change: dict[str, Any], field: str) -> None:
    answer = customer.post("/tickets", NEW | change)
    assert answer.status_code == 422
    assert answer.json and [one["field"] for one in answer.json["errors"]] == [field]
    assert customer.get("/tickets").json == {"tickets": [], "next": None}


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"subject": ' + b"9" * 5000 + b"}"]
)
def test_no_body_breaks_it(customer: Program, sent: bytes) -> None:
    answer = customer.send("POST", "/tickets", data=sent, content_type="application/json")
    assert answer.status_code in (400, 422), answer.text


def test_another_type_of_body_is_refused(customer: Program) -> None:
    assert customer.send("POST", "/tickets", data="subject=x", content_type="text/plain").status_code == 415


def test_words_that_are_none_are_refused(customer: Program) -> None:
    for blank in ({"body": " \n\t"}, {"subject": "  "}):
        answer = customer.post("/tickets", NEW | blank)
        assert answer.status_code == 422 and answer.json, answer.text
        assert [error["field"] for error in answer.json["errors"]] == list(blank)


def test_a_body_that_is_too_large_is_refused(customer: Program) -> None:
    assert customer.post("/tickets", NEW | {"body": "x" * 1_100_000}).status_code == 413


def test_who_has_no_tickets_is_refused_with_the_policys_reason(program: Programs, app: Flask) -> None:
    answer = program("stranger").post("/tickets", {"subject": "x", "body": "y", "product": "beacon"})
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalars(db.select(Ticket)).all() == db.session.scalars(db.select(Draft)).all() == []


def test_files_go_along_in_a_form(customer: Program) -> None:
    form: dict[str, Any] = NEW | {"files": [(io.BytesIO(b"beep\n"), "beep.log")]}
    answer = customer.send("POST", "/tickets", data=form, content_type="multipart/form-data")
    assert answer.status_code == 201, answer.text
    page: Any = customer.get(f"/tickets/{answer.json['number']}/messages").json  # type: ignore[index]
    file = page["messages"][0]["attachments"][0]
    assert (file["filename"], file["size"]) == ("beep.log", 5)
    got = customer.get(file["url"].partition("/api/v1")[2])
    assert got.data == b"beep\n"
    got.close()


@pytest.fixture
def asked(app: Flask, world: cast.World) -> str:
    """The id of what the vendor insists on knowing about the beacon."""
    with app.app_context():
        beacon = world.products["beacon"]
        serial = TicketField(product_id=beacon, kind="number", labels={"en": "Serial number"}, is_required=True)
        db.session.add(serial)
        db.session.commit()
        return str(serial.id)


def test_what_the_vendor_asks_is_answered_or_left_out(customer: Program, asked: str) -> None:
    quote: Any = customer.get("/quote", product="beacon").json
    assert [(one["label"], one["required"]) for one in quote["fields"]] == [("Serial number", True)]
    assert customer.post("/tickets", NEW).status_code == 201
    ticket: Any = customer.post("/tickets", NEW | {"fields": {asked: "4711"}}).json
    assert ticket["fields"] == [{"id": int(asked), "label": "Serial number", "value": "4711"}]
    for sent, field in (
        ({asked: "many"}, f"fields.{asked}"),
        ({"999999": "1"}, "fields.999999"),
        ({"x": "1"}, "fields"),
    ):
        answer = customer.post("/tickets", NEW | {"fields": sent})
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json["errors"]] == [field]  # type: ignore[index]
    form = NEW | {"fields": json.dumps({asked: "4712"}), "files": [(io.BytesIO(b"beep\n"), "beep.log")]}
    answer = customer.send("POST", "/tickets", data=form, content_type="multipart/form-data")
    assert answer.json["fields"][0]["value"] == "4712"  # type: ignore[index]


def test_a_refused_file_files_nothing(customer: Program) -> None:
    form: dict[str, Any] = NEW | {"files": [(io.BytesIO(b"MZ"), "beep.exe")]}
    answer = customer.send("POST", "/tickets", data=form, content_type="multipart/form-data")
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "files"  # type: ignore[index]
    assert customer.get("/tickets").json == {"tickets": [], "next": None}


def test_filing_is_limited_as_on_the_page(customer: Program, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["settings"], "limit_filing", "1 per hour")
    assert customer.post("/tickets", NEW).status_code == 201
    answer = customer.post("/tickets", NEW)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "3600"


def test_a_conversation(customer: Program, program: Programs, number: int) -> None:
    agents, path = program("agent"), f"/tickets/{number}"
    assert agents.post(f"{path}/triage", {"severity": "critical", "reason": "All day!"}).status_code == 200
    assert agents.post(f"{path}/messages", {"body": "Which one?", "wait": True}).status_code == 201
    assert customer.get(path).json["status"] == "waiting"  # type: ignore[index]
    assert customer.post(f"{path}/messages", {"body": "The red one."}).json["kind"] == "customer"  # type: ignore[index]
    assert agents.post(f"{path}/resolve", {"body": "Press it."}).json["status"] == "resolved"  # type: ignore[index]
    assert customer.post(f"{path}/rating", {"score": "good"}).json["rating"]["score"] == "good"  # type: ignore[index]
    assert customer.post(f"{path}/reopen", {"body": "It beeps again."}).json["status"] == "open"  # type: ignore[index]
    assert customer.post(f"{path}/close").json["status"] == "closed"  # type: ignore[index]
    said = [one["body"] for one in customer.get(f"{path}/messages").json["messages"]]  # type: ignore[index]
    assert said == ["All day long.", "Which one?", "The red one.", "Press it.", "It beeps again."]
    refused = customer.post(f"{path}/messages", {"body": "One more thing."})
    assert refused.status_code == 422 and "closed" in refused.json["detail"]  # type: ignore[index]


def test_the_number_of_a_merged_ticket_leads_on(app: Flask, customer: Program, number: int, person: Any) -> None:
    other: int = customer.post("/tickets", NEW).json["number"]  # type: ignore[index]
    with app.app_context():
        old, into = (db.session.scalars(db.select(Ticket).filter_by(number=one)).one() for one in (other, number))
        merging.merge(old, into, by=person("agent"), now=utcnow())
        db.session.commit()
    assert customer.get(f"/tickets/{other}").json["number"] == number  # type: ignore[index]
    assert customer.post(f"/tickets/{other}/messages", {"body": "Any news?"}).status_code == 201
    said: Any = customer.get(f"/tickets/{number}/messages").json
    assert [one["body"] for one in said["messages"]][-1] == "Any news?"


def test_assigning(program: Programs, world: cast.World, number: int) -> None:
    agents, path = program("agent"), f"/tickets/{number}/assign"
    assert agents.post(path, {"to": world.ids["agent"]}).json["assignee"]["name"] == "Amir"  # type: ignore[index]
    assert agents.post(path, {"to": None}).json["assignee"] is None  # type: ignore[index]
    assert agents.post(path, {"to": world.ids["customer"]}).status_code == 422


def test_only_who_asked_rates(program: Programs, number: int) -> None:
    assert program("owner").post(f"/tickets/{number}/rating", {"score": "bad"}).status_code == 403


def test_pages_of_tickets_hold_each_once(customer: Program, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = [customer.post("/tickets", NEW).json["number"] for _ in range(5)]  # type: ignore[index]
    seen, cursor = [], None
    for _ in range(3):
        page: Any = customer.get("/tickets", limit=2, **({"cursor": cursor} if cursor else {})).json
        seen += [one["number"] for one in page["tickets"]]
        cursor = page["next"]
    assert seen == filed[::-1] and cursor is None


def test_pages_of_messages(customer: Program, number: int) -> None:
    for n in range(3):
        customer.post(f"/tickets/{number}/messages", {"body": f"No {n}"})
    first: Any = customer.get(f"/tickets/{number}/messages", limit=3).json
    rest: Any = customer.get(f"/tickets/{number}/messages", limit=3, after=first["next"]).json
    assert [one["body"] for one in first["messages"] + rest["messages"]][1:] == ["No 0", "No 1", "No 2"]
    assert rest["next"] is None


def test_filters(customer: Program, number: int) -> None:
    def found(**arguments: Any) -> list[int]:
        return [one["number"] for one in customer.get("/tickets", **arguments).json["tickets"]]  # type: ignore[index]

    assert found(status="open") == found(product="beacon") == found(q="BEEPS") == [number]
    assert found(status="closed") == found(product="relay") == found(q="hums") == []
    assert found(updated_since="2026-01-01T00:00:00+01:00") == [number]
    assert found(updated_since="2099-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"status": "x"}, {"status": ""}, {"limit": ""}, {"updated_since": ""},
        {"limit": "0"}, {"limit": "101"}, {"limit": "two"}, {"cursor": "x"}, {"cursor": "eA=="},
        {"updated_since": "yesterday"}, {"updated_since": "2026-01-01T00:00:00"}, {"q": "x" * 201},
        {"updated_since": "0001-01-01T00:00:00+14:00"},
    ],
)  # fmt: skip
def test_arguments_that_are_none_are_refused(customer: Program, arguments: dict[str, str]) -> None:
    answer = customer.get("/tickets", **arguments)
    assert answer.status_code == 400
    assert next(iter(arguments)) in answer.json["detail"]  # type: ignore[index]


def test_a_list_costs_as_many_queries_for_ten_as_for_one(customer: Program, app: Flask) -> None:
    from sqlalchemy import event

    def counted() -> int:
        seen: list[str] = []
        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
        customer.get("/tickets")
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    customer.post("/tickets", NEW)
    customer.get("/tickets")
    one = counted()
    for _ in range(9):
        customer.post("/tickets", NEW)
    assert counted() == one


def test_the_quote_names_the_severities(customer: Program) -> None:
    quote: Any = customer.get("/quote", product="beacon").json
    assert next(one["id"] for one in quote["severities"]) == "critical"
    assert quote["allowed"] and quote["first_response"]["due_at"].endswith("Z")
    assert customer.get("/quote", product="of-nobody").status_code == 400
    assert customer.get("/quote", topic="").status_code == 400
    assert json.dumps(quote)
