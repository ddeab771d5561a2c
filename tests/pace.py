"""What work costs, told in runs of a naive loop beside it: a slow or busy machine stretches both alike."""

import time
from collections.abc import Callable
from typing import Any

SECOND = 220  # loops; about what a quiet machine does in that time


def loops(work: Callable[[], Any], tries: int = 3) -> float:
    """The least processor time of `work` over the least of the loop, both taken in turns."""
    pairs = [(_seconds(_loop), _seconds(work)) for _ in range(tries)]
    return min(worked for _loop, worked in pairs) / min(looped for looped, _work in pairs)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _loop() -> None:
    total = 0
    for number in range(100_000):
        total += number * number
