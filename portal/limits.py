"""Where limits are counted when one process serves the portal: in its memory."""

import time

from limits.storage import MemoryStorage

FORGOTTEN_EVERY = 60.0  # seconds


def storage_of(limits_url: str) -> str:
    """The address of the same as Flask-Limiter knows it."""
    return f"{ProcessCounts.STORAGE_SCHEME[0]}://" if limits_url.startswith("memory:") else limits_url


class ProcessCounts(MemoryStorage):
    """Counts what has run out as gone when it is asked for, and clears up now and then, by whoever counts next.

    The original starts a thread to clear up at nearly every count: that costs more than most of a page.
    """

    STORAGE_SCHEME = ["process"]  # noqa: RUF012

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.clear_at = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and return how many there are now."""
        now = time.time()
        if now >= self.clear_at:
            self.clear_at = now + FORGOTTEN_EVERY
            self._forget(now)
        with self.locks[key]:
            if self.expirations.get(key, now) <= now:
                self.storage[key], self.expirations[key] = 0, now + expiry
            self.storage[key] += amount
            return self.storage[key]

    def _forget(self, now: float) -> None:
        for key, until in list(self.expirations.items()):
            if until <= now:
                self.get(key)  # drops what has run out
