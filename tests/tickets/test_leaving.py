"""Rights end with membership, for what one filed oneself too."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.people import Membership, User
from portal.db import db, utcnow
from portal.mail import Mail
from portal.tickets import conversation
from portal.tickets.ticket import Ticket
from tests import cast
from tests.tickets import writing


def leave(world: cast.World, name: str) -> None:
    query = select(Membership).where(Membership.user_id == world.ids[name], Membership.ended_at.is_(None))
    db.session.execute(query).scalar_one().ended_at = utcnow()
    db.session.commit()


def test_who_leaves_reads_no_more_of_what_they_filed(
    app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]
) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    number = writing.filed(browser)
    assert browser.get(f"/tickets/{number}").status_code == 200
    with app.app_context():
        leave(world, "customer")
    assert browser.get(f"/tickets/{number}").status_code == 404
    assert str(number) not in browser.get("/tickets/").text
    assert as_("owner").get(f"/tickets/{number}").status_code == 200


def test_who_left_is_not_written_to(app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]) -> None:
    writing.equip(app, world)
    number = writing.filed(as_("customer"))
    with app.app_context():
        leave(world, "customer")
        before = db.session.scalar(select(db.func.count()).select_from(Mail))
        ticket = db.session.execute(select(Ticket).where(Ticket.number == number)).scalar_one()
        agent = db.session.get(User, world.ids["agent"])
        assert agent
        conversation.reply(ticket, "Still for your organisation alone.", by=agent, now=utcnow())
        db.session.commit()
        assert db.session.scalar(select(db.func.count()).select_from(Mail)) == before
