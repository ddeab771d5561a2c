"""What is tried with subscriptions: scanners that follow links, floods of questions, addresses that changed hands."""

import re
import socket
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.accounts.people import User
from portal.db import db
from portal.jobs import run_due
from portal.mail import Mail
from portal.status import subscribing
from portal.status.subscriber import Subscriber
from portal.webhooks import calling
from tests import cast
from tests.status.telling_rows import a_component, reported
from tests.status.test_subscribing import agrees, asks, link, mails
from tests.webhooks.conftest import receiver  # noqa: F401
from tests.webhooks.receiver import Receiver

EVE = "eve@reader.example"


def everything(app: Flask) -> dict[str, list[Any]]:
    """Every row of every table."""
    with app.app_context():
        return {
            table.name: sorted(map(repr, db.session.execute(select(table)).all()))
            for table in db.metadata.sorted_tables
        }


def test_scanners_that_follow_every_link_change_nothing(app: Flask, client: FlaskClient) -> None:
    asks(client)
    question = link(app)
    links = {question}
    agrees(client, question)
    with app.app_context():
        reported(app)
    for mail in mails(app):
        links |= {f"/{found}" for found in re.findall(r"https?://[^/\s\"<>]+/([^\s\"<>]*)", mail.text + mail.html)}
    assert any("/stop?about=" in one for one in links)
    before = everything(app)
    for one in sorted(links):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(one, method=method).status_code < 400, one
    assert everything(app) == before


def test_a_link_tells_no_other_site_of_itself(app: Flask, client: FlaskClient) -> None:
    asks(client)
    answer = client.get(link(app))
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer") and "noindex" in answer.text


def test_links_are_no_good_for_others(app: Flask, client: FlaskClient) -> None:
    asks(client)
    asks(client, "mallory@reader.example")
    mine, others = link(app), link(app, "mallory@reader.example")
    mixed = mine[:-32] + others[-32:]
    for forged in (mixed, mine[:-1], f"{mine}0", mine.replace("subscribe/", "subscribe/0"), mine[:-64] + "0" * 64):
        assert client.get(forged).status_code == 404
        assert client.post(f"{forged}/stop", csrf=False).status_code == 404


