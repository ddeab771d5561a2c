"""API v2, feeds, calendar and badges: what programs read of the status page."""

import json
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow, writing
from portal.status import reporting
from portal.status.component import ComponentGroup
from portal.status.incident import Incident, IncidentComponent, IncidentUpdate
from tests import cast
from tests.status.rows import component

NAMES = (
    *("summary", "status", "components", "incidents", "incidents/unresolved"),
    *("scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active"),
)
FEEDS = ("/status/history.atom", "/status/history.rss", "/status/calendar.ics")


@pytest.fixture
def told(app: Flask, world: cast.World) -> dict[str, Any]:
    """A public component in a group, a hidden one, an incident of both, one of the hidden alone, a cancelled work."""
    now = utcnow()
    with app.app_context(), writing():
        group = ComponentGroup(titles={"en": "Europe"})
        db.session.add(group)
        shown, hidden = component("console", group=group), component("vault", visibility=f"org:{world.heron}")
        given: dict[str, Any] = {"by": None, "now": now, "status": "investigating", "impact": "major"}
        both = {shown.id: "partial_outage", hidden.id: "major_outage"}
        one = reporting.open_incident(
            title="Slow & <odd>", body="We look **into** it.", components=both, form_key="a", **given
        )
        reporting.open_incident(
            title="Vault is shut", body="Of the vault.", components={hidden.id: "major_outage"}, form_key="b", **given
        )
        draft = {**given, "form_key": "c", "is_draft": True, "components": {}}
        reporting.open_incident(title="Drafted", body="Nobody knows.", **draft)
        works = [_work(shown.id, "planned", "scheduled", 3), _work(shown.id, "dropped", "cancelled", 4)]
        db.session.commit()
        return {"incident": one.public_id, "work": works[0].public_id, "dropped": works[1].public_id}


def _work(component_id: int, name: str, status: str, sequence: int) -> Incident:
    starts = utcnow() + timedelta(days=2)
    ends = starts + timedelta(hours=1)
    work = Incident(kind="maintenance", title=f"Work, {name}; long " + "é" * 60, impact="maintenance", status=status)
    work.form_key, work.scheduled_for, work.scheduled_until, work.ics_sequence = name, starts, ends, sequence
    work.began_at = starts
    work.claims.append(IncidentComponent(component_id=component_id))
    text = {"body": "A new\nswitch.", "html": "<p>A new switch.</p>", "form_key": f"{name}.1"}
    work.updates.append(IncidentUpdate(status=status, **text))
    db.session.add(work)
    db.session.flush()
    return work


def test_the_summary_has_the_fields_of_statuspage(client: FlaskClient, told: dict[str, Any]) -> None:
    summary = client.get("/api/v2/summary.json").get_json()
    assert list(summary) == ["page", "components", "incidents", "scheduled_maintenances", "status"]
    assert summary["page"]["url"].startswith("http") and summary["page"]["updated_at"].endswith("+00:00")
    assert summary["status"] == {"indicator": "major", "description": "Partial System Outage"}
    part, group = summary["components"]
    assert (part["name"], part["status"], part["group"]) == ("Console", "partial_outage", False)
    assert group["group"] and group["components"] == [part["id"]] and part["group_id"] == group["id"]
    (incident,) = summary["incidents"]
    assert incident["id"] == told["incident"] and incident["impact"] == "major" and incident["resolved_at"] is None
    (update,) = incident["incident_updates"]
    assert update["body"] == "We look **into** it." and update["incident_id"] == incident["id"]
    assert update["affected_components"] == [
        {"code": part["id"], "name": "Console", "old_status": "operational", "new_status": "partial_outage"}
    ]
    assert [one["id"] for one in summary["scheduled_maintenances"]] == [told["work"]]


def test_both_arrays_are_always_there(client: FlaskClient, world: cast.World) -> None:
    summary = client.get("/api/v2/summary.json").get_json()
    assert summary["incidents"] == summary["scheduled_maintenances"] == summary["components"] == []
    assert summary["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert client.get("/api/v2/nothing.json").status_code == 404


@pytest.mark.parametrize("path", [f"/api/v2/{name}.json" for name in NAMES] + [*FEEDS, "/status/badge.svg"])
def test_nothing_hidden_is_told(client: FlaskClient, told: dict[str, Any], path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "*"
    assert not any(word in answer.text.lower() for word in ("vault", "drafted", "nobody knows"))
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_a_signed_in_member_reads_there_what_everybody_does(as_: Any, told: dict[str, Any]) -> None:
    assert "Vault" not in as_("customer").get("/api/v2/summary.json").text
    assert as_("customer").get("/status/badge/vault.svg").status_code == 404


def test_badges_say_the_state(client: FlaskClient, told: dict[str, Any]) -> None:
    drawn = client.get("/status/badge/console.svg")
    assert "Console: Partial outage" in drawn.text and drawn.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    ElementTree.fromstring(drawn.text)
    assert client.get("/status/badge/nothing.svg").status_code == 404


def test_feeds_can_be_read(client: FlaskClient, told: dict[str, Any]) -> None:
    atom = ElementTree.fromstring(client.get("/status/history.atom").text)
    spaced = "{http://www.w3.org/2005/Atom}"
    titles = [entry.findtext(f"{spaced}title") for entry in atom.iter(f"{spaced}entry")]
    assert "Slow & <odd>" in titles and not any("dropped" in str(title) for title in titles)
    rss = ElementTree.fromstring(client.get("/status/history.rss").text)
    assert [item.findtext("title") for item in rss.iter("item")] == titles
    assert "<strong>into</strong>" in str([item.findtext("description") for item in rss.iter("item")])


def test_the_calendar_keeps_what_was_cancelled(client: FlaskClient, told: dict[str, Any]) -> None:
    text = client.get("/status/calendar.ics").data.decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")) and "\n\n" not in text.replace("\r", "")
    lines = text.replace("\r\n ", "").split("\r\n")
    uids = [line for line in lines if line.startswith("UID:")]
    assert sorted(uids) == sorted(f"UID:{told[one]}@127.0.0.1" for one in ("work", "dropped"))
    assert lines.count("STATUS:CANCELLED") == 1 and "SEQUENCE:4" in lines and "DESCRIPTION:A new\\nswitch." in lines
    assert any(line.startswith("SUMMARY:Work\\, planned\\; long") for line in lines)


def test_a_change_is_told_at_once(app: Flask, client: FlaskClient, told: dict[str, Any]) -> None:
    before = client.get("/api/v2/status.json")
    with app.app_context(), writing():
        incident = db.session.scalars(db.select(Incident).filter_by(public_id=told["incident"])).one()
        given: dict[str, Any] = {"by": None, "now": utcnow(), "form_key": "z", "components": {}}
        reporting.add_update(incident, status="resolved", body="Mended.", **given)
        db.session.commit()
    after = client.get("/api/v2/status.json", headers={"If-None-Match": before.headers["ETag"]})
    assert json.loads(after.text)["status"]["indicator"] == "none"
