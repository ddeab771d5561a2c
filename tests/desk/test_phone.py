"""Taking a call: who it is, what they have, and what it leaves behind."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.accounts.claiming import new_key
from portal.accounts.people import User
from portal.accounts.pins import renew_pin
from portal.db import db, utcnow
from portal.mail import Mail
from portal.tickets.ticket import Ticket
from portal.web import settings
from tests import cast
from tests.cast import World
from tests.desk.rows import file_one, the

PHONE = "+31 20 555 0123"


@pytest.fixture
def pin(app: Flask, world: World) -> str:
    """The customer's, who has the highest tier."""
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        db.session.flush()
        made = renew_pin(db.session.get_one(User, world.ids["customer"]), now=utcnow())
        db.session.commit()
    return made


@pytest.fixture
def carla(world: World) -> str:
    return f"/desk/phone/{world.ids['customer']}"


def find(agent: FlaskClient, said: str) -> TestResponse:
    return agent.post("/desk/phone", data={"said": said})


def written(app: Flask) -> list[Ticket]:
    with app.app_context():
        return list(db.session.scalars(db.select(Ticket).order_by(Ticket.id)))


def key_on(agent: FlaskClient, address: str) -> str:
    found = re.search(r'name="form_key"[^>]*value="(\w+)"', agent.get(address).text)
    assert found
    return found[1]


def new(agent: FlaskClient, address: str, **fields: str) -> TestResponse:
    given = {"subject": "It beeps", "product": "beacon", "said": "It beeps all night.", **fields}
    return agent.post(address, data={"form_key": key_on(agent, address), **given})


# Finding ------------------------------------------------------------------------------------------------------------


def test_a_pin_proves_who_calls(pin: str, agent: FlaskClient, carla: str) -> None:
    answer = find(agent, pin)
    assert answer.status_code == 302 and answer.location.endswith(carla)
    assert pin.replace(" ", "") not in answer.location
    assert "Recognised by PIN" in agent.get(carla).text


def test_no_link_makes_a_caller_proven(pin: str, agent: FlaskClient, carla: str) -> None:
    assert "Not proven who it is" in agent.get(f"{carla}?by=pin&recognised=pin").text


def test_a_later_search_by_name_proves_nothing_any_more(pin: str, agent: FlaskClient, carla: str) -> None:
    find(agent, pin)
    find(agent, "carla@heron.example")
    assert "Not proven who it is" in agent.get(carla).text


def test_a_ticket_number_leads_to_who_filed_it(number: int, agent: FlaskClient, carla: str) -> None:
    for said in (str(number), f"#{number}", f"{str(number)[:4]} {str(number)[4:]}"):
        answer = find(agent, said)
        assert answer.location.endswith(f"{carla}?ticket={number}")
    assert f'<option selected value="{number}">' in agent.get(answer.location).text


@pytest.mark.parametrize("said", [PHONE, "0031 20 555 0123", "020 555 0123", "+31 (0)20-5550123", "5550123"])
def test_a_phone_number_is_known_however_it_is_written(
    said: str, app: Flask, world: World, agent: FlaskClient, carla: str, as_: Callable[[str], FlaskClient]
) -> None:
    as_("customer").post("/account/", data={"name": "Carla", "locale": "", "zone": "Europe/Berlin", "phone": PHONE})
    answer = find(agent, said)
    if said == "5550123":
        assert answer.status_code == 200 and "Nobody fits" in answer.text, "too short to mean one person"
    else:
        assert answer.location.endswith(carla)


def test_a_licence_key_leads_to_the_members_of_its_organisation(app: Flask, world: World, agent: FlaskClient) -> None:
    key = new_key()
    with app.app_context():
        cast.sell(key, "business", world.products["beacon"], organisation_id=world.elsewhere)
        db.session.commit()
    assert find(agent, key.lower()).location.endswith(f"/desk/phone/{world.ids['stranger']}")


def test_a_licence_nobody_claimed_leads_to_the_address_of_its_order(
    app: Flask, world: World, agent: FlaskClient
) -> None:
    key = new_key()
    with app.app_context():
        cast.sell(key, "business", world.products["beacon"], order_email=world.email("stranger"))
        db.session.commit()
    assert find(agent, key).location.endswith(f"/desk/phone/{world.ids['stranger']}")


