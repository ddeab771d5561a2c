"""What strangers try at the status page: made-up addresses, floods, clocks set back, broken and hostile words."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow, writing
from portal.status import maintenance, offline, probing, reporting
from portal.status.incident import Incident
from portal.status.probe import AlertSource
from tests import cast
from tests.status.rows import component
from tests.status.test_alerting import alert, message


@pytest.fixture
def source(app: Flask, world: cast.World) -> None:
    with app.app_context():
        part = component()
        db.session.add(AlertSource(name="C", token_hash=probing.hashed("key"), component_id=part.id, opens="incident"))
        db.session.commit()


@pytest.mark.parametrize("month", ["0001-01", "9999-12", "٢٠٢٦-10", "2026-10-05", "-1-1", "\0", "1" * 5000])
def test_odd_months_are_no_fault(month: str, client: FlaskClient, world: cast.World) -> None:
    assert client.get("/status/history", query_string={"month": month}).status_code == 200


@pytest.mark.parametrize("name", ["%00", "a" * 3000, "%ed%a0%80", "..%2f..", "'--"])
@pytest.mark.parametrize("path", ["incidents/{}", "badge/{}.svg", "subscribe/{}", "subscribe/{}/stop", "heartbeat/{}"])
def test_made_up_addresses_lead_nowhere(path: str, name: str, client: FlaskClient, world: cast.World) -> None:
    assert client.get(f"/status/{path.format(name)}").status_code == 404


ODD = {
    "surrogate": {"summary": "\ud800 down"},
    "nul": {"summary": "a\0b"},
    "lines": {"summary": "down\r\nBcc: all@example.com\r\n\r\nhello"},
    "markup": {"summary": "<script>alert(1)</script>", "description": "<img src=x onerror=alert(1)>"},
    "empty": {"summary": "\x01\x02", "description": "\x01"},
}


@pytest.mark.parametrize("annotations", ODD.values(), ids=ODD)
def test_odd_words_of_an_alert(annotations: dict[str, str], source: None, app: Flask, client: FlaskClient) -> None:
    told = alert() | {"annotations": annotations}
    answer = client.open("/api/alerts/key", method="POST", data=json.dumps(message(told)), csrf=False)
    assert answer.status_code == 200, answer.text
    with app.app_context():
        made = db.session.scalars(db.select(Incident)).one()
        assert made.title and "\n" not in made.title


@pytest.mark.parametrize(
    "text",
    [
        '{"version":"4","alerts":[' + "9" * 5000 + "]}",
        json.dumps(message(alert(start="9999-12-31T23:59:59-12:00"))),
        json.dumps(message(alert(start="0002-01-01T00:00:00+14:00"))),
        json.dumps(message(alert(start="2026-10-05T09:00:00+23:59:59"))),
        "[" * 100_000,
        '{"version":"4","alerts":' + "[" * 100_000,
    ],
)
def test_odd_figures_of_an_alert(text: str, source: None, client: FlaskClient) -> None:
    answer = client.open("/api/alerts/key", method="POST", data=text, csrf=False)
    assert answer.status_code in (200, 400, 422), answer.text[:300]


def test_five_megabytes(source: None, client: FlaskClient) -> None:
    huge = "x" * 5_000_000
    assert client.open("/api/alerts/key", method="POST", data=huge, csrf=False).status_code == 413
    assert client.post("/status/subscribe", data={"address": huge}).status_code in (413, 422)
    assert client.post("/status/heartbeat/key", data=huge, csrf=False).status_code in (404, 413)


def test_a_clock_that_was_set_back(app: Flask, world: cast.World, client: FlaskClient) -> None:
    now = utcnow()
    nobody: Any = None
    given: dict[str, Any] = {"by": nobody, "components": {}}
    with app.app_context(), writing():
        part = component()
        made = reporting.open_incident(
            title="Slow", impact="minor", status="investigating", body="We look.", form_key="a", now=now,
            by=None, components={part.id: "major_outage"},
        )  # fmt: skip
        other: dict[str, Any] = {"title": "Other", "impact": "minor", "body": "Newer.", "form_key": "o"}
        reporting.open_incident(**other, **given, status="investigating", now=now)
        db.session.commit()
        public_id = made.public_id
    assert "We look." in client.get("/api/v2/summary.json").text
    before = now - timedelta(hours=2)
    with app.app_context(), writing():
        made = db.session.scalars(db.select(Incident).where(Incident.public_id == public_id)).one()
        reporting.reword(made.updates[0], "We looked.", by=nobody, now=before)
        db.session.commit()
    assert "We looked." in client.get("/api/v2/summary.json").text
    assert "We looked." in client.get("/status/").text
    with app.app_context(), writing():
        made = db.session.scalars(db.select(Incident).where(Incident.public_id == public_id)).one()
        reporting.add_update(made, status="resolved", body="Over.", form_key="b", now=before, **given)
        db.session.commit()
        assert made.status == "resolved"
    assert "We look" not in client.get("/api/v2/incidents/unresolved.json").text
    assert "Over." in client.get(f"/status/incidents/{public_id}").text


def test_a_maintenance_goes_on_under_a_clock_that_was_set_back(app: Flask, world: cast.World) -> None:
    """Something was said of it while the clock was a day ahead."""
    now, nobody = utcnow(), None
    with app.app_context(), writing():
        starts = now + timedelta(hours=1)
        work = maintenance.schedule(
            title="New servers", body="Ours.", starts=starts, ends=starts + timedelta(hours=1),
            components=[component().id], by=nobody, now=now, form_key="plan",
        )  # fmt: skip
        wrong = {"status": "scheduled", "body": "It stands.", "components": {}, "form_key": "wrong"}
        reporting.add_update(work, **wrong, by=nobody, now=now + timedelta(days=1))  # type: ignore[arg-type]
        db.session.commit()
        number = work.id
    for minutes, status, state in ((61, "in_progress", "under_maintenance"), (400, "completed", "operational")):
        with app.app_context():
            maintenance.go_on(now=now + timedelta(minutes=minutes))
            work = db.session.get_one(Incident, number)
            assert (work.status, work.claims[0].component.state) == (status, state)


def test_what_is_posted_on_the_command_line_is_cleaned_too(app: Flask, world: cast.World) -> None:
    """A terminal of another encoding gives what no file takes."""
    said: dict[str, Any] = {"impact": "minor", "status": "investigating", "components": {}, "incident": None}
    entry = offline.entry_of(
        {"components": [], "incidents": []}, title="Down\r\nnow\udcff", body="We \udcfflook.\0", now=utcnow(), **said
    )
    assert (entry["title"], entry["body"]) == ("Down now", "We look.")
