"""What the style guide shows: bands over a made-up calendar, and a form with and without errors."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    MultipleFileField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal.band import Band, Closure, draw, draw_week

HOME = ZoneInfo("Europe/Amsterdam")
MONDAY = date(2026, 11, 23)


class ExampleForm(FlaskForm):  # type: ignore[misc]
    """One field of each kind."""

    subject = StringField("Subject", [DataRequired("Write a subject: a few words will do."), Length(max=80)])
    product = SelectField("Product", choices=[SelectChoice("b", "Beacon"), SelectChoice("r", "Relay")])
    version = StringField("Version", [Optional()], description="Such as 4.2.1.0, from Help, About.")
    severity = RadioField(
        "How bad is it?",
        [DataRequired("Choose how bad it is.")],
        choices=[
            SelectChoice("P1", "Nobody can work"),
            SelectChoice("P2", "Hampered"),
            SelectChoice("P3", "Minor"),
        ],
    )
    text = TextAreaField("What happened?", [DataRequired("Tell us what happened."), Length(max=400)])
    files = MultipleFileField("Files", [Optional()])
    email = EmailField("E-mail address", [DataRequired("Write your e-mail address.")])
    password = PasswordField("Password", [DataRequired("Choose a password.")])
    consent = BooleanField("Support may look at my machine while I watch", [Optional()])


def examples() -> dict[str, Any]:
    """The context of `styleguide/index.html`."""
    broken = ExampleForm(formdata=None, meta={"csrf": False})
    broken.validate()
    return {
        "form": ExampleForm(formdata=None, data={"severity": "P2"}, prefix="good-"),
        "broken": broken,
        "bands": bands(),
        "weeks": weeks(),
        "queue": queue(),
        "page": example_page(),
        "at": at(0, 14, 32),
    }


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A local time of the made-up week (Monday is day 0)."""
    return datetime(2026, 11, 23, hour, minute, tzinfo=HOME).astimezone(UTC) + timedelta(days=day)


def office_hours(days: int = 40, first: int = -14) -> Iterator[tuple[datetime, datetime]]:
    """Monday to Friday, nine to half past five; Thursday of the second week is closed."""
    for day in range(first, first + days):
        if day % 7 < 5 and day != 10:
            yield at(day, 9), at(day, 17, 30)


def bands() -> dict[str, Band]:
    """One band of every kind that a ticket can have."""
    office, holiday = list(office_hours()), [Closure(at(10, 0), at(11, 0), "St Nicholas' Day")]
    always = [(at(-7, 0), at(21, 0))]
    shared: dict[str, Any] = {"zone": HOME, "locale": "en_GB"}
    return {
        "quote": draw(office, received_at=at(0, 14, 32), due_at=at(1, 14, 2), now=at(0, 14, 32), **shared),
        "hour": draw(always, received_at=at(0, 22, 10), due_at=at(0, 23, 10), now=at(0, 22, 10), **shared),
        "range": draw(
            office,
            received_at=at(8, 16, 5),
            earliest_at=at(14, 10, 0),
            due_at=at(15, 16, 5),
            now=at(8, 16, 5),
            closures=holiday,
            **shared,
        ),
        "running": draw(office, received_at=at(3, 15, 40), due_at=at(7, 11, 10), now=at(4, 11, 20), **shared),
        "kept": draw(
            office,
            received_at=at(0, 14, 32),
            due_at=at(2, 14, 2),
            now=at(3, 9),
            answered_at=at(1, 10, 48),
            **shared,
        ),
        "missed": draw(
            office,
            received_at=at(0, 9, 30),
            due_at=at(1, 12),
            now=at(3, 9),
            answered_at=at(2, 10, 5),
            **shared,
        ),
        "paused": draw(
            office,
            received_at=at(0, 10),
            due_at=at(4, 15),
            now=at(3, 12),
            pauses=[(at(1, 11), at(2, 15))],
            **shared,
        ),
        "rtl": draw(
            office,
            received_at=at(0, 14, 32),
            due_at=at(1, 14, 2),
            now=at(0, 14, 32),
            zone=HOME,
            locale="ar",
            rtl=True,
        ),
    }


def weeks() -> list[tuple[str, str, Band]]:
    """Name, sentence and band of three calendars."""
    workdays = [(at(0, 0), at(5, 0))]
    lunch = [(at(day, a), at(day, b)) for day in range(5) for a, b in ((8, 12), (13, 17))]
    kinds = [
        ("Around the clock", "Open all day, every day.", [(at(0, 0), at(7, 0))]),
        ("24x5", "Open from Monday 00:00 to Friday 24:00.", workdays),
        ("Office hours", "Open Monday to Friday, 8:00 to 12:00 and 13:00 to 17:00.", lunch),
    ]
    shared: dict[str, Any] = {"first": MONDAY, "zone": HOME, "now": at(1, 10)}
    return [(name, text, draw_week(hours, **shared)) for name, text, hours in kinds]


def queue() -> list[SimpleNamespace]:
    """Rows of the desk over one shared window."""
    office, now = list(office_hours()), at(1, 13, 10)
    window = (at(0, 12), at(3, 0))
    rows = [
        ("Sync stops after the update to 4.2.1", "late", "P1", 1, at(0, 14), at(1, 11)),
        ("Two sites show the wrong clock", "soon", "P2", 2, at(0, 16, 30), at(1, 14)),
        ("How do we move licences to a new owner?", "running", "P3", 3, at(1, 9, 10), at(2, 12)),
        ("Report as PDF cuts off the last column", "running", "P4", 4, at(1, 12, 40), at(2, 16)),
    ]
    return [
        SimpleNamespace(
            subject=subject,
            state=state,
            severity=severity,
            level=level,
            due_at=due_at,
            band=draw(office, received_at=received, due_at=due_at, now=now, zone=HOME, window=window),
        )
        for subject, state, severity, level, received, due_at in rows
    ]


def example_page() -> SimpleNamespace:
    """Page 3 of 9, as a Pagination has it."""
    return SimpleNamespace(
        pages=9,
        page=3,
        has_prev=True,
        has_next=True,
        prev_num=2,
        next_num=4,
        first=41,
        last=60,
        total=173,
        iter_pages=lambda **_edges: [1, 2, 3, 4, None, 9],
    )
