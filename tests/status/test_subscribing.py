"""Anybody subscribes, by a link sent to the address; nothing changes by a GET, and nothing tells who is known."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.status.subscriber import Subscriber
from tests import cast
from tests.status.telling_rows import a_component, reported
from tests.webhooks.conftest import receiver  # noqa: F401
from tests.webhooks.receiver import Receiver, is_signed

EVE = "eve@reader.example"


def asks(client: FlaskClient, address: str = EVE, **more: object) -> str:
    fields = {"way": "email", "address": address, "kinds": ["maintenance", "outage"], "lang": "en", "zone": "UTC"}
    answer = client.post("/status/subscribe", data=fields | more)
    assert answer.status_code == 200, answer.text
    return answer.text.replace(address, "…")


def link(app: Flask, address: str = EVE) -> str:
    """The link in the newest mail to the address, after the worker's jobs ran."""
    with app.app_context():
        run_due()
        mail = db.session.scalars(db.select(Mail).filter_by(recipient=address).order_by(Mail.id.desc())).first()
        assert mail is not None
        return re.findall(r"(/status/subscribe/[0-9a-f]{64})\b", mail.text)[0]


def mails(app: Flask, address: str = EVE) -> list[Mail]:
    with app.app_context():
        run_due()
        return list(db.session.scalars(db.select(Mail).filter_by(recipient=address).order_by(Mail.id)))


def agrees(client: FlaskClient, address: str, **more: object) -> None:
    chosen = {"kinds": ["maintenance", "outage"], "lang": "en", "zone": "UTC"}
    answer = client.post(address, data=chosen | more)
    assert answer.status_code == 200, answer.text


def test_an_address_is_asked_agrees_and_is_told(app: Flask, client: FlaskClient) -> None:
    asks(client)
    address = link(app)
    assert len(mails(app)) == 1
    assert "Shall we tell you?" in client.get(address).text
    with app.app_context():
        reported(app)
    assert len(mails(app)) == 1, "nothing is sent before it is confirmed"
    agrees(client, address)
    with app.app_context():
        reported(app, "The API is slow")
    _question, told = mails(app)
    assert told.subject == "Incident: The API is slow" and "We look into it." in told.text
    assert told.references == [told.in_reply_to] and f"{address}/stop?about=" in str(told.unsubscribe)


def test_a_press_ends_it_and_a_get_does_not(app: Flask, client: FlaskClient) -> None:
    asks(client)
    agrees(client, address := link(app))
    assert "No more mails?" in client.get(f"{address}/stop").text
    with app.app_context():
        assert db.session.scalars(db.select(Subscriber.stopped_at)).one() is None
    for _ in range(2):
        assert client.post(f"{address}/stop", csrf=False).status_code == 200
    with app.app_context():
        reported(app)
    assert len(mails(app)) == 1


def test_the_answer_is_the_same_for_every_address(app: Flask, client: FlaskClient, world: cast.World) -> None:
    first = asks(client)
    agrees(client, link(app))
    again, other = asks(client), asks(client, world.email("customer"))
    normal = [re.sub(r"[0-9a-zA-Z_.-]{60,}", "", text) for text in (first, again, other)]
    assert normal[0] == normal[1] == normal[2]


def test_an_address_is_asked_once_a_day(app: Flask, client: FlaskClient) -> None:
    for _ in range(4):
        asks(client)
    assert len(mails(app)) == 1


def test_spellings_of_one_mailbox_are_counted_together(app: Flask, client: FlaskClient) -> None:
    for number in range(8):
        asks(client, f"eve+{number}@reader.example")
    with app.app_context():
        run_due()
        assert db.session.scalar(db.select(db.func.count(Mail.id))) == 5


def test_asking_again_changes_nothing_of_what_was_chosen(app: Flask, client: FlaskClient) -> None:
    asks(client)
    agrees(client, link(app), kinds=["outage"])
    asks(client, kinds=["maintenance"])
    with app.app_context():
        run_due()
        assert db.session.scalars(db.select(Subscriber.kinds)).one() == ["outage"]


