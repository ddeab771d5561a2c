"""The small drawings of counts over time."""

from datetime import UTC, datetime, timedelta

from knowledge.insight.trend import FLOOR, Trend

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=28)


def drawn(*days_ago: float) -> Trend:
    return Trend.of(((NOW - timedelta(days=days), 1) for days in days_ago), since=SINCE, now=NOW)


def test_counts_stand_in_their_steps() -> None:
    trend = drawn(0, 1, 27)
    assert (trend.counts[0], trend.counts[-1], trend.total) == (1, 2, 3)


def test_what_lies_outside_counts_at_the_edge() -> None:
    assert drawn(-1, 40).counts == (1, *[0] * 12, 1)


def test_the_highest_bar_is_full_and_the_lowest_seen() -> None:
    heights = [bar.height for bar in Trend((100, 1, 0)).bars]
    assert heights[0] == 100
    assert FLOOR < heights[1] < 10
    assert len(heights) == 2


def test_a_direction_is_more_than_chance() -> None:
    assert Trend((5, 4)).direction == "level"
    assert Trend((2, 12)).direction == "more"
    assert Trend((12, 2)).direction == "less"
    assert Trend(()).direction == "level"
