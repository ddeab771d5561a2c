"""Programs of ours that read what strangers sent: each in a process of its own, without secrets, and with an end."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

CONFINING: Final = Path(__file__).with_name("confining.py")
ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
BROKE_OFF: Final = -1


class Limits(NamedTuple):
    """The most a script may take: bytes of memory, seconds of the processor, bytes it writes; and seconds it may last,
    for a stopped process uses up no time of the processor."""

    memory: int
    seconds: int
    output: int
    patience: float


def run_apart(script: Path, *args: str, within: Limits, out: IO[Any], given: IO[Any] | None = None) -> int:
    """Run a script that imports nothing of ours: its exit code, or `BROKE_OFF` after its time.

    It reads `given` as its standard input and writes to `out`; what it complains of is dropped.
    """
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    limits = map(str, within[:3])
    try:
        return subprocess.run(
            [sys.executable, "-I", str(CONFINING), *limits, str(script), *args],
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=within.patience,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return BROKE_OFF
