"""Roles of members, the end of a membership, and the rule that an organisation keeps an owner."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts import membership
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.db import db, utcnow
from portal.errors import Refused
from tests import cast
from tests.cast import World


def of(app: Flask, world: World, name: str) -> int:
    """The id of somebody's current membership of Heron Marine."""
    with app.app_context():
        return db.session.scalars(
            db.select(Membership.id).where(
                Membership.user_id == world.ids[name], Membership.organisation_id == world.heron
            )
        ).one()


def role_of(app: Flask, world: World, name: str) -> MemberRole | None:
    with app.app_context():
        return db.session.get_one(User, world.ids[name]).role_in(world.heron)


def path(app: Flask, world: World, name: str, verb: str) -> str:
    return f"/account/organisation/{world.heron}/member/{of(app, world, name)}/{verb}"


def test_members_see_each_other_and_strangers_see_nothing(as_: Callable[[str], FlaskClient], world: World) -> None:
    page = as_("customer").get(f"/account/organisation/{world.heron}")
    assert "colin@heron.example" in page.text
    assert "frank@heron.example" not in page.text
    assert "Invite a colleague" not in page.text
    for actor in ("stranger", "former", "reseller"):
        assert as_(actor).get(f"/account/organisation/{world.heron}").status_code == 404


