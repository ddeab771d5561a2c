"""The pages of webhooks: owners have those of their organisations, admins those of the desk."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Membership, User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.tickets.conversation import reply
from portal.webhooks.webhook import Delivery, Webhook
from tests import cast
from tests.webhooks.receiver import Receiver, is_signed

As = Callable[[str], FlaskClient]


def only(app: Flask) -> Webhook:
    with app.app_context():
        return db.session.scalars(db.select(Webhook)).one()


def test_an_owner_makes_one_tests_it_and_reads_the_log(
    app: Flask, world: cast.World, as_: As, receiver: Receiver
) -> None:
    owner = as_("owner")
    page = owner.post("/account/webhooks/", data={"organisation": world.heron, "url": receiver.url})
    assert page.status_code == 200, page.text
    secret = re.search(r"whsec_[\w+/=]+", page.text)[0]  # type: ignore[index]
    assert secret not in owner.get("/account/webhooks/").text
    with app.app_context():
        assert secret not in repr(db.session.execute(db.text("select * from webhook")).all())
    address = f"/account/webhooks/{only(app).id}"
    assert owner.post(f"{address}/test").status_code == 302
    with app.app_context():
        run_due()
    ((headers, body),) = receiver.calls
    assert is_signed(headers, body, secret) and receiver.kinds == ["test"]
    log = owner.get(address).text
    assert "Taken" in log and "answered 204" in log


def test_a_delivery_is_sent_again_with_its_id(app: Flask, world: cast.World, as_: As, receiver: Receiver, hook) -> None:
    hook(world.heron)
    owner = as_("owner")
    owner.post(f"/account/webhooks/{only(app).id}/test")
    with app.app_context():
        run_due()
        key = db.session.scalars(db.select(Delivery.id)).one()
    assert as_("stranger").post(f"/account/webhooks/deliveries/{key}/again").status_code == 404
    assert owner.post(f"/account/webhooks/deliveries/{key}/again").status_code == 302
    with app.app_context():
        run_due()
    assert len(receiver.calls) == 2
    assert len({headers["webhook-id"] for headers, _body in receiver.calls}) == 1


def test_switched_off_it_calls_nobody(app: Flask, world: cast.World, as_: As, receiver: Receiver, hook, act) -> None:
    hook(world.heron)
    as_("owner").post(f"/account/webhooks/{only(app).id}/switch")
    act()
    assert receiver.calls == []


def test_removed_it_takes_its_log_along(app: Flask, world: cast.World, as_: As, receiver: Receiver, hook, act) -> None:
    hook(world.heron)
    act()
    as_("owner").post(f"/account/webhooks/{only(app).id}/remove")
    with app.app_context():
        assert db.session.scalars(db.select(Webhook)).all() == db.session.scalars(db.select(Delivery)).all() == []


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://", "ftp://x/", "https://u:p@example.com/", "https://example.com/\u00e9", "x"],
)
def test_an_address_that_can_not_be_called_is_refused(url: str, app: Flask, world: cast.World, as_: As) -> None:
    answer = as_("owner").post("/account/webhooks/", data={"organisation": world.heron, "url": url})
    assert answer.status_code == 422 and "https://" in answer.text
    with app.app_context():
        assert db.session.scalars(db.select(Webhook)).all() == []


@pytest.mark.parametrize("group", ["desk", "0", "x", "elsewhere", "-1"])
def test_nobody_chooses_what_is_not_theirs(group: str, app: Flask, world: cast.World, as_: As) -> None:
    sent = {"organisation": world.elsewhere if group == "elsewhere" else group, "url": "https://example.com/"}
    assert as_("owner").post("/account/webhooks/", data=sent).status_code == 422
    with app.app_context():
        assert db.session.scalars(db.select(Webhook)).all() == []


def test_an_admin_has_the_desks_and_no_customers(app: Flask, world: cast.World, as_: As, hook) -> None:
    hook(world.heron)
    admin = as_("admin")
    assert admin.get(f"/account/webhooks/{only(app).id}").status_code == 404
    sent = {"organisation": "desk", "url": "https://example.com/"}
    assert admin.post("/account/webhooks/", data=sent).status_code == 200
    assert "https://example.com/" in admin.get("/account/webhooks/").text


def test_why_nobody_was_reached_stands_in_the_log(app: Flask, world: cast.World, as_: As, hook, monkeypatch) -> None:
    hook(world.heron, "https://localhost/")
    monkeypatch.setitem(app.extensions["settings"], "webhooks_inside", False)
    owner, address = as_("owner"), f"/account/webhooks/{only(app).id}"
    owner.post(f"{address}/test")
    with app.app_context():
        run_due()
    assert "the address is inside the network" in owner.get(address).text


def test_who_may_not_read_the_tickets_any_more_is_told_nothing(
    app: Flask, world: cast.World, as_: As, receiver: Receiver, hook, act
) -> None:
    """A webhook goes where its maker wanted it: it ends with their part, until another owner takes it over."""
    hook(world.heron)
    with app.app_context():
        theirs = db.select(Membership).filter_by(user_id=world.ids["owner"])
        db.session.scalars(theirs).one().role = "member"
        other = db.session.scalars(db.select(Membership).filter_by(user_id=world.ids["colleague"])).one()
        other.role = "owner"
        db.session.commit()
    act()
    assert receiver.calls == []
    colleague, address = as_("colleague"), f"/account/webhooks/{only(app).id}"
    assert "Off" in colleague.get(address).text and "Off" in colleague.get("/account/webhooks/").text
    colleague.post(f"{address}/test")
    with app.app_context():
        run_due()
    assert receiver.calls == []
    assert "Switch off" in colleague.post(f"{address}/switch", follow_redirects=True).text
    act(lambda ticket, person: reply(ticket, "Still?", by=person("customer"), now=utcnow()))
    assert receiver.kinds == ["ticket.replied"]


def test_a_former_admins_webhook_of_the_desk_is_told_nothing(
    app: Flask, world: cast.World, receiver: Receiver, hook, act
) -> None:
    hook(None)
    with app.app_context():
        db.session.get_one(User, world.ids["admin"]).roles = []
        db.session.commit()
    act()
    assert receiver.calls == []


def test_a_suspended_owners_webhook_is_told_nothing(
    app: Flask, world: cast.World, receiver: Receiver, hook, act
) -> None:
    hook(world.heron)
    with app.app_context():
        db.session.get_one(User, world.ids["owner"]).active = False
        db.session.commit()
    act()
    assert receiver.calls == []
