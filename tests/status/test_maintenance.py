"""Planned maintenance goes through its life by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import Job
from portal.status import maintenance
from portal.status.component import Component
from portal.status.incident import Incident
from portal.tickets.drafts import new_key
from tests import cast
from tests.status.rows import after, component

As = Callable[[str], FlaskClient]


@pytest.fixture
def planned(app: Flask, world: cast.World) -> int:
    """From the hour + 60 minutes to + 120, announced 3 days before."""
    with app.app_context():
        part = component("relay")
        made = plan([part.id])
        db.session.commit()
        return made.id


def plan(components: list[int], **more: Any) -> Incident:
    told = {"title": "New servers", "body": "Relay gets new servers.", "by": None, "form_key": "plan"}
    given = {"starts": after(60), "ends": after(120), "now": after(60) - timedelta(days=3)}
    return maintenance.schedule(**{**told, **given, "components": components, **more})


def seen(planned: int) -> tuple[str, str]:
    found = db.session.get_one(Incident, planned, populate_existing=True)
    return found.status, db.session.scalars(select(Component.state)).one()


def test_it_begins_is_checked_and_ends(app: Flask, planned: int) -> None:
    with app.app_context():
        told = []
        for minute in (59, 60, 119, 120, 129, 131, 200):
            maintenance.go_on(now=after(minute))
            told.append((minute, *seen(planned)))
        assert told == [
            (59, "scheduled", "operational"),
            (60, "in_progress", "under_maintenance"),
            (119, "in_progress", "under_maintenance"),
            (120, "verifying", "under_maintenance"),
            (129, "verifying", "under_maintenance"),
            (131, "completed", "operational"),
            (200, "completed", "operational"),
        ]


def test_after_a_rest_all_steps_come_with_the_times_that_were_planned(app: Flask, planned: int) -> None:
    with app.app_context():
        maintenance.go_on(now=after(600))
        assert seen(planned) == ("completed", "operational")
        updates = db.session.get_one(Incident, planned).updates
        assert [(u.status, u.at) for u in updates[1:]] == [
            ("in_progress", after(60)),
            ("verifying", after(120)),
            ("completed", after(130)),
        ]


def test_it_is_reminded_of_once(app: Flask, planned: int) -> None:
    with app.app_context():
        for _ in range(2):
            maintenance.go_on(now=after(60) - timedelta(hours=23))
        spreading = select(Job).where(Job.kind == "spread_update").order_by(Job.id)
        assert [job.payload.get("what") for job in db.session.scalars(spreading)] == ["update", "reminder"]


@pytest.mark.parametrize(
    "wrong",
    [{"title": " "}, {"body": ""}, {"ends": after(60)}, {"starts": after(-9000)}, {"ends": after(60 * 24 * 8)}],
)
def test_what_makes_no_sense_is_refused(app: Flask, world: cast.World, wrong: dict[str, Any]) -> None:
    with app.app_context(), pytest.raises(Refused):
        plan([component("relay").id], **wrong)


def test_the_notice_that_contracts_ask_for(app: Flask, world: cast.World) -> None:
    """Five days in the demo's policy."""
    with app.app_context():
        starts, ends = after(0), after(60)
        for days, is_short in ((6, False), (4, True)):
            announced = starts - timedelta(days=days)
            assert maintenance.is_short_notice(starts, ends, announced=announced) is is_short


def asked_for(app: Flask, **more: Any) -> dict[str, Any]:
    with app.app_context():
        number = component("console").id
        db.session.commit()
    told = {"title": "New servers", "body": "Console gets new servers.", "form_key": new_key(), "notify": "y"}
    day = (utcnow() + timedelta(days=9)).strftime("%Y-%m-%d")
    return told | {"starts": f"{day}T09:00", "ends": f"{day}T11:00", f"part-{number}": "1"} | more


def only_one(app: Flask) -> Incident:
    with app.app_context():
        found = db.session.scalars(select(Incident)).one()
        db.session.expunge(found)
        return found


def test_it_is_planned_told_of_and_called_off(app: Flask, world: cast.World, as_: As, client: FlaskClient) -> None:
    sent = asked_for(app)
    for _ in range(2):  # pressed twice, it is planned once
        assert as_("agent").post("/desk/status/maintenance/new", data=sent).status_code == 302
    page = client.get("/status/").text
    assert "Planned maintenance" in page and "Console gets new servers." in page
    here = f"/desk/status/maintenance/{only_one(app).public_id}"
    assert as_("agent").get(here).status_code == 200
    more = {"body": "It takes an hour longer.", "form_key": new_key()}
    assert as_("agent").post(here, data=more).status_code == 302
    assert only_one(app).status == "scheduled"
    off = {"body": "Not needed any more.", "form_key": new_key(), "cancel": "1"}
    assert as_("agent").post(here, data=off).status_code == 302
    assert (only_one(app).status, only_one(app).ics_sequence) == ("cancelled", 1)
    with app.app_context():
        maintenance.go_on(now=utcnow() + timedelta(days=30))
    assert only_one(app).status == "cancelled"


def test_a_short_notice_is_said(app: Flask, world: cast.World, as_: As) -> None:
    day = (utcnow() + timedelta(days=2)).strftime("%Y-%m-%d")
    answer = as_("agent").post(
        "/desk/status/maintenance/new",
        data=asked_for(app, starts=f"{day}T09:00", ends=f"{day}T10:00"),
        follow_redirects=True,
    )
    assert "it will count as downtime" in answer.text


def test_a_time_that_the_clock_jumps_over_is_refused(app: Flask, world: cast.World, as_: As) -> None:
    """In Berlin there is no half past two in the night to 29 March 2037."""
    sent = asked_for(app, starts="2037-03-29T02:30", ends="2037-03-29T04:00")
    with app.app_context():
        db.session.get_one(User, world.ids["agent"]).zone = "Europe/Berlin"
        db.session.commit()
    page = as_("agent").post("/desk/status/maintenance/new", data=sent)
    assert page.status_code == 422
    assert "does not exist in your time zone" in page.text and "Console gets new servers." in page.text