def test_an_owner_changes_a_role(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    assert as_("owner").post(path(app, world, "customer", "role"), data={"role": "owner"}).status_code == 302
    assert role_of(app, world, "customer") is MemberRole.OWNER


@pytest.mark.parametrize("verb", ["role", "remove"])
@pytest.mark.parametrize(
    ("actor", "status"), [("customer", 403), ("billing", 403), ("agent", 403), ("stranger", 404), ("former", 404)]
)
def test_others_may_change_nothing(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, actor: str, status: int, verb: str
) -> None:
    answer = as_(actor).post(path(app, world, "colleague", verb), data={"role": "owner"})
    assert answer.status_code == status
    assert role_of(app, world, "colleague") is MemberRole.MEMBER


def test_nobody_reaches_members_through_an_organisation_of_their_own(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    foreign = f"/account/organisation/{world.elsewhere}/member/{of(app, world, 'colleague')}/remove"
    assert as_("stranger").post(foreign).status_code == 404
    assert role_of(app, world, "colleague") is MemberRole.MEMBER


@pytest.mark.parametrize("role", ["admin", "", "OWNER", "agent"])
def test_an_unknown_role_is_refused(app: Flask, as_: Callable[[str], FlaskClient], world: World, role: str) -> None:
    assert as_("owner").post(path(app, world, "customer", "role"), data={"role": role}).status_code == 422
    assert role_of(app, world, "customer") is MemberRole.MEMBER


def test_rights_end_with_the_next_request(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    colin, owner = as_("colleague"), as_("owner")
    assert colin.get(f"/account/organisation/{world.heron}").status_code == 200
    assert owner.post(path(app, world, "colleague", "remove")).status_code == 302
    assert colin.get(f"/account/organisation/{world.heron}").status_code == 404
    assert "Heron Marine" not in colin.get("/account/").text
    assert owner.post(path(app, world, "colleague", "remove")).status_code == 404


def test_an_owner_who_is_removed_manages_nothing_any_more(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    owner, carla = as_("owner"), as_("customer")
    owner.post(path(app, world, "customer", "role"), data={"role": "owner"})
    carla.post(path(app, world, "owner", "remove"))
    sent = {"email": "n@fjord.example", "role": "owner"}
    assert owner.post(f"/account/organisation/{world.heron}/invite", data=sent).status_code == 404


def test_anybody_may_leave(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    assert as_("customer").post(f"/account/organisation/{world.heron}/leave").location == "/account/"
    assert role_of(app, world, "customer") is None
    assert as_("agent").post(f"/account/organisation/{world.heron}/leave").status_code == 403
    assert as_("stranger").post(f"/account/organisation/{world.heron}/leave").status_code == 404


@pytest.mark.parametrize(("actor", "where"), [("stranger", "elsewhere"), ("owner", "heron")])
def test_the_last_owner_stays(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, actor: str, where: str
) -> None:
    """Heron's other owners have left, or their account is closed."""
    browser, organisation = as_(actor), getattr(world, where)
    with app.app_context():
        held = db.select(Membership.id).where(
            Membership.user_id == world.ids[actor], Membership.organisation_id == organisation
        )
        own = db.session.scalars(held).one()
    base = f"/account/organisation/{organisation}"
    for answer in (
        browser.post(f"{base}/leave"),
        browser.post(f"{base}/member/{own}/remove"),
        browser.post(f"{base}/member/{own}/role", data={"role": "member"}),
    ):
        assert answer.status_code == 422
        assert "owner" in answer.text
    assert browser.get(base).status_code == 200


def test_of_two_last_owners_who_leave_at_once_one_stays(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    with app.app_context():
        person = db.session.get_one(User, world.ids["reseller"])
        cast.join(person, db.session.get_one(Organisation, world.elsewhere), "owner")
        db.session.commit()
    browsers, statuses = [as_("stranger"), as_("reseller")], []
    leave = f"/account/organisation/{world.elsewhere}/leave"
    threads = [threading.Thread(target=lambda b=b: statuses.append(b.post(leave).status_code)) for b in browsers]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302, 422]


def test_an_owner_renames_it(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    rename = f"/account/organisation/{world.heron}/rename"
    assert as_("owner").post(rename, data={"name": "  Heron   Offshore "}).status_code == 302
    assert "Heron Offshore" in as_("customer").get(f"/account/organisation/{world.heron}").text
    assert as_("customer").post(rename, data={"name": "Mine"}).status_code == 403
    assert as_("stranger").post(rename, data={"name": "Mine"}).status_code == 404
    refused = as_("owner").post(rename, data={"name": " ", "is_reseller": "1", "region": "cn"})
    assert (refused.status_code, "An organisation needs a name." in refused.text) == (422, True)
    as_("owner").post(rename, data={"name": "Heron", "is_reseller": "1", "region": "cn", "id": "99"})
    with app.app_context():
        heron = db.session.get_one(Organisation, world.heron)
        assert (heron.name, heron.is_reseller, heron.region) == ("Heron", False, None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "remove", "role"]), st.integers(0, 3), st.sampled_from(list(MemberRole))),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rights_are_what_the_history_of_memberships_says(app: Flask, steps: list[tuple[str, int, MemberRole]]) -> None:
    """Whatever is granted and taken in whatever order: rights equal a model kept beside, and an owner is left."""
    with app.app_context():
        people = [User(email=f"p{n}@x.example", fs_uniquifier=f"p{n}", active=True) for n in range(4)]
        db.session.add_all(people)
        db.session.flush()
        organisation = membership.found_organisation("Modelled", by=people[0], now=utcnow())
        model: dict[int, MemberRole] = {0: MemberRole.OWNER}
        for kind, n, role in steps:
            row = db.session.scalar(
                db.select(Membership).where(
                    Membership.user_id == people[n].id,
                    Membership.organisation_id == organisation.id,
                    Membership.ended_at.is_(None),
                )
            )
            others = [one for who, one in model.items() if who != n and one is MemberRole.OWNER]
            if kind == "join" and row is None:
                db.session.add(Membership(user=people[n], organisation=organisation, role=role))
                model[n] = role
            elif kind != "join" and row is not None:
                needed = model[n] is MemberRole.OWNER and not others and (kind, role) != ("role", MemberRole.OWNER)
                try:
                    if kind == "remove":
                        membership.remove(row, by=people[0], now=utcnow())
                    else:
                        membership.change_role(row, role, by=people[0], now=utcnow())
                    assert not needed
                    model = {who: one for who, one in model.items() if who != n} | ({n: role} if kind == "role" else {})
                except Refused:
                    assert needed
            db.session.flush()
            assert {k: people[k].role_in(organisation) for k in range(4)} == {k: model.get(k) for k in range(4)}
            assert MemberRole.OWNER in model.values()
        db.session.rollback()
