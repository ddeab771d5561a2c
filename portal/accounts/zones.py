"""Time zones to choose from, grouped by region, each with what its clocks show now."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location
from flask_babel import get_locale
from wtforms.fields import SelectChoice

from portal.db import utcnow
from portal.web import zones

REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zone_choices(current: str | None = None) -> list[SelectChoice]:
    """Choices for a select, by region and city; `current` is among them even if it goes by an old name."""
    locale = get_locale() or Locale("en")
    listed = _choices(str(locale), utcnow().replace(minute=0, second=0, microsecond=0))
    choices = [SelectChoice(value, label, optgroup=region) for region, label, value in listed]
    if current and all(choice.value != current for choice in choices):
        label = f"{current} ({offset(current, utcnow())})"
        choices.insert(0, SelectChoice(current, label, optgroup=current.split("/")[0]))
    return choices


def offset(zone: str, at: datetime) -> str:
    """`UTC+05:45`: how far the zone's clocks are from UTC at that instant."""
    text = at.astimezone(ZoneInfo(zone)).strftime("%z")
    return "UTC" if text[:5] in ("+0000", "-0000") else f"UTC{text[:3]}:{text[3:5]}"


@lru_cache(maxsize=16)
def _choices(locale: str, hour: datetime) -> tuple[tuple[str, str, str], ...]:
    """(region, label, zone) in reading order; kept for the hour, since clocks change."""
    found = []
    for zone in _places():
        region, _, place = zone.partition("/")
        found.append((region, f"{_city(zone, place, locale)} ({offset(zone, hour)})", zone))
    return (("UTC", "UTC", "UTC"), *sorted(found))


def _places() -> list[str]:
    """The zones that stand for a place, without the old names of the same ones."""
    aliases = get_global("zone_aliases")
    return [zone for zone in zones() if zone.split("/")[0] in REGIONS and "/" in zone and zone not in aliases]


def _city(zone: str, place: str, locale: str) -> str:
    """The city in the reader's language where Babel knows it, else as the database of zones spells it."""
    try:
        named = str(get_timezone_location(ZoneInfo(zone), locale=Locale.parse(locale), return_city=True))
    except (LookupError, ValueError):
        named = ""
    return named or place.replace("_", " ").replace("/", ", ")
