"""Effective rights, against a reckoning from the list of what happened. `python -m tests.partner.rights` asks more."""

from flask import Flask

from tests.partner.rights import ACTS, PEOPLE, run


def test_what_people_see_follows_from_what_happened(app: Flask) -> None:
    cases, compared, wrong = run(app, range(1, 41))
    assert not wrong, "\n".join(wrong)
    assert compared == cases * ACTS * PEOPLE
