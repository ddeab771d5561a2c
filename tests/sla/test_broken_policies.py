"""Each broken file is refused with file, line, key and reason; all of its faults at once."""

import contextlib
import copy
import random
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portal.sla import PolicyError, check_file, load_policy, parse_policy, path_of
from portal.sla.lines import line_numbers

SOUND = """\
[policy]
id = "small"
version = "1"
name = "Small"
vendor = "Nobody"
in_force = 2026-01-01
zone = "Europe/Amsterdam"
free_plan = "free"
default_severity = "normal"

[calendars.office]
name = "office hours"
zone = "Europe/Amsterdam"
holidays = { country = "NL" }
closed = ["12-24"]
hours = { mon-fri = ["09:00-12:00", "13:00-17:00"] }

[severities]
high = { name = "High", wording = "Bad." }
normal = { name = "Normal", wording = "Not so bad." }

[channels]
ticket = { name = "Ticket" }
chat = { name = "Chat", guaranteed = false }

[tiers.standard]
name = "Standard"
hours = "office"
severities = ["high", "normal"]

[plans.free]
name = "Free"
rank = 1
tiers = "standard"
channels = "ticket"

[[targets]]
tier = "standard"
basis = "target"
calendar = "office"
first_response = { high = "2 business hours", normal = "1 business day" }

[queues]
support = "Support"

[[warnings]]
clock = "first_response"
used = 50
tell = "assignee"
"""

BROKEN = {  # name: (what stands there, what to write instead, key, line of the fault, words of the reason)
    "unknown key": ('vendor = "Nobody"', 'vendr = "Nobody"', "policy.vendr", 5, "unknown key; did you mean 'vendor'?"),
    "missing key": ('version = "1"\n', "", "policy.version", 1, "is missing"),
    "missing tier": ('tiers = "standard"', 'tiers = "gold"', "plans.free.tiers", 34, "there is no 'gold' in [tiers]"),
    "calendar without hours": ('["09:00-12:00", "13:00-17:00"]', "[]", "calendars.office.hours", 16, "opens on no day"),
    "ambiguous day": ("1 business day", "1 day", "targets[0].first_response.normal", 41, "'day' is ambiguous"),
    "ambiguous week": ("1 business day", "2 weeks", "targets[0].first_response.normal", 41, "'weeks' is ambiguous"),
    "overlapping intervals": ("13:00", "11:00", "calendars.office.hours.mon-fri", 16, "starts at 11:00, before 12:00"),
    "backward interval": ("13:00-17:00", "17:00-09:00", "calendars.office.hours.mon-fri", 16, "ends before it starts"),
    "bad zone": ('zone = "Europe/Amsterdam"\nholi', 'zone = "Europe/Amsterdm"\nholi', "calendars.office.zone", 13,
                 "did you mean 'Europe/Amsterdam'?"),
    "zone by abbreviation": ('zone = "Europe/Amsterdam"\nfree', 'zone = "CET"\nfree', "policy.zone", 7, "no time zone"),
    "unknown country": ('"NL"', '"XX"', "calendars.office.holidays[0]", 14, "no public holidays are known for 'XX'"),
    "impossible date": ('"12-24"', '"02-30"', "calendars.office.closed[0]", 15, "is no date of the calendar"),
    "undefined severity": ('"high", "normal"]', '"high", "low"]', "tiers.standard.severities[1]", 29,
                           "there is no 'low' in [severities]"),
    "default not had": ('default_severity = "normal"\n', "", "tiers.standard.severities", 28,
                        "needs a default_severity"),
    "undefined calendar": ('calendar = "office"', 'calendar = "night"', "targets[0].calendar", 40,
                           "there is no 'night' in [calendars]; it has 24x7, office"),
    "contradictory basis": ('basis = "target"', 'basis = "none"', "targets[0].basis", 39,
                            "but the block gives a figure"),
    "figure without a basis": ("[queues]",
                               '[[targets]]\nbasis = "none"\n\n[[targets]]\nfirst_response = "1 hour"\n\n[queues]',
                               "targets", 37, "but the basis of an earlier block is 'none'"),
    "wrong basis": ('basis = "target"', 'basis = "promise"', "targets[0].basis", 39,
                    "must be one of guarantee, target"),
    "no basis": ('basis = "target"\n', "", "targets", 37, "no block gives a basis for plan 'free'"),
    "no calendar": ('calendar = "office"\n', "", "targets", 37, "count business time, but no block gives a calendar"),
    "unused calendar": ('{ high = "2 business hours", normal = "1 business day" }', '"2 hours"', "targets[0].calendar",
                        40, "is not used"),
    "unreachable target": ("[queues]", '[[targets]]\nfirst_response = "1 hour"\n\n[queues]',
                           "targets[0].first_response", 41, "later blocks override it"),
    "unreachable block": ("[queues]", '[[targets]]\nchannel = "ticket"\nreseller = true\nupdate = "1 hour"\n\n[queues]',
                          "targets[1]", 43, "can't be reached"),
    "backward range": ("2 business hours", "3 to 2 business hours", "targets[0].first_response.high", 41,
                       "must go from less to more"),
    "wrong type": ("rank = 1", 'rank = "first"', "plans.free.rank", 33, "must be a whole number, not a text ('first')"),
    "out of range": ("used = 50", "used = 150", "warnings[0].used", 48, "must lie between 0 and 100"),
    "two ways to warn": ("used = 50", 'used = 50\nleft = "1 hour"', "warnings[0]", 46, "either 'used'"),
    "levels without an area": (
        "[queues]",
        '[resellers]\nchannels = "ticket"\nrank = 2\ntier = "standard"\n'
        'levels = { gold = { name = "G", discount = 5 } }'
        "\n\n[queues]", "resellers.levels", 47, "of no use without partner_area = true"),
    "too much discount": (
        "[queues]",
        '[resellers]\nchannels = "ticket"\nrank = 2\ntier = "standard"\n'
        'levels = { gold = { name = "G", discount = 101 } }'
        "\n\n[queues]", "resellers.levels.gold.discount", 47, "must lie between 0 and 100"),
    "no English": ('name = "Ticket"', 'name = { de = "Ticket" }', "channels.ticket.name", 23, "has no English text"),
    "not TOML": ("[queues]", "[queues", "", 43, "is not TOML"),
}  # fmt: skip


