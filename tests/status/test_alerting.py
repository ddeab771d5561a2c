"""Alerts of Alertmanager: keyed by fingerprint, told once, ended by `resolved`; what can't be read changes nothing."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import db, utcnow
from portal.status import probing, raising
from portal.status.component import Component
from portal.status.incident import Incident, IncidentUpdate
from portal.status.probe import Alert, AlertSource
from tests import cast
from tests.conftest import Client
from tests.status.rows import component

START, LATER = "2026-10-05T09:00:00.123Z", "2026-10-05T11:00:00Z"
ZERO = "0001-01-01T00:00:00Z"  # Go's: it has not ended


@pytest.fixture
def source(app: Flask, world: cast.World) -> None:
    with app.app_context():
        part = component()
        db.session.add(
            AlertSource(name="Cluster", token_hash=probing.hashed("key"), component_id=part.id, opens="incident")
        )
        db.session.commit()


def alert(mark: str = "a1b2c3d4e5f60718", status: str = "firing", start: str = START, **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "ConsoleDown", "severity": "critical"} | labels,
        "annotations": {"summary": "The console is down", "description": "No answer for five minutes."},
        "startsAt": start,
        "endsAt": ZERO if status == "firing" else "2026-10-05T10:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": mark,
    }


def message(*alerts: dict[str, Any]) -> dict[str, Any]:
    head = {"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "status"}
    tail = {"groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alerts.example"}
    return {**head, **tail, "alerts": list(alerts)}


def tell(client: Client, *alerts: dict[str, Any]) -> int:
    answer = client.open("/api/alerts/key", method="POST", json=message(*alerts), csrf=False)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return int(answer.json["news"])


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def state_of_it(app: Flask) -> tuple[str, str, int]:
    with app.app_context():
        incident = db.session.scalars(select(Incident)).one()
        return incident.status, db.session.scalars(select(Component)).one().state, count(IncidentUpdate)


def test_an_alert_through_its_life(app: Flask, source: None, client: Client) -> None:
    assert tell(client, alert()) == 1
    assert state_of_it(app) == ("investigating", "major_outage", 1)
    assert [tell(client, alert()) for _ in range(3)] == [0, 0, 0]
    assert state_of_it(app) == ("investigating", "major_outage", 1)
    assert tell(client, alert(status="resolved")) == 1
    assert state_of_it(app) == ("resolved", "operational", 2)
    assert tell(client, alert(status="resolved")) == 0
    assert tell(client, alert()) == 0  # was on its way for long
    assert state_of_it(app) == ("resolved", "operational", 2)


def test_several_alerts_of_one_component_are_one_incident(app: Flask, source: None, client: Client) -> None:
    assert tell(client, alert("a1"), alert("a2", severity="warning")) == 2
    assert tell(client, alert("a1", "resolved")) == 1
    assert state_of_it(app)[0] == "investigating"
    assert tell(client, alert("a2", "resolved")) == 1
    assert state_of_it(app)[0] == "resolved"


def test_what_fires_again_soon_is_the_same_incident(app: Flask, source: None, client: Client) -> None:
    for told in (alert(), alert(status="resolved"), alert(start=LATER)):
        assert tell(client, told) == 1
    assert state_of_it(app) == ("investigating", "major_outage", 3)


def test_what_comes_and_goes_is_told_as_one_thing(app: Flask, source: None, client: Client) -> None:
    hours = [f"2026-10-05T{hour}:00:00Z" for hour in range(10, 16)]
    for start in hours:
        tell(client, alert(start=start))
        tell(client, alert(start=start, status="resolved"))
    with app.app_context():
        incident = db.session.scalars(select(Incident)).one()
        said = [(one.status, one.is_told) for one in incident.updates]
        # Told: that it began, that it ended, and that it began again. Then it is watched, and nobody is disturbed.
        assert said == [
            ("investigating", True),
            ("resolved", True),
            ("investigating", True),
            ("monitoring", False),
        ]
        assert db.session.scalars(select(Component.state)).one() == "major_outage"
        db.session.rollback()
        assert raising.settle_calm(now=utcnow() + raising.CALM_FOR / 2) == 0
        assert raising.settle_calm(now=utcnow() + raising.CALM_FOR * 1.1) == 1
        assert raising.settle_calm(now=utcnow() + raising.CALM_FOR * 2) == 0
        ended = db.session.scalars(select(Incident).execution_options(populate_existing=True)).one()
        assert ended.status == "resolved" and ended.updates[-1].is_told
        assert db.session.scalars(select(Component.state)).one() == "operational"


def test_what_fires_while_it_is_watched_does_not_end(app: Flask, source: None, client: Client) -> None:
    for start in ("2026-10-05T10:00:00Z", "2026-10-05T11:00:00Z"):
        tell(client, alert(start=start))
        tell(client, alert(start=start, status="resolved"))
    tell(client, alert(start="2026-10-05T12:00:00Z"))
    with app.app_context():
        assert raising.settle_calm(now=utcnow() + raising.CALM_FOR * 3) == 0
        assert db.session.scalars(select(Incident.status)).one() == "monitoring"


def test_the_end_of_what_nobody_told_of_is_nothing(app: Flask, source: None, client: Client) -> None:
    assert tell(client, alert(status="resolved")) == 0
    with app.app_context():
        assert (count(Alert), count(Incident)) == (0, 0)


def test_an_alert_about_no_component_is_a_draft(app: Flask, source: None, client: Client) -> None:
    with app.app_context():
        db.session.scalars(select(AlertSource)).one().component_id = None
        db.session.commit()
    tell(client, *[alert(f"a{number}") for number in range(40)])
    with app.app_context():
        assert db.session.scalars(select(Incident)).one().is_draft
    tell(client, *[alert(f"a{number}", "resolved") for number in range(39)])
    with app.app_context():
        assert db.session.scalars(select(Incident)).one().status == "investigating"
    tell(client, alert("a39", "resolved"))
    with app.app_context():
        assert db.session.scalars(select(Incident)).one().status == "resolved"


def test_the_label_names_the_component(app: Flask, source: None, client: Client) -> None:
    with app.app_context():
        component("relay")
        db.session.commit()
    tell(client, alert(component="relay", severity="warning"))
    with app.app_context():
        states = {row.slug: row.state for row in db.session.execute(select(Component.slug, Component.state))}
    assert states == {"console": "operational", "relay": "degraded_performance"}


GOOD = json.dumps(message(alert("a1"), alert("a2")))


@pytest.mark.parametrize("length", [0, 1, 40, len(GOOD) // 2, len(GOOD) - 1])
def test_a_truncated_message_changes_nothing(length: int, app: Flask, source: None, client: Client) -> None:
    refused(app, client, GOOD[:length].encode(), 400)


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe", b"[" * 100_000, b'{"version": "4"', "ü".encode("utf-16")],
    ids=["bytes", "deep", "open", "utf-16"],
)
def test_what_is_no_json(text: bytes, app: Flask, source: None, client: Client) -> None:
    refused(app, client, text, 400)


BAD: list[Any] = [
    [],
    {},
    {"version": "3", "alerts": []},
    {"version": "4"},
    {"version": "4", "alerts": {}},
    *(
        message(alert("a1"), alert("a2") | wrong)
        for wrong in (
            {"fingerprint": None},
            {"fingerprint": "a" * 65},
            {"fingerprint": "../a"},
            {"status": "burning"},
            {"startsAt": "yesterday"},
            {"startsAt": 5},
            {"startsAt": ZERO},
            {"startsAt": "2026-10-05T09:00:00"},
            {"labels": ["a"]},
            {"labels": {"a": 1}},
            {"labels": {f"l{number}": "" for number in range(65)}},
            {"annotations": None},
        )
    ),
    message(*[alert()] * 501),
    message(None),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("told", BAD, ids=range(len(BAD)))
def test_a_message_that_does_not_fit_changes_nothing(told: Any, app: Flask, source: None, client: Client) -> None:
    refused(app, client, json.dumps(told).encode(), 422)


def refused(app: Flask, client: Client, text: bytes, status: int) -> None:
    answer = client.open("/api/alerts/key", method="POST", data=text, csrf=False)
    assert answer.status_code == status
    with app.app_context():
        assert (count(Alert), count(Incident)) == (0, 0)


def test_only_the_address_opens(source: None, client: Client) -> None:
    assert client.open("/api/alerts/kez", method="POST", json=message(alert()), csrf=False).status_code == 404
    assert client.get("/api/alerts/key").status_code in (404, 405)
