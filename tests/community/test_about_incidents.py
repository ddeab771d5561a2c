"""A topic and the incident that it is about lead to each other, as far as the reader may see both."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.status.component import Component
from portal.status.incident import Incident, IncidentTopic
from portal.status.reporting import add_update, open_incident
from tests.cast import World
from tests.community.rows import asked
from tests.status.rows import component

As = Callable[[str], FlaskClient]


def incident(part: Component, title: str = "Alerts arrive late") -> Incident:
    given: dict[str, Any] = {"by": None, "now": utcnow(), "form_key": title, "notify": False}
    states = {part.id: "degraded_performance"}
    return open_incident(
        title=title, impact="minor", status="investigating", body="We look.", components=states, **given
    )


@pytest.fixture
def both(app: Flask, world: World) -> tuple[int, str, str]:
    """A topic, an incident that everybody sees, and one of a component that staff alone see."""
    with app.app_context():
        topic, seen = asked(world), incident(component())
        hidden = incident(component("vault", visibility="staff"), "The vault is shut")
        db.session.commit()
        return topic.id, seen.public_id, hidden.public_id


def test_they_lead_to_each_other(app: Flask, both: tuple[int, str, str], as_: As, client: FlaskClient) -> None:
    topic_id, public_id, _hidden = both
    admin = as_("admin")
    page = admin.get(f"/community/order/topic/{topic_id}").text
    assert "Alerts arrive late" in page
    answer = admin.post(f"/community/order/topic/{topic_id}/incident", data={"incident": public_id})
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"]).text
    assert "It belongs to:" in page and f"/status/incidents/{public_id}" in page and "Investigating" in page
    page = client.get(f"/status/incidents/{public_id}").text
    assert "In the community" in page and "It beeps" in page
    with app.app_context():
        found = db.session.scalars(db.select(Incident).filter_by(public_id=public_id)).one()
        given: dict[str, Any] = {"by": None, "now": utcnow(), "form_key": "over", "notify": False}
        add_update(found, status="resolved", body="Well again.", components={}, **given)
        db.session.commit()
    assert "Resolved" in client.get(answer.headers["Location"]).text
    admin.post(f"/community/order/topic/{topic_id}/incident", data={"incident": ""})
    assert "It belongs to:" not in client.get(answer.headers["Location"]).text
    with app.app_context():
        assert db.session.scalar(db.select(IncidentTopic.topic_id)) is None


def test_what_is_hidden_stays_hidden(both: tuple[int, str, str], as_: As, client: FlaskClient) -> None:
    topic_id, _public_id, hidden = both
    admin = as_("admin")
    answer = admin.post(f"/community/order/topic/{topic_id}/incident", data={"incident": hidden})
    assert "The vault is shut" in admin.get(answer.headers["Location"]).text
    for reader in (client, as_("customer")):
        assert "The vault is shut" not in reader.get(answer.headers["Location"]).text
    assert admin.post(f"/community/order/topic/{topic_id}/incident", data={"incident": "nothing"}).status_code == 404
    assert as_("customer").post(f"/community/order/topic/{topic_id}/incident", data={}).status_code == 404
