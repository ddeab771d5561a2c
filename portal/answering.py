"""The web server, in a process that is nothing else: `python -m portal.answering` with what it is told as JSON."""

import json
import sys
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer, MTServer
from granian.server.common import AbstractServer

from portal.hosting import end_with_parent


class InThisProcess(MTServer):
    """Granian's server of threads, for the one web process of a small portal: no second process stands above it.

    Granian offers it to Pythons without a global lock, where several workers share a process. Its threads let go of
    the lock as those of its processes do; with one worker both are the same code.
    """

    def _check_gil(self) -> None:
        """There may be one."""

    def serve(self, *args: Any, **kwargs: Any) -> None:
        """Without the warning that such Pythons are experimental: ours isn't."""
        AbstractServer.serve(self, *args, **kwargs)


def main(web: dict[str, Any], parent: int | None) -> None:
    """Serve until a signal ends it; `web` is what Granian is told besides what holds for every portal."""
    if parent:
        end_with_parent(parent)
    several = web["workers"] > 1
    # One that fails ends the process, and who started that starts it again; several are started again here.
    (MPServer if several else InThisProcess)(
        "portal.wsgi:app",
        interface=Interfaces.WSGI,
        respawn_failed_workers=several,
        workers_kill_timeout=30,
        log_level=LogLevels.warning,
        websockets=False,
        **web,
    ).serve()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
