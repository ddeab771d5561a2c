"""Numbers in addresses that are no key of any database: there is nothing by them, and nothing breaks."""

import re

import pytest
from flask import Flask

from tests import cast
from tests.house.access import enter, table

RULES = sorted({(row.method, row.rule) for row in table() if "<int:" in row.rule})
ASKED = [
    ("GET", f"/manuals/desk/new?from={2**40}"),
    ("GET", f"/tickets/new?draft={2**40}"),
    ("GET", f"/tickets/?page={2**70}"),
]


@pytest.mark.parametrize("number", ["0", str(2**31), str(2**63), "9" * 5000])
def test_a_number_that_is_none_breaks_nothing(app: Flask, world: cast.World, number: str) -> None:
    browsers = [enter(app, cast.ADDRESSES[name]) for name in ("owner", "admin")]
    for method, rule in [*RULES, *ASKED]:
        address = re.sub("<[^>]+>", "x", re.sub("<int:[^>]+>", number, rule))
        for browser in browsers:
            with browser.open(address, method=method) as answer:
                assert answer.status_code < 500, f"{method} {address[:100]}"
