"""Domains that an organisation proves, and people who ask to join by their address."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts import joining
from portal.accounts.confirming import tell_old_address
from portal.accounts.domains import JoinRequest, OrganisationDomain
from portal.accounts.people import MemberRole, Organisation, User
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import run_due
from portal.mail import Mail
from tests import cast
from tests.cast import World

As = Callable[[str], FlaskClient]
SAID: dict[str, set[str]] = {}


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    """What the domain name system says: the network is the only thing that isn't real."""
    SAID.clear()
    monkeypatch.setattr(joining, "texts_of", lambda name: SAID.get(name, set()))
    yield SAID


def page_of(world: World) -> str:
    return f"/account/organisation/{world.heron}"


def domain_in(app: Flask) -> OrganisationDomain:
    with app.app_context():
        return db.session.scalars(db.select(OrganisationDomain)).one()


def prove(app: Flask, world: World, domain: str = "heron.example") -> None:
    with app.app_context():
        heron, olga = db.session.get_one(Organisation, world.heron), db.session.get_one(User, world.ids["owner"])
        claimed = joining.claim_domain(heron, domain, by=olga, now=utcnow())
        joining.verify(claimed, "dns", by=None, now=utcnow())
        db.session.commit()


@pytest.fixture
def newcomer(app: Flask) -> Callable[..., FlaskClient]:
    """The browser of somebody who has just registered and confirmed their address."""

    def register(address: str = "nina@heron.example") -> FlaskClient:
        with app.app_context():
            cast.make_user(address)
            db.session.commit()
        browser = app.test_client()
        browser.post("/account/sign-in", data={"email": address, "password": cast.PASSWORD})
        return browser

    return register


def test_a_domain_is_proved_by_a_record(app: Flask, as_: As, world: World, names: dict[str, set[str]]) -> None:
    owner = as_("owner")
    assert owner.post(f"{page_of(world)}/domains", data={"domain": "@Heron.EXAMPLE"}).status_code == 302
    claimed = domain_in(app)
    assert claimed.domain == "heron.example" and claimed.proof in owner.get(page_of(world)).text
    check = f"{page_of(world)}/domains/{claimed.id}/check"
    for said in (set(), {"v=spf1 -all"}, {claimed.proof + "0"}):
        names["_foyer.heron.example"] = said
        owner.post(check)
        with app.app_context():
            run_due()
        assert domain_in(app).verified_at is None
    names["_foyer.heron.example"] = {"v=spf1 -all", claimed.proof}
    owner.post(check)
    with app.app_context():
        run_due()
    assert domain_in(app).verified_how == "dns"


@pytest.mark.parametrize("typed", ["gmail.com", "GMX.de", "web.de", "nothing", "a b.example", "", "1.2.3.4", "x" * 300])
def test_what_cannot_be_anybodys_own_is_refused(app: Flask, as_: As, world: World, typed: str) -> None:
    assert as_("owner").post(f"{page_of(world)}/domains", data={"domain": typed}).status_code == 422
    with app.app_context():
        assert db.session.scalar(db.select(OrganisationDomain.id)) is None


def test_names_in_other_scripts_are_kept_in_ascii(app: Flask, as_: As, world: World) -> None:
    as_("owner").post(f"{page_of(world)}/domains", data={"domain": "bücher.example"})
    assert domain_in(app).domain == "xn--bcher-kva.example"


def test_a_domain_is_one_organisations(app: Flask, world: World) -> None:
    prove(app, world)
    with app.app_context():
        elsewhere, sam = (
            db.session.get_one(Organisation, world.elsewhere),
            db.session.get_one(User, world.ids["stranger"]),
        )
        claimed = joining.claim_domain(elsewhere, "heron.example", by=sam, now=utcnow())
        with pytest.raises(Refused):
            joining.verify(claimed, "dns", by=None, now=utcnow())


def test_only_an_address_there_that_is_confirmed_may_ask(
    app: Flask, as_: As, world: World, newcomer: Callable[..., FlaskClient]
) -> None:
    prove(app, world)
    nina = newcomer()
    assert "Ask to join Heron Marine" in nina.get("/account/").text
    stranger = as_("stranger")
    assert "Heron" not in stranger.get("/account/").text
    assert stranger.post(f"/account/join/{world.heron}").status_code == 404
    sly = newcomer("nina@heron.example.evil.example")
    assert sly.post(f"/account/join/{world.heron}").status_code == 404
    with app.app_context():
        nobody = cast.make_user("new@heron.example")
        nobody.confirmed_at = None
        assert db.session.scalars(joining.joinable(nobody, now=utcnow())).all() == []


