"""Bringing the index up to date, whichever engine holds it."""

import os
import threading
from contextlib import suppress
from datetime import timedelta

from flask import current_app

from knowledge.search.changes import outstanding
from knowledge.search.engine import Busy, engine
from portal.db import utcnow
from portal.jobs import enqueue

NICE = 5


def apply_changes() -> int:
    """Index what has changed since; returns how many things. Builds the index anew where it can't be mended.

    When another one is writing, the changes are left to a job that comes a little later.
    """
    if not outstanding():
        return 0
    try:
        return engine().apply()
    except Busy:
        enqueue("index", run_after=utcnow() + timedelta(seconds=3))
        return 0


def rebuild() -> int:
    """Build the index from the database beside the live one, then switch. Returns the number of things in it.

    Raises `Busy` when somebody is writing.
    """
    if engine().generation():  # else people wait for this one
        _stand_back()
    return engine().rebuild()


def ailing(*, anew: bool = False) -> str:
    """What is wrong with the index, in a word, or "" for a healthy one; `anew` reads all of its files to the end."""
    return engine().ailing(anew=anew)


def _stand_back() -> None:
    """Let whoever answers people go first: a build keeps one core busy for minutes. On Linux this is of the thread."""
    if not current_app.testing:
        with suppress(OSError):
            me = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, me, max(NICE, os.getpriority(os.PRIO_PROCESS, me)))
