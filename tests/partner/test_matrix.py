"""The access table with a reseller's people in it: each address with ids of the customer's things."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.people import Organisation
from portal.db import db, utcnow
from tests import cast
from tests.house.access import ALLOWED, Row, status, table
from tests.house.test_access import again, send
from tests.partner.acting import ENDS, HOLDS, Change, let_act

ROWS = [row for row in table() if "<" in row.rule]
# What the people of a reseller may do for a customer who lets them: read and write about products, and end what is
# done. Whom a ticket is shared with and remote sessions are for the customer to decide. All else is as for a stranger.
ACTS = {
    "GET /tickets/<int:number>": "200",
    "GET /tickets/files/<token>": "200",
    "POST /tickets/<int:number>/follow": "302",
    "POST /tickets/<int:number>/unfollow": "302",
    "POST /tickets/<int:number>/close": "302",
    "POST /tickets/<int:number>/draft": "204",
    "POST /tickets/<int:number>/followers": "403",
    "POST /tickets/<int:number>/followers/remove": "422",
    "POST /tickets/<int:number>/remote/agree": "403",
    "POST /tickets/<int:number>/remote/end": "403",
    "POST /tickets/<int:number>/reopen": "422",
    "POST /tickets/<int:number>/reply": "422",
}
OF_TICKETS = [row for row in ROWS if row.rule.startswith("/tickets/")]


def wrong_cells(app: Flask, change: Change, expected: Mapping[str, str], rows: Iterable[Row]) -> list[str]:
    def anew() -> Mapping[str, object]:
        things = again(app)
        with app.app_context():
            heron, elsewhere, reseller = (
                db.session.scalars(select(Organisation.id).where(Organisation.name == name)).one()
                for name in ("Heron Marine", "Elsewhere Ltd", "Rita Resells")
            )
            world, now = cast.World({}, heron, elsewhere, reseller, {}), utcnow()
            let_act(world, now)
            change(world, now - timedelta(seconds=1))
            db.session.commit()
        return things

    wrong, things = [], anew()
    for row in rows:
        answer = send(app, row, "reseller", things)
        seen, should = status(answer), expected.get(str(row), row.statuses["reseller"])
        answer.close()
        if seen != should:
            wrong.append(f"{row}: {seen}, should be {should}")
        if row.is_unsafe and seen in ALLOWED:
            things = anew()
    return wrong


def test_who_acts_for_a_customer_reaches_their_tickets_and_nothing_else(app: Flask) -> None:
    wrong = wrong_cells(app, HOLDS["an owner"], ACTS, ROWS)
    assert not wrong, "\n".join(wrong)


def test_who_sees_all_reaches_them_too(app: Flask) -> None:
    wrong = wrong_cells(app, HOLDS["a member who sees all"], ACTS, OF_TICKETS)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("state", ["withdrawn", "a second reseller"])
def test_nothing_is_left_where_the_right_is_not(app: Flask, state: str) -> None:
    wrong = wrong_cells(app, ENDS[state], {}, ROWS)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("state", sorted(ENDS))
def test_no_ticket_is_reached_without_the_right(app: Flask, state: str) -> None:
    wrong = wrong_cells(app, ENDS[state], {}, OF_TICKETS)
    assert not wrong, "\n".join(wrong)
