"""The partner area's blueprint, and its tiles; the modules with its pages are imported where it is registered."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from flask import Blueprint

from portal.accounts.people import Organisation

bp = Blueprint("partner", __name__, url_prefix="/partner")


class Tile(NamedTuple):
    """A part of the overview: the template that shows it, and what it shows of a reseller, in few queries."""

    template: str
    load: Callable[[Organisation, datetime], dict[str, Any]]


TILES: list[Tile] = []  # in the order in which the area's modules add theirs
SHORT = 5  # rows of a tile
