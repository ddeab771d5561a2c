"""Kinds of jobs that only the tests know, and `python -m tests.jobs.kinds worker`: a real worker that does them too."""

import os
import time
from datetime import timedelta
from pathlib import Path

from portal import jobs
from portal.jobs import job

SHORT_LEASE = timedelta(seconds=1)


@job("test_note", attempts=3)
def note(folder: str, name: str) -> None:
    """Leave a line that says it was done, and by which process."""
    with (Path(folder) / name).open("a") as file:
        file.write(f"{os.getpid()}\n")


@job("test_slow", attempts=3)
def be_slow(folder: str) -> None:
    """Say that it has begun, wait until it may go on, and leave a line."""
    note(folder, "begun")
    while not (Path(folder) / "go-on").exists():
        time.sleep(0.02)
    note(folder, "done")


@job("test_fail", attempts=2)
def fail(folder: str) -> None:
    note(folder, "tried")
    if not (Path(folder) / "mended").exists():
        raise OSError("the disk of the test is full")


if __name__ == "__main__":
    from portal.cli import main

    jobs.LEASE = SHORT_LEASE
    main()
