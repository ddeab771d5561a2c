"""The process above the web server's: it starts them and, for `run`, the worker, and starts again what dies.

It takes the place of the command that was called (`portal.serving`), so that neither the portal nor its command line
stays in memory twice: what is imported here is its size.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels


def main(web: dict[str, Any], with_worker: bool) -> None:
    """Serve until a signal ends it; `web` is what Granian is told besides what holds for every portal."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stop,), name="worker", daemon=True)
    if with_worker:
        keeper.start()
    try:
        Granian(
            "portal.wsgi:app",
            interface=Interfaces.WSGI,
            respawn_failed_workers=True,
            workers_kill_timeout=30,
            log_level=LogLevels.warning,
            websockets=False,
            **web,
        ).serve()
    finally:
        stop.set()
        if with_worker:
            keeper.join(timeout=35)


def _keep_worker(stop: threading.Event) -> None:
    """Start the worker, start it again when it dies, and end it when we stop."""
    while not stop.is_set():
        started = time.monotonic()
        # Granian forks at the same time. Without `close_fds` the worker is spawned without a pipe, whose copy in the
        # web server's process would keep us waiting here for as long as that lives.
        process = subprocess.Popen([sys.executable, "-m", "portal", "worker", "--with-parent"], close_fds=False)
        while process.poll() is None and not stop.wait(0.2):
            pass
        if stop.is_set():
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
        elif time.monotonic() - started < 5:
            stop.wait(2)  # it dies at once: don't spin


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
