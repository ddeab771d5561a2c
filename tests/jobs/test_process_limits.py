"""Rate limits counted in the process itself: they run out, are cleared up, and start no threads."""

import threading
import time

from pytest import MonkeyPatch

from portal.limits import FORGOTTEN_EVERY, ProcessCounts


def test_counts_run_out() -> None:
    counts = ProcessCounts()
    assert [counts.incr("mira", 0.05) for _ in range(3)] == [1, 2, 3]
    time.sleep(0.06)
    assert counts.get("mira") == 0
    assert counts.incr("mira", 60) == 1
    assert counts.get("mira") == 1


def test_what_has_run_out_is_cleared_up(monkeypatch: MonkeyPatch) -> None:
    counts = ProcessCounts()
    for n in range(100):
        counts.incr(f"reader {n}", 10)
    later = time.time() + FORGOTTEN_EVERY + 1
    monkeypatch.setattr(time, "time", lambda: later)
    counts.incr("somebody", 10)
    assert list(counts.storage) == list(counts.expirations) == ["somebody"]


def test_counting_starts_no_thread(monkeypatch: MonkeyPatch) -> None:
    counts = ProcessCounts()
    counts.timer.join()
    monkeypatch.setattr(threading.Thread, "start", lambda thread: 1 / 0)
    assert [counts.incr("mira", 60) for _ in range(3)] == [1, 2, 3]
