"""Availability: worked months, properties against a count of seconds, days, and the report on the command line."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from portal.sla import PolicyError, load_policy, parse_policy
from portal.sla.durations import parse_duration
from portal.sla.terms import Uptime
from portal.sla.uptime import Interval, days, midnights, period_around, share_up, work_out
from portal.status.cli import status
from tests.sla.test_broken_policies import SOUND
from tests.sla.worked_months import MONTHS, Month, down, work

START = datetime(2026, 11, 1, tzinfo=UTC)
DEMO = load_policy("demo").uptime or Uptime(Decimal(0), ())
TERMS = replace(DEMO, notice=parse_duration("1 minute"))
SUBTRACTS = st.sampled_from(["downtime", "both"])
SECOND = st.integers(-50, 250)


@pytest.mark.parametrize("month", MONTHS, ids=lambda month: month.name)
def test_a_month_is_what_it_is_by_hand(month: Month) -> None:
    assert month.computed() == month.by_hand


def instant(second: int) -> datetime:
    return START + timedelta(seconds=second)


@st.composite
def stretches(draw: st.DrawFn) -> Interval:
    start = draw(SECOND)
    end = start + draw(st.integers(1, 120))
    kind = draw(st.sampled_from(["down", "maintenance"]))
    announced = draw(st.none() | st.integers(start - 120, start + 10)) if kind == "maintenance" else None
    return Interval(kind, instant(start), instant(end), None if announced is None else instant(announced))


@given(st.lists(stretches(), max_size=8), SUBTRACTS)
def test_the_figures_are_those_of_a_count_second_by_second(intervals: list[Interval], subtracts: str) -> None:
    terms = replace(TERMS, subtracts=subtracts)
    down_, out = 0, 0
    for second in range(200):
        over = [i for i in intervals if i.start <= instant(second) < i.end]
        planned = [i for i in over if i.announced_at and i.announced_at + timedelta(minutes=1) <= i.start]
        out += bool(planned)
        down_ += bool(over) and not planned
    kept = work_out(terms, intervals, START, instant(200))
    assert (kept.seconds_in_period, kept.down_seconds, kept.excluded_seconds) == (200, down_, out)
    total = 200 - out if subtracts == "both" else 200
    exact = Fraction(100 * (total - down_), total) if total else Fraction(100)
    assert 0 <= exact - Fraction(kept.uptime_percent) < Fraction(1, 10_000)
    assert kept.met == (exact >= Fraction("99.9"))


@given(st.lists(stretches(), max_size=6), st.randoms(), SUBTRACTS)
def test_order_and_repetition_change_nothing(intervals: list[Interval], random: Random, subtracts: str) -> None:
    again = [*intervals, *intervals]
    random.shuffle(again)
    terms = replace(TERMS, subtracts=subtracts)
    assert work_out(terms, again, START, instant(200)) == work_out(terms, intervals, START, instant(200))


@given(st.lists(stretches(), max_size=6), SECOND, st.integers(1, 100), SUBTRACTS)
def test_more_downtime_never_raises_the_figure(
    intervals: list[Interval], start: int, length: int, subtracts: str
) -> None:
    terms = replace(TERMS, subtracts=subtracts)
    more = [*intervals, Interval("down", instant(start), instant(start + length))]
    less, worse = (work_out(terms, known, START, instant(200)) for known in (intervals, more))
    assert worse.uptime_percent <= less.uptime_percent and worse.credit_percent >= less.credit_percent


def test_the_notice_is_counted_in_real_hours_over_a_change_of_clocks() -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    begin = datetime(2026, 3, 30, 2, tzinfo=zone)  # five days later by the clock, 119 hours
    night = Interval("maintenance", begin, begin + timedelta(hours=1), datetime(2026, 3, 25, 2, tzinfo=zone))
    assert not night.is_excluded(DEMO)


def test_maintenance_that_nobody_announced_is_downtime() -> None:
    told_late = work("2026-11-02T00:00Z", "2026-11-02T01:00Z", "2026-11-02T00:10Z")
    without = replace(TERMS, notice=None)
    assert [i.is_excluded(without) for i in (work("2026-11-02T00:00Z", "2026-11-02T01:00Z", None), told_late)] == [
        False,
        False,
    ]
    on_the_spot = work("2026-11-02T00:00Z", "2026-11-02T01:00Z", "2026-11-02T00:00Z")
    assert on_the_spot.is_excluded(without)


def test_a_quarter_and_a_year_around_a_month() -> None:
    terms = Uptime(Decimal("99.9"), ("gold",), "quarter")
    assert period_around(terms, date(2026, 11, 9)) == (date(2026, 10, 1), date(2027, 1, 1))
    assert period_around(replace(terms, period="year"), date(2026, 2, 1)) == (date(2026, 1, 1), date(2027, 1, 1))


def test_days_know_what_they_know() -> None:
    spans = [
        ("operational", datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)),
        ("major_outage", datetime(2026, 10, 25, 12, tzinfo=UTC), None),
    ]
    now = datetime(2026, 10, 26, 11, tzinfo=UTC)
    found = days(spans, date(2026, 10, 23), date(2026, 10, 27), zone="Europe/Amsterdam", now=now)
    assert [day.known for day in found] == [0, 36000, 90000, 43200, 0]  # the 25th has 25 hours
    assert found[2].seconds == {"operational": 50400, "major_outage": 39600}
    assert found[2].in_states(["major_outage", "partial_outage"]) == 39600
    assert share_up(found, ["major_outage"]) == Decimal("51.0638")  # 86400 of 169200 seconds
    assert share_up(found[:1], ["major_outage"]) is None


def test_a_policy_says_what_its_notice_is(tmp_path: Path) -> None:
    table = '[uptime]\npercent = 99.9\ntiers = ["standard"]\n'
    for line, says in (('notice = "2 business days"', "runs around the clock"), ("counts = []", "must name a state"),
                       ('subtracts = "all"', "must be one of downtime, both")):  # fmt: skip
        with pytest.raises(PolicyError, match=says):
            parse_policy(f"{SOUND}\n{table}{line}\n")


def report(*arguments: str, file: Path | str, month: str = "2026-10") -> Result:
    given_ = ["report", "--policy", "demo", "--plan", "business", "--tier", "sla-24x7", "--month", month]
    return CliRunner().invoke(status, [*given_, "--intervals", str(file), *arguments])


def test_the_report_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "october.json"
    outage = down("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00").to_json()
    night = work("2026-10-11T00:00Z", "2026-10-11T01:00Z", "2026-10-01T00:00Z").to_json()
    file.write_text(json.dumps([outage, night]))
    assert json.loads(report("--json", file=file).stdout) == {
        "seconds_in_period": 2682000, "down_seconds": 3600, "excluded_seconds": 3600, "uptime_percent": 99.8655,
        "met": False, "credit_percent": 5}  # fmt: skip
    said = report(file=file).stdout
    assert "99.9 % of a month, not kept" in said and "down_seconds       3600" in said


GOOD = '{"kind": "down", "start": "2026-10-03T02:00Z", "end": "2026-10-03T03:00Z"}'


@pytest.mark.parametrize(("text", "says"), [
    ('[\n{"kind": "down",}]', "october.json:2: is not JSON"),
    (f"[{GOOD}", "october.json:1: is not JSON"),
    ("{}", "october.json: must be a list"),
    ("[1]", "[0]: must be an object"),
    (f'[{GOOD}, {{"kind": "up"}}]', "[1].kind: must be 'down' or 'maintenance', not 'up'"),
    ('[{"kind": "down", "end": "2026-10-03T03:00Z"}]', "[0].start: is missing"),
    (f'[{GOOD.replace("T02:00Z", "T02:00")}]', "[0].start: '2026-10-03T02:00' has no time zone"),
    (f'[{GOOD.replace("03T03", "03T02")}]', "[0].end: must come after the start"),
    (f'[{GOOD.replace("2026-10-03T03:00Z", "soon")}]', "[0].end: 'soon' is no ISO 8601 instant"),
    ('[{"announced_at": 5, ' + GOOD[1:] + "]", "[0].announced_at: 5 is no ISO 8601 instant"),
    ('[{"ends": 5, ' + GOOD[1:] + "]", "[0].ends: unknown key"),
    ("[" * 100_000, "is not JSON that can be read"),
    ("\0", "is not JSON"),
])  # fmt: skip
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "october.json"
    file.write_text(text)
    result = report("--json", file=file)
    assert result.exit_code == 2 and says in result.stderr and not result.stdout


@pytest.mark.parametrize(("arguments", "says"), [
    (("--month", "2026-13"), "--month: '2026-13' is no month"),
    (("--tier", "standard"), "--tier: 'standard' is committed to no availability (valid: sla-24x5, sla-24x7)"),
    (("--tier", "gold"), "--tier: unknown tier 'gold'"),
    (("--plan", "gold"), "--plan: unknown plan 'gold'"),
    (("--policy", "nobody"), "--policy: "),
])  # fmt: skip
def test_wrong_options_are_refused_by_name(tmp_path: Path, arguments: tuple[str, str], says: str) -> None:
    file = tmp_path / "october.json"
    file.write_text("[]")
    result = report(*arguments, file=file)
    assert result.exit_code == 2 and says in result.stderr
    missing = report(file=tmp_path / "nowhere.json")
    assert missing.exit_code == 2 and "nowhere.json: No such file" in missing.stderr


def test_midnights_are_those_of_the_zone() -> None:
    start, end = midnights(date(2026, 10, 1), date(2026, 11, 1), "Europe/Amsterdam")
    assert (start.isoformat(), end.isoformat()) == ("2026-09-30T22:00:00+00:00", "2026-10-31T23:00:00+00:00")
