"""How much longer something takes with four times as much: what no slow machine changes."""

import time
from collections.abc import Callable

MANY = 4


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as much processor time `work(4 * size)` takes as `work(size)`: 4 where it grows evenly,
    16 where it grows with the square. The best of three each."""

    def seconds(count: int) -> float:
        taken = []
        for _ in range(3):
            begun = time.thread_time()
            work(count)
            taken.append(time.thread_time() - begun)
        return min(taken)

    return seconds(MANY * size) / seconds(size)
