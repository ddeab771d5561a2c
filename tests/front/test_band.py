"""The promise band's geometry: places are shares of real time, inside the drawing, mirrored for RTL readers."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.band import Band, Closure, draw, draw_week, merge, window_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 11, 23, tzinfo=AMSTERDAM)
ZONES = ("Europe/Amsterdam", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY.replace(hour=hour, minute=minute) + timedelta(days=day)


def office() -> list[tuple[datetime, datetime]]:
    return [(at(day, 9), at(day, 17, 30)) for day in range(5)]


def quoted(**changes: object) -> Band:
    given_ = {"received_at": at(0, 14, 30), "due_at": at(1, 14), "now": at(0, 14, 30), "zone": AMSTERDAM}
    return draw(office(), **{**given_, **changes})  # type: ignore[arg-type]


def widths(band: Band, kind: str) -> float:
    return sum(piece.width for piece in band.slices if piece.kind == kind)


def test_a_quote_shows_whole_local_days_from_receipt_to_due() -> None:
    band = quoted()
    assert [column.day for column in band.columns] == [date(2026, 11, 23), date(2026, 11, 24)]
    assert (band.start, band.end) == (at(0, 0), at(2, 0))


def test_counted_is_open_time_between_receipt_and_due() -> None:
    assert widths(quoted(), "counted") == pytest.approx((3 + 5) / 48 * 100, abs=0.01)


def test_marks_carry_the_time_in_the_reader_s_zone() -> None:
    band = quoted(zone="Asia/Tokyo")
    assert [mark.label for mark in band.marks] == ["Mon 23 Nov, 22:30", "Tue 24 Nov, 22:00"]


def test_an_hour_is_shown_in_hours() -> None:
    band = quoted(received_at=at(0, 10), now=at(0, 10), due_at=at(0, 11))
    assert band.end - band.start == timedelta(hours=3)
    assert [tick.label for tick in band.ticks] == ["09:30", "10:00", "10:30", "11:00", "11:30"]


def test_a_range_is_counted_to_its_earliest_and_expected_to_its_latest() -> None:
    band = quoted(earliest_at=at(1, 10))
    assert widths(band, "counted") == pytest.approx(4 / 48 * 100, abs=0.01)
    assert widths(band, "expected") == pytest.approx(4 / 48 * 100, abs=0.01)


def test_a_running_promise_is_spent_up_to_now() -> None:
    band = quoted(now=at(1, 11))
    assert widths(band, "spent") == pytest.approx(5 / 48 * 100, abs=0.01)
    assert [mark.kind for mark in band.marks] == ["received", "due", "now"]


def test_an_early_answer_leaves_time_to_spare_and_no_now() -> None:
    band = quoted(answered_at=at(1, 10), now=at(3, 9))
    assert widths(band, "spare") == pytest.approx(4 / 48 * 100, abs=0.01)
    assert [mark.kind for mark in band.marks] == ["received", "due", "answered"]


def test_a_late_answer_is_late_by_the_clock_on_the_wall() -> None:
    band = quoted(answered_at=at(2, 10), now=at(3, 9))
    assert widths(band, "late") == pytest.approx(20 / 72 * 100, abs=0.01)


def test_pauses_are_not_counted() -> None:
    band = quoted(pauses=[(at(1, 9), at(1, 12))])
    assert widths(band, "counted") == pytest.approx((3 + 2) / 48 * 100, abs=0.01)
    assert widths(band, "paused") == pytest.approx(3 / 48 * 100, abs=0.01)


def test_a_closure_keeps_its_reason() -> None:
    kermis = Closure.of(date(2026, 11, 24), AMSTERDAM, "Kermis")
    assert quoted(closures=[kermis]).reasons == ("Kermis",)
    week = draw_week([], first=MONDAY.date(), zone=AMSTERDAM, closures=iter([kermis]))
    assert [column.note for column in week.columns][:3] == ["", "Kermis", ""]


def test_no_promise_draws_hours_and_receipt_alone() -> None:
    band = quoted(due_at=None)
    assert [mark.kind for mark in band.marks] == ["received"]
    assert band.kinds == {"open"}


def test_rows_of_a_shared_window_clip_what_lies_outside() -> None:
    band = quoted(window=(at(0, 16), at(1, 12)), now=at(0, 17))
    assert [(mark.kind, mark.beyond) for mark in band.marks] == [("received", True), ("due", True), ("now", False)]
    assert all(0 <= piece.x <= piece.x + piece.width <= 100.001 for piece in band.slices)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        quoted(window=(at(0, 16), at(0, 16)))


def test_right_to_left_is_the_mirror_image() -> None:
    straight, mirrored = quoted(), quoted(rtl=True)
    for one, other in zip(straight.slices, mirrored.slices, strict=True):
        assert other.x == pytest.approx(100 - one.x - one.width, abs=0.002)
    assert {one.side for one in straight.marks} == {"left", "right"}
    assert [one.side for one in mirrored.marks] == [one.side for one in reversed(straight.marks)]


def test_a_week_tells_its_hours_in_words() -> None:
    band = draw_week([*office(), (at(5, 0), at(6, 0))], first=MONDAY.date(), zone=AMSTERDAM)
    assert [column.hours for column in band.columns] == [("09:00–17:30",)] * 5 + [("",), ()]


def test_opening_until_midnight_closes_at_24() -> None:
    band = draw_week([(at(0, 18), at(1, 0))], first=MONDAY.date(), zone=AMSTERDAM)
    assert band.columns[0].hours == ("18:00–24:00",)


def test_a_day_of_25_hours_is_longer() -> None:
    band = draw_week([], first=date(2026, 10, 19), zone=AMSTERDAM)
    assert band.columns[6].width / band.columns[0].width == pytest.approx(25 / 24, abs=0.001)


def test_a_midnight_that_does_not_exist_starts_the_day_an_hour_later() -> None:
    band = draw_week([], first=date(2026, 4, 20), zone="Africa/Cairo")
    assert band.columns[4].width / band.columns[0].width == pytest.approx(23 / 24, abs=0.001)


def test_long_promises_label_mondays_only() -> None:
    band = draw([], received_at=at(0, 9), due_at=at(30, 9), now=at(0, 9), zone=AMSTERDAM)
    assert {column.day.weekday() for column in band.columns if column.is_labelled} == {0}


def test_touching_stretches_are_joined() -> None:
    assert merge([(at(0, 12), at(0, 17)), (at(0, 9), at(0, 12)), (at(1, 9), at(1, 9))]) == [(at(0, 9), at(0, 17))]


instants = st.integers(0, 700_000).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))


@given(instants, st.timedeltas(timedelta(0), timedelta(days=20)), st.sampled_from(ZONES), st.booleans())
def test_everything_stays_inside_the_drawing(received: datetime, span: timedelta, zone: str, rtl: bool) -> None:
    start, end = window_of(received, received + span, now=received, zone=zone)
    days = range((end - start).days + 2)
    opening = [(start + timedelta(days=n, hours=-3), start + timedelta(days=n, hours=7)) for n in days]
    band = draw(opening, received_at=received, due_at=received + span, now=received, zone=zone, rtl=rtl)
    assert band.start <= received <= received + span <= band.end
    assert all(piece.x >= 0 and piece.x + piece.width <= 100.002 for piece in band.slices)
    assert not any(mark.beyond for mark in band.marks)
    assert sum(column.width for column in band.columns) == pytest.approx(100, abs=0.05)
