"""Sight of all tickets, handing an organisation over, and organisations that nobody owns."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts import membership
from portal.accounts.people import MemberRole, Membership, User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import run_due
from portal.mail import Mail
from portal.tickets.ticket import Ticket
from tests import cast
from tests.accounts.rows import organisation_things
from tests.accounts.test_members import path, role_of
from tests.cast import World
from tests.desk.rows import file_one

As = Callable[[str], FlaskClient]


def seen_by(app: Flask, world: World, name: str) -> set[int]:
    with app.app_context():
        person = db.session.get_one(User, world.ids[name])
        return set(db.session.scalars(Ticket.visible_to(person).with_only_columns(Ticket.number)))


def test_sight_of_all_tickets_is_given_and_taken(app: Flask, as_: As, world: World) -> None:
    with app.app_context():
        number = file_one(world)
        db.session.commit()
    owner, colleague = as_("owner"), as_("colleague")
    assert number not in seen_by(app, world, "colleague")
    assert owner.post(path(app, world, "colleague", "sight"), data={"all": "yes"}).status_code == 302
    assert number in seen_by(app, world, "colleague")
    assert str(number) in colleague.get("/tickets/?whose=organisation").text
    assert "sees all tickets" in owner.get(f"/account/organisation/{world.heron}").text
    owner.post(path(app, world, "colleague", "sight"))
    assert number not in seen_by(app, world, "colleague")
    assert colleague.get(f"/tickets/{number}").status_code == 404


def test_an_owner_hands_the_organisation_over(app: Flask, as_: As, world: World) -> None:
    owner = as_("owner")
    page = owner.get(path(app, world, "customer", "hand-over"))
    assert "Hand over Heron Marine" in page.text and role_of(app, world, "owner") is MemberRole.OWNER
    assert owner.post(path(app, world, "customer", "hand-over")).status_code == 302
    assert role_of(app, world, "owner") is MemberRole.MEMBER
    assert role_of(app, world, "customer") is MemberRole.OWNER
    with app.app_context():
        run_due()
        told = {mail.recipient: mail.subject for mail in db.session.scalars(db.select(Mail))}
    assert told == {
        world.email("owner"): "Heron Marine has a new owner",
        world.email("customer"): "You are an owner of Heron Marine now",
    }
    assert owner.post(path(app, world, "colleague", "hand-over")).status_code == 403


def test_nobody_hands_over_what_is_not_theirs_or_to_somebody_who_left(app: Flask, world: World) -> None:
    now = utcnow()
    with app.app_context():
        people = {name: db.session.get_one(User, world.ids[name]) for name in ("owner", "customer", "suspended")}
        theirs = {
            one.user_id: one for one in db.session.scalars(db.select(Membership).filter_by(organisation_id=world.heron))
        }
        organisation = theirs[people["owner"].id].organisation
        with pytest.raises(Refused):
            membership.hand_over(organisation, theirs[people["owner"].id], by=people["customer"], now=now)
        with pytest.raises(Refused):
            membership.hand_over(organisation, theirs[people["owner"].id], by=people["owner"], now=now)
        with pytest.raises(Refused):
            membership.hand_over(organisation, theirs[people["suspended"].id], by=people["owner"], now=now)
        membership.remove(theirs[people["customer"].id], by=people["owner"], now=now)
        with pytest.raises(Refused):
            membership.hand_over(organisation, theirs[people["customer"].id], by=people["owner"], now=now)


def test_an_administrator_gives_an_orphaned_organisation_an_owner(app: Flask, as_: As, world: World) -> None:
    with app.app_context():
        alone = organisation_things(world.heron)["/desk/owners/<int:organisation_id> organisation_id"]
        db.session.commit()
        lou = db.session.scalars(db.select(Membership).filter_by(organisation_id=alone)).one()
        address, where = lou.id, f"/desk/owners/{alone}"
    admin = as_("admin")
    page = admin.get("/desk/owners").text
    assert "Left Alone Ltd" in page and "Heron Marine" not in page
    assert as_("agent").get(where).status_code == 403
    assert admin.post(where, data={"to": address}).status_code == 422  # without a reason
    assert admin.post(where, data={"to": address, "reason": "The owner retired."}).status_code == 302
    assert admin.get(where).status_code == 404
    with app.app_context():
        assert db.session.get_one(Membership, address).role == MemberRole.OWNER
        run_due()
        assert db.session.scalars(db.select(Mail.subject)).all() == ["You are an owner of Left Alone Ltd now"]


def test_where_somebody_can_decide_nobody_else_appoints(app: Flask, as_: As, world: World) -> None:
    assert as_("admin").get(f"/desk/owners/{world.heron}").status_code == 404
    with app.app_context():
        member = cast.join(cast.make_user("new@heron.example"), membership_of(world), "member")
        db.session.flush()
        with pytest.raises(Refused):
            membership.appoint(member, reason="No.", by=db.session.get_one(User, world.ids["admin"]), now=utcnow())


def membership_of(world: World) -> "cast.Organisation":
    return db.session.get_one(cast.Organisation, world.heron)
