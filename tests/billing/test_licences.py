"""Licences: shown to those who look after the money, given a new key by an owner, revoked by a bookkeeper."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.entitlement import entitlement_of
from portal.accounts.issuing import issue
from portal.accounts.licences import Licence, hash_key
from portal.accounts.people import User
from portal.audit import AuditEntry
from portal.db import db, utcnow
from portal.jobs import Job, run_due
from portal.mail import Mail
from tests.billing.rows import an_account
from tests.billing.test_desk_queries import counted
from tests.cast import World

As = Callable[[str], FlaskClient]


@pytest.fixture
def held(app: Flask, world: World) -> tuple[int, str]:
    """Heron's licence, and its key."""
    with app.app_context():
        an_account(world.heron)
        about = {"product_id": world.products["relay"], "plan": "team", "organisation_id": world.heron, "seats": 5}
        licence, key = issue(by=None, now=utcnow(), **about)
        db.session.commit()
        return licence.id, key


def key_in(page: str) -> str:
    found = re.search(r'id="new-key">([^<]+)<', page)
    return found[1] if found else ""


def test_owner_and_billing_see_the_tail_and_never_the_key(world: World, held: tuple[int, str], as_: As) -> None:
    for name, code in (("owner", 200), ("billing", 200), ("customer", 404), ("stranger", 404), ("admin", 200)):
        answer = as_(name).get(f"/billing/{world.heron}/licences")
        assert answer.status_code == code, name
        assert held[1] not in answer.text
        assert (f"…{held[1][-4:]}" in answer.text) == (code == 200)


