"""Answered in time: the report's figures are what one counts by hand, in SQL."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.reports import figures
from portal.reports.sheets import share_words
from portal.tickets import clocks
from portal.tickets.conversation import reply
from tests.cast import World
from tests.desk.rows import file_one, make_ticket, the
from tests.reports.rows import kept, late

As = Callable[[str], FlaskClient]
MONDAY = datetime(2026, 10, 5, 9, tzinfo=UTC)
OCTOBER = "?from=2026-10-01&to=2026-10-31"
MINUTE = timedelta(minutes=1)


def table(client: FlaskClient, name: str, asked: str = OCTOBER) -> list[dict[str, str]]:
    answer = client.get(f"/desk/reports/{name}.csv{asked}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_what_was_kept_is_counted_by_tier_and_severity(app: Flask, world: World, as_: As) -> None:
    sla = {"plan": "enterprise", "tier": "sla-24x7"}
    with app.app_context():
        for minutes in (10, 20, 30):
            kept(world, MONDAY, after=minutes * MINUTE, severity="critical", **sla)
        late(world, MONDAY, after=100 * MINUTE, severity="critical", **sla)
        kept(world, MONDAY, after=50 * MINUTE, severity="normal", **sla)
        kept(world, MONDAY + timedelta(days=60), after=MINUTE, severity="critical", **sla)  # filed later
        db.session.commit()
        by_hand = db.session.execute(
            text(
                "SELECT count(*), sum(CASE WHEN first_was_late THEN 1 ELSE 0 END) FROM ticket"
                " WHERE severity = 'critical' AND created_at < '2026-11-01'"
            )
        ).one()
    worst, mild, whole = table(as_("agent"), "first-response")
    assert (int(worst["In time"]) + int(worst["Late"]), int(worst["Late"])) == tuple(by_hand)
    assert [worst[n] for n in ("In time", "Late", "Not due yet", "Kept, in percent")] == ["3", "1", "0", "75.0"]
    assert [worst[n] for n in ("Done", "Half within, in minutes", "Nine of ten within, in minutes")] == [
        "4",
        "20",
        "100",
    ]
    assert mild["In time"] == "1"
    assert (whole["Tier"], whole["In time"], whole["Late"], whole["Kept, in percent"]) == ("All", "4", "1", "80.0")


def test_what_runs_is_late_once_it_is_due_and_open_before(app: Flask, world: World) -> None:
    now = utcnow()
    with app.app_context():
        for due in (now - MINUTE, now + MINUTE):
            make_ticket(world, first_promised_at=due, first_response_due_at=due)
        make_ticket(world, resolution_promised_at=now - MINUTE, status="waiting")  # its clock stands still
        make_ticket(world)  # nothing was promised
        found = figures.count(figures.filed([]), now=now, zone=ZoneInfo("UTC"))
    first, solved = figures.whole(found.first.values()), figures.whole(found.resolution.values())
    assert (first.kept, first.late, first.open, first.share) == (0, 1, 1, 0.0)
    assert (solved.kept, solved.late, solved.open, solved.share) == (0, 0, 1, None)


def test_a_merged_ticket_is_answered_in_the_other_one(app: Flask, world: World) -> None:
    with app.app_context():
        into = kept(world, MONDAY, after=MINUTE)
        kept(world, MONDAY, after=MINUTE, merged_into_id=into.id, status="closed", closed_at=MONDAY)
        late(world, MONDAY, after=MINUTE, merged_into_id=into.id, status="closed", closed_at=MONDAY)
        [tally] = figures.count(figures.filed([]), now=utcnow(), zone=ZoneInfo("UTC")).first.values()
    assert (tally.kept, tally.late, len(tally.took)) == (1, 1, 1)


def test_the_log_of_a_real_ticket_is_what_is_counted(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        number = file_one(world)
        reply(the(number), "Look here.", by=db.session.get_one(User, world.ids["agent"]), now=utcnow())
        db.session.commit()
    [line] = table(as_("agent"), "first-response", "")
    assert (line["In time"], line["Late"], line["Kept, in percent"], line["Done"]) == ("1", "0", "100.0", "1")
    page = as_("agent").get("/desk/reports/").get_data(as_text=True)
    assert re.search(r'class="good" x="0.0%" width="100.0%"', page)


def test_once_late_is_never_all_kept(app: Flask) -> None:
    with app.test_request_context():
        assert share_words(figures.Tally(kept=99_999, late=1).share or 0) == "99.9%"


def test_every_later_answer_and_update_counts(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        number, agent = file_one(world), db.session.get_one(User, world.ids["agent"])
        ticket, at = the(number), utcnow()
        for hours in (0, 1, 60):  # asked again after each answer; the third one is late
            reply(ticket, "Look here.", by=agent, now=at + timedelta(hours=hours))
            reply(ticket, "And now?", by=ticket.requester, now=at + timedelta(hours=hours, minutes=5))
        db.session.commit()
        promised = ticket.next_promised_at
        assert promised and (ticket.next_kept, ticket.next_late) == (1, 1)
        assert clocks.differences(ticket, now=at + timedelta(hours=61)) == []
        for now, decided in ((promised - MINUTE, (1, 1, 1)), (promised + MINUTE, (1, 2, 0))):
            [tally] = figures.count(figures.filed([]), now=now, zone=ZoneInfo("UTC")).next.values()
            assert (tally.kept, tally.late, tally.open) == decided
    [line] = table(as_("agent"), "next-response", "")
    assert "Done" not in line and int(line["In time"]) == 1 and int(line["Late"]) >= 1
    assert table(as_("agent"), "update", "")


def test_filters_narrow_to_product_tier_and_channel(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        kept(world, MONDAY, after=MINUTE, product_id=world.products["beacon"], tier="sla-24x7", channel="phone")
        kept(world, MONDAY, after=MINUTE)
        db.session.commit()
    client = as_("agent")
    assert [line["In time"] for line in table(client, "first-response")] == ["1", "1", "2"]
    for narrow in ("product=beacon", "tier=sla-24x7", "channel=phone"):
        [line] = table(client, "first-response", f"{OCTOBER}&{narrow}")
        assert line["In time"] == "1"


def test_addresses_that_mean_nothing_show_the_usual_weeks(world: World, as_: As) -> None:
    client = as_("agent")
    for asked in ("?from=yesterday&to=9999-12-31", "?from=2026-13-01", "?to=0001-01-01", "?tier=%00&product=x"):
        assert client.get(f"/desk/reports/{asked}").status_code == 200
    assert client.get("/desk/reports/secrets.csv").status_code == 404


def test_customers_find_no_reports(world: World, as_: As) -> None:
    assert as_("customer").get("/desk/reports/").status_code == 404
    assert as_("owner").get("/desk/reports/first-response.csv").status_code == 404
