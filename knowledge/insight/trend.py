"""Counts over time, as a small drawing: bars in equal steps, their geometry counted here, drawn by the macro."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

STEPS = 14  # bars of a drawing: of four weeks, each stands for two days
FLOOR = 8.0  # per cent of the height that even the smallest count gets, so that it is seen


@dataclass(frozen=True)
class Bar:
    """Percentages of the drawing."""

    x: float
    width: float
    height: float


@dataclass(frozen=True)
class Trend:
    """How often something happened in each step of a period, the oldest first."""

    counts: tuple[int, ...]

    @classmethod
    def of(
        cls, happened: Iterable[tuple[datetime, int]], *, since: datetime, now: datetime, steps: int = STEPS
    ) -> "Trend":
        """From (moment, how often) pairs; what lies outside counts in the first or last step."""
        counts, length = [0] * steps, (now - since) / steps
        for moment, count in happened:
            counts[min(max(int((moment - since) / length), 0), steps - 1)] += count
        return cls(tuple(counts))

    @property
    def bars(self) -> Sequence[Bar]:
        most, step = max(self.counts, default=0), 100 / max(len(self.counts), 1)
        return [
            Bar(round(number * step, 3), round(step * 0.72, 3), round(FLOOR + (100 - FLOOR) * count / most, 2))
            for number, count in enumerate(self.counts)
            if count
        ]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def direction(self) -> str:
        """more, less or level: the later half against the earlier one, where that is more than chance would be."""
        half = len(self.counts) // 2
        before, after = sum(self.counts[:half]), sum(self.counts[half:])
        if abs(after - before) <= (before + after) ** 0.5:  # the spread of counts that nothing drives
            return "level"
        return "more" if after > before else "less"
