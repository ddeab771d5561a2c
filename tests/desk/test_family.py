"""Many tickets of one problem: one message to all their customers, none of whom learns of another."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.mail import Mail
from portal.tickets import drafts, family, progress
from tests.cast import World
from tests.desk.rows import file_one, the
from tests.mailroom.writing import bodies

As = Callable[[str], FlaskClient]


@pytest.fixture
def parts(app: Flask, number: int, world: World, agent: FlaskClient) -> list[int]:
    """Two tickets of other people, below the customer's."""
    with app.app_context():
        found = [file_one(world, who="colleague"), file_one(world, who="owner")]
    for one in found:
        assert agent.post(f"/desk/{one}/parent", data={"parent": f"#{number}"}).status_code == 302
    return found


def tell(agent: FlaskClient, number: int, **fields: str) -> int:
    data = {"body": "It is mended.", "form_key": drafts.new_key()} | fields
    return agent.post(f"/desk/{number}/parts", data=data).status_code


def test_all_of_their_customers_get_the_message(app: Flask, number: int, parts: list[int], agent: FlaskClient) -> None:
    assert tell(agent, number) == 302
    for one in parts:
        assert bodies(app, one)[-1] == ("agent", "It is mended.")
    assert len(bodies(app, number)) == 1
    with app.app_context():
        sent = db.session.scalars(db.select(Mail).where(Mail.subject.contains("A reply to")).order_by(Mail.id)).all()
        assert [mail.recipient for mail in sent] == ["colin@heron.example", "olga@heron.example"]
        for mail, own in zip(sent, parts, strict=True):
            assert not any(str(other) in mail.text for other in (number, *parts) if other != own)


def test_it_can_resolve_them(app: Flask, number: int, parts: list[int], agent: FlaskClient) -> None:
    assert tell(agent, number, solved="y") == 302
    with app.app_context():
        assert [the(one).status for one in (number, *parts)] == ["open", "resolved", "resolved"]
    assert tell(agent, number) == 422


def test_the_same_form_sends_once(app: Flask, number: int, parts: list[int], agent: FlaskClient) -> None:
    key = drafts.new_key()
    for _again in range(2):
        assert tell(agent, number, form_key=key) == 302
    assert len(bodies(app, parts[0])) == 2


def test_what_is_closed_is_left_alone(app: Flask, number: int, parts: list[int], agent: FlaskClient) -> None:
    with app.app_context():
        progress.close(the(parts[0]), by=None, now=utcnow())
        db.session.commit()
    assert tell(agent, number) == 302
    assert len(bodies(app, parts[0])) == 1 and len(bodies(app, parts[1])) == 2


def test_the_desk_shows_both_ways_and_customers_neither(
    number: int, parts: list[int], agent: FlaskClient, as_: As
) -> None:
    assert f"/desk/{parts[0]}" in agent.get(f"/desk/{number}").text
    page = agent.get(f"/desk/{parts[0]}").text
    assert f"made it a part of #{number}" in page and "Part of:" in page
    for name, one in (("customer", number), ("colleague", parts[0])):
        page = as_(name).get(f"/tickets/{one}").text
        assert not any(str(other) in page for other in (number, *parts) if other != one)


def test_a_ticket_is_taken_out_again(app: Flask, number: int, parts: list[int], agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{parts[0]}/parent").status_code == 302
    with app.app_context():
        assert [one.number for one in family.children(the(number))] == [parts[1]]


def test_there_are_two_levels_and_no_circle(
    app: Flask, number: int, parts: list[int], agent: FlaskClient, world: World
) -> None:
    with app.app_context():
        other = file_one(world)
    for child, parent in ((other, parts[0]), (number, other), (number, number), (number, parts[0]), (other, 99999999)):
        assert agent.post(f"/desk/{child}/parent", data={"parent": str(parent)}).status_code == 422
    assert agent.post(f"/desk/{other}/parent", data={"parent": "abc"}).status_code == 422


def test_parts_follow_a_merge(app: Flask, number: int, agent: FlaskClient, world: World) -> None:
    with app.app_context():
        second, part = file_one(world), file_one(world, who="colleague")
    agent.post(f"/desk/{part}/parent", data={"parent": str(second)})
    assert agent.post(f"/desk/{second}/merge", data={"into": str(number)}).status_code == 302
    with app.app_context():
        assert [one.number for one in family.children(the(number))] == [part]


def test_customers_make_no_family(number: int, parts: list[int], as_: As) -> None:
    customer = as_("customer")
    assert customer.post(f"/desk/{number}/parent", data={"parent": str(parts[0])}).status_code == 404
    assert tell(customer, number) == 404


def test_a_parent_that_is_merged_into_its_part_leaves_no_circle(
    app: Flask, number: int, agent: FlaskClient, world: World
) -> None:
    with app.app_context():
        second, part = file_one(world), file_one(world, who="colleague")
    for child in (number, part):
        agent.post(f"/desk/{child}/parent", data={"parent": str(second)})
    assert agent.post(f"/desk/{second}/merge", data={"into": str(number)}).status_code == 302
    with app.app_context():
        assert the(number).parent_id is None
        assert [one.number for one in family.children(the(number))] == [part]


def test_a_part_that_is_merged_hands_on_its_place(
    app: Flask, number: int, parts: list[int], agent: FlaskClient, world: World
) -> None:
    with app.app_context():
        mine, again = file_one(world, who="customer"), file_one(world, who="customer")
    agent.post(f"/desk/{again}/parent", data={"parent": str(number)})
    assert agent.post(f"/desk/{again}/merge", data={"into": str(mine)}).status_code == 302
    with app.app_context():
        assert [one.number for one in family.children(the(number))] == [*parts, mine]
    assert agent.post(f"/desk/{mine}/merge", data={"into": str(number)}).status_code == 302
    with app.app_context():
        assert [one.number for one in family.children(the(number))] == parts
