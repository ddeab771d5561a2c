"""The pages of probes: made, changed, switched off and removed by administrators, with what they found."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import db, utcnow
from portal.status import probing
from portal.status.incident import IncidentEvent
from portal.status.looking import Sight
from portal.status.probe import AlertSource, Probe
from tests import cast
from tests.conftest import Client
from tests.status.rows import component

LIST = "/desk/status/probes/"


@pytest.fixture
def part(app: Flask, world: cast.World) -> int:
    with app.app_context():
        made = component()
        db.session.commit()
        return made.id


def typed(part: int, **more: object) -> dict[str, object]:
    asks = {"status": 200, "words": "fine", "record": "A", "days_left": 14, "resolves": "y"}
    rule = {"opens": "draft", "gives": "major_outage", "impact": "major", "minutes": 5, "patience": 10}
    what = {"name": "Console answers", "component": part, "kind": "http", "target": "https://console.example/health"}
    return {**asks, **rule, **what, **more}


def the_probe() -> Probe:
    return db.session.scalars(select(Probe)).one()


def test_a_probe_is_made_changed_and_removed(app: Flask, part: int, as_: Callable[[str], Client]) -> None:
    admin = as_("admin")
    assert admin.post(LIST + "new", data=typed(part)).status_code == 200
    with app.app_context():
        one = the_probe()
        assert (one.every, one.asks["words"], one.opens, one.token_hash) == (300, "fine", "draft", None)
        probing.note(one, Sight(True, 42), now=utcnow())
        probing.note(one, Sight(False, None, "status:503"), now=utcnow())
        db.session.commit()
        at = f"{LIST}{one.id}"
    page = admin.get(at).text
    assert "<polyline" in page and "Answered with status 503." in page and "42 ms" in page
    assert 'value="fine"' in page and "Failing" in admin.get(LIST).text
    assert admin.post(at, data=typed(part, minutes=1, kind="tcp", target="console.example:443")).status_code == 200
    admin.post(at + "/switch")
    with app.app_context():
        assert (the_probe().kind, the_probe().every, the_probe().is_on) == ("tcp", 60, False)
    admin.post(at + "/remove")
    with app.app_context():
        assert db.session.scalars(select(Probe)).all() == []
        kinds = db.session.scalars(select(IncidentEvent.kind).where(IncidentEvent.kind.startswith("probe ")))
        assert sorted(kinds) == ["probe changed", "probe made", "probe off", "probe removed"]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("http", "ftp://console.example/"),
        ("http", "https://user:secret@console.example/"),
        ("http", "console.example"),
        ("tcp", "console.example"),
        ("tcp", "console.example:99999"),
        ("tls", "console.example:443/path"),
        ("dns", ""),
        ("dns", "a" * 400),
    ],
)
def test_what_cannot_be_looked_at(kind: str, target: str, part: int, as_: Callable[[str], Client]) -> None:
    answer = as_("admin").post(LIST + "new", data=typed(part, kind=kind, target=target))
    assert answer.status_code == 422 and "Write https://" in answer.text


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"patience": 11}, {"component": 999}, {"name": " "}, {"opens": "x"}])
def test_what_cannot_be_kept(wrong: dict[str, object], part: int, as_: Callable[[str], Client]) -> None:
    assert as_("admin").post(LIST + "new", data=typed(part, **wrong)).status_code == 422


def test_the_address_of_a_heartbeat_is_shown_once(app: Flask, part: int, as_: Callable[[str], Client]) -> None:
    admin = as_("admin")
    page = admin.post(LIST + "new", data=typed(part, kind="heartbeat", target="", patience=600)).text
    token = page.partition("/status/heartbeat/")[2].partition("<")[0]
    assert admin.get(f"/status/heartbeat/{token}").status_code == 204
    with app.app_context():
        assert (the_probe().state, the_probe().token_hash) == ("up", probing.hashed(token))
        at = f"{LIST}{the_probe().id}"
    assert "/status/heartbeat/" not in admin.get(at).text
    assert "/status/heartbeat/" not in admin.post(at, data=typed(part, kind="heartbeat", patience=60)).text


def test_an_address_for_alerts(app: Flask, part: int, as_: Callable[[str], Client]) -> None:
    admin = as_("admin")
    page = admin.post(LIST + "sources", data={"name": "Cluster", "component": part, "opens": "draft"}).text
    token = page.partition("/api/alerts/")[2].partition("<")[0]
    answer = admin.open(f"/api/alerts/{token}", method="POST", json={"version": "4", "alerts": []}, csrf=False)
    assert answer.json == {"alerts": 0, "news": 0}
    with app.app_context():
        at = f"{LIST}sources/{db.session.scalars(select(AlertSource.id)).one()}/remove"
    admin.post(at)
    assert admin.open(f"/api/alerts/{token}", method="POST", json={}, csrf=False).status_code == 404
