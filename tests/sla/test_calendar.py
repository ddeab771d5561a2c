"""DESIGN.md, 'Arithmetic': the rules one by one, and properties that hold for all calendars."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.sla import QuoteError
from portal.sla.calendar import Calendar, DateRule, HolidaySource, always, stamp
from portal.sla.text import Text
from tests.sla.asking import at

HOUR, BERLIN = 3600, "Europe/Berlin"
NINE_TO_FIVE = Calendar(zone=BERLIN, hours=(((540, 1020),),) * 5 + ((), ()))
LUNCH = Calendar(zone=BERLIN, hours=(((540, 720), (780, 1020)),) * 5 + ((), ()))
NIGHT = Calendar(zone=BERLIN, hours=(((0, 1440),),) * 7, closed=(DateRule(12, 24),))


def test_counts_within_a_day():
    assert NINE_TO_FIVE.add_business(at("2026-11-23 10:00", BERLIN), 2 * HOUR) == at("2026-11-23 12:00", BERLIN)


def test_used_up_exactly_at_closing_is_due_at_closing():
    assert NINE_TO_FIVE.add_business(at("2026-11-27 15:00", BERLIN), 2 * HOUR) == at("2026-11-27 17:00", BERLIN)
    assert LUNCH.add_business(at("2026-11-27 09:00", BERLIN), 3 * HOUR) == at("2026-11-27 12:00", BERLIN)


def test_a_second_more_is_due_after_the_next_opening():
    due = NINE_TO_FIVE.add_business(at("2026-11-27 15:00", BERLIN), 2 * HOUR + 1)
    assert due == at("2026-11-30 09:00", BERLIN) + timedelta(seconds=1)


def test_the_lunch_break_does_not_count():
    assert LUNCH.add_business(at("2026-11-23 11:30", BERLIN), HOUR) == at("2026-11-23 13:30", BERLIN)


def test_zero_is_due_at_the_next_opening_instant():
    assert NINE_TO_FIVE.next_opening(at("2026-11-28 11:00", BERLIN)) == at("2026-11-30 09:00", BERLIN)
    assert NINE_TO_FIVE.next_opening(at("2026-11-27 17:00", BERLIN)) == at("2026-11-30 09:00", BERLIN)
    assert NINE_TO_FIVE.next_opening(at("2026-11-27 16:00", BERLIN)) == at("2026-11-27 16:00", BERLIN)
    assert NINE_TO_FIVE.add_business_days(at("2026-11-28 11:00", BERLIN), 0) == at("2026-11-30 09:00", BERLIN)


def test_business_days_end_at_the_same_time_of_day_on_open_dates():
    assert NINE_TO_FIVE.add_business_days(at("2026-11-27 16:00", BERLIN), 2) == at("2026-12-01 16:00", BERLIN)
    assert NINE_TO_FIVE.add_business_days(at("2026-11-28 20:00", BERLIN), 1) == at("2026-11-30 20:00", BERLIN)


def test_what_came_in_the_second_of_two_hours_is_due_later_where_the_hour_is_skipped():
    casablanca = always("Africa/Casablanca")  # 15 February 2026 has 02:30 twice, 22 March none
    received = datetime(2026, 2, 15, 2, 30, tzinfo=ZoneInfo("Africa/Casablanca"), fold=1)
    assert casablanca.add_business_days(received, 35) == at("2026-03-22 03:30", "Africa/Casablanca")


def test_years_added_by_another_thread_are_not_added_twice():
    calendar = Calendar(zone=BERLIN, hours=NINE_TO_FIVE.hours)
    stale = calendar._reaching(stamp(at("2026-06-01 10:00")), stamp(at("2026-06-01 10:00")))
    calendar.next_opening(at("2024-06-01 10:00"))  # the other thread
    later = calendar._years(stale.first, stale.last + 1)
    assert (later.first, later.last) == (2024, 2027)
    assert later.dates == sorted(set(later.dates))


def test_a_day_of_23_hours_is_not_taken_for_24():
    saturday = at("2026-03-28 12:00", BERLIN)
    assert NIGHT.business_between(saturday, at("2026-03-29 12:00", BERLIN)) == 23 * HOUR
    assert NIGHT.add_business(saturday, 24 * HOUR) == at("2026-03-29 13:00", BERLIN)


def test_a_day_of_25_hours_neither():
    assert NIGHT.business_between(at("2026-10-24 12:00", BERLIN), at("2026-10-25 12:00", BERLIN)) == 25 * HOUR


def test_a_time_that_does_not_exist_moves_an_hour_later():
    early = Calendar(zone=BERLIN, hours=(((150, 600),),) * 7)  # opens at 02:30, which 29 March skips
    assert early.next_opening(at("2026-03-29 00:00", BERLIN)) == at("2026-03-29 03:30", BERLIN)


def test_a_time_that_exists_twice_is_taken_the_first_time():
    early = Calendar(zone=BERLIN, hours=(((150, 600),),) * 7)
    assert early.next_opening(at("2026-10-25 00:00", BERLIN)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_midnight_that_does_not_exist():
    cairo = Calendar(zone="Africa/Cairo", hours=(((0, 600),),) * 7)
    assert cairo.next_opening(at("2026-04-23 20:00", "Africa/Cairo")) == at("2026-04-24 01:00", "Africa/Cairo")


def test_half_an_hour_of_daylight_saving():
    island = always("Australia/Lord_Howe")
    start = at("2026-04-04 12:00", "Australia/Lord_Howe")
    assert island.business_between(start, at("2026-04-05 12:00", "Australia/Lord_Howe")) == 24.5 * HOUR


def test_a_date_that_the_zone_skipped_is_no_business_day():
    apia = Calendar(zone="Pacific/Apia", hours=(((540, 1020),),) * 7)
    assert apia.add_business_days(at("2011-12-29 10:00", "Pacific/Apia"), 1) == at("2011-12-31 10:00", "Pacific/Apia")


def test_closed_dates_each_year_and_once():
    closed = Calendar(zone=BERLIN, hours=NINE_TO_FIVE.hours, closed=(DateRule(12, 24), DateRule(12, 28, 2026)))
    assert closed.next_opening(at("2026-12-24 10:00", BERLIN)) == at("2026-12-25 09:00", BERLIN)
    assert not closed.day_hours(date(2026, 12, 28)) and closed.day_hours(date(2027, 12, 28))
    assert not closed.day_hours(date(2027, 12, 24))


def test_public_holidays_of_a_subdivision_have_names():
    swabia = Calendar(zone=BERLIN, hours=NINE_TO_FIVE.hours, holidays=(HolidaySource("DE", "BW"),))
    closure = swabia.why_closed(date(2027, 1, 6))
    assert (closure.why, str(closure.name), closure.name.to("de")) == ("holiday", "Epiphany", "Heilige Drei Könige")
    assert not NINE_TO_FIVE.why_closed(date(2027, 1, 6))


def test_extra_hours_open_even_a_closed_date():
    rule = (DateRule(12, 24, 2026), ((600, 720),))
    extra = Calendar(zone=BERLIN, hours=NINE_TO_FIVE.hours, closed=(DateRule(12, 24),), extra=(rule,))
    day = list(extra.intervals(at("2026-12-24 00:00", BERLIN), at("2026-12-25 00:00", BERLIN)))
    assert day == [(at("2026-12-24 10:00", BERLIN), at("2026-12-24 12:00", BERLIN))]


def test_why_closed_tells_weekends_from_closed_dates():
    named = Calendar(zone=BERLIN, hours=NINE_TO_FIVE.hours, closed=(DateRule(12, 24, None, Text("Party")),))
    assert named.why_closed(date(2026, 11, 28)).why == "weekday"
    assert str(named.why_closed(date(2026, 12, 24)).name) == "Party"
    assert named.why_closed(date(2026, 11, 27)) is None


def test_intervals_are_clipped_for_drawing():
    start, end = at("2026-11-27 16:00", BERLIN), at("2026-11-30 10:00", BERLIN)
    assert list(NINE_TO_FIVE.intervals(start, end)) == [
        (start, at("2026-11-27 17:00", BERLIN)),
        (at("2026-11-30 09:00", BERLIN), end),
    ]


def test_years_beyond_the_tables_are_refused():
    with pytest.raises(QuoteError, match="1970 to 2100"):
        NINE_TO_FIVE.next_opening(datetime(2150, 1, 1, tzinfo=UTC))


moments = st.integers(946_684_800, 2_051_222_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)  # 2000 to 2035
zones = st.sampled_from(["Europe/Berlin", "America/Havana", "Asia/Tehran", "Australia/Lord_Howe", "Africa/Cairo"])
days = st.lists(st.integers(0, 24), max_size=4, unique=True).map(
    lambda marks: tuple(zip(*[iter(minute * 60 for minute in sorted(marks))] * 2, strict=False))
)
weeks = st.tuples(*[days] * 6, st.just(((540, 1020),)))
calendars = st.builds(Calendar, zone=zones, hours=weeks)
amounts = st.integers(0, 200 * HOUR)


@settings(max_examples=60, deadline=None)
@given(calendars, moments, amounts)
def test_what_is_added_is_what_lies_between(calendar, start, seconds):
    assert calendar.business_between(start, calendar.add_business(start, seconds)) == seconds


@settings(max_examples=60, deadline=None)
@given(calendars, moments, amounts, amounts)
def test_adding_twice_is_adding_the_sum(calendar, start, first, second):
    once = calendar.add_business(calendar.add_business(start, first), second)
    if first and second:
        assert once == calendar.add_business(start, first + second)


@settings(max_examples=60, deadline=None)
@given(calendars, moments, st.integers(0, 40 * 86_400), amounts)
def test_received_later_is_never_due_earlier(calendar, start, later, seconds):
    due = calendar.add_business(start, seconds)
    assert calendar.add_business(start + timedelta(seconds=later), seconds) >= due


@settings(max_examples=60, deadline=None)
@given(calendars, moments, st.integers(1, 30 * 86_400))
def test_intervals_add_up_to_what_lies_between(calendar, start, length):
    end = start + timedelta(seconds=length)
    parts = list(calendar.intervals(start, end))
    assert sum((b - a).total_seconds() for a, b in parts) == calendar.business_between(start, end)
    assert all(a < b for a, b in parts) and parts == sorted(parts)
