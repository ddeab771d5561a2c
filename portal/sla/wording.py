"""Explanations in the reader's language and time zone. Babel writes dates, numbers and lists; nothing is glued here.

The sentences are marked in `steps`' manner (`N_`, `ngettext`) and translated by the functions that callers pass in:
this module knows no catalogue. Times always carry their zone.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time, get_timezone_gmt
from babel.lists import format_list
from babel.numbers import format_decimal

from portal.sla.durations import Duration
from portal.sla.steps import N_, Arg, Days, Moment, Step, Texts, ngettext
from portal.sla.text import Text

Translate = Callable[[str], str]
TranslatePlural = Callable[[str, str, int], str]


class Explained(Protocol):
    @property
    def steps(self) -> tuple[Step, ...]: ...


def sentences(
    quote: Explained,
    *,
    locale: object = "en",
    zone: str | None = None,
    translate: Translate | None = None,
    translate_plural: TranslatePlural | None = None,
) -> list[str]:
    """The explanation of a quote, a sentence a step. `zone` is the reader's; without it times are the policy's.

    `translate` and `translate_plural` are gettext and ngettext; without them the sentences are English, while dates
    and the policy's own texts follow `locale`.
    """
    voice = Voice(locale, zone, translate, translate_plural)
    return [voice.say(step) for step in quote.steps]


class Voice:
    """One reader: language, zone and the translations that suit them."""

    def __init__(
        self,
        locale: object = "en",
        zone: str | None = None,
        translate: Translate | None = None,
        translate_plural: TranslatePlural | None = None,
    ) -> None:
        self.language = str(locale).replace("-", "_")
        self.locale = Locale.parse("en_GB" if self.language == "en" else self.language)
        self.zone = zone
        self.translate = translate or (lambda message: message)
        self.plural = translate_plural or (lambda one, many, number: one if number == 1 else many)

    def say(self, step: Step) -> str:
        return self.translate(step.message) % {name: self.arg(arg) for name, arg in step.args.items()}

    def arg(self, arg: Arg) -> str:
        match arg:
            case Moment(at, zone):
                return self.moment(at, zone)
            case Days():
                return self.days(arg)
            case Texts(items):
                return self.list([item.to(self.language) for item in items])
            case Text():
                return arg.to(self.language)
            case Duration():
                return self.duration(arg)
            case Step():
                return self.say(arg)
        return arg

    def moment(self, at: datetime, home: str) -> str:
        """The reader's time first; the zone of those who answer behind it, where its clocks show another time."""
        own = self.zone or home
        if _offset(at, own) == _offset(at, home):
            return self.when(at, own)
        same_day = at.astimezone(ZoneInfo(own)).date() == at.astimezone(ZoneInfo(home)).date()
        theirs = self.clock(at, home) if same_day else self.when(at, home)
        return self.translate(BOTH_ZONES) % {"yours": self.when(at, own), "theirs": theirs}

    def when(self, at: datetime, zone: str) -> str:
        return self.translate(DATE_AND_TIME) % {"date": self.day(at, zone), "time": self.clock(at, zone)}

    def day(self, at: datetime, zone: str) -> str:
        return _day(at, zone, self.locale)

    def clock(self, at: datetime, zone: str) -> str:
        """The time with its zone: by the short name that readers of the language know, else as distance from GMT."""
        return _clock(at, zone, self.locale)

    def duration(self, duration: Duration) -> str:
        most = self.amount(duration.most, duration)
        if duration.least is None:
            return most
        return self.translate(RANGE) % {"least": self.amount(duration.least, duration, bare=True), "most": most}

    def amount(self, amount: int, duration: Duration, *, bare: bool = False) -> str:
        """'4 business hours', or the bare number. Seconds are told in hours if the whole duration is hours."""
        kind, size = "minutes", 60
        if duration.unit == "business days":
            kind, size = "days", 1
        elif duration.most % 3600 == 0 and (duration.least or 0) % 3600 == 0:
            kind, size = "hours", 3600
        if bare:
            return str(format_decimal(amount // size, locale=self.locale))
        return self.number(AMOUNTS[kind, duration.unit != "hours"], amount // size)

    def days(self, days: Days) -> str:
        parts = [self.named_day(day, name) for day, name in days.named]
        if days.more:
            parts.append(self.number(MORE_DAYS, days.more))
        if days.plain:
            parts.append(self.number(PLAIN_DAYS, days.plain))
        return self.list(parts)

    def named_day(self, day: date, name: Text | None) -> str:
        written = format_skeleton("MMMEd", day, locale=self.locale)
        if name is None:
            return written
        return self.translate(NAMED_DAY) % {"day": written, "name": self.closure(name)[0]}

    def closure(self, name: Text) -> tuple[str, str]:
        """What a closed day is called, and in which language that is: not every holiday has a name in each."""
        own, language = self.language.split("_")[0], name.language(self.language)
        if language == own:
            return name.to(language), language
        english = str(name)
        plain = english.removesuffix(OBSERVED)
        said = self.translate(plain) if plain in HOLIDAYS else plain
        if said == plain:
            return name.to(language), language
        if plain != english:
            said = self.translate(OBSERVED_DAY) % {"name": said}
        return said, own

    def number(self, messages: tuple[str, str], number: int) -> str:
        return self.plural(*messages, number) % {"number": format_decimal(number, locale=self.locale)}

    def list(self, items: list[str]) -> str:
        return format_list(items, locale=self.locale) if items else ""


@lru_cache(maxsize=8192)
def _day(at: datetime, zone: str, locale: Locale) -> str:
    """Babel takes 0.1 ms for a date, and a page shows the same thirty each time that it is opened."""
    return format_skeleton("yMMMEd", at, ZoneInfo(zone), locale=locale)


@lru_cache(maxsize=8192)
def _clock(at: datetime, zone: str, locale: Locale) -> str:
    local = at.astimezone(ZoneInfo(zone))
    name = format_time(at, "z", local.tzinfo, locale)
    if not name.isalpha():
        name = get_timezone_gmt(local, "long", locale=locale)
    return f"{format_time(at, 'short', local.tzinfo, locale)} {name}"


def _offset(at: datetime, zone: str) -> object:
    return at.astimezone(UTC).astimezone(ZoneInfo(zone)).utcoffset()


# The public holidays of the shipped calendars, whose tables know few languages. In all others they are translated.
HOLIDAYS = frozenset(
    {
        N_("New Year's Day"),
        N_("Martin Luther King Jr. Day"),
        N_("Washington's Birthday"),
        N_("Good Friday"),
        N_("Easter Sunday"),
        N_("Easter Monday"),
        N_("Patriots' Day"),
        N_("King's Day"),
        N_("Liberation Day"),
        N_("Ascension Day"),
        N_("Memorial Day"),
        N_("Pentecost"),
        N_("Pentecost Monday"),
        N_("Juneteenth National Independence Day"),
        N_("Independence Day"),
        N_("Labor Day"),
        N_("Columbus Day"),
        N_("Veterans Day"),
        N_("Thanksgiving Day"),
        N_("Christmas Day"),
        N_("Second Day of Christmas"),
    }
)
OBSERVED, OBSERVED_DAY = " (observed)", N_("%(name)s (observed)")
BOTH_ZONES = N_("%(yours)s (%(theirs)s at support)")
DATE_AND_TIME = N_("%(date)s, %(time)s")
NAMED_DAY = N_("%(day)s (%(name)s)")
RANGE = N_("%(least)s to %(most)s")
MORE_DAYS = ngettext("%(number)s more closed day", "%(number)s more closed days")
PLAIN_DAYS = ngettext("%(number)s day without business hours", "%(number)s days without business hours")
AMOUNTS = {
    ("minutes", False): ngettext("%(number)s minute", "%(number)s minutes"),
    ("hours", False): ngettext("%(number)s hour", "%(number)s hours"),
    ("minutes", True): ngettext("%(number)s business minute", "%(number)s business minutes"),
    ("hours", True): ngettext("%(number)s business hour", "%(number)s business hours"),
    ("days", True): ngettext("%(number)s business day", "%(number)s business days"),
}
