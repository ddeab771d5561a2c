"""Quotes per second, against counting minute by minute.

    python -m bench.quotes

Both ways run in the same process on the same random receipts, so that the ratio means something on any machine.
'bare' is `make_quote` with its four due instants; 'full' is `to_json` with the explanation and what would be faster.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from portal.sla import Policy, Quote, QuoteRequest, load_policy, make_quote

POLICY, YEAR, MINUTE = "demo", datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1)
REQUESTS = {
    "business hours, lunch break, holidays": QuoteRequest("team", severity="normal"),
    "business days, a range": QuoteRequest("starter", severity="normal"),
    "around the clock, four clocks": QuoteRequest("enterprise", "sla-24x7", "critical"),
    "24x5 and business days, four clocks": QuoteRequest("enterprise", "sla-24x7", "normal"),
}


def main() -> None:
    policy = load_policy(POLICY)
    dice = random.Random(1)
    receipts = [YEAR + dice.randrange(365 * 86_400) * timedelta(seconds=1) for _ in range(20_000)]
    print("| request | bare quotes/s | bare median | full quotes/s | full median | minute by minute | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, request in REQUESTS.items():
        bare = timed(partial(make_quote, policy, request), receipts)
        full = timed(partial(told, policy, request), receipts[:2_000])
        pairs = [(make_quote(policy, request, at), at) for at in receipts[:30]]
        loop = timed(partial(by_minutes, policy), pairs)
        ratio = statistics.median(loop) / statistics.median(bare)
        print(
            f"| {name} | {1 / statistics.mean(bare):,.0f} | {statistics.median(bare) * 1e6:.1f} µs "
            f"| {1 / statistics.mean(full):,.0f} | {statistics.median(full) * 1e6:.0f} µs "
            f"| {statistics.median(loop) * 1e3:.1f} ms | {ratio:,.0f}× |"
        )


def timed(call: Callable[[Any], object], arguments: Sequence[Any]) -> list[float]:
    """Seconds of each call, after one that fills the caches."""
    call(arguments[0])
    took = []
    for argument in arguments:
        began = time.perf_counter()
        call(argument)
        took.append(time.perf_counter() - began)
    return took


def told(policy: Policy, request: QuoteRequest, at: datetime) -> dict[str, Any]:
    """A quote with all that is said about it."""
    return make_quote(policy, request, at, "America/New_York").to_json()


def by_minutes(policy: Policy, pair: tuple[Quote, datetime]) -> None:
    """Count every clock of a quote minute by minute, the plain way."""
    quote, received = pair
    for clock in (quote.first_response, quote.next_response, quote.update, quote.resolution):
        if clock:
            calendar = policy.calendar(clock.calendar)
            zone, at, left = ZoneInfo(calendar.zone), received, clock.business_seconds // 60
            while left > 0:
                local = at.astimezone(zone)
                minute = local.hour * 60 + local.minute
                left -= any(start <= minute < end for start, end in calendar.day_hours(local.date()))
                at += MINUTE


if __name__ == "__main__":
    main()