def test_a_name_may_fit_several(world: World, agent: FlaskClient) -> None:
    page = find(agent, "heron marine").text
    assert all(name in page for name in ("Carla", "Colin", "Olga", "Bea"))
    assert "Frank" not in page and "Sven" not in page, "who left or is suspended doesn't call"


@pytest.mark.parametrize("said", ["nobody-at-all", "%", "_", "' OR 1=1", "a\0b", "9" * 200, "０１２３４５６７８"])
def test_nonsense_fits_nobody(said: str, world: World, agent: FlaskClient) -> None:
    answer = find(agent, said)
    assert answer.status_code == 200 and "Nobody fits" in answer.text


def test_nobody_of_the_staff_is_a_caller(world: World, agent: FlaskClient) -> None:
    assert "Nobody fits" in find(agent, world.email("admin")).text
    for who in ("admin", "suspended"):
        assert agent.get(f"/desk/phone/{world.ids[who]}").status_code == 404
    assert agent.get("/desk/phone/99999999999999999999").status_code == 404


def test_guessing_pins_is_limited(
    pin: str, app: Flask, agent: FlaskClient, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "limit_pin", "3 per hour")
    assert [find(agent, f"98765432{n}").status_code for n in range(4)] == [200, 200, 200, 429]
    assert find(agent, pin).status_code == 429, "the right one isn't told from the wrong ones then"
    assert find(agent, "carla@heron.example").status_code == 302, "all else goes on"
    assert find(as_("admin"), pin).status_code == 302, "and so do the others"


# What the call leaves behind ----------------------------------------------------------------------------------------


def test_a_new_ticket_has_the_promise_of_the_caller(
    pin: str, app: Flask, world: World, agent: FlaskClient, carla: str
) -> None:
    assert new(agent, carla, severity="high").status_code == 302
    (ticket,) = written(app)
    assert (ticket.channel, ticket.requester_id, ticket.severity) == ("phone", world.ids["customer"], "high")
    assert (ticket.plan, ticket.tier, ticket.organisation_id) == ("enterprise", "sla-24x7", world.heron)
    assert ticket.first_response_due_at and ticket.promise["basis"] == "guarantee"
    with app.app_context():
        assert "Said on the phone, written down by Amir:" in the(ticket.number).messages[0].body
        mail = db.session.scalars(db.select(Mail).where(Mail.ticket_id == ticket.id)).one()
        assert mail.recipient == world.email("customer") and str(ticket.number) in mail.subject
    assert "Amir took Carla’s call" in agent.get(f"/desk/{ticket.number}").text


def test_an_answer_on_the_phone_is_the_first_response(pin: str, app: Flask, agent: FlaskClient, carla: str) -> None:
    new(agent, carla, answered="Please restart it.", note="She was in a hurry.")
    (ticket,) = written(app)
    with app.app_context():
        told = the(ticket.number)
        assert [message.kind for message in told.messages] == ["customer", "agent", "note"]
        assert told.first_responded_at and told.assignee and told.assignee.name == "Amir"
        mails = db.session.scalars(db.select(Mail).where(Mail.ticket_id == ticket.id)).all()
        assert len(mails) == 2 and not any("in a hurry" in mail.text for mail in mails)


def test_a_call_about_a_ticket_is_written_on_it(app: Flask, number: int, agent: FlaskClient, carla: str) -> None:
    given = {"form_key": key_on(agent, carla), "ticket": str(number), "said": "Now it hums.", "note": "Hums."}
    assert agent.post(carla, data=given).location.endswith(f"/desk/{number}")
    with app.app_context():
        ticket = the(number)
        assert [message.kind for message in ticket.messages] == ["customer", "customer", "note"]
        assert ticket.messages[1].author_id == ticket.requester_id
        assert [event.kind for event in ticket.events][-2:] == ["customer_replied", "noted"]


def test_a_note_alone_reaches_no_customer(
    app: Flask, number: int, agent: FlaskClient, carla: str, as_: Callable[[str], FlaskClient]
) -> None:
    agent.post(carla, data={"form_key": key_on(agent, carla), "ticket": str(number), "note": "CANARY"})
    assert "CANARY" in agent.get(f"/desk/{number}").text
    assert "CANARY" not in as_("customer").get(f"/tickets/{number}").text


