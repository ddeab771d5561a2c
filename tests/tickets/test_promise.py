"""The promise stays as it was made: whatever happens to policy, plan or severity afterwards."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import _writing, db, utcnow
from portal.sla.loading import path_of
from portal.tickets import following, progress
from tests.cast import World, subscribe
from tests.tickets import writing

As = Callable[[str], FlaskClient]
Person = Callable[[str], User]


def test_a_new_policy_leaves_it_alone(
    app: Flask, world: World, as_: As, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    number = writing.filed(browser)
    page = browser.get(f"/tickets/{number}").text
    with app.app_context():
        before = copy.deepcopy(writing.ticket(number).promise)
    current, text = writing.policy().version, path_of("demo").read_text(encoding="utf-8")
    slower = text.replace(f'version = "{current}"', 'version = "9"')
    (tmp_path / "slower.toml").write_text(slower.replace("business hours", "business days"), encoding="utf-8")
    monkeypatch.setitem(app.extensions["settings"], "policy", str(tmp_path / "slower.toml"))
    with app.app_context():
        ticket = writing.ticket(number)
        assert ticket.promise == before
        from portal.tickets import clocks

        assert clocks.policy_of(ticket).version == ticket.policy_version
        assert clocks.differences(ticket, now=utcnow()) == []
    due = before["first_response"]["due_at"][:16] if before["first_response"] else ""
    assert due in page and due in browser.get(f"/tickets/{number}").text


def test_an_upgrade_moves_clocks_but_not_the_promise(app: Flask, world: World, as_: As, person: Person) -> None:
    policy = writing.policy()
    plans = [plan for plan in policy.plans.values() if any(c.id == "ticket" for c in policy.channels_of(plan.id))]
    slowest, best = max(plans, key=lambda plan: plan.rank), min(plans, key=lambda plan: plan.rank)
    with app.app_context():
        subscribe(world.heron, slowest.id)
        db.session.commit()
    number = writing.filed(as_("customer"))
    with app.app_context():
        ticket = writing.ticket(number)
        before, due = copy.deepcopy(ticket.promise), ticket.first_response_due_at
        subscribe(world.heron, best.id, best.tiers[-1])
        db.session.commit()
        following.follow_entitlement(organisation_id=world.heron, reason="upgrade")
        assert ticket.promise == before and (ticket.plan, ticket.tier) == (best.id, best.tiers[-1])
        assert ticket.first_response_due_at and due and ticket.first_response_due_at < due
        faster = ticket.first_response_due_at
        progress.upgrade(ticket, slowest.id, slowest.tiers[0], by=person("agent"), now=utcnow())
        assert ticket.first_response_due_at == faster  # what was promised never moves back
        db.session.commit()


def test_following_reads_what_nobody_changes_meanwhile(
    app: Flask, world: World, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.equip(app, world)
    writing.filed(as_("customer"))
    began_as_reader: list[bool] = []

    def look(_ticket: object, **_: object) -> None:
        began_as_reader.append(db.session.connection().info.get("reading", False))

    monkeypatch.setattr(following, "follow", look)
    with app.app_context():
        _writing.set(False)  # as in a worker: the request that filed it was in this thread, and was a writer
        following.follow_entitlement(organisation_id=world.heron)
    assert began_as_reader == [False]


def test_nobody_else_tickets_follow(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    number = writing.filed(as_("stranger"))
    with app.app_context():
        before = len(writing.ticket(number).events)
        following.follow_entitlement(organisation_id=world.heron)
        assert len(writing.ticket(number).events) == before
