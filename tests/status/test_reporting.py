"""Incidents and their updates, and what they make of components."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.people import User
from portal.db import db, writing
from portal.errors import Refused
from portal.jobs import Job
from portal.status import reporting, spans
from portal.status.component import OPERATIONAL, STATES, Component, ComponentSpan
from portal.status.incident import Incident
from tests import cast
from tests.status.rows import HOUR, after, component

LONG_AFTER = after(600)


def begin(key: str, components: dict[int, str], **more: Any) -> Incident:
    told = {"title": "Console is slow", "impact": "minor", "status": "investigating", "body": "We look into it."}
    given = {"by": db.session.get(User, 1), "now": LONG_AFTER, "form_key": key, "components": components}
    return reporting.open_incident(**{**told, **given, **more})


def say(incident: Incident, status: str, at: datetime, components: dict[int, str] | None = None, **more: Any) -> None:
    key = f"{incident.form_key}-{len(incident.updates)}"
    told = {"body": "More is known.", "by": None, "now": LONG_AFTER, "form_key": key, "at": at}
    reporting.add_update(incident, status=status, components=components or {}, **{**told, **more})


def drawn(part: Component) -> list[tuple[str, float, float | None]]:
    """The component's spans as states and minutes after the hour."""
    rows = db.session.scalars(select(ComponentSpan).filter_by(component_id=part.id).order_by(ComponentSpan.began_at))
    minute = [(s.state, s.began_at, s.ended_at) for s in rows]
    return [
        (state, (a - HOUR).total_seconds() / 60, (b - HOUR).total_seconds() / 60 if b else None)
        for state, a, b in minute
    ]


def test_the_worst_of_two_incidents_holds(app: Flask, world: cast.World) -> None:
    with app.app_context(), writing():
        part = component()
        first = begin("one", {part.id: "degraded_performance"}, at=after(0))
        second = begin("two", {part.id: "major_outage"}, at=after(10))
        assert part.state == "major_outage"
        say(second, "resolved", after(30))
        assert part.state == "degraded_performance"
        say(first, "resolved", after(60))
        assert part.state == OPERATIONAL
        whole_day = -90 * 24 * 60
        assert drawn(part) == [
            ("operational", whole_day, 0),
            ("degraded_performance", 0, 10),
            ("major_outage", 10, 30),
            ("degraded_performance", 30, 60),
            ("operational", 60, None),
        ]


def test_what_is_told_late_stands_at_its_place(app: Flask, world: cast.World) -> None:
    with app.app_context(), writing():
        part = component()
        begin("now", {part.id: "partial_outage"}, at=after(100))
        old = begin("then", {part.id: "major_outage"}, at=after(20), notify=False)
        say(old, "resolved", after(30), notify=False)
        assert part.state == "partial_outage"
        assert drawn(part)[1:] == [
            ("major_outage", 20, 30),
            ("operational", 30, 100),
            ("partial_outage", 100, None),
        ]


def test_a_resolved_incident_may_begin_again(app: Flask, world: cast.World) -> None:
    with app.app_context(), writing():
        part = component()
        incident = begin("again", {part.id: "major_outage"}, at=after(0))
        say(incident, "resolved", after(5))
        assert incident.resolved_at == after(5)
        say(incident, "identified", after(10), {part.id: "partial_outage"})
        assert incident.resolved_at is None
        assert part.state == "partial_outage"


def test_a_draft_changes_nothing_until_it_is_published(app: Flask, world: cast.World) -> None:
    with app.app_context(), writing():
        part = component()
        incident = begin("draft", {part.id: "major_outage"}, is_draft=True)
        assert part.state == OPERATIONAL
        assert not db.session.scalars(select(Job.id).where(Job.kind == "spread_update")).all()
        reporting.publish(incident, by=None, now=LONG_AFTER)
        assert part.state == "major_outage"
        assert len(db.session.scalars(select(Job.id).where(Job.kind == "spread_update")).all()) == 1


def test_looking_back_is_told_once(app: Flask, world: cast.World) -> None:
    with app.app_context(), writing():
        agent = db.session.get_one(User, world.ids["agent"])
        incident = begin("past", {component().id: "major_outage"}, at=after(0))
        with pytest.raises(Refused):
            reporting.look_back(incident, "A disk was full.", by=agent, now=LONG_AFTER)
        say(incident, "resolved", after(9))
        for text in ("A disk was full.", "A disk was full; it is watched now."):
            reporting.look_back(incident, text, by=agent, now=LONG_AFTER)
        assert [update.status for update in incident.updates] == ["investigating", "resolved", "postmortem"]
        assert "watched now" in incident.postmortem_html
        assert incident.resolved_at == after(9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"body": ""},
        {"status": "scheduled"},
        {"impact": "huge"},
        {"components": {999_999: "major_outage"}},
        {"components": {1: "gone"}},
        {"at": after(700)},
    ],
)
def test_what_makes_no_sense_is_refused(app: Flask, world: cast.World, wrong: dict[str, Any]) -> None:
    with app.app_context(), writing():
        component()
        with pytest.raises(Refused):
            begin("wrong", **{"components": {}, **wrong})


def test_an_update_before_the_beginning_is_refused(app: Flask, world: cast.World) -> None:
    with app.app_context(), writing():
        incident = begin("late", {component().id: "major_outage"}, at=after(50))
        with pytest.raises(Refused):
            say(incident, "resolved", after(40))


STEP = st.tuples(st.integers(0, 60), st.integers(1, 4), st.sampled_from(STATES))


@given(st.lists(STEP, max_size=20))
def test_spans_meet_without_gap_or_overlap(steps: list[tuple[int, int, str]]) -> None:
    """And at every minute the state is the worst that any incident had said last."""
    told = sorted(steps, key=lambda step: step[0])
    drawn = spans.spans_of([(after(minute), who, state) for minute, who, state in told], after(0))
    assert drawn[0][1] == after(0)
    assert drawn[-1][2] is None
    assert all(a[2] == b[1] and a[0] != b[0] and a[1] < b[1] for a, b in pairwise(drawn))
    for minute in range(62):
        last = {who: state for at, who, state in told if at <= minute}
        here = next(
            s for s, began, ended in drawn if began <= after(minute) and (ended is None or after(minute) < ended)
        )
        assert here == max(last.values(), key=STATES.index, default=OPERATIONAL)