def test_only_the_chosen_components_and_kinds_are_told_of(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        mine, other = a_component("api"), a_component("shop")
        db.session.commit()
    asks(client)
    agrees(client, link(app), components=[mine], kinds=["outage"])
    with app.app_context():
        reported(app, "Shop", components={other: "major_outage"})
        reported(app, "Everything")
        reported(app, "API", components={mine: "partial_outage"})
    assert [mail.subject for mail in mails(app)[1:]] == ["Incident: API"]


def test_hidden_components_are_told_to_nobody_outside(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        hidden, shown = a_component("inside", visibility="staff"), a_component("api")
        db.session.commit()
    asks(client, components=[])
    assert client.post("/status/subscribe", data={"components": [hidden]}).status_code == 422
    agrees(client, link(app))
    with app.app_context():
        reported(app, "Inside", components={hidden: "major_outage"})
        reported(app, "Both", components={hidden: "major_outage", shown: "major_outage"})
    told = mails(app)[1:]
    assert [mail.subject for mail in told] == ["Incident: Both"]
    assert "Api" in told[0].text and "Inside" not in told[0].text + told[0].html


def test_an_account_is_subscribed_at_once(app: Flask, world: cast.World, as_: object) -> None:
    client = as_("customer")  # type: ignore[operator]
    own = {
        "address": world.email("customer"),
        "way": "email",
        "kinds": ["outage"],
        "lang": "de",
        "zone": "Europe/Berlin",
    }
    answer = client.post("/status/subscribe", data=own)
    assert answer.status_code == 302 and "What you are told" in client.get(answer.location).text
    with app.app_context():
        reported(app)
    assert [mail.language for mail in mails(app, world.email("customer"))] == ["de"]


@pytest.mark.parametrize("token", ["0" * 64, "x", "é" * 64, "0" * 32])
def test_a_forged_link_leads_nowhere(token: str, app: Flask, client: FlaskClient) -> None:
    asks(client)
    nonce = link(app).rpartition("/")[2][:32]
    for wrong in (token, nonce + "0" * 32, nonce):
        assert client.get(f"/status/subscribe/{wrong}").status_code == 404
        assert client.post(f"/status/subscribe/{wrong}/stop", csrf=False).status_code == 404


def test_a_shared_address_hears_that_somebody_ended_it(app: Flask, client: FlaskClient) -> None:
    asks(client)
    agrees(client, address := link(app), is_shared="y")
    client.post(f"{address}/stop", csrf=False)
    assert mails(app)[-1].subject == "We tell you no more about incidents"
    agrees(client, address, is_shared="y")
    with app.app_context():
        reported(app)
    assert mails(app)[-1].subject == "Incident: It beeps"


def test_a_webhook_agrees_where_it_is_and_is_called_with_its_signature(
    app: Flask,
    client: FlaskClient,
    receiver: Receiver,  # noqa: F811
) -> None:
    asks(client, receiver.url, way="webhook")
    with app.app_context():
        run_due()
    address = "/" + receiver.bodies[0]["data"]["link"].split("/", 3)[3]
    page = client.post(address, data={"kinds": ["outage"], "lang": "en", "zone": "UTC"}).text
    secret = re.findall(r"whsec_[A-Za-z0-9+/=]+", page)[0]
    assert secret not in client.get(address).text
    with app.app_context():
        reported(app)
        run_due()
    headers, raw = receiver.calls[-1]
    assert is_signed(headers, raw, secret)
    assert (
        receiver.bodies[-1]["type"] == "status.update" and receiver.bodies[-1]["data"]["incident"]["name"] == "It beeps"
    )
    receiver.answers = [410]
    with app.app_context():
        reported(app, "Gone")
        run_due()
        assert db.session.scalars(db.select(Subscriber.stopped_why)).one() == "gone"


def test_a_room_gets_text_that_calls_nobody(app: Flask, client: FlaskClient, receiver: Receiver) -> None:  # noqa: F811
    asks(client, receiver.url, way="slack")
    with app.app_context():
        run_due()
    agrees(client, "/" + receiver.bodies[0]["text"].rpartition("\n")[2].split("/", 3)[3])
    with app.app_context():
        reported(app, "Hello <!channel>")
        run_due()
    assert "<!channel>" not in receiver.bodies[-1]["text"] and "&lt;!channel&gt;" in receiver.bodies[-1]["text"]


def test_what_nobody_confirmed_is_forgotten(app: Flask, client: FlaskClient) -> None:
    from portal.status.subscribing import FORGOTTEN_AFTER, forget_subscribers

    asks(client)
    with app.app_context():
        run_due()
        assert forget_subscribers(now=utcnow() + FORGOTTEN_AFTER * 2) == 1
        db.session.commit()
