"""Mending what was said, discarding false alarms, and moving what was planned."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import Job
from portal.status import maintenance, reporting
from portal.status.component import Component
from portal.status.incident import Incident, IncidentEvent
from portal.tickets.drafts import new_key
from tests import cast
from tests.status.rows import HOUR, after, component, drafted, planned_work

As = Callable[[str], FlaskClient]


@pytest.fixture
def number(app: Flask, world: cast.World) -> str:
    """A planned maintenance, in a week."""
    with app.app_context():
        made = planned_work([component("relay").id])
        db.session.commit()
        return made.public_id


def found(public_id: str) -> Incident:
    query = select(Incident).where(Incident.public_id == public_id).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def spreads() -> int:
    return db.session.scalar(select(db.func.count()).select_from(Job).where(Job.kind == "spread_update")) or 0


def test_a_text_is_changed_everywhere_and_nobody_is_told_again(
    app: Flask, as_: As, client: FlaskClient, world: cast.World
) -> None:
    with app.app_context():
        part = component()
        given = {
            "title": "Slow",
            "impact": "minor",
            "status": "investigating",
            "components": {part.id: "partial_outage"},
        }
        made = reporting.open_incident(**given, body="Its slow.", by=None, now=utcnow(), form_key="slow")  # type: ignore[arg-type]
        db.session.commit()
        told, update, incident = spreads(), made.updates[0].public_id, made.public_id
    agent = as_("agent")
    assert "Its slow." in agent.get(f"/desk/status/updates/{update}").text
    assert agent.post(f"/desk/status/updates/{update}", data={"body": ""}).status_code == 422
    assert agent.post(f"/desk/status/updates/{update}", data={"body": "It **is** slow."}).status_code == 302
    assert "<strong>is</strong>" in client.get(f"/status/incidents/{incident}").text
    edited = {"title": "The console is slow", "impact": "major"}
    assert agent.post(f"/desk/status/incidents/{incident}/edit", data=edited).status_code == 302
    assert "The console is slow" in client.get("/status/").text
    assert client.get("/api/v2/incidents.json").json["incidents"][0]["impact"] == "major"  # type: ignore[index]
    with app.app_context():
        assert spreads() == told
        kinds = db.session.scalars(select(IncidentEvent.kind).order_by(IncidentEvent.id)).all()
        assert kinds[-2:] == ["reworded", "edited"]
    for wrong in ({"title": "", "impact": "major"}, {"title": "x", "impact": "maintenance"}):
        assert agent.post(f"/desk/status/incidents/{incident}/edit", data=wrong).status_code == 422


def test_a_false_alarm_is_discarded_without_a_word(app: Flask, as_: As, client: FlaskClient, world: cast.World) -> None:
    with app.app_context():
        part = component()
        made = drafted([part.id])
        db.session.commit()
        incident, part_id = made.public_id, part.id
    agent = as_("agent")
    assert "Discard" in agent.get(f"/desk/status/incidents/{incident}").text
    assert agent.post(f"/desk/status/incidents/{incident}/discard").status_code == 302
    assert agent.post(f"/desk/status/incidents/{incident}/discard").status_code == 422
    assert client.get(f"/status/incidents/{incident}").status_code == 404
    with app.app_context():
        assert found(incident).is_over and spreads() == 0
        assert db.session.get_one(Component, part_id).state == "operational"


def test_what_was_published_is_not_discarded(app: Flask, as_: As, world: cast.World) -> None:
    with app.app_context():
        made = drafted([component().id], is_draft=False)
        db.session.commit()
        incident = made.public_id
    assert as_("agent").post(f"/desk/status/incidents/{incident}/discard").status_code == 422


def test_a_maintenance_is_moved_and_calendars_hear_of_it(app: Flask, as_: As, client: FlaskClient, number: str) -> None:
    agent, where = as_("agent"), f"/desk/status/maintenance/{number}/move"
    starts = (utcnow() + timedelta(days=9)).replace(second=0, microsecond=0)
    with app.app_context():
        found(number).reminded_at = utcnow()
        db.session.commit()
        zone, told = ZoneInfo(app.extensions["settings"].default_zone), spreads()
    typed = {
        "starts": starts.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "ends": (starts + timedelta(hours=1)).astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "body": "Two days later.",
        "notify": "y",
        "form_key": new_key(),
    }
    for _ in range(2):
        assert agent.post(where, data=typed).status_code == 302
    with app.app_context():
        moved = found(number)
        assert (moved.scheduled_for, moved.began_at, moved.ics_sequence) == (starts, starts, 1)
        assert moved.reminded_at is None and len(moved.updates) == 2 and spreads() == told + 1
    calendar = client.get("/status/calendar.ics")
    assert "SEQUENCE:1" in calendar.text and starts.strftime("DTSTART:%Y%m%dT%H%M00Z") in calendar.text
    assert agent.post(where, data=typed | {"form_key": new_key()}).status_code == 422
    past = typed | {"starts": "2020-01-01T10:00", "ends": "2020-01-01T11:00", "form_key": new_key()}
    refused = agent.post(where, data=past)
    assert refused.status_code == 422 and "Two days later." in refused.text


@pytest.mark.parametrize(
    ("starts", "ends", "anew"), [(60, 110, False), (70, 120, False), (50, 110, True), (60, 130, True), (600, 660, True)]
)
def test_the_notice_counts_anew_for_what_was_not_announced(
    app: Flask, world: cast.World, starts: int, ends: int, anew: bool
) -> None:
    with app.app_context():
        announced = HOUR - timedelta(days=3)
        given = {"starts": after(60), "ends": after(120), "now": announced, "by": None, "form_key": "plan"}
        made = maintenance.schedule(title="x", body="y", components=[component().id], **given)  # type: ignore[arg-type]
        moved = {"starts": after(starts), "ends": after(ends), "body": "Moved.", "by": None, "form_key": "move"}
        maintenance.reschedule(made, now=HOUR, **moved)  # type: ignore[arg-type]
        assert made.announced_at == (HOUR if anew else announced)


def test_steps_are_taken_early_once(app: Flask, as_: As, number: str) -> None:
    agent, where = as_("agent"), f"/desk/status/maintenance/{number}/next"
    seen = []
    for status in ("scheduled", "scheduled", "in_progress", "verifying"):
        assert agent.post(where, data={"from": status}).status_code == 302
        with app.app_context():
            seen.append((found(number).status, db.session.scalars(select(Component.state)).one()))
    assert seen == [
        ("in_progress", "under_maintenance"),
        ("in_progress", "under_maintenance"),
        ("verifying", "under_maintenance"),
        ("completed", "operational"),
    ]
    assert agent.post(where, data={"from": "completed"}).status_code == 422
    with app.app_context():
        maintenance.go_on(now=utcnow() + timedelta(days=20))
        assert [one.status for one in found(number).updates] == ["scheduled", "in_progress", "verifying", "completed"]
        with pytest.raises(Refused):
            moved = {"starts": after(10**6), "ends": after(10**6 + 60), "body": "x", "by": None, "form_key": "late"}
            maintenance.reschedule(found(number), now=utcnow(), **moved)  # type: ignore[arg-type]
