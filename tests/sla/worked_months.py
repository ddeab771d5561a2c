"""Twelve months worked out by hand, beside which the program's figures are put.

All are of Europe/Amsterdam, 99.9 % committed, with the demo's steps of credit and five days of notice. A month of
30 days has 2,592,000 seconds, February 2026 2,419,200; March 2026 has an hour less than 31 days, October an hour more.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from portal.sla import load_policy
from portal.sla.uptime import Interval, Kept, midnights, period_around, work_out

ZONE = "Europe/Amsterdam"


@dataclass(frozen=True)
class Month:
    name: str
    first: date
    subtracts: str
    intervals: tuple[Interval, ...]
    by_hand: Kept
    why: str

    def computed(self) -> Kept:
        terms = load_policy("demo").uptime
        assert terms
        terms = replace(terms, subtracts=self.subtracts)
        return work_out(terms, self.intervals, *midnights(*period_around(terms, self.first), ZONE))


def kept(seconds: int, down: int, excluded: int, percent: str, met: bool, credit: int) -> Kept:
    return Kept(seconds, down, excluded, Decimal(percent), met, Decimal(credit))


def down(start: str, end: str) -> Interval:
    return Interval("down", datetime.fromisoformat(start), datetime.fromisoformat(end))


def work(start: str, end: str, announced_at: str | None) -> Interval:
    told = datetime.fromisoformat(announced_at) if announced_at else None
    return Interval("maintenance", datetime.fromisoformat(start), datetime.fromisoformat(end), told)


NOVEMBER, FEBRUARY, MARCH, OCTOBER = date(2026, 11, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 10, 1)
EIGHT_HOURS = work("2026-11-14T22:00+01:00", "2026-11-15T06:00+01:00", "2026-11-04T12:00+01:00")

MONTHS = (
    Month("nothing happened", NOVEMBER, "downtime", (), kept(2592000, 0, 0, "100", True, 0), "30 × 86400"),
    Month("exactly as much as may be", NOVEMBER, "downtime",
          (down("2026-11-10T09:00:00+01:00", "2026-11-10T09:43:12+01:00"),),
          kept(2592000, 2592, 0, "99.9", True, 0), "2592 / 2592000 = 0.1 %: kept"),
    Month("a second more", NOVEMBER, "downtime",
          (down("2026-11-10T09:00:00+01:00", "2026-11-10T09:43:13+01:00"),),
          kept(2592000, 2593, 0, "99.8999", False, 5), "99.89996 cut off, below 99.9"),
    Month("six hours", NOVEMBER, "downtime", (down("2026-11-03T08:00+01:00", "2026-11-03T14:00+01:00"),),
          kept(2592000, 21600, 0, "99.1666", False, 10), "21600 / 2592000 = 0.8333…, below 99.5"),
    Month("a planned night, downtime only", NOVEMBER, "downtime",
          (EIGHT_HOURS, down("2026-11-10T09:00:00+01:00", "2026-11-10T09:43:12+01:00")),
          kept(2592000, 2592, 28800, "99.9", True, 0), "28800 s leave the downtime, not the month"),
    Month("a planned night, both", NOVEMBER, "both",
          (EIGHT_HOURS, down("2026-11-10T09:00:00+01:00", "2026-11-10T09:43:12+01:00")),
          kept(2592000, 2592, 28800, "99.8988", False, 5), "2592 / (2592000 − 28800) = 0.10112…"),
    Month("an hour short of the notice", NOVEMBER, "both",
          (work("2026-11-20T02:00+01:00", "2026-11-20T06:00+01:00", "2026-11-15T03:00+01:00"),),
          kept(2592000, 14400, 0, "99.4444", False, 10), "119 of 120 hours: 14400 s of downtime"),
    Month("overlapping incidents and work", NOVEMBER, "downtime",
          (down("2026-11-05T10:00Z", "2026-11-05T12:00Z"), down("2026-11-05T11:00Z", "2026-11-05T13:00Z"),
           down("2026-11-05T12:30Z", "2026-11-05T12:45Z"),
           work("2026-11-05T12:00Z", "2026-11-05T14:00Z", "2026-10-20T00:00Z")),
          kept(2592000, 7200, 7200, "99.7222", False, 5), "10 to 13 merged, 12 to 14 left out: 10 to 12"),
    Month("the hour that comes twice", OCTOBER, "downtime",
          (down("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),),
          kept(2682000, 3600, 0, "99.8657", False, 5), "31 × 86400 + 3600; 3600 / 2682000 = 0.13422…"),
    Month("the hour that isn't", MARCH, "both",
          (down("2026-02-28T23:00+01:00", "2026-03-01T01:00+01:00"),
           work("2026-03-29T01:00+01:00", "2026-03-29T04:00+02:00", "2026-03-01T00:00Z")),
          kept(2674800, 3600, 7200, "99.8650", False, 5), "work of 2 h by the clock's 3; 3600 / 2667600"),
    Month("all of it down", FEBRUARY, "downtime", (down("2026-01-20T00:00Z", "2026-03-20T00:00Z"),),
          kept(2419200, 2419200, 0, "0", False, 50), "28 × 86400"),
    Month("all of it planned", FEBRUARY, "both", (work("2026-01-31T00:00Z", "2026-03-02T00:00Z", "2026-01-01T00:00Z"),),
          kept(2419200, 0, 2419200, "100", True, 0), "nothing is left to be missed"),
)  # fmt: skip
