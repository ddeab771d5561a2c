"""Programs of ours that read what strangers sent: each in a process of its own, without secrets, and with an end."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Final

ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
BROKE_OFF: Final = -1


def run_apart(script: Path, *args: str, out: IO[Any], patience: float, given: IO[Any] | None = None) -> int:
    """Run a script that imports nothing of ours and confines itself: its exit code, or `BROKE_OFF` after its time.

    It reads `given` as its standard input and writes to `out`; what it complains of is dropped. `patience` is in
    seconds.
    """
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        return subprocess.run(
            [sys.executable, "-I", str(script), *args],
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=patience,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return BROKE_OFF
