"""`python -m tests.jobs.nursery`: starts real workers quickly, one for each line it reads, for tests that kill many.

What a worker imports is here already; everything else, from the settings to the threads, a fork makes for itself.
Prints the worker's number when it is started and a second time when it is gone.
"""

import os
import sys
import tempfile
from pathlib import Path

from portal import cli, create_app, jobs, serving
from tests.jobs import kinds


def import_all() -> None:
    with tempfile.TemporaryDirectory() as folder:
        create_app(testing=True, instance=Path(folder), database_url=f"sqlite:///{folder}/portal.db", queue_url="")


if __name__ == "__main__":
    import_all()
    jobs.LEASE = kinds.SHORT_LEASE
    os.environ[serving.HEAPS] = "1"  # else it begins again as a new process
    sys.argv[1:] = ["worker"]
    for _ in sys.stdin:
        worker = os.fork()
        if not worker:
            cli.main()
            os._exit(0)
        print(worker, flush=True)
        os.waitpid(worker, 0)
        print(worker, flush=True)