def test_sent_twice_it_is_written_once(app: Flask, number: int, agent: FlaskClient, carla: str) -> None:
    again = {"form_key": key_on(agent, carla), "ticket": str(number), "said": "Now it hums."}
    fresh = {"form_key": key_on(agent, carla), "subject": "Other", "product": "beacon", "said": "It beeps."}
    for given in (again, again, fresh, fresh):
        assert agent.post(carla, data=given).status_code == 302
    with app.app_context():
        assert len(the(number).messages) == 2
    assert len(written(app)) == 2


def test_a_colleagues_ticket_is_not_the_callers(app: Flask, number: int, world: World, agent: FlaskClient) -> None:
    colin = f"/desk/phone/{world.ids['colleague']}"
    assert str(number) not in agent.get(colin).text
    given = {"form_key": key_on(agent, colin), "ticket": str(number), "said": "Tell me."}
    assert agent.post(colin, data=given).status_code == 422
    olga = f"/desk/phone/{world.ids['owner']}"
    assert f'value="{number}"' in agent.get(olga).text, "the owner sees those of the organisation"


def test_a_closed_ticket_is_not_offered(number: int, agent: FlaskClient, carla: str) -> None:
    agent.post(f"/desk/{number}/close")
    assert str(number) not in agent.get(carla).text


def test_without_the_phone_the_screen_says_what_there_is(
    app: Flask, world: World, agent: FlaskClient, carla: str
) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "team")
        db.session.commit()
    page = agent.get(carla).text
    assert "No phone in their plan" in page and "Web ticket, Live chat and Community forum" in page
    answer = new(agent, carla)
    assert answer.status_code == 422 and "does not include Phone" in answer.text
    assert "It beeps all night." in answer.text and not written(app)


def test_a_question_about_billing_is_always_taken(app: Flask, world: World, agent: FlaskClient) -> None:
    sam = f"/desk/phone/{world.ids['stranger']}"
    assert new(agent, sam, topic="billing", product="").status_code == 302
    (ticket,) = written(app)
    assert (ticket.topic, ticket.plan, ticket.channel) == ("billing", "free", "ticket")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("subject", "Write a subject"),
        ("said", "Write down what the caller said."),
        ("product", "Choose the product it is about."),
    ],
)
def test_what_is_missing_is_told_and_the_rest_kept(
    missing: str, said: str, pin: str, app: Flask, agent: FlaskClient, carla: str
) -> None:
    answer = new(agent, carla, **{missing: "", "note": "kept words"})
    assert answer.status_code == 422 and said in answer.text and "kept words" in answer.text
    assert not written(app)


def test_a_severity_their_support_has_not_is_refused(app: Flask, world: World, agent: FlaskClient, carla: str) -> None:
    answer = new(agent, carla, severity="nonsense")
    assert answer.status_code == 422 and "Their support has no such severity." in answer.text


def test_words_at_their_longest_have_room_for_who_wrote_them_down(
    pin: str, app: Flask, agent: FlaskClient, carla: str
) -> None:
    assert new(agent, carla, said="x" * 49_500).status_code == 302
    assert new(agent, carla, said="x" * 49_501).status_code == 422


def test_the_callers_language_is_the_tickets(
    pin: str, app: Flask, world: World, agent: FlaskClient, carla: str
) -> None:
    with app.app_context():
        db.session.get_one(User, world.ids["customer"]).locale = "de"
        db.session.commit()
    new(agent, carla)
    (ticket,) = written(app)
    assert ticket.language == "de"


def test_customers_find_no_such_screen(carla: str, number: int, as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("owner")
    for answer in (browser.get("/desk/phone"), find(browser, "carla"), browser.get(carla), browser.post(carla)):
        assert answer.status_code == 404


def test_two_filed_at_the_desk_count_the_same_as_the_form(app: Flask, world: World, agent: FlaskClient) -> None:
    """One promise, whichever way it came in: only the channel differs."""
    with app.app_context():
        online = the(file_one(world, channel="phone", severity="high"))
        promised = online.promise["explanation"][1]
    new(agent, f"/desk/phone/{world.ids['customer']}", severity="high", product="relay")
    assert written(app)[-1].promise["explanation"][1] == promised
