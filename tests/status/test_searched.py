"""Incidents and maintenance in the one search."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.articles.writing import publish
from knowledge.incidents import note_old
from knowledge.search.checking import examine
from knowledge.search.engine import engine
from knowledge.search.index import rebuild
from portal.audience import open_to
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.status import maintenance, reporting
from portal.status.component import Component
from portal.status.incident import Incident
from tests import cast
from tests.knowledge.conftest import HARBOUR
from tests.status.rows import component

MEMBERS, OTHERS = ("customer", "owner", "agent"), ("stranger", "reseller", "former")
PLACES = ("/search?q=gibbous", "/search/suggest?q=gibbous", "/api/search?q=gibbous")


def told(
    parts: list[Component], *, title: str = "Gibbous gateway", at: datetime | None = None, status: str = "identified",
    **given: Any,
) -> Incident:  # fmt: skip
    claims = {part.id: "operational" if status == "resolved" else "major_outage" for part in parts}
    return reporting.open_incident(
        title=title, impact="major", status=status, body="The relay lost its quills.", components=claims, by=None,
        now=utcnow(), at=at, form_key=f"{title} {status}", **given,
    )  # fmt: skip


def settle() -> None:
    db.session.commit()
    run_due()


def article(title: str) -> None:
    slug = title.lower().replace(" ", "-")
    publish(replace(HARBOUR, external_id=f"en/{slug}", slug=slug, title=title), now=utcnow())


@pytest.fixture
def outage(app: Flask, world: cast.World) -> str:
    with app.app_context():
        made = told([component()])
        settle()
        return made.public_id


def test_it_is_found_by_title_update_and_component(outage: str, client: FlaskClient) -> None:
    for word in ("gibbous", "quills", "console"):
        page = client.get(f"/search?q={word}").text
        assert f"/status/incidents/{outage}" in page, word
        assert "Identified" in page and "<time" in page
    assert "Identified" in client.get("/search/suggest?q=gibbous").text
    (result,) = client.get("/api/search?q=gibbous&kind=incident").json["results"]  # type: ignore[index]
    assert (result["kind"], result["id"]) == ("incident", f"incident-{outage}")
    assert result["url"].endswith(f"/status/incidents/{outage}")


def test_what_goes_on_stands_first_and_what_is_over_behind(app: Flask, world: cast.World, client: FlaskClient) -> None:
    with app.app_context():
        part = component()
        article("Gibbous gateway")
        article("Gibbous gateway again")
        told([part], title="Gibbous gateway", status="resolved")
        told([part], title="A gibbous gateway among other things that are slow")
        settle()
    titles = [result["title"] for result in client.get("/api/search?q=gibbous+gateway").json["results"]]  # type: ignore[index]
    assert titles[0] == "A gibbous gateway among other things that are slow"
    assert client.get("/api/search?q=gibbous+gateway").json["results"][-1]["kind"] == "incident"  # type: ignore[index]


def test_a_word_in_common_does_not_put_it_first(app: Flask, outage: str, client: FlaskClient) -> None:
    with app.app_context():
        article("Polishing the relay lamp by hand")
        settle()
    first = client.get("/api/search?q=polishing+the+relay+lamp+by+hand").json["results"][0]  # type: ignore[index]
    assert first["kind"] == "article"


def test_the_row_follows_what_is_said(app: Flask, outage: str, client: FlaskClient) -> None:
    assert "Identified" in client.get("/search?q=gibbous").text
    with app.app_context():
        found = db.session.scalars(select(Incident)).one()
        said: dict[str, Any] = {"status": "resolved", "body": "A new zither.", "components": {}, "by": None}
        reporting.add_update(found, **said, now=utcnow(), form_key="over")
        settle()
    page = client.get("/search?q=zither").text
    assert "Resolved" in page and "Identified" not in page


def test_maintenance_is_called_so(app: Flask, world: cast.World, client: FlaskClient) -> None:
    with app.app_context():
        starts = utcnow() + timedelta(days=2)
        maintenance.schedule(
            title="Gibbous servers", body="New ones.", starts=starts, ends=starts + timedelta(hours=1),
            components=[component().id], by=None, now=utcnow(), form_key="work",
        )  # fmt: skip
        settle()
    page = client.get("/search?q=gibbous").text
    assert "Scheduled" in page and "Maintenance" in page


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("with_index", [True, False])
def test_private_ones_are_found_by_those_who_see_them(
    place: str, with_index: bool, app: Flask, world: cast.World, client: FlaskClient,
    as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with app.app_context():
        vault = component("vault", visibility=f"org:{world.heron}")
        desk = component("desk", visibility="staff")
        open_to(vault.visibility)
        told([vault, desk])
        told([component()], title="Gibbous draft", is_draft=True)
        settle()
        if not with_index:
            break_index(monkeypatch)
    for browser in (client, *(as_(name) for name in OTHERS)):
        answer = browser.get(place).text
        assert "gateway" not in answer.lower() and "Gibbous draft" not in answer
    for name in MEMBERS:
        answer = as_(name).get(place).text
        assert "gateway" in answer and "Gibbous draft" not in answer


def break_index(monkeypatch: pytest.MonkeyPatch) -> None:
    from knowledge.search.engine import Unavailable

    def opened(*_: Any) -> Any:
        raise Unavailable("gone")

    monkeypatch.setattr(engine(), "opened", opened)


def test_a_component_that_becomes_private_takes_it_along(app: Flask, outage: str, client: FlaskClient) -> None:
    with app.app_context():
        db.session.scalars(select(Component)).one().visibility = "staff"
        db.session.commit()
    assert "Gibbous" not in client.get("/search?q=gibbous").text  # before the index knows
    with app.app_context():
        run_due()
        assert examine()[0] == ""
    assert client.get("/api/search?q=gibbous").json["total"] == 0  # type: ignore[index]


def test_hidden_names_find_nothing(app: Flask, world: cast.World, client: FlaskClient) -> None:
    with app.app_context():
        told([component(), component("vault", visibility="staff")])
        settle()
    assert client.get("/api/search?q=vault").json["total"] == 0  # type: ignore[index]
    assert client.get("/api/search?q=console").json["total"] == 1  # type: ignore[index]


def test_it_is_kept_for_ninety_days(app: Flask, world: cast.World, client: FlaskClient) -> None:
    with app.app_context():
        part, now = component(), utcnow()
        part.begins_at = now - timedelta(days=300)
        told([part], title="Gibbous lately", status="resolved", at=now - timedelta(days=89))
        told([part], title="Gibbous long ago", status="resolved", at=now - timedelta(days=92))
        settle()
        rebuild()
        db.session.commit()
        assert examine()[0] == ""
    page = client.get("/search?q=gibbous").text
    assert "lately" in page and "long ago" not in page
    with app.app_context():
        found = db.session.scalars(select(Incident).where(Incident.title == "Gibbous lately")).one()
        assert note_old(now=utcnow()) >= 0
        assert note_old(now=utcnow() + timedelta(days=3)) >= 1
        found.resolved_at = utcnow() - timedelta(days=92)
        settle()
        assert examine()[0] == ""
    assert client.get("/api/search?q=gibbous").json["total"] == 0  # type: ignore[index]
