"""What the home page shows: is somebody there now, what is mine, and which ways to get help this visitor has."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hall:
    """The home page's parts for one reader."""

    tickets: tuple[Any, ...] = ()


def front_desk(person: Any) -> Hall:
    """Gather the home page for a visitor or a person who signed in."""
    return Hall()
