"""`python -m tests.tickets.hurried worker`: a real worker that looks at the clocks all the time, not each minute."""

import threading
from typing import Any

from flask import current_app


def hurry(app: Any) -> None:
    from portal.db import utcnow
    from portal.tickets.watching import watch

    with app.app_context():
        while True:
            watch(now=utcnow())


if __name__ == "__main__":
    from portal import cli, jobs

    sweep = jobs.sweep

    def sweep_and_hurry() -> None:
        sweep()
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=hurry, args=(app,), daemon=True).start()

    jobs.sweep = sweep_and_hurry
    cli.main()