def test_the_sound_one_is_sound():
    assert parse_policy(SOUND).id == "small"


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_named_with_line_key_and_reason(name, tmp_path: Path):
    before, after, key, line, reason = BROKEN[name]
    assert SOUND.count(before) == 1
    path = tmp_path / "broken.toml"
    path.write_text(SOUND.replace(before, after), encoding="utf-8")
    found = [(p.file, p.line, p.key) for p in check_file(path) if reason in p.reason]
    assert (str(path), line, key) in found, [str(problem) for problem in check_file(path)]


def test_all_faults_are_told_in_the_order_of_their_lines():
    broken = SOUND.replace("rank = 1", "rank = 0").replace('vendor = "Nobody"', "vendor = 7").replace("used", "usd")
    with pytest.raises(PolicyError) as caught:
        parse_policy(broken, "three.toml")
    assert [problem.key for problem in caught.value.problems] == ["policy.vendor", "plans.free.rank", "warnings[0].usd"]
    assert (
        str(caught.value).splitlines()[0]
        == "three.toml:5: policy.vendor: must be a text that is not empty, not a number (7)"
    )


def test_no_value_anywhere_breaks_the_reader(monkeypatch):
    """Any value in any place is either right or a PolicyError, never another error."""
    dice = random.Random(7)
    text = path_of("demo").read_text(encoding="utf-8")
    document = tomllib.loads(text, parse_float=Decimal)
    odd = [0, -5, True, "", "x", "24x7", "0 hours", [], {}, [1], ["x", "x"], [[]], [{}], {"a": 1}, {"within": 1},
           Decimal("1.5"), Decimal("NaN"), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]  # fmt: skip
    for _ in range(150):
        draft = copy.deepcopy(document)
        table, key = dice.choice(list(places(draft)))
        table[key] = dice.choice(odd)
        monkeypatch.setattr(tomllib, "loads", lambda *_, draft=draft, **__: draft)
        with contextlib.suppress(PolicyError):
            parse_policy(text)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (table or list, key or index) inside a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(inside):
        yield value, key
        yield from places(inner)


def test_a_file_that_is_not_there_names_the_shipped_ones():
    with pytest.raises(PolicyError, match=re.escape("shipped policies: demo, remote-utilities, teamviewer-cn")):
        load_policy("nowhere.toml")


def test_a_changed_file_is_read_anew(tmp_path: Path):
    path = tmp_path / "own.toml"
    path.write_text(SOUND, encoding="utf-8")
    first = load_policy(path)
    assert load_policy(path) is first
    path.write_text(SOUND.replace('version = "1"', 'version = "1.1"'), encoding="utf-8")
    assert load_policy(path).version == "1.1"


def test_lines_of_keys_in_nested_tables_and_long_values():
    lines = line_numbers(
        '[a.b]\nlong = [\n  "]",\n  { x = 1 },\n]\nnext = 2\n[[c]]\n[[c]]\nd = """\n[no]\n"""\n[c.e]\nf = 1\n'
    )
    assert (lines["a.b.long"], lines["a.b.next"], lines["c[1].d"], lines["c[1].e.f"]) == (2, 6, 9, 13)
    assert "no" not in lines
