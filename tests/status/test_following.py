"""Following one incident: told of it alone, until it is over, and ended by one press without ending anything else."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.jobs import run_due
from portal.status import following
from portal.status.incident import Incident
from portal.status.reporting import add_update
from portal.status.subscriber import Subscriber, SubscriberIncident
from tests import cast
from tests.status.telling_rows import a_component, reported
from tests.status.test_subscribing import EVE, agrees, asks, link, mails

ICONS = Path(__file__).parents[2] / "static" / "icons.svg"
As = Callable[[str], FlaskClient]


def began(app: Flask, title: str = "It beeps", **more: object) -> str:
    """The address of an incident that goes on."""
    with app.app_context():
        made = db.session.get_one(Incident, reported(app, title, **more)).public_id  # type: ignore[arg-type]
        run_due()
        return made


def goes_on(app: Flask, public_id: str, status: str = "identified") -> None:
    with app.app_context():
        found = db.session.scalars(db.select(Incident).filter_by(public_id=public_id)).one()
        said = {"status": status, "body": f"Now {status}.", "components": {}, "by": None, "now": utcnow()}
        add_update(found, form_key=f"{public_id}.{status}", **said)  # type: ignore[arg-type]
        db.session.commit()


def subjects(app: Flask, address: str) -> list[str]:
    return [mail.subject for mail in mails(app, address)]


def stop_of(app: Flask, address: str) -> str:
    return re.sub(r"^https?://[^/]+", "", str(mails(app, address)[-1].unsubscribe))


def test_with_an_account_one_press_is_enough(app: Flask, as_: As, world: cast.World) -> None:
    address, other = began(app), began(app, "The API is slow")
    customer, mine = as_("customer"), world.email("customer")
    assert "Notify me" in customer.get(f"/status/incidents/{address}").text
    for _ in range(2):
        assert customer.post(f"/status/subscribe/incidents/{address}").status_code == 302
    page = customer.get(f"/status/incidents/{address}").text
    drawn = set(re.findall(r'id="([\w-]+)"', ICONS.read_text(encoding="utf-8")))
    used = set(re.findall(r'href="[^"#]*icons[^"#]*#([\w-]+)', page))
    assert "Tell me no more" in page and "x" in used <= drawn
    goes_on(app, address)
    goes_on(app, other)
    assert subjects(app, mine) == ["Incident: It beeps"]
    goes_on(app, address, "resolved")
    assert len(mails(app, mine)) == 2
    assert "Notify me" not in customer.get(f"/status/incidents/{address}").text
    assert customer.post(f"/status/subscribe/incidents/{address}").status_code == 404


def test_it_is_ended_on_the_page_and_by_the_mails_button(app: Flask, as_: As, world: cast.World) -> None:
    first, second = began(app), began(app, "The API is slow")
    customer, mine = as_("customer"), world.email("customer")
    for one in (first, second):
        customer.post(f"/status/subscribe/incidents/{one}")
    customer.post(f"/status/subscribe/incidents/{second}/end")
    goes_on(app, second)
    assert mails(app, mine) == []
    goes_on(app, first)
    stop = stop_of(app, mine)
    assert "no more of “It beeps”" in app.test_client().get(stop).text
    app.test_client().open(stop, method="POST", csrf=False)  # type: ignore[call-arg]
    goes_on(app, first, "monitoring")
    assert len(mails(app, mine)) == 1


def test_what_else_was_subscribed_to_stays(app: Flask, client: FlaskClient) -> None:
    asks(client, kinds=["maintenance"])
    agrees(client, link(app), kinds=["maintenance"])
    with app.app_context():
        row = db.session.scalars(db.select(Subscriber)).one()
        row.asked_at -= timedelta(days=2)
        db.session.commit()
    address = began(app)
    assert client.post(f"/status/subscribe/incidents/{address}", data={"email": EVE}).status_code == 200
    question = mails(app)[-1]
    assert question.subject == "Shall we tell you about “It beeps”?"
    where = re.findall(r"(/status/subscribe/\w{64}/incidents/\w+)", question.text)[0]
    assert "each update of “It beeps”" in client.get(where).text
    goes_on(app, address)
    assert len(mails(app)) == 2, "opening the link changes nothing"
    assert client.post(where).status_code == 200
    goes_on(app, address, "monitoring")
    assert len(mails(app)) == 3
    stop = stop_of(app, EVE)
    for _ in range(2):  # mail programs may press twice
        client.open(stop, method="POST", csrf=False)  # type: ignore[call-arg]
    goes_on(app, address, "resolved")
    assert len(mails(app)) == 3
    with app.app_context():
        row = db.session.scalars(db.select(Subscriber)).one()
        assert row.kinds == ["maintenance"] and row.stopped_at is None


def test_somebody_new_is_asked_first_and_the_answer_is_the_same(
    app: Flask, client: FlaskClient, world: cast.World
) -> None:
    address = began(app)
    told = {
        client.post(f"/status/subscribe/incidents/{address}", data={"email": email}).text.replace(email, "…")
        for email in (EVE, world.email("customer"), "nobody@reader.example")
    }
    assert len(told) == 1
    goes_on(app, address)
    assert [mail.subject for mail in mails(app)] == ["Shall we tell you about “It beeps”?"]
    client.post(f"/status/subscribe/incidents/{address}", data={"email": EVE})
    assert len(mails(app)) == 1, "once a day"
    assert client.post(f"/status/subscribe/incidents/{address}", data={"email": "x"}).status_code == 422


def test_who_ended_everything_gets_only_this_back(app: Flask, as_: As, world: cast.World) -> None:
    customer, mine = as_("customer"), world.email("customer")
    customer.post(
        "/status/subscribe", data={"way": "email", "address": mine, "kinds": ["outage"], "lang": "en", "zone": "UTC"}
    )
    with app.app_context():
        row = db.session.scalars(db.select(Subscriber)).one()
        row.stopped_at, row.stopped_why = utcnow(), "asked"
        db.session.commit()
    address = began(app)
    customer.post(f"/status/subscribe/incidents/{address}")
    began(app, "Something else")
    goes_on(app, address)
    assert subjects(app, mine) == ["Incident: It beeps"]


def test_what_one_may_not_see_one_cannot_follow(app: Flask, as_: As, client: FlaskClient, world: cast.World) -> None:
    with app.app_context():
        part = a_component("boiler", visibility=f"org:{world.heron}")
        db.session.commit()
    with app.app_context():
        from portal.audience import open_to

        open_to(f"org:{world.heron}")
        db.session.commit()
    address = began(app, components={part: "major_outage"})
    assert client.post(f"/status/subscribe/incidents/{address}", data={"email": EVE}).status_code == 404
    assert as_("stranger").post(f"/status/subscribe/incidents/{address}").status_code == 404
    customer = as_("customer")
    assert customer.post(f"/status/subscribe/incidents/{address}").status_code == 302
    with app.app_context():
        member = db.session.scalars(
            db.select(cast.Membership).filter_by(user_id=world.ids["customer"], organisation_id=world.heron)
        ).one()
        member.ended_at = utcnow()
        db.session.commit()
    goes_on(app, address)
    assert mails(app, world.email("customer")) == []


def test_it_is_forgotten_when_it_is_long_over(app: Flask, as_: As, world: cast.World) -> None:
    address = began(app)
    as_("customer").post(f"/status/subscribe/incidents/{address}")
    goes_on(app, address, "resolved")
    with app.app_context():
        assert following.forget_followed(now=utcnow() + timedelta(days=29)) == 0
        following.forget_followed(now=utcnow() + timedelta(days=31))
        db.session.commit()
        assert db.session.scalar(db.select(SubscriberIncident.incident_id)) is None
        assert db.session.scalar(db.select(Subscriber.id)) is None
