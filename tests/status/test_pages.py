"""The status page as readers see it, and the pages on which staff keep it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.db import db, utcnow
from portal.status.component import Component, ComponentGroup
from portal.status.incident import Incident, IncidentEvent, IncidentTemplate, IncidentUpdate
from portal.tickets.drafts import new_key
from tests import cast
from tests.status.rows import component

As = Callable[[str], FlaskClient]
UNNAMED = {"slug": "api", "group": 0, "product": "", "visibility": "public"}


@pytest.fixture
def console(app: Flask, world: cast.World) -> int:
    with app.app_context():
        part = component("console")
        part.begins_at = utcnow() - timedelta(days=30)
        db.session.commit()
        return part.id


def opened(browser: FlaskClient, console: int, **more: Any) -> Any:
    told = {"title": "Console is slow", "status": "investigating", "impact": "minor", "body": "We **look** into it."}
    told |= {f"state-{console}": "partial_outage", "notify": "y", "form_key": new_key()}
    return browser.post("/desk/status/incidents/new", data={**told, **more})


def one(app: Flask) -> Incident:
    with app.app_context():
        found = db.session.scalars(select(Incident)).one()
        db.session.expunge(found)
        return found


def test_an_empty_page_says_what_will_stand_there(client: FlaskClient, world: cast.World) -> None:
    assert "Nothing is watched yet" in client.get("/status/").text
    assert "status-mark" not in client.get("/").text  # the header says nothing of nothing


def test_all_is_well(client: FlaskClient, console: int) -> None:
    page = client.get("/status/").text
    assert "Everything works" in page
    assert page.count("<title>") >= 90  # each day's bar says what it means
    assert "Status: Everything works" in client.get("/").text


def test_an_incident_is_told_from_its_beginning_to_its_end(
    app: Flask, console: int, as_: As, client: FlaskClient
) -> None:
    assert opened(as_("agent"), console).status_code == 302
    public_id = one(app).public_id
    page = client.get("/status/").text
    assert "Some things don't work" in page.replace("&#39;", "'")
    assert "<strong>look</strong> into it" in page
    assert "status-mark is-warn" in client.get("/").text  # the header of every page
    desk = f"/desk/status/incidents/{public_id}"
    more = {"status": "resolved", "body": "A disk was full.", "notify": "y", "form_key": new_key()}
    for _ in range(2):  # pressed twice, it is said once
        assert as_("agent").post(desk, data=more).status_code == 302
    page = client.get("/status/").text
    assert "Everything works" in page and "A disk was full." in page
    assert as_("agent").post(f"{desk}/postmortem", data={"text": "It is watched now."}).status_code == 302
    page = client.get(f"/status/incidents/{public_id}").text
    assert "It is watched now." in page and "Looking back" in page
    with app.app_context():
        assert len(db.session.scalars(select(IncidentUpdate)).all()) == 3
        kinds = set(db.session.scalars(select(IncidentEvent.kind)))
        assert {"opened", "updated", "looked back"} <= kinds


def test_the_same_form_opens_one(app: Flask, console: int, as_: As) -> None:
    key = new_key()
    for _ in range(2):
        assert opened(as_("agent"), console, form_key=key).status_code == 302
    assert one(app).form_key == key


def test_what_was_is_filled_in_quietly(app: Flask, console: int, as_: As, client: FlaskClient) -> None:
    at = (utcnow() - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    assert opened(as_("agent"), console, at=at, notify="").status_code == 302
    with app.app_context():
        update = db.session.scalars(select(IncidentUpdate)).one()
        assert not update.is_told
        assert timedelta(days=2, hours=20) < utcnow() - update.at < timedelta(days=3, hours=4)


def test_a_refused_form_loses_nothing(console: int, as_: As) -> None:
    ahead = (utcnow() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    page = opened(as_("agent"), console, at=ahead)
    assert page.status_code == 422
    assert "lie in the future" in page.text and "We **look** into it." in page.text
    assert '<option value="partial_outage" selected>' in page.text
    page = opened(as_("agent"), console, title="")
    assert page.status_code == 422 and "Give it a title." in page.text


def test_only_those_who_see_a_component_hear_of_it(app: Flask, world: cast.World, as_: As, client: FlaskClient) -> None:
    with app.app_context():
        private = component("own-relay", visibility=f"org:{world.heron}")
        from portal.audience import open_to

        open_to(private.visibility)
        db.session.commit()
        number = private.id
    opened(as_("agent"), number, title="The relay of Heron")
    public_id = one(app).public_id
    for browser, status in ((client, 404), (as_("stranger"), 404), (as_("customer"), 200)):
        assert browser.get(f"/status/incidents/{public_id}").status_code == status
        seen = browser.get("/status/").text + browser.get("/status/history").text
        assert ("The relay of Heron" in seen) is (status == 200)
        assert ("Own-Relay" in seen) is (status == 200)


def test_history_goes_by_months(app: Flask, console: int, as_: As, client: FlaskClient) -> None:
    at = (utcnow().replace(day=1) - timedelta(days=1)).strftime("%Y-%m-%dT12:00")
    opened(as_("agent"), console, at=at, title="An old one")
    public_id = one(app).public_id
    end = {"status": "resolved", "body": "Over.", "form_key": new_key(), "at": at[:-5] + "13:00"}
    as_("agent").post(f"/desk/status/incidents/{public_id}", data=end)
    assert "An old one" not in client.get("/status/history").text
    assert "An old one" in client.get(f"/status/history?month={at[:7]}").text
    for odd in ("2026-99", "x", "9999-01"):
        assert client.get(f"/status/history?month={odd}").status_code == 200


def test_a_draft_is_for_staff_until_it_is_published(app: Flask, console: int, as_: As, client: FlaskClient) -> None:
    opened(as_("agent"), console)
    public_id = one(app).public_id
    with app.app_context():
        db.session.scalars(select(Incident)).one().is_draft = True
        db.session.commit()
    assert client.get(f"/status/incidents/{public_id}").status_code == 404
    assert "A draft" in as_("agent").get(f"/status/incidents/{public_id}").text
    as_("agent").post(f"/desk/status/incidents/{public_id}/publish")
    assert client.get(f"/status/incidents/{public_id}").status_code == 200


def test_components_groups_and_templates_are_kept(app: Flask, world: cast.World, as_: As, client: FlaskClient) -> None:
    admin = as_("admin")
    assert admin.post("/desk/status/groups/new", data={"titles-en": "Cloud", "position": "1"}).status_code == 302
    with app.app_context():
        group = db.session.scalars(select(ComponentGroup.id)).one()
    typed = {"slug": "api", "titles-en": "API", "titles-de": "Schnittstelle", "group": group, "visibility": "public"}
    made = admin.post("/desk/status/components/new", data={**typed, "product": "beacon", "is_uptime_shown": "y"})
    assert made.status_code == 302
    assert admin.post("/desk/status/components/new", data=typed).status_code == 422  # the address is taken
    assert "API" in client.get("/status/").text
    with app.app_context():
        number = db.session.scalars(select(Component.id)).one()
    words = {"name": "Slow", "title": "It is slow", "status": "investigating", "impact": "minor", "body": "We look."}
    words |= {"state": "degraded_performance", f"part-{number}": "1"}
    assert admin.post("/desk/status/templates", data=words).status_code == 302
    with app.app_context():
        template = db.session.scalars(select(IncidentTemplate.id)).one()
    page = admin.get(f"/desk/status/incidents/new?template={template}").text
    assert "It is slow" in page and '<option value="degraded_performance" selected>' in page
    away = {**typed, "is_archived": "y"}
    assert admin.post(f"/desk/status/components/{number}", data=away).status_code == 302
    assert "API" not in client.get("/status/").text
    assert admin.post(f"/desk/status/templates/{template}/remove").status_code == 302


def test_a_name_in_the_portals_own_language_is_needed(as_: As, world: cast.World) -> None:
    page = as_("admin").post("/desk/status/components/new", data={**UNNAMED, "titles-de": "X"})
    assert page.status_code == 422 and "that the others fall back to" in page.text
