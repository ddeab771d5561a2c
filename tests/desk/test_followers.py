"""Who follows a ticket hears of it, and is named in notes; nobody else learns anything."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Membership, User, staff
from portal.db import db, utcnow
from portal.forgetting import KEPT_FOR
from portal.mail import Mail
from portal.tickets import followers, news
from portal.tickets.news import News
from portal.tickets.ticket import Follower
from portal.web import settings
from tests import cast
from tests.cast import World
from tests.desk.rows import NOTE, file_one, the

As = Callable[[str], FlaskClient]
Person = Callable[[str], User]


def mails_to(app: Flask, address: str) -> list[str]:
    """What was written to an address, subject and text."""
    with app.app_context():
        found = db.session.scalars(db.select(Mail).where(Mail.recipient == address).order_by(Mail.id))
        return [f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in found]


def told(app: Flask, world: World, name: str) -> list[str]:
    with app.app_context():
        query = db.select(News.kind).where(News.user_id == world.ids[name]).order_by(News.id)
        return list(db.session.scalars(query))


def test_a_follower_hears_what_others_do(app: Flask, world: World, number: int, agent: FlaskClient, as_: As) -> None:
    admin = as_("admin")
    assert admin.post(f"/desk/{number}/follow", data={"person": world.ids["admin"]}).status_code == 302
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    as_("customer").post(f"/tickets/{number}/reply", data={"body": "No.", "form_key": "a" * 32})
    agent.post(f"/desk/{number}/note", data={"body": NOTE})
    agent.post(f"/desk/{number}/resolve", data={"body": "Solved."})
    admin.post(f"/desk/{number}/note", data={"body": "My own."})
    assert told(app, world, "admin") == ["replied", "wrote", "noted", "resolved"]
    page = admin.get("/news").text
    assert "Carla wrote" in page and f"#{number}" in page and "News (4)" in admin.get("/desk/").text
    assert not [mail for mail in mails_to(app, world.email("admin")) if NOTE in mail or "Try this." in mail]
    assert len(mails_to(app, world.email("admin"))) == 4


def test_news_are_marked_as_read(app: Flask, world: World, number: int, agent: FlaskClient, as_: As) -> None:
    agent.post(f"/desk/{number}/note", data={"body": "@ada, your turn."})
    admin = as_("admin")
    admin.post("/news/seen")
    assert "News (" not in admin.get("/desk/").text
    with app.app_context():
        news.forget_news(now=utcnow() + 4 * KEPT_FOR)
        assert not db.session.scalars(db.select(News)).all()


def test_who_stops_following_hears_nothing(app: Flask, world: World, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/follow", data={"person": world.ids["admin"]})
    agent.post(f"/desk/{number}/follow", data={"person": world.ids["admin"]})
    agent.post(f"/desk/{number}/unfollow", data={"person": world.ids["admin"]})
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    assert told(app, world, "admin") == [] and mails_to(app, world.email("admin")) == []


def test_a_note_tells_whom_it_mentions(app: Flask, world: World, number: int, agent: FlaskClient, as_: As) -> None:
    agent.post(f"/desk/{number}/note", data={"body": f"{NOTE} @Ada please look, @amir knows."})
    assert told(app, world, "admin") == ["mentioned"] and told(app, world, "agent") == []
    (mail,) = mails_to(app, world.email("admin"))
    assert "Amir mentioned you" in mail and NOTE not in mail and f"/desk/{number}" in mail
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    assert told(app, world, "admin") == ["mentioned", "replied"]
    assert "Ada" in agent.get(f"/desk/{number}").text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada", ["Ada"]),
        ("Ask @Ada.", ["Ada"]),
        ("(@ADA)", ["Ada"]),
        ("@adam", []),
        ("ada", []),
        ("write to help@ada.example", []),
        ("@@ada", []),
        ("@Bo Lind has it", ["Bo Lind"]),
        ("@BoLind", ["Bo Lind"]),
        ("@bo.l has it", ["Bo Lind"]),
        ("@bo", []),
        ("@Bo Berg and @Ada", ["Bo Berg", "Ada"]),
        ("@carla", []),
        ("@edith", []),
    ],
)
def test_names_are_read_as_people_write_them(app: Flask, world: World, text: str, names: list[str]) -> None:
    with app.app_context():
        for name, address in (("Bo Lind", "bo.l@vendor.example"), ("Bo Berg", "bo.b@vendor.example")):
            made = cast.make_user(address, name=name)
            made.roles.append(cast.make_role("agent"))
        db.session.flush()
        found = followers.named_in(text, db.session.scalars(staff()).all())
        assert [person.display_name for person in found] == names


def test_a_flood_of_mentions_is_read_in_no_time(app: Flask, world: World, number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/note", data={"body": "@a" * 20_000}).status_code == 302


def test_a_colleague_of_the_customer_reads_what_is_shared(
    app: Flask, world: World, number: int, agent: FlaskClient, as_: As
) -> None:
    customer, colleague = as_("customer"), as_("colleague")
    assert colleague.get(f"/tickets/{number}").status_code == 404
    shared = customer.post(f"/tickets/{number}/followers", data={"person": world.ids["colleague"]})
    assert shared.status_code == 302
    agent.post(f"/desk/{number}/note", data={"body": NOTE})
    page = colleague.get(f"/tickets/{number}").text
    assert "It drops out every night." in page and NOTE not in page
    assert "Carla shares a ticket with you" in mails_to(app, world.email("colleague"))[0]
    listed = colleague.get("/tickets/").text
    assert "Shared with you" in listed and f"/tickets/{number}" in listed
    assert "Shared with you" not in customer.get("/tickets/").text
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    assert "has replied to ticket" in mails_to(app, world.email("colleague"))[-1]
    answer = colleague.post(f"/tickets/{number}/reply", data={"body": "It helped.", "form_key": "b" * 32})
    assert answer.status_code == 302 and told(app, world, "colleague") == ["replied"]
    with app.app_context():
        assert the(number).messages[-1].author_id == world.ids["colleague"]
    assert "Shared with Colin" in customer.get(f"/tickets/{number}").text


def test_what_is_shared_ends_with_the_membership(
    app: Flask, world: World, number: int, as_: As, agent: FlaskClient
) -> None:
    as_("customer").post(f"/tickets/{number}/followers", data={"person": world.ids["colleague"]})
    colleague = as_("colleague")
    with app.app_context():
        db.session.execute(
            db.update(Membership).where(Membership.user_id == world.ids["colleague"]).values(ended_at=utcnow())
        )
        db.session.commit()
    before = len(mails_to(app, world.email("colleague")))
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    assert colleague.get(f"/tickets/{number}").status_code == 404
    assert len(mails_to(app, world.email("colleague"))) == before


def test_what_is_no_longer_shared_is_gone(app: Flask, world: World, number: int, as_: As) -> None:
    customer, colleague, person = as_("customer"), as_("colleague"), {"person": world.ids["colleague"]}
    for browser in (customer, colleague):
        customer.post(f"/tickets/{number}/followers", data=person)
        assert colleague.get(f"/tickets/{number}").status_code == 200
        assert browser.post(f"/tickets/{number}/followers/remove", data=person).status_code == 302
        assert colleague.get(f"/tickets/{number}").status_code == 404
        assert str(number) not in colleague.get("/tickets/").text


def test_sharing_sends_no_flood_of_mail(app: Flask, world: World, number: int, as_: As) -> None:
    customer, person = as_("customer"), {"person": world.ids["colleague"]}
    with app.app_context():
        allowed = int(settings().limit_filing.split()[0])
    codes = []
    for _again in range(allowed + 1):
        codes.append(customer.post(f"/tickets/{number}/followers", data=person).status_code)
        customer.post(f"/tickets/{number}/followers/remove", data=person)
    assert codes == [302] * allowed + [429]


def test_nobody_is_written_to_at_an_address_that_is_not_theirs(app: Flask, world: World, number: int, as_: As) -> None:
    with app.app_context():
        db.session.get_one(User, world.ids["colleague"]).confirmed_at = None
        db.session.commit()
    answer = as_("customer").post(f"/tickets/{number}/followers", data={"person": world.ids["colleague"]})
    assert answer.status_code == 422 and mails_to(app, world.email("colleague")) == []


@pytest.mark.parametrize("name", ["stranger", "former", "suspended", "agent", "reseller", "customer"])
def test_only_colleagues_are_shared_with(app: Flask, world: World, number: int, as_: As, name: str) -> None:
    customer = as_("customer")
    person = {"person": world.ids[name]}
    assert customer.post(f"/tickets/{number}/followers", data=person).status_code == 422
    assert customer.post(f"/tickets/{number}/followers/remove", data=person).status_code == 422
    with app.app_context():
        assert not db.session.scalars(db.select(Follower)).all()


def test_agents_share_with_no_stranger_either(app: Flask, world: World, number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/follow", data={"person": world.ids["stranger"]}).status_code == 422
    assert agent.post(f"/desk/{number}/follow", data={"person": world.ids["colleague"]}).status_code == 302
    assert agent.post(f"/desk/{number}/unfollow", data={"person": world.ids["colleague"]}).status_code == 302


def test_who_was_shared_with_shares_no_further(world: World, number: int, as_: As) -> None:
    as_("customer").post(f"/tickets/{number}/followers", data={"person": world.ids["colleague"]})
    colleague = as_("colleague")
    assert colleague.post(f"/tickets/{number}/followers", data={"person": world.ids["billing"]}).status_code == 403
    assert 'id="share-person"' not in colleague.get(f"/tickets/{number}").text


def test_a_ticket_of_nobodys_organisation_has_no_colleagues(app: Flask, world: World, as_: As, person: Person) -> None:
    with app.app_context():
        number = file_one(world)
        the(number).organisation_id = None
        db.session.commit()
    customer = as_("customer")
    assert 'id="sharing"' not in customer.get(f"/tickets/{number}").text
    assert customer.post(f"/tickets/{number}/followers", data={"person": world.ids["colleague"]}).status_code == 422


def test_followers_go_along_with_a_merge(app: Flask, world: World, number: int, agent: FlaskClient, as_: As) -> None:
    with app.app_context():
        other = file_one(world)
    for one, name in ((other, "colleague"), (other, "admin"), (number, "admin")):
        agent.post(f"/desk/{one}/follow", data={"person": world.ids[name]})
    refused = agent.post(f"/desk/{other}/merge", data={"into": str(number)})
    assert refused.status_code == 422 and "shared with different colleagues" in refused.text
    assert as_("colleague").get(f"/tickets/{number}").status_code == 404, "merging shows nobody more"
    agent.post(f"/desk/{number}/follow", data={"person": world.ids["colleague"]})
    agent.post(f"/desk/{other}/merge", data={"into": str(number)})
    with app.app_context():
        assert {person.display_name for person in followers.followers(the(number).id)} == {"Colin", "Ada"}
    assert as_("colleague").get(f"/tickets/{other}").location == f"/tickets/{number}"
