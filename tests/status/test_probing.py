"""Rounds of probes: due ones, the second try, damping, incidents by rule, and heartbeats."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import db, utcnow
from portal.doctor import check_probes
from portal.status import probing, reporting
from portal.status.component import Component
from portal.status.incident import Incident
from portal.status.looking import Look, Sight
from portal.status.probe import Probe, ProbeResult
from portal.web import settings
from tests import cast
from tests.conftest import Client
from tests.status import faulty
from tests.status.rows import component

WELL, BAD = Sight(True, 20), Sight(False, None, "slow")


@pytest.fixture
def inside(app: Flask, world: cast.World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(app.extensions["settings"], "probes_inside", ("127.0.0.0/8",))
    with app.app_context():
        yield


def probe(part: Component | None = None, **more: Any) -> Probe:
    given = {"name": "Console answers", "kind": "http", "target": "http://127.0.0.1:9/", "asks": {}}
    usual = {"next_at": utcnow(), "opens": "incident"}
    made = Probe(component=part or component(), **{**given, **usual, **more})
    db.session.add(made)
    db.session.commit()
    return made


def incidents() -> list[Incident]:
    return list(db.session.scalars(select(Incident).order_by(Incident.id)))


def results() -> int:
    return db.session.scalar(select(func.count()).select_from(ProbeResult)) or 0


def see(one: Probe, *sights: Sight) -> None:
    for sight in sights:
        probing.note(one, sight, now=utcnow())
        db.session.commit()


def test_a_server_that_hangs_is_found_out_by_a_second_try(inside: None) -> None:
    with faulty.serving(faulty.hang) as port:
        one = probe(target=f"http://127.0.0.1:{port}/", patience=1)
        waits: list[float] = []
        assert probing.go_round(wait=waits.append) == 1
    db.session.expire_all()
    assert waits == [probing.TRY_AGAIN_AFTER]
    assert (one.state, one.incident_id, results()) == ("down", incidents()[0].id, 1)
    assert one.component.state == "major_outage"
    assert (incidents()[0].title, incidents()[0].source) == ("Console does not answer", "probe")


def test_one_bad_try_is_nothing(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter([BAD, WELL])
    monkeypatch.setattr(probing, "look", lambda _at: next(tries))
    one = probe()
    probing.go_round(wait=lambda _s: None)
    db.session.expire_all()
    assert (one.state, incidents()) == ("up", [])


def test_who_is_due_is_looked_at_once(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Look] = []

    def look(at: Look) -> Sight:
        looked.append(at)
        return WELL

    monkeypatch.setattr(probing, "look", look)
    probe(every=300)
    assert (probing.go_round(), probing.go_round(), len(looked)) == (1, 0, 1)


def test_a_clock_that_was_set_back_stops_no_probe(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "look", lambda _at: WELL)
    one = probe()
    one.next_at = utcnow() + timedelta(days=400)
    db.session.commit()
    assert probing.go_round() == 1


def test_no_transaction_is_open_while_it_looks(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    open_ones: list[bool] = []
    one = probe()

    def look(_at: Look) -> Sight:
        open_ones.append(db.session.registry.has() and db.session().in_transaction())
        return WELL

    monkeypatch.setattr(probing, "look_at", lambda looks: {key: look(at) for key, at in looks.items()})
    probing.go_round()
    assert one.id and open_ones == [False]


def test_a_draft_is_told_to_nobody_and_changes_nothing(inside: None) -> None:
    one = probe(opens="draft")
    see(one, BAD)
    assert (incidents()[0].is_draft, one.component.state) == (True, "operational")
    assert db.session.scalars(Incident.visible_to(cast_visitor())).all() == []


def cast_visitor() -> Any:
    from flask_login import AnonymousUserMixin

    return AnonymousUserMixin()


def test_it_is_over_after_three_looks_in_a_row_that_find_it_well(inside: None) -> None:
    one = probe()
    see(one, BAD, WELL, WELL, BAD, WELL, WELL)
    assert (one.state, len(incidents()), incidents()[0].status) == ("down", 1, "investigating")
    see(one, WELL)
    assert (one.state, incidents()[0].status, one.component.state) == ("up", "resolved", "operational")


def test_what_flaps_stays_one_incident_and_takes_longer_to_be_believed(inside: None) -> None:
    one = probe()
    see(one, BAD, WELL, WELL, WELL, BAD)
    assert [update.status for update in incidents()[0].updates] == ["investigating", "resolved", "investigating"]
    see(one, *[WELL] * 9)
    assert (len(incidents()), one.state) == (1, "down")
    see(one, WELL)
    assert (one.state, incidents()[0].status) == ("up", "resolved")


def test_two_probes_of_one_component_make_one_incident_that_ends_with_the_last(inside: None) -> None:
    part = component()
    first, second = probe(part), probe(part, name="Port is open")
    see(first, BAD)
    see(second, BAD)
    see(first, WELL, WELL, WELL)
    assert [one.status for one in incidents()] == ["investigating"]
    see(second, WELL, WELL, WELL)
    assert [one.status for one in incidents()] == ["resolved"]


def test_what_somebody_has_taken_in_hand_is_theirs_to_end(inside: None, world: cast.World) -> None:
    one = probe()
    see(one, BAD)
    from portal.accounts.people import User

    agent = db.session.get_one(User, world.ids["agent"])
    told = {"status": "identified", "body": "A disk is full.", "components": {}, "form_key": "by-hand"}
    reporting.add_update(incidents()[0], by=agent, now=utcnow(), **told)  # type: ignore[arg-type]
    see(one, WELL, WELL, WELL)
    assert (one.state, incidents()[0].status) == ("up", "identified")


def test_while_it_is_worked_on_nothing_is_opened(inside: None) -> None:
    one = probe()
    one.component.state = "under_maintenance"
    see(one, BAD)
    assert (one.state, incidents()) == ("down", [])
    one.component.state = "operational"
    see(one, BAD)
    assert len(incidents()) == 1


def test_a_rule_that_opens_nothing(inside: None) -> None:
    one = probe(opens="nothing")
    see(one, BAD)
    assert (one.state, incidents()) == ("down", [])


@pytest.fixture
def beat(inside: None) -> Callable[..., Probe]:
    def make() -> Probe:
        return probe(kind="heartbeat", target="", token_hash=probing.hashed("token"), every=300, patience=60)

    return make


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_heartbeat(method: str, beat: Callable[..., Probe], client: Client) -> None:
    one = beat()
    for _ in range(3):
        assert client.open("/status/heartbeat/token", method=method).status_code == 204
    db.session.expire_all()
    assert (one.state, results()) == ("up", 1)  # once in a few seconds is enough
    assert one.next_at > utcnow() + timedelta(seconds=355)
    assert client.open("/status/heartbeat/tokem", method=method).status_code == 404


def test_who_only_looks_at_the_address_is_not_heard(beat: Callable[..., Probe], client: Client) -> None:
    beat()
    assert client.head("/status/heartbeat/token").status_code == 204
    with client.application.app_context():
        assert db.session.scalars(select(Probe.looked_at)).one() is None and results() == 0


def test_the_doctor_names_probes_that_nobody_looks_at(inside: None) -> None:
    now = utcnow()
    probe(name="Console answers", next_at=now - timedelta(hours=2))
    probe(component("relay"), name="On time", next_at=now - timedelta(seconds=30))
    probe(component("atlas"), name="Off", next_at=now - timedelta(hours=2), is_on=False)
    probe(component("night"), name="Beat", kind="heartbeat", next_at=now - timedelta(hours=2))
    assert probing.overdue(now=now) == ["Console answers"]
    [finding] = check_probes(settings())
    assert finding.state == "warn" and "Console answers" in finding.advice


def test_a_heartbeat_that_does_not_come(beat: Callable[..., Probe]) -> None:
    one = beat()
    now = datetime.now(UTC)
    assert probing.note_silent(now=now + timedelta(seconds=1)) == 1
    db.session.expire_all()
    assert (one.state, len(incidents())) == ("down", 1)
    probing.hear(one, now=utcnow())
    db.session.commit()
    assert (one.state, incidents()[0].status) == ("up", "resolved")


def test_results_are_forgotten(inside: None) -> None:
    one = probe(opens="nothing")
    for days in (1, 15):
        probing.note(one, WELL, now=utcnow() - timedelta(days=days))
    assert probing.forget_results(now=utcnow()) == 1


def test_a_hundred_probes_that_hang_are_done_within_a_minute(inside: None) -> None:
    """With a patience of one second: twice two batches of fifty, and the wait between."""
    import time

    part = component()
    with faulty.serving(faulty.hang) as port:
        for number in range(100):
            probe(part, name=f"Probe {number}", target=f"http://127.0.0.1:{port}/", patience=1, opens="nothing")
        began = time.monotonic()
        assert probing.go_round(wait=lambda _s: None) == 100
    spent = time.monotonic() - began
    assert results() == 100 and spent < 30, spent
