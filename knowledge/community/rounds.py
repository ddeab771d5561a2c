"""When digests go out: each morning or each Monday morning, by the clock of who gets them."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.web import settings


def next_round(pace: str, zone: str, *, now: datetime) -> datetime | None:
    """The next digest of that pace after `now`; None where the pace has none."""
    if pace not in ("daily", "weekly"):
        return None
    here = now.astimezone(ZoneInfo(zone))
    days = 0 if pace == "daily" else -here.weekday() % 7
    step = 1 if pace == "daily" else 7
    due = _morning(here, days)
    return due if due > now else _morning(here, days + step)


def _morning(here: datetime, days: int) -> datetime:
    day = here.date() + timedelta(days=days)
    return datetime.combine(day, time(settings().forum_digest_hour), here.tzinfo)
