"""The policies that the simulated year's tickets stand under: shipped ones, moved to other zones, and edited."""

from functools import cache
from pathlib import Path

from portal.sla.loading import path_of
from tests.sla.wall import Rules

HOME = 'zone = "Europe/Amsterdam"'
POLICIES = {  # name: how many of ten tickets stand under it; `demo` also with its office elsewhere
    "demo": 4,
    "demo in Africa/Cairo": 1,  # clocks change at midnight
    "demo in Australia/Lord_Howe": 1,  # by half an hour
    "demo in America/Havana": 1,  # midnight itself twice
    "zoom": 1,
    "teamviewer-cn": 1,
    "remote-utilities": 1,
}


EDITS = {  # what a vendor may change while tickets are open
    "closes more": [("closed = [", 'closed = [ "02-17", "06-15", "06-16", "10-26", "12-23", "12-28", "12-29",')],
    "opens longer": [('"13:15-18:00"', '"12:45-20:00"'), ("mon-fri", "mon-sat"), ('"08:00-18:00"', '"06:00-22:00"')],
    "promises more": [('"8 business hours"', '"5 business hours"'), ('"2 business days"', '"1 business day"'),
                      ('"1 hour"', '"20 minutes"'), ('"8 hours"', '"3 hours"'), ('"target"', '"guarantee"')],
    "promises less": [('"4 business hours"', '"9 business hours"'), ('"2 hours"', '"30 hours"'),
                      ('"1 business day"', '"7 business hours"'), ('"2 business days"', '"2 to 4 business days"')],
}  # fmt: skip


@cache
def text_of(name: str) -> str:
    """`demo in Africa/Cairo, closes more`: a shipped policy, moved and edited."""
    place, _, edit = name.partition(", ")
    shipped, _, zone = place.partition(" in ")
    text = Path(path_of(shipped)).read_text(encoding="utf-8")
    text = text.replace(HOME, f'zone = "{zone}"') if zone else text
    for before, after in EDITS[edit] if edit else ():
        text = text.replace(before, after)
    return text


@cache
def rules_of(name: str) -> Rules:
    return Rules(text_of(name))
