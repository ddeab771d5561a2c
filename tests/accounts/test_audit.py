"""The audit log: what it keeps, who reads it, and that nothing of it can be changed."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from portal import auditing
from portal.accounts import membership
from portal.accounts.people import Organisation, User
from portal.audit import AuditEntry, note
from portal.db import db, utcnow
from tests.accounts.test_members import path
from tests.cast import World

As = Callable[[str], FlaskClient]
PORTAL = Path(auditing.__file__).parent


def test_acts_on_members_are_kept_and_read_by_their_owners(app: Flask, as_: As, world: World) -> None:
    owner = as_("owner")
    owner.post(path(app, world, "customer", "role"), data={"role": "billing"})
    owner.post(path(app, world, "colleague", "sight"), data={"all": "yes"})
    owner.post(f"/account/organisation/{world.heron}/invite", data={"email": "new@heron.example", "role": "member"})
    owner.post(path(app, world, "customer", "remove"))
    page = owner.get(f"/account/organisation/{world.heron}/audit").text
    for sentence in (
        "Olga changed the role of Carla from Member to Billing.",
        "Olga decided whether Colin sees every ticket: yes.",
        "Olga invited new@heron.example as Member.",
        "Olga removed Carla.",
    ):
        assert sentence in page
    narrow = owner.get(f"/account/organisation/{world.heron}/audit?person={world.ids['colleague']}").text
    assert "Colin sees" in narrow and "removed Carla" not in narrow
    assert "Nothing like that" in owner.get(f"/account/organisation/{world.heron}/audit?last=2020-01-01").text


def test_owners_read_their_own_and_of_staff_as_of_one(app: Flask, as_: As, world: World) -> None:
    with app.app_context():
        admin = db.session.get_one(User, world.ids["admin"])
        elsewhere = db.session.get_one(Organisation, world.elsewhere)
        membership.rename(elsewhere, "Quite Secret Ltd", by=admin, now=utcnow())
        heron = db.session.get_one(Organisation, world.heron)
        membership.rename(heron, "Heron & Co", by=admin, now=utcnow())
        db.session.commit()
        brand = app.extensions["settings"].brand_name
    theirs = as_("owner").get(f"/account/organisation/{world.heron}/audit").text
    assert f"{brand} renamed Heron Marine to Heron &amp; Co." in theirs
    assert "Quite Secret" not in theirs and "Ada" not in theirs
    everything = as_("admin").get("/desk/audit").text
    assert "Quite Secret" in everything and "Ada renamed" in everything
    assert as_("owner").get(f"/account/organisation/{world.elsewhere}/audit").status_code == 404
    assert as_("customer").get(f"/account/organisation/{world.heron}/audit").status_code == 403
    assert as_("agent").get("/desk/audit").status_code == 403


def test_it_is_a_file_too_that_no_spreadsheet_runs(app: Flask, as_: As, world: World) -> None:
    with app.app_context():
        heron, olga = (
            db.session.get_one(Organisation, world.heron),
            db.session.get_one(User, world.ids["owner"]),
        )
        olga.name = "=cmd"
        membership.rename(heron, "Heron", by=olga, now=utcnow())
        db.session.commit()
    answer = as_("owner").get(f"/account/organisation/{world.heron}/audit?csv=1")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[1][1:3] == ["organisation.renamed", "'=cmd"]


@pytest.mark.parametrize("statement", [update(AuditEntry).values(kind="nothing"), delete(AuditEntry)])
def test_nothing_of_it_is_changed(app: Flask, world: World, statement: object) -> None:
    with app.app_context():
        note("member.left", by=None, now=utcnow(), organisation_id=world.heron)
        db.session.commit()
        with pytest.raises(DatabaseError, match="only added to"):
            db.session.execute(statement)  # type: ignore[call-overload]
        db.session.rollback()
        assert db.session.scalar(db.select(AuditEntry.kind)) == "member.left"


def test_each_act_that_is_noted_has_words() -> None:
    noted = set()
    for file in PORTAL.rglob("*.py"):
        noted |= set(re.findall(r'(?:note(?:_account)?\(|written\([a-z.]+,)\s*"([a-z_]+\.[a-z_]+)"', file.read_text()))
    assert len(noted) > 10 and noted <= set(auditing.KINDS)
    assert {kind.partition(".")[0] for kind in auditing.KINDS} <= {
        *re.findall(r'^        "([a-z]+)": _\(', Path(auditing.__file__).read_text(), re.MULTILINE)
    }


def test_a_password_is_noted_never_itself(app: Flask, as_: As, world: World) -> None:
    customer = as_("customer")
    fresh = "a river of many small stones"
    customer.post(
        "/account/password",
        data={"password": "correct horse battery staple", "new_password": fresh, "new_password_confirm": fresh},
    )
    with app.app_context():
        found = db.session.scalars(db.select(AuditEntry)).all()
        assert [(one.kind, one.organisation_id) for one in found] == [("account.password", world.heron)]
        assert fresh not in str(found[0].detail)