def test_an_address_is_not_buried_in_questions(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setitem(app.extensions["settings"], "limit_subscribe", "1000 per hour")
    for number in range(12):
        for spelling in (f"eve+{number}@reader.example", f"EVE+{number}@Reader.example", EVE):
            asks(client, spelling)
    with app.app_context():
        run_due()
        asked = select(func.count()).select_from(Mail).where(Mail.recipient.like("eve%@reader.example"))
        assert db.session.scalar(asked) == subscribing.MOST_ASKED["email"]


def test_nobody_asks_for_many(app: Flask, client: FlaskClient, world: cast.World) -> None:
    fields = {"way": "email", "kinds": ["outage"], "lang": "en", "zone": "UTC"}
    told = [
        client.post("/status/subscribe", data=fields | {"address": f"v{n}@reader.example"}).status_code
        for n in range(12)
    ]
    assert told == [200] * 10 + [429] * 2


def test_spellings_of_one_host_are_counted_together(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions["settings"], "limit_subscribe", "1000 per hour")
    called: list[str] = []

    def post(url: str, *_: object, **__: object) -> int:
        called.append(url)
        return 204

    monkeypatch.setattr(calling, "post", post)
    for number in range(30):
        asks(client, f"https://Victim.example:{8000 + number}/hook", way="webhook")
        asks(client, f"https://victim.example./hook?{number}", way="webhook")
        asks(client, f"https://victim.example/same#{number}", way="webhook")
        asks(client, "https://vIctim.example/same", way="webhook")
    with app.app_context():
        run_due()
    assert len(called) == subscribing.MOST_ASKED["webhook"] and len(set(called)) == len(called)


INSIDE = [
    *(
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
    ),
    *("10.0.0.8", "100.64.0.1", "0.0.0.0", "[fe80::1]", "[fd00::1]", "localhost"),
]


@pytest.mark.parametrize("way", ["webhook", "slack"])
def test_nothing_inside_is_called(app: Flask, client: FlaskClient, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["settings"], "limit_subscribe", "1000 per hour")

    def connects(address: Any, **_: Any) -> Any:
        raise AssertionError(f"connected to {address}")

    monkeypatch.setattr(socket, "create_connection", connects)
    for host in INSIDE:
        fields = {"way": way, "kinds": ["outage"], "lang": "en", "zone": "UTC", "address": f"https://{host}/hook"}
        assert client.post("/status/subscribe", data=fields).status_code in (200, 422), host
    with app.app_context():
        run_due()
        assert not db.session.scalars(select(Subscriber).where(Subscriber.confirmed_at.is_not(None))).all()


def test_a_name_that_answers_otherwise_a_moment_later_leads_nowhere_else(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, connected = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"]), []

    def looked_up(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connects(address: Any, **_: Any) -> Any:
        connected.append(address)
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connects)
    asks(client, "https://rebinds.example/hook", way="slack")
    with app.app_context():
        run_due()
    assert connected == [("93.184.216.34", 443)]


def test_a_redirect_is_a_failure(app: Flask, client: FlaskClient, receiver: Receiver) -> None:  # noqa: F811
    asks(client, receiver.url, way="webhook")
    with app.app_context():
        run_due()
    agrees(client, "/" + receiver.bodies[0]["data"]["link"].split("/", 3)[3])
    receiver.answers = [302]
    with app.app_context():
        reported(app)
        run_due()
        assert len(receiver.calls) == 2, "not followed"
        assert db.session.scalars(select(Subscriber.stopped_at)).one() is None


def test_who_has_the_address_now_gets_no_link_to_what_the_account_chose(
    app: Flask, world: cast.World, client: FlaskClient, as_: Any
) -> None:
    """The account's address was changed; its former one belongs to somebody else."""
    with app.app_context():
        a_component("vault", visibility=f"org:{world.heron}")
        db.session.commit()
    old, new = world.email("customer"), "carla@new.example"
    fields = {"way": "email", "address": old, "kinds": ["outage"], "lang": "en", "zone": "UTC"}
    own = as_("customer").post("/status/subscribe", data=fields).headers["Location"]
    with app.app_context():
        db.session.execute(select(User).filter_by(email=old)).scalar_one().email = new
        db.session.commit()
    asks(client, old)
    theirs = link(app, old)
    assert not own.endswith(theirs) and "Vault" not in client.get(theirs).text
    assert new in client.get(own).text


def test_rooms_are_not_called_together_by_words(app: Flask, client: FlaskClient, receiver: Receiver) -> None:  # noqa: F811
    asks(client, receiver.url, way="slack")
    with app.app_context():
        run_due()
    agrees(client, "/" + receiver.bodies[0]["text"].rpartition("\n")[2].split("/", 3)[3])
    with app.app_context():
        reported(app, "Hello @channel and @everyone, <!here>")
        run_due()
    text = receiver.bodies[-1]["text"]
    assert not re.search(r"@(channel|everyone|here|all)\b|<!", text) and "everyone" in text


def test_words_make_no_headers_of_a_mail(app: Flask, client: FlaskClient) -> None:
    asks(client)
    agrees(client, link(app))
    with app.app_context():
        reported(app, "Down\r\nBcc: all@victim.example\r\n\r\n<b>hello</b>\x85\u2028x")
    told = mails(app)[-1]
    with app.app_context():
        message = told.as_message(app.extensions["settings"])
    assert message["Bcc"] is None and "\n" not in str(message["Subject"]) and "Bcc: all" in str(message["Subject"])
    assert b"\nBcc:" not in message.as_bytes().replace(b"\r", b"") and "<b>hello" not in told.html
