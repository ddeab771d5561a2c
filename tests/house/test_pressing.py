"""Forms take what they ask for, whatever else is sent: every button of every page, pressed by who may press it."""

from itertools import cycle

import pytest
from flask import Flask

from portal.fragments import forget_fragments
from portal.web import limiter
from tests import cast
from tests.house.pressing import Press, Rows, changed, everything_there_is, presses, put_back, rows
from tests.house.test_access import furnished

ACTORS = ("owner", "agent")  # what customers and editors press, too
# Names of columns that a route takes though not each of its forms has them, and why that gives nobody anything.
TAKEN = {
    "/kb/guide/helpful": "the reason is asked for by the next form",
    "/tickets/new": "the severities follow from the product",
    "/tickets/quote": "the severities follow from the product",
    "/community/order/post/": "the queue asks why, for the author",
    "/desk/people": "skills and languages are asked for where the policy has some",
}
OFFERED_TO_TRANSLATORS = {"machine_translated"}  # an editor may say so of any text
NASTY = {
    "NUL": "a\0b",
    "no number": "99999999999999999999999",
    "less than nothing": "-1",
    "much": "x" * 20_000,
    "odd": "'\"><x>${7*7}{{7*7}}%s%(a)s\r\n\u202e",
}


def restart(app: Flask, kept: Rows) -> None:
    forget_fragments()
    limiter.reset()
    app.extensions.pop("desk_numbers", None)
    app.extensions.pop("desk_looks", None)
    put_back(app, kept)


def after(app: Flask, kept: Rows, press: Press, actor: str, more: dict[str, str]) -> tuple[int, Rows]:
    restart(app, kept)
    answer = press.send(app, actor, more)
    answer.close()
    return answer.status_code, rows(app)


@pytest.mark.parametrize("actor", ACTORS)
def test_what_was_not_asked_for_changes_nothing(app: Flask, world: cast.World, actor: str) -> None:
    """Mass assignment: the name of every column of the database is sent along, with a value that would hurt."""
    things, wrong = furnished(app, world), []
    kept = rows(app)
    every = everything_there_is(kept)
    for press in presses(app, actor, things):
        if any(press.action.startswith(address) for address in TAKEN):
            continue
        status, plain = after(app, kept, press, actor, {})
        more = {name: text for name, text in every.items() if name not in press.offered | OFFERED_TO_TRANSLATORS}
        other_status, full = after(app, kept, press, actor, more)
        if other := changed(plain, full):
            other -= changed(plain, after(app, kept, press, actor, {})[1])  # tokens and times differ each time
        if {name for name, _ in other} - {"job"} or other_status != status:
            wrong.append((str(press), status, other_status, sorted(other)))
    assert not wrong


@pytest.mark.parametrize("actor", ACTORS)
def test_nothing_typed_breaks_a_page(app: Flask, world: cast.World, actor: str) -> None:
    """One nasty text a button, in turn: all of them at all buttons take minutes."""
    things, wrong = furnished(app, world), []
    kept = rows(app)
    pressed = [press for press in presses(app, actor, things) if press.typed]
    for press, (name, text) in zip(pressed, cycle(NASTY.items()), strict=False):
        restart(app, kept)
        try:
            press.send(app, actor, {}, instead=text).close()
        except Exception as error:  # what readers would see as 500
            wrong.append((name, str(press), repr(error)[:200]))
    assert not wrong