def test_a_new_key_is_shown_once_and_the_old_one_dies(app: Flask, world: World, held: tuple[int, str], as_: As) -> None:
    owner, path = as_("owner"), f"/billing/{world.heron}/licences/{held[0]}/reissue"
    assert owner.post(path, data={"reason": ""}).status_code == 422
    answer = owner.post(path, data={"reason": "It was in a screenshot"})
    new = key_in(answer.text)
    assert answer.status_code == 200 and new and new != held[1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert new not in owner.get(f"/billing/{world.heron}/licences").text
    with app.app_context():
        licence = db.session.get_one(Licence, held[0])
        old = db.session.scalars(select(Licence).where(Licence.key_hash == hash_key(held[1]))).one()
        assert licence.key_hash == hash_key(new) and licence.revoked_at is None
        assert (old.replaced_by_id, old.reason) == (licence.id, "It was in a screenshot") and old.revoked_at
        person = db.session.get_one(User, world.ids["owner"])
        assert entitlement_of(person, "relay", now=utcnow()).plan == "team"
        run_due()
        mails = db.session.scalars(select(Mail)).all()
        assert {world.email("owner"), world.email("billing")} <= {one.recipient for one in mails}
        kept = " ".join([*(f"{one.text}{one.html}" for one in mails), *(str(vars(one)) for one in all_jobs())])
        kept += str([(one.kind, one.detail) for one in db.session.scalars(select(AuditEntry))])
        assert new not in kept and held[1] not in kept and "licence.reissued" in kept
    for key in (held[1],):
        assert as_("stranger").post("/account/licences", data={"key": key}).status_code == 422


def all_jobs() -> list[Job]:
    return list(db.session.scalars(select(Job)))


def test_only_owners_and_bookkeepers_make_keys(world: World, held: tuple[int, str], as_: As) -> None:
    path, sent = f"/billing/{world.heron}/licences/{held[0]}/reissue", {"reason": "x"}
    for name, code in (("billing", 403), ("admin", 403), ("customer", 404), ("stranger", 404)):
        assert as_(name).post(path, data=sent).status_code == code, name
    foreign = f"/billing/{world.elsewhere}/licences/{held[0]}/reissue"
    assert as_("stranger").post(foreign, data=sent).status_code == 404


def test_revoking_ends_support_with_the_next_request(app: Flask, world: World, held: tuple[int, str], as_: As) -> None:
    page = f"/desk/billing/licences/{held[0]}"
    assert as_("agent").post(f"{page}/revoke", data={"reason": "Fraud"}).status_code == 404
    admin = as_("admin")
    assert admin.post(f"{page}/revoke", data={"reason": ""}).status_code == 422
    assert admin.post(f"{page}/revoke", data={"reason": "Charged back"}).status_code == 302
    with app.app_context():
        person = db.session.get_one(User, world.ids["owner"])
        assert entitlement_of(person, "relay", now=utcnow()).plan == "free"
        assert "licence.revoked" in db.session.scalars(select(AuditEntry.kind)).all()
    assert admin.post(f"{page}/revoke", data={"reason": "Again"}).status_code == 422
    assert admin.post(f"{page}/reissue", data={"reason": "Again"}).status_code == 422
    assert "Charged back" in admin.get(page).text
    assert "Charged back" in as_("owner").get(f"/billing/{world.heron}/licences").text


def test_bookkeepers_set_the_end_and_make_keys(app: Flask, held: tuple[int, str], as_: As) -> None:
    admin, page = as_("admin"), f"/desk/billing/licences/{held[0]}"
    day = (utcnow() + timedelta(days=30)).date()
    assert admin.post(f"{page}/end", data={"last_day": "", "reason": "x"}).status_code == 422
    assert admin.post(f"{page}/end", data={"last_day": day.isoformat(), "reason": "Goodwill"}).status_code == 302
    assert admin.post(f"{page}/end", data={"last_day": "2020-01-01", "reason": "x"}).status_code == 422
    key = key_in(admin.post(f"{page}/reissue", data={"reason": "Lost"}).text)
    with app.app_context():
        licence = db.session.get_one(Licence, held[0])
        assert licence.key_hash == hash_key(key) and licence.ends_at is not None
        assert licence.ends_at.date() in (day, day + timedelta(days=1))


def test_the_list_finds_by_tail_and_customer(app: Flask, world: World, held: tuple[int, str], as_: As) -> None:
    with app.app_context():
        about = {"product_id": world.products["relay"], "plan": "team"}
        other = issue(by=None, now=utcnow(), licensed_to="=Pier & Co", order_email="pat@pier.example", **about)[0]
        gone = issue(by=None, now=utcnow(), ends_at=utcnow(), **about)[0]
        db.session.commit()
        others, ended = f'/licences/{other.id}"', f'/licences/{gone.id}"'
    admin, mine = as_("admin"), f'/licences/{held[0]}"'
    for asked, shown in (
        (f"q={held[1][-4:].lower()}", mine),
        ("q=heron", mine),
        ("q=pat@pier", others),
        ("state=ended", ended),
    ):
        page = admin.get(f"/desk/billing/licences?{asked}").text
        assert [one for one in (mine, others, ended) if one in page] == [shown], asked
    assert "No licence here" in admin.get("/desk/billing/licences?q=nobody").text
    assert "'=Pier" in admin.get("/desk/billing/licences?csv=1").text
    for name in ("agent", "owner", "reseller"):
        assert as_(name).get("/desk/billing/licences").status_code == 404


def test_the_list_asks_as_much_for_many_as_for_one(app: Flask, world: World, held: tuple[int, str], as_: As) -> None:
    admin, owner, asked = as_("admin"), as_("owner"), []
    for many in (0, 12):
        with app.app_context():
            for _ in range(many):
                about = {"product_id": world.products["relay"], "plan": "team", "organisation_id": world.heron}
                issue(by=None, now=utcnow(), sold_by_id=world.reseller, **about)
            db.session.commit()
        for browser, path in ((admin, "/desk/billing/licences"), (owner, f"/billing/{world.heron}/licences")):
            browser.get(path)
            with counted(app) as seen:
                browser.get(path)
            asked.append(len(seen))
    assert asked[:2] == asked[2:]
