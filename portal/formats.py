"""Dates, sizes and durations as the reader writes them: template filters over Babel."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.numbers import format_percent
from babel.units import format_unit
from flask import Flask, g
from flask_babel import get_locale, get_translations, gettext
from markupsafe import Markup, escape

from portal.sla.durations import Duration
from portal.sla.text import Text
from portal.sla.wording import Voice
from portal.web import reader_zone

COUNTS_SECONDS = timedelta(minutes=2)  # how long "ago" may be said in seconds
SIZES = ("byte", "kilobyte", "megabyte", "gigabyte")


def init_formats(app: Flask) -> None:
    moments, words = (when, when_date, when_day, month, lasting, ago, duration), (filesize, share, country, listed)
    for filter_ in (*moments, *words, closed_days):
        app.add_template_filter(filter_)


def when(moment: datetime | None) -> str:
    """`<time>` in the reader's language and zone, with weekday and the zone's abbreviation. `moment` is aware."""
    if moment is None:
        return ""
    zone = str(reader_zone())
    return _time(moment, _kept_voice(zone).when(moment, zone))


def when_date(moment: datetime | None) -> str:
    """`<time>` with the date alone, in the reader's zone."""
    if moment is None:
        return ""
    return _time(moment, format_date(moment.astimezone(reader_zone()), "medium", locale=date_locale()))


def when_day(day: date | None) -> str:
    """A calendar day (no instant, so no zone) as the reader writes it."""
    assert not isinstance(day, datetime), "the day of a moment depends on the zone: when_date"
    return str(format_date(day, "medium", locale=date_locale())) if day else ""


def month(day: date) -> str:
    """The month of a day, as a heading: 'October 2026'."""
    return str(format_date(day, "LLLL y", locale=date_locale()))


def lasting(seconds: float) -> str:
    """A length of time by its two largest units: '2 days 3 hr', '5 min'. What is shorter than a minute is one."""
    left, parts = max(60, int(seconds)), list[str]()
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count, left = divmod(left, size)
        if count and len(parts) < 2:
            parts.append(str(format_unit(count, f"duration-{unit}", length="short", locale=date_locale())))
    return " ".join(parts)


def ago(moment: datetime | None) -> str:
    """`<time>` as distance from now ('3 hours ago', 'in 2 days')."""
    if moment is None:
        return ""
    distance = format_timedelta(moment - datetime.now(UTC), add_direction=True, locale=date_locale())
    return _time(moment, distance)


def share(percent: Decimal, locale: Locale | None = None) -> str:
    """Percent as the reader writes them; 2 is two percent."""
    return str(format_percent(percent / 100, locale=locale or date_locale(), decimal_quantization=False))


def filesize(size: int) -> str:
    """Bytes in the largest unit that keeps the number above one, as the reader writes numbers and units."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit < len(SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    number = round(amount, 1 if unit and amount < 10 else 0)
    return str(format_unit(number, SIZES[unit], length="short" if unit else "long", locale=date_locale()))


def duration(length: Duration) -> str:
    """A policy's duration in words: '4 support hours', '48 to 72 hours'."""
    return reader_voice().duration(length)


def country(code: str) -> str:
    """The name of a country (ISO 3166 code) in the reader's language."""
    return str(date_locale().territories.get(code.upper(), code))


def listed(items: Iterable[object]) -> str:
    """Several names as the reader's language lists them: 'A, B and C', 'A、B和C'. What is marked up stays so."""
    locale = date_locale()
    parts = [item.to(locale) if isinstance(item, Text) else item for item in items]
    if any(isinstance(part, Markup) for part in parts):
        return Markup(format_list([str(escape(part)) for part in parts], locale=locale))
    return format_list([str(part) for part in parts], locale=locale)


def closed_days(days: Iterable[tuple[date, Text | None]]) -> str:
    """Closed days as a list, each with what it is called; a name in another language says which."""
    return listed(closed_day(day, name) for day, name in days)


def closed_day(day: date, name: Text | None) -> Markup:
    written = escape(when_day(day))
    if name is None:
        return written
    return Markup(gettext("%(day)s (%(name)s)")) % {"day": written, "name": closure_name(name)}


def closure_name(name: Text) -> Markup:
    """What a closed day is called, marked where that isn't in the reader's language."""
    said, language = reader_voice().closure(name)
    own = str(get_locale() or "en").split("_")[0]
    return escape(said) if language == own else Markup('<span lang="{}">{}</span>').format(language, said)


def closure_words(name: Text | None) -> str:
    """What a closed day is called, where nothing can be marked up: in a drawing."""
    return reader_voice().closure(name)[0] if name else ""


def reader_voice(zone: str | None = None) -> Voice:
    """Who renders explanations of the SLA module for this reader: their language, their zone or the one given."""
    return Voice(str(get_locale() or "en"), zone or str(reader_zone()), gettext, plural)


def plural(singular: str, several: str, number: int) -> str:
    """The right form, not filled in: the SLA module fills it in itself."""
    return str(get_translations().ungettext(singular, several, number))


def date_locale() -> Locale:
    """The locale that dates and numbers are written in; plain English is written the British way."""
    locale = get_locale() or Locale("en")
    return Locale("en", "GB") if str(locale) == "en" else locale


def _kept_voice(zone: str) -> Voice:
    """The reader's voice, made once a request: lists write many times."""
    key = (str(get_locale()), zone)
    if g.get("voice_of") != key:
        g.voice_of, g.voice = key, reader_voice(zone)
    voice: Voice = g.voice
    return voice


def _time(moment: datetime, text: str) -> Markup:
    stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(stamp, escape(text))