def test_owners_are_told_and_let_somebody_in(
    app: Flask, as_: As, world: World, newcomer: Callable[..., FlaskClient]
) -> None:
    prove(app, world)
    nina, owner = newcomer(), as_("owner")
    for _ in range(2):
        nina.post(f"/account/join/{world.heron}")
    with app.app_context():
        run_due()
        asked = db.session.scalars(db.select(JoinRequest)).one()
        told = db.session.scalars(db.select(Mail.recipient)).all()
        where = f"{page_of(world)}/asking/{asked.id}"
    assert told == [world.email("owner")] and "nina@heron.example" in owner.get(page_of(world)).text
    assert (
        nina.post(f"{where}/accept").status_code == 404 and as_("customer").post(f"{where}/accept").status_code == 403
    )
    assert owner.post(f"{where}/accept").status_code == 302
    assert owner.post(f"{where}/refuse").status_code == 404
    assert nina.get(page_of(world)).status_code == 200
    with app.app_context():
        joined = db.session.scalars(db.select(User).filter_by(email="nina@heron.example")).one()
        assert joined.role_in(world.heron) is MemberRole.MEMBER
        run_due()
        assert db.session.scalars(db.select(Mail.subject).order_by(Mail.id.desc())).first() == (
            "You are a member of Heron Marine now"
        )


def test_who_was_turned_away_waits_before_asking_again(
    app: Flask, as_: As, world: World, newcomer: Callable[..., FlaskClient]
) -> None:
    prove(app, world)
    nina = newcomer()
    nina.post(f"/account/join/{world.heron}")
    with app.app_context():
        asked = db.session.scalars(db.select(JoinRequest.id)).one()
    as_("owner").post(f"{page_of(world)}/asking/{asked}/refuse")
    assert nina.post(f"/account/join/{world.heron}").status_code == 404
    with app.app_context():
        person = db.session.scalars(db.select(User).filter_by(email="nina@heron.example")).one()
        later = utcnow() + timedelta(days=app.extensions["settings"].join_again_days, minutes=1)
        assert db.session.scalars(joining.joinable(person, now=utcnow())).all() == []
        assert len(db.session.scalars(joining.joinable(person, now=later)).all()) == 1


def test_of_two_owners_who_decide_at_once_one_does(app: Flask, world: World) -> None:
    prove(app, world)
    with app.app_context():
        heron, nina = db.session.get_one(Organisation, world.heron), cast.make_user("nina@heron.example")
        asked = joining.ask(heron, by=nina, now=utcnow())
        db.session.commit()
        assert asked
        asked_id = asked.id
    outcomes: list[str] = []

    def decide(accepted: bool) -> None:
        with app.app_context():
            try:
                request = db.session.get_one(JoinRequest, asked_id)
                olga = db.session.get_one(User, world.ids["owner"])
                joining.decide(request, accepted, by=olga, now=utcnow())
                db.session.commit()
                outcomes.append("done")
            except Refused:
                outcomes.append("refused")

    both = [threading.Thread(target=decide, args=(accepted,)) for accepted in (True, False)]
    for one in both:
        one.start()
    for one in both:
        one.join(30)
    assert sorted(outcomes) == ["done", "refused"]


def test_owners_hear_of_an_address_that_left_the_domain(app: Flask, world: World) -> None:
    prove(app, world)
    with app.app_context(), app.test_request_context():
        carla = db.session.get_one(User, world.ids["customer"])
        assert joining.left_domain(carla, "carla@heron.example") == []
        carla.email = "carla@private.example"
        assert [one.name for one in joining.left_domain(carla, "carla@heron.example")] == ["Heron Marine"]
        tell_old_address(app, user=carla, old_email="carla@heron.example")
        db.session.commit()
        run_due()
        told = {mail.recipient: mail.subject for mail in db.session.scalars(db.select(Mail))}
    assert told["olga@heron.example"] == "Carla has another address now" and len(told) == 2
