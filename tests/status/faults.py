"""`python -m tests.status.faults`: servers that are at fault, what a probe finds of each, and when.

A look that finds something is taken once more before it counts, as the worker's rounds do.
"""

import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from portal.status.looking import Look, Sight, look
from portal.status.probing import TRY_AGAIN_AFTER
from tests.status import faulty

PATIENCE = 2
LOCAL = ("127.0.0.0/8", "::1/128")
HEADINGS = ("server", "expected", "found", "first seen", "counts from")


@dataclass(frozen=True)
class Fault:
    name: str
    at: Look
    expected: str


@dataclass(frozen=True)
class Seen:
    fault: Fault
    sights: tuple[Sight, ...]
    seconds: tuple[float, ...]  # since it was first looked at, at the end of each look

    @property
    def is_as_expected(self) -> bool:
        return all(sight.found == self.fault.expected for sight in self.sights)

    def cells(self) -> tuple[str, ...]:
        counts = f"{self.seconds[1]:.1f} s" if len(self.seconds) > 1 else "never"
        found = self.sights[0].found or "well"
        return (self.fault.name, self.fault.expected or "well", found, f"{self.seconds[0]:.1f} s", counts)


def watch(fault: Fault, again_after: float) -> Seen:
    began, sights, seconds = time.monotonic(), [look(fault.at)], []
    seconds.append(time.monotonic() - began)
    if not sights[0].is_up:
        time.sleep(again_after)
        sights.append(look(fault.at))
        seconds.append(time.monotonic() - began)
    return Seen(fault, tuple(sights), tuple(seconds))


def faults(stack: ExitStack, folder: Path, asked_inside: threading.Event) -> Iterator[Fault]:
    """Each with its server running, until the stack is left."""

    def secret(line: socket.socket, _over: threading.Event) -> None:
        asked_inside.set()
        line.close()

    inner = stack.enter_context(faulty.serving(secret))
    redirect = faulty.answering("302 Found", more=f"Location: http://127.0.0.1:{inner}/secret\r\n")
    acts = (
        ("is well", faulty.answering(), ""),
        ("hangs", faulty.hang, "slow"),
        ("drips a header for ever", faulty.drip, "slow"),
        ("drips a body for ever", faulty.drip_body, "slow"),
        ("streams for ever", faulty.stream, "words"),
        ("lies: speaks no HTTP", faulty.lie, "unreachable"),
        ("lies: 200 with other words", faulty.answering(body=b"Sorry."), "words"),
        ("fails", faulty.answering("503 Busy"), "status:503"),
        ("redirects inside", redirect, "status:302"),
    )
    for name, act, expected in acts:
        port = stack.enter_context(faulty.serving(act))
        yield Fault(name, Look("http", f"http://127.0.0.1:{port}/", {"words": "is well"}, PATIENCE, LOCAL), expected)
    yield Fault("is inside, and not listed", Look("http", f"http://127.0.0.1:{inner}/", {}, PATIENCE), "inside")
    authority = faulty.Authority(folder)
    os.environ["SSL_CERT_FILE"] = str(authority.path)
    certificates = (
        ("certificate of 90 days", 90, "localhost", ""),
        ("certificate ends in 5 days", 5.5, "localhost", "expires:5"),
        ("certificate has ended", -1, "localhost", "expired"),
        ("certificate of another name", 90, "other", "untrusted"),
    )
    for title, days, host, expected in certificates:
        port = stack.enter_context(faulty.serving(faulty.hang, authority.context(days=days, name=host)))
        yield Fault(title, Look("tls", f"localhost:{port}", {}, PATIENCE, LOCAL), expected)


def run(again_after: float = TRY_AGAIN_AFTER) -> tuple[list[Seen], bool]:
    """What was seen of all, looked at side by side; and whether somebody was led inside."""
    asked_inside = threading.Event()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        all_faults = list(faults(stack, folder, asked_inside))
        with ThreadPoolExecutor(len(all_faults)) as pool:
            seen = list(pool.map(lambda fault: watch(fault, again_after), all_faults))
    return seen, asked_inside.is_set()


def main() -> int:
    seen, was_led = run()
    rows = [HEADINGS, *(one.cells() for one in seen)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print("asked inside:", "yes" if was_led else "never")
    return int(was_led or not all(one.is_as_expected for one in seen))


if __name__ == "__main__":
    sys.exit(main())
