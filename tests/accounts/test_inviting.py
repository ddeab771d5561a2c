"""Inviting a colleague: owners may, and only the address that was invited gets the link."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.membership import hash_token
from portal.accounts.people import Invitation, MemberRole, Membership, User
from portal.db import db
from tests.accounts import post
from tests.cast import World

NEW = {"email": "Nina@Fjord.example", "role": "billing"}


def invite(browser: FlaskClient, world: World, **changed: str) -> int:
    return browser.post(f"/account/organisation/{world.heron}/invite", data={**NEW, **changed}).status_code


def invitations(app: Flask) -> list[Invitation]:
    with app.app_context():
        return list(db.session.scalars(db.select(Invitation).order_by(Invitation.id)))


def test_an_owner_invites_and_the_mail_says_who_and_where(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    assert invite(as_("owner"), world) == 302
    mail = post.last(app, "nina@fjord.example")
    assert mail.subject == "Olga invites you to Heron Marine"
    assert "/account/invitation/" in post.link(mail)


def test_the_mail_is_in_the_language_of_who_is_invited(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    with app.app_context():
        db.session.get_one(User, world.ids["stranger"]).locale = "de"
        db.session.commit()
    assert invite(as_("owner"), world, email=world.email("stranger")) == 302
    mail = post.last(app, world.email("stranger"))
    assert mail.language == "de" and "Abrechnung" in mail.text and "Abrechnung" in mail.html
    assert "Billing" not in mail.text + mail.html


def test_the_token_is_kept_as_a_hash_alone(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    invite(as_("owner"), world)
    token = post.link(post.last(app, "nina@fjord.example")).rpartition("/")[2]
    (kept,) = invitations(app)
    assert len(token) > 40
    assert kept.token_hash == hash_token(token) != token


def test_a_second_invitation_replaces_the_first(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    owner = as_("owner")
    invite(owner, world)
    invite(owner, world)
    first, second = invitations(app)
    assert (first.used_at is None, second.used_at is None) == (False, True)


@pytest.mark.parametrize(("actor", "status"), [("customer", 403), ("billing", 403), ("stranger", 404), ("former", 404)])
def test_others_may_not(app: Flask, as_: Callable[[str], FlaskClient], world: World, actor: str, status: int) -> None:
    assert invite(as_(actor), world) == status
    assert post.mails(app) == []


def test_visitors_are_asked_to_sign_in(client: FlaskClient, world: World) -> None:
    assert "/account/sign-in" in client.post(f"/account/organisation/{world.heron}/invite", data=NEW).location


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"email": "nowhere"}, "Enter an e-mail address such as"),
        ({"email": "colin@heron.example"}, "is a member already"),
        ({"role": "admin"}, "Choose one of the roles in the list."),
        ({"role": ""}, "Choose one of the roles in the list."),
    ],
)
def test_it_refuses_what_it_should(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, changed: dict[str, str], sentence: str
) -> None:
    answer = as_("owner").post(f"/account/organisation/{world.heron}/invite", data={**NEW, **changed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert invitations(app) == []


def test_a_withdrawn_invitation_is_dead(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    owner = as_("owner")
    invite(owner, world, email=world.email("stranger"))
    token = post.link(post.last(app, world.email("stranger")))
    page = owner.get(f"/account/organisation/{world.heron}").text
    withdraw = re.search(r'action="(/account/organisation/\d+/invitation/\d+/withdraw)"', page)
    assert withdraw
    assert as_("customer").post(withdraw[1]).status_code == 403
    assert as_("stranger").post(withdraw[1].replace(f"/{world.heron}/", f"/{world.elsewhere}/")).status_code == 404
    owner.post(withdraw[1])
    assert as_("stranger").post(token).status_code == 404


@pytest.mark.parametrize("act", ["role", "remove"])
def test_invitations_of_who_may_invite_nobody_any_more_are_dead(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, act: str
) -> None:
    invite(as_("owner"), world, email=world.email("stranger"), role="owner")
    token = post.link(post.last(app, world.email("stranger")))
    with app.app_context():
        theirs = db.select(Membership).filter_by(user_id=world.ids["owner"], organisation_id=world.heron)
        number = db.session.scalars(theirs).one().id
        colleague = db.select(Membership).filter_by(user_id=world.ids["colleague"], organisation_id=world.heron)
        db.session.scalars(colleague).one().role = MemberRole.OWNER
        db.session.commit()
    address = f"/account/organisation/{world.heron}/member/{number}/{act}"
    assert as_("colleague").post(address, data={"role": "member"}).status_code == 302
    assert as_("stranger").post(token).status_code == 404


def test_a_hostile_name_stays_text_in_the_mail(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    owner = as_("owner")
    owner.post(f"/account/organisation/{world.heron}/rename", data={"name": "<img src=x onerror=y>"})
    invite(owner, world)
    mail = post.last(app, "nina@fjord.example")
    assert "<img src=x" not in mail.html
    assert "\n" not in mail.subject
