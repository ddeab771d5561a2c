"""What other areas link to incidents: kept for some seconds, so that pages of things without a link ask nothing."""

import time

from flask import current_app
from sqlalchemy import Select

from portal.db import read

KEPT = 15.0  # seconds that a page may be behind what another process linked


def linked(kind: str, query: Select[int]) -> frozenset[int]:
    """The ids that the query finds, as `kind`, some seconds old at most."""
    shelf = current_app.extensions.setdefault("linked", {})
    until, found = shelf.get(kind, (0.0, frozenset()))
    if until <= (now := time.monotonic()):
        found = frozenset(row[0] for row in read(query))
        shelf[kind] = (now + KEPT, found)
    return frozenset(found)


def forget_linked(kind: str) -> None:
    """Something of this kind was linked, or isn't any more."""
    current_app.extensions.setdefault("linked", {}).pop(kind, None)
