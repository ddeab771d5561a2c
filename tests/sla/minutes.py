"""Clocks without due times: they hold the minutes that are left, and each minute that counts takes one."""

from dataclasses import dataclass, field, replace

from tests.sla.wall import Case, Figure, Rules


@dataclass
class Count:
    """What is left of a time, in minutes. `on` is the minute at which it ends where days were promised, as long as
    nothing interrupted them."""

    figure: Figure
    rules: Rules
    left: int = 0
    on: int | None = None
    ended: int | None = None
    frozen: bool = False

    def begin(self, at: int, amount: int) -> "Count":
        self.left = amount
        if self.figure.unit == "days" and amount:
            self.on = self.rules.wall(self.figure.calendar).day_after(at, amount)
        self.walk(at, at)
        return self

    @property
    def open(self) -> bytearray | None:
        """Which minutes count; None if all do."""
        if self.figure.unit == "hours" or self.figure.calendar == "24x7":
            return None
        return self.rules.wall(self.figure.calendar).open

    def walk(self, start: int, end: int) -> None:
        """Let the minutes from `start` to `end` pass. What has nothing left ends as soon as somebody is there."""
        if self.frozen or self.ended is not None:
            return
        if self.on is not None:
            self.ended = self.on if self.on <= end else None
            return
        opened = self.open
        for minute in range(start, end):
            if not self.left:
                break
            if opened is None or opened[minute]:
                self.left -= 1
                if not self.left:
                    self.ended = minute + 1
                    return
        if not self.left:
            for minute in range(start, end + 1):
                if opened is None or opened[minute]:
                    self.ended = minute
                    return

    def due(self, now: int) -> int:
        """When it ends, or will if nothing happens from now."""
        if self.ended is not None:
            return self.ended
        ahead = replace(self, frozen=False)
        while ahead.ended is None:
            ahead.walk(now, now + 1440)
            now += 1440
        return ahead.ended

    def freeze(self, at: int) -> None:
        if self.ended is None:
            if self.on is not None:  # days become what of them is open
                opened = self.open
                self.left = sum(opened[at : self.on]) if opened else self.on - at
                self.on = None
            self.frozen = True

    def thaw(self, at: int) -> None:
        self.frozen = False
        self.walk(at, at)


@dataclass
class Running:
    """One round of a clock."""

    figure: Figure
    case: Case
    started: int
    counted: int  # where the count began: another minute than `started` once it was raised
    latest: Count
    earliest: Count | None
    stopped: int | None = None
    paused: int | None = None
    shown: tuple[int, int | None] = (0, None)  # latest and earliest due, as they stood when it stopped or was held
    pauses: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)  # what was not counted since
    owed: int | None = None  # an earlier minute, promised in a ticket that was merged into this one

    @property
    def counts(self) -> list[Count]:
        return [count for count in (self.latest, self.earliest) if count]

    def dues(self, now: int) -> tuple[int, int | None]:
        if self.stopped is not None or self.paused is not None:
            return self.shown
        latest = self.latest.due(now)
        if self.owed is not None and self.owed <= latest:
            return self.owed, None
        return latest, self.earliest.due(now) if self.earliest else None

    def due(self, now: int) -> int:
        return self.dues(now)[0]

    def state(self, now: int) -> str:
        due = self.due(now)
        if self.stopped is not None:
            return "missed" if self.stopped > due else "met"
        if self.paused is not None and self.paused <= due:
            return "paused"
        return "late" if now > due else "running"


def begin(rules: Rules, case: Case, clock: str, at: int) -> Running | None:
    figure = rules.figure(case, clock)
    if figure is None:
        return None
    latest, earliest = counts(rules, figure, at)
    return Running(figure, case, at, at, latest, earliest)


def counts(rules: Rules, figure: Figure, at: int) -> tuple[Count, Count | None]:
    latest = Count(figure, rules).begin(at, figure.most)
    return latest, None if figure.least is None else Count(figure, rules).begin(at, figure.least)


def counted_again(running: Running, rules: Rules, figure: Figure, now: int) -> tuple[Count, Count | None]:
    """The same minutes once more, by other rules."""
    found = counts(rules, figure, running.counted)
    for count in found:
        if count:
            at = running.counted
            for since, until in running.gaps:
                count.walk(at, since)
                count.freeze(since)
                count.thaw(until)
                at = until
            count.walk(at, now)
    return found
