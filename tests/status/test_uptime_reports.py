"""Availability by contract: closed once, with evidence; a credit proposed once, and decided once."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.status.component import Component
from portal.status.incident import Incident, IncidentComponent, IncidentUpdate
from portal.status.uptime import UptimeCredit, UptimeReport
from portal.status.uptime_reports import ACCEPTED, DECLINED, close_due, credit_of, decide, running
from tests.cast import World, subscribe
from tests.status.uptime_rows import NOVEMBER, broken_month, console, contract, october

As = Callable[[str], FlaskClient]
OCTOBER = date(2026, 10, 1)


def reports(begins: date = OCTOBER) -> list[UptimeReport]:
    query = select(UptimeReport).where(UptimeReport.begins == begins)
    return list(db.session.scalars(query.order_by(UptimeReport.organisation_id, UptimeReport.contract)))


def work(part: Component, start: str, end: str, *, announced: int, begun: str, over: str) -> Incident:
    """A maintenance of 20 October by these hours of its plan and of what came of it, announced on that day."""
    at = {name: october(20, *map(int, hour.split(":"))) for name, hour in
          (("start", start), ("end", end), ("begun", begun), ("over", over))}  # fmt: skip
    made = Incident(
        kind="maintenance", title="New disks", impact="maintenance", status="completed", form_key=start + over,
        began_at=at["start"], scheduled_for=at["start"], scheduled_until=at["end"], resolved_at=at["over"],
        announced_at=october(announced),
    )  # fmt: skip
    made.claims = [IncidentComponent(component_id=part.id)]
    for status, moment in (("scheduled", october(announced)), ("in_progress", at["begun"]), ("completed", at["over"])):
        made.updates.append(IncidentUpdate(status=status, at=moment, body="…", html="…", form_key=f"{over}{status}"))
    db.session.add(made)
    db.session.flush()
    return made


@pytest.fixture
def ctx(app: Flask, world: World):  # type: ignore[no-untyped-def]
    with app.test_request_context():
        yield world


def test_a_month_is_closed_once_with_its_evidence_and_a_proposal(ctx: World) -> None:
    contract(ctx.heron)
    report = broken_month(ctx.heron)
    assert (report.seconds_in_period, report.down_seconds, report.excluded_seconds) == (2682000, 21600, 0)
    assert (report.uptime_percent, report.is_met, report.credit_percent) == (Decimal("99.1946"), False, 10)
    assert report.evidence["intervals"] == [{"kind": "down", "start": "2026-10-05T08:00:00+00:00",
                                             "end": "2026-10-05T14:00:00+00:00", "is_excluded": False}]  # fmt: skip
    assert report.evidence["subtracts"] == "both" and report.policy_version
    assert close_due(now=NOVEMBER) == 0 and close_due(now=NOVEMBER + timedelta(days=2)) == 0
    assert [credit.percent for credit in db.session.scalars(select(UptimeCredit))] == [10]


def test_a_closed_month_stays_as_it_was(ctx: World) -> None:
    contract(ctx.heron)
    report = broken_month(ctx.heron)
    console_ = db.session.get_one(Component, report.component_id)
    work(console_, "02:00", "04:00", announced=19, begun="02:00", over="04:00")
    close_due(now=NOVEMBER + timedelta(hours=1))
    db.session.refresh(report)
    assert report.down_seconds == 21600 and len(reports()) == 1


def test_the_database_refuses_to_change_a_closed_report(ctx: World) -> None:
    contract(ctx.heron)
    report = broken_month(ctx.heron)
    db.session.commit()
    with pytest.raises(DatabaseError, match="never changed"):
        db.session.execute(update(UptimeReport).values(down_seconds=0))
    db.session.rollback()
    assert db.session.get_one(UptimeReport, report.id).down_seconds == 21600


def test_months_before_are_closed_too_and_the_one_that_runs_is_not(ctx: World) -> None:
    contract(ctx.heron)
    broken_month(ctx.heron)
    begins = db.session.scalars(select(UptimeReport.begins).order_by(UptimeReport.begins)).all()
    assert begins == [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]


def test_planned_maintenance_is_left_out_and_what_overran_it_is_not(ctx: World) -> None:
    contract(ctx.heron)
    work(console(), "02:00", "04:00", announced=10, begun="01:50", over="04:30")
    close_due(now=NOVEMBER)
    [report] = reports()
    assert (report.down_seconds, report.excluded_seconds) == (2400, 7200)


def test_maintenance_announced_too_late_is_downtime(ctx: World) -> None:
    contract(ctx.heron)
    work(console(), "02:00", "04:00", announced=18, begun="02:00", over="03:00")
    close_due(now=NOVEMBER)
    assert [(report.down_seconds, report.excluded_seconds) for report in reports()] == [(3600, 0)]


def test_only_tiers_products_and_audiences_with_the_commitment_get_a_report(ctx: World) -> None:
    contract(ctx.heron)
    subscribe(ctx.elsewhere, "business")
    console()
    console(visibility=f"org:{ctx.elsewhere}")
    db.session.add(Component(slug="relay", titles={"en": "Relay"}, descriptions={}, product="relay",
                             begins_at=october(1)))  # fmt: skip
    close_due(now=NOVEMBER)
    assert [(report.organisation_id, report.component.slug) for report in reports()] == [(ctx.heron, "console-public")]


def test_each_contract_has_its_own_report_for_its_own_time(ctx: World) -> None:
    contract(ctx.heron, "C-1", ends_at=october(11))
    contract(ctx.heron, "C-2", starts_at=october(11))
    console(("partial_outage", october(10, 12), october(10, 13)))
    close_due(now=NOVEMBER)
    first, second = reports()
    assert (first.down_seconds, second.down_seconds) == (3600, 0)
    assert first.seconds_in_period + second.seconds_in_period == 2682000


def test_a_credit_is_decided_once_and_declined_with_a_reason(ctx: World) -> None:
    contract(ctx.heron)
    credit = credit_of(broken_month(ctx.heron))
    agent = db.session.get_one(User, ctx.ids["agent"])
    assert credit
    with pytest.raises(Refused, match="Say why"):
        decide(credit, DECLINED, reason="  ", by=agent, now=NOVEMBER)
    decide(credit, ACCEPTED, reason="", by=agent, now=NOVEMBER)
    with pytest.raises(Refused, match="already"):
        decide(credit, DECLINED, reason="No.", by=agent, now=NOVEMBER)
    assert credit.state == ACCEPTED


def test_what_an_outage_costs_so_far(ctx: World) -> None:
    contract(ctx.heron)
    console(("major_outage", october(5, 8), None))
    early, late = (running(now=october(5, 8, minutes)) for minutes in (10, 59))
    assert [cost.kept.credit_percent for cost in early[0].costs + late[0].costs] == [0, 5]
    assert early[0].since == october(5, 8) and late[0].costs[0].kept.down_seconds == 3540


def test_the_desk_reads_decides_and_exports(app: Flask, world: World, as_: As) -> None:
    with app.test_request_context():
        contract(world.heron)
        report_id = broken_month(world.heron).id
        db.session.commit()
    desk = as_("agent")
    page = desk.get("/desk/status/uptime/").text
    assert "99.1946" in page and "To be decided" in page and "Heron" in page
    assert "5 Oct 2026" in desk.get(f"/desk/status/uptime/{report_id}").text
    refused = desk.post(f"/desk/status/uptime/{report_id}/decline", data={"reason": ""})
    assert refused.status_code == 422 and "Say why it is declined." in refused.text
    said = desk.post(f"/desk/status/uptime/{report_id}/accept", follow_redirects=True).text
    assert "The credit is accepted." in said and "Amir" in said
    assert desk.post(f"/desk/status/uptime/{report_id}/decline", data={"reason": "No."}).status_code == 422
    sheet = desk.get("/desk/status/uptime/2026-10-01.csv").data.decode("utf-8-sig")
    [line] = csv.DictReader(io.StringIO(sheet))
    assert (line["uptime_percent"], line["credit_state"], line["down_seconds"]) == ("99.1946", "accepted", "21600")
    assert desk.get("/desk/status/uptime/2026-02-01.csv").status_code == 404
    assert desk.get("/desk/status/uptime/?period=soon").status_code == 200


def test_the_desk_sees_an_outage_that_lasts(app: Flask, world: World, as_: As) -> None:
    with app.test_request_context():
        contract(world.heron)
        console(("major_outage", october(5), None))
        db.session.commit()
    page = as_("agent").get("/desk/status/uptime/").text
    assert "Console: what it costs so far" in page and "C-1" in page
