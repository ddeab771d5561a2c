"""A customer's word: asked by mail, read before it is given, and over the moment they take it back."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.accounts.membership import found_organisation
from portal.accounts.partnership import Consent, PartnerCustomer, acted_for
from portal.accounts.people import Organisation, User
from portal.accounts.recognising import recognise
from portal.audit import AuditEntry
from portal.db import db
from tests import cast
from tests.cast import World
from tests.house.access import enter
from tests.partner.conftest import FORM, Area

As = Callable[[str], FlaskClient]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def acts_for(area: Area) -> set[int]:
    """The organisations that Rita may act for at this moment."""
    with area.app.app_context():
        return set(db.session.scalars(acted_for().params(reader=area.world.ids["reseller"])))


def consents(app: Flask) -> list[Consent]:
    with app.app_context():
        return list(db.session.scalars(select(Consent).order_by(Consent.id)))


def test_an_owner_gives_consent_and_both_are_told(area: Area, world: World) -> None:
    link = area.ask(area.add())
    assert "Rita Resells may act for your organisation" in area.owner.get(link).text
    assert acts_for(area) == set()
    assert area.give(link) == 302
    assert acts_for(area) == {world.heron}
    assert {mail.recipient for mail in area.mails()[-2:]} == {world.email("reseller"), world.email("owner")}
    (row,) = consents(area.app)
    assert row.wording.startswith("Rita Resells may act for your organisation") and row.given_by_id
    with area.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "consent.given")).one()
        assert (entry.organisation_id, entry.partner_id) == (world.heron, world.reseller)


def test_a_refusal_ends_the_question(area: Area, world: World) -> None:
    page = area.add()
    link = area.ask(page)
    assert area.answer(area.owner, link, answer="refuse") == 302
    assert acts_for(area) == set()
    assert area.owner.get(link).status_code == 404
    assert "Refused" in area.rita.get(page).text
    refused = area.rita.post(f"{page}/ask")
    assert refused.status_code == 422 and "They refused not long ago" in refused.text


def test_opening_the_link_changes_nothing(area: Area) -> None:
    link = area.ask(area.add())
    for _time in range(2):
        assert area.owner.get(link).status_code == 200
    assert acts_for(area) == set()


def test_only_a_hash_of_the_token_is_kept(area: Area) -> None:
    token = area.ask(area.add()).rsplit("/", 1)[1]
    (row,) = consents(area.app)
    assert row.token_hash and token not in row.token_hash


def test_who_owns_nothing_can_not_agree(area: Area, as_: As) -> None:
    link = area.ask(area.add())
    for name in ("customer", "billing"):
        assert area.answer(as_(name), link, answer="give") == 422
    assert acts_for(area) == set()


def test_the_reseller_can_not_agree_with_itself(area: Area) -> None:
    link = area.ask(area.add())
    assert area.answer(area.rita, link, answer="give") == 422
    assert acts_for(area) == set()


def test_an_owner_of_several_chooses(area: Area, world: World) -> None:
    with area.app.app_context():
        second = cast.make_organisation("Heron Air")
        cast.join(db.session.get_one(User, world.ids["owner"]), second, "owner")
        db.session.commit()
        air = second.id
    page = area.add()
    link = area.ask(page)
    assert area.customer_of(page) is None  # nobody guesses which
    assert area.give(link) == 422
    assert area.give(link, organisation=str(world.elsewhere)) == 422
    assert area.give(link, organisation=str(air)) == 302
    assert acts_for(area) == {air}


def test_asking_again_ends_the_earlier_link(area: Area) -> None:
    page = area.add()
    first = area.ask(page)
    second = area.ask(page)
    assert area.owner.get(first).status_code == 404
    assert area.give(first) == 404
    assert area.give(second) == 302


def test_nobody_is_asked_without_end(area: Area) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        area.rita = _again(area)
        page = area.add()
        for _time in range(3):
            area.ask(page)
        assert "often enough today" in area.rita.post(f"{page}/ask").text
        clock.shift(timedelta(days=1, seconds=1))
        area.rita = _again(area)
        area.ask(page)


def _again(area: Area) -> FlaskClient:
    return enter(area.app, area.world.email("reseller"))


def test_a_question_expires(area: Area) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        area.rita = _again(area)
        page = area.add()
        link = area.ask(page)
        (row,) = consents(area.app)
        clock.move_to(row.asked_until)
        olga = enter(area.app, area.world.email("owner"))
        assert olga.get(link).status_code == 404
        assert "No answer" in _again(area).get(page).text


def test_the_end_that_was_chosen_holds_to_the_second(area: Area, world: World) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        area.rita, area.owner = _again(area), enter(area.app, world.email("owner"))
        page = area.add()
        assert area.give(area.ask(page), ends_on="2026-12-01") == 302
        end = consents(area.app)[0].ends_at
        assert end
        clock.move_to(end - timedelta(seconds=1))
        assert acts_for(area) == {world.heron}
        clock.move_to(end)
        assert acts_for(area) == set()
        assert "Over" in _again(area).get(page).text


def test_taking_it_back_ends_it_at_once(area: Area, world: World) -> None:
    page = area.add()
    area.give(area.ask(page))
    assert "Heron Marine" in area.rita.get(page).text
    mine = f"/account/organisation/{world.heron}/partners"
    assert "Rita Resells" in area.owner.get(mine).text
    withdrawn = f"{mine}/{consents(area.app)[0].id}/withdraw"
    assert area.owner.post(withdrawn).status_code == 302
    assert acts_for(area) == set()
    assert "Heron Marine" not in area.rita.get(page).text and "Withdrawn" in area.rita.get(page).text
    assert {mail.recipient for mail in area.mails()[-2:]} == {world.email("reseller"), world.email("owner")}
    assert "That is over already." in area.owner.post(withdrawn).text


def test_only_owners_take_it_back(area: Area, world: World, as_: As) -> None:
    area.give(area.ask(area.add()))
    mine = f"/account/organisation/{world.heron}/partners"
    withdrawn = f"{mine}/{consents(area.app)[0].id}/withdraw"
    seen = {name: as_(name).post(withdrawn).status_code for name in ("customer", "billing", "stranger", "reseller")}
    assert seen == {"customer": 403, "billing": 403, "stranger": 404, "reseller": 404}
    elsewhere = withdrawn.replace(f"/{world.heron}/", f"/{world.elsewhere}/")
    assert as_("stranger").post(elsewhere).status_code == 404
    assert acts_for(area) == {world.heron}


def test_two_resellers_work_side_by_side(area: Area, world: World, as_: As) -> None:
    area.give(area.ask(area.add()))
    with area.app.app_context():
        db.session.get_one(Organisation, world.elsewhere).is_reseller = True
        db.session.commit()
    sam = Area(area.app, world, as_("stranger"), area.owner)
    assert sam.give(sam.ask(sam.add(name="Heron for Sam"))) == 302
    page = area.owner.get(f"/account/organisation/{world.heron}/partners").text
    assert "Rita Resells" in page and "Elsewhere Ltd" in page
    area.owner.post(f"/account/organisation/{world.heron}/partners/{consents(area.app)[0].id}/withdraw")
    assert acts_for(area) == set()
    with area.app.app_context():
        assert set(db.session.scalars(acted_for().params(reader=world.ids["stranger"]))) == {world.heron}


def test_whoever_has_the_address_finds_the_question_without_the_mail(area: Area, world: World, as_: As) -> None:
    area.ask(area.add())
    here = f"/account/consent/of/{consents(area.app)[0].id}"
    assert here in area.owner.get(f"/account/organisation/{world.heron}/partners").text
    assert as_("stranger").get(here).status_code == 404
    assert area.give(here) == 302


@pytest.mark.parametrize("days, holds", [(0, True), (3, False)])
def test_a_relation_taken_up_late_needs_a_new_word(days: int, holds: bool, area: Area, world: World) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        area.rita, area.owner = _again(area), enter(area.app, world.email("owner"))
        page = area.add()
        area.give(area.ask(page))
        assert area.rita.post(f"{page}/end").status_code == 302
        assert acts_for(area) == set()
        clock.shift(timedelta(days=days, seconds=1))
        assert _again(area).post(f"{page}/reopen").status_code == 302
        assert (acts_for(area) == {world.heron}) is holds


def test_a_new_address_of_theirs_takes_the_question_along_to_nobody(area: Area) -> None:
    page = area.add()
    link = area.ask(page)
    assert area.rita.post(f"{page}/edit", data=FORM | {"email": "other@heron.example"}).status_code == 302
    assert area.give(link) == 404


def test_no_page_tells_whether_an_address_is_known(area: Area) -> None:
    known, unknown = area.add(), area.add(email="nobody@nowhere.example")
    assert area.customer_of(known) is not None and area.customer_of(unknown) is None

    for page in (known, unknown):
        area.rita.get(page)  # says that it is saved

    def told(page: str, address: str) -> str:
        return area.rita.get(page).text.replace(address, "X").replace(page.rsplit("/", 1)[1], "ID")

    assert _plain(told(known, "olga@heron.example")) == _plain(told(unknown, "nobody@nowhere.example"))


def _plain(page: str) -> str:
    return re.sub(r'value="[^"]{20,}"|hx-headers=\S+ \S+', "", page)


def test_who_registers_later_is_recognised_when_they_own_something(area: Area) -> None:
    page = area.add(email="nina@later.example")
    with area.app.app_context():
        cast.make_user("nina@later.example")
        db.session.commit()
    nina = area.app.test_client()
    nina.post("/account/sign-in", data={"email": "nina@later.example", "password": cast.PASSWORD})
    assert area.customer_of(page) is None
    with area.app.app_context():
        person = db.session.scalars(select(User).where(User.email == "nina@later.example")).one()
        founded = found_organisation("Later", by=person, now=NOW).id
        db.session.commit()
    assert area.customer_of(page) == founded


def test_what_a_consent_settled_is_not_recognised_anew(area: Area, world: World) -> None:
    page = area.add()
    area.give(area.ask(page))
    with area.app.app_context():
        olga = db.session.get_one(User, world.ids["owner"])
        olga.memberships[0].ended_at = NOW
        cast.join(olga, cast.make_organisation("Next"), "owner")
        db.session.flush()
        recognise(olga)
        db.session.commit()
        assert db.session.scalar(select(func.count(PartnerCustomer.id))) == 1
    assert area.customer_of(page) == world.heron
