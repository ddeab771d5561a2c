"""What becomes of a mail: by who wrote it, what it answers, and what they hold."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import uploads
from portal.accounts.licences import Subscription
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail, signed_message_id, thread_id
from portal.mailroom import received
from portal.mailroom.received import ReceivedMail, raw_of
from portal.tickets import progress
from portal.tickets.ticket import Ticket
from tests import cast
from tests.mailroom.writing import CUSTOMER, PASSED, bodies, mail, receive_in

TRUSTED = {"mail_trusted_hosts": ("mx.vendor.example",)}


def our_id(app: Flask, number: int) -> str:
    with app.app_context():
        return signed_message_id("ticket", number, "replied")


def ticket(number: int | None) -> Ticket:
    found = db.session.scalar(db.select(Ticket).where(Ticket.number == number))
    assert found
    return found


def letters_to(app: Flask, address: str) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Mail.text).where(Mail.recipient == address).order_by(Mail.id)))


def test_a_mail_of_somebody_who_may_becomes_a_ticket_with_its_promise(app: Flask, entitled: cast.World) -> None:
    outcome = receive_in(app, mail(subject="Relay: no signal", body="It went dark.\n\n-- \nCarla\n"))
    assert (outcome.result, outcome.reason) == ("ticket", "")
    assert bodies(app, outcome.ticket_number) == [("customer", "It went dark.")]
    with app.app_context():
        made = ticket(outcome.ticket_number)
        assert (made.channel, made.subject, made.tier) == ("email", "Relay: no signal", "sla-24x5")
        assert made.organisation_id == entitled.heron
        assert made.product and made.product.slug == "relay"
        assert made.first_response_due_at
        assert made.events[0].detail["channel"] == "email"
    assert str(outcome.ticket_number) in letters_to(app, CUSTOMER)[0]


def test_a_plan_without_mail_gets_directions(app: Flask, world: cast.World) -> None:
    raw = mail(body="SECRET words")
    assert receive_in(app, raw).to_json() == {
        "result": "directions",
        "ticket": None,
        "reason": "Their plan has no tickets by e-mail.",
    }
    (letter,) = letters_to(app, CUSTOMER)
    assert "Your plan has no tickets by e-mail." in letter
    assert "SECRET" not in letter and "It beeps" not in letter


@pytest.mark.parametrize("name", ["a stranger", "unconfirmed"])
def test_strangers_get_directions_and_never_their_text(app: Flask, world: cast.World, name: str) -> None:
    address = cast.ADDRESSES.get(name, "eve@nowhere.example")
    outcome = receive_in(app, mail(address, "Buy http://evil.example", "BUY NOW", message_id="<buy@evil>"))
    assert (outcome.result, outcome.reason) == ("directions", "stranger")
    with app.app_context():
        run_due()
        row = db.session.scalars(db.select(Mail).where(Mail.recipient == address)).one()
        wire = row.as_message(app.extensions["settings"]).as_string()
    assert "evil" not in wire and "BUY" not in wire and "http://127.0.0.1:8000" in wire


def test_a_suspended_account_gets_nothing(app: Flask, entitled: cast.World) -> None:
    assert receive_in(app, mail(cast.ADDRESSES["suspended"])).reason == "suspended"
    assert letters_to(app, cast.ADDRESSES["suspended"]) == []


def test_five_automatic_answers_a_day_are_the_most(app: Flask, world: cast.World) -> None:
    results = [receive_in(app, mail("eve@nowhere.example")).result for _ in range(8)]
    assert results == ["directions"] * 5 + ["ignored"] * 3
    assert len(letters_to(app, "eve@nowhere.example")) == 5


def test_tickets_beyond_five_a_day_are_filed_without_a_receipt(app: Flask, entitled: cast.World) -> None:
    outcomes = [receive_in(app, mail()) for _ in range(7)]
    assert {outcome.result for outcome in outcomes} == {"ticket"}
    assert len(letters_to(app, CUSTOMER)) == 5


def test_a_bomb_of_mails_is_put_aside(app: Flask, entitled: cast.World) -> None:
    results = [receive_in(app, mail(), limit_filing="3 per hour").result for _ in range(5)]
    assert results == ["ticket"] * 3 + ["quarantine"] * 2


@pytest.mark.parametrize("name", ["In_Reply_To", "References"])
def test_a_reply_joins_by_a_signed_message_id(app: Flask, number: int, name: str) -> None:
    raw = mail(subject="Re: something else", body="It stopped.", **{name: f"<other@mail> {our_id(app, number)}"})
    outcome = receive_in(app, raw)
    assert (outcome.result, outcome.ticket_number) == ("reply", number)
    assert bodies(app, number)[-1] == ("customer", "It stopped.")


def test_a_reply_joins_by_the_thread_of_the_ticket(app: Flask, number: int) -> None:
    with app.app_context():
        reference = thread_id(number)
    assert receive_in(app, mail(References=reference)).ticket_number == number


def test_the_subject_joins_for_whoever_takes_part(app: Flask, number: int) -> None:
    outcome = receive_in(app, mail(subject=f"Re: [#{number}] We have your ticket"))
    assert (outcome.result, outcome.ticket_number) == ("reply", number)


@pytest.mark.parametrize("name", ["colleague", "former", "stranger", "reseller", "unconfirmed", "suspended"])
@pytest.mark.parametrize("way", ["subject", "id"])
def test_nobody_else_joins(app: Flask, number: int, name: str, way: str) -> None:
    how = {"subject": f"[#{number}]"} if way == "subject" else {"In_Reply_To": our_id(app, number)}
    before = bodies(app, number)
    assert receive_in(app, mail(cast.ADDRESSES[name], **how)).ticket_number != number
    assert bodies(app, number) == before


def test_the_owner_of_the_organisation_joins(app: Flask, number: int) -> None:
    outcome = receive_in(app, mail(cast.ADDRESSES["owner"], In_Reply_To=our_id(app, number)))
    assert (outcome.result, outcome.ticket_number) == ("reply", number)


def test_a_signature_of_another_ticket_is_none(app: Flask, number: int) -> None:
    forged = our_id(app, 12345678).replace("12345678", str(number))
    assert receive_in(app, mail(In_Reply_To=forged)).result == "ticket"


@pytest.mark.parametrize("results", [None, PASSED.format(domain="vendor.example"), "mx.vendor.example; dmarc=fail"])
def test_an_address_of_an_agent_is_no_agent(app: Flask, number: int, results: str | None) -> None:
    """Not even with a result that says pass, where the settings trust nobody."""
    headers = {"Authentication_Results": results} if results else {}
    raw = mail(cast.ADDRESSES["agent"], In_Reply_To=our_id(app, number), **headers)
    assert receive_in(app, raw).result == "quarantine"
    assert [kind for kind, _body in bodies(app, number)] == ["customer"]


def test_an_agent_replies_where_a_trusted_host_proves_it(app: Flask, number: int) -> None:
    proof = PASSED.format(domain="vendor.example")
    raw = mail(cast.ADDRESSES["agent"], body="Press it.", In_Reply_To=our_id(app, number), Authentication_Results=proof)
    assert receive_in(app, raw, **TRUSTED).result == "reply"
    assert bodies(app, number)[-1] == ("agent", "Press it.")


def test_with_trusted_hosts_an_address_needs_proof(app: Flask, number: int) -> None:
    proof = {"Authentication_Results": PASSED.format(domain="heron.example")}
    assert receive_in(app, mail(), **TRUSTED).reason == "unproven"
    assert receive_in(app, mail(subject=f"[#{number}]"), **TRUSTED).reason == "unproven"
    assert receive_in(app, mail(In_Reply_To=our_id(app, number)), **TRUSTED).result == "reply"
    assert receive_in(app, mail(**proof), **TRUSTED).result == "ticket"


def test_a_failed_check_is_heeded_whoever_wrote_it(app: Flask, number: int) -> None:
    raw = mail(In_Reply_To=our_id(app, number), Authentication_Results="any.host; dmarc=fail header.from=heron.example")
    assert receive_in(app, raw).reason == "forged"


def test_a_reply_reopens_what_was_resolved_or_closed(app: Flask, number: int, person: Callable[[str], User]) -> None:
    for verb in ("resolve", "close"):
        with app.app_context():
            said = ["Done."] if verb == "resolve" else []
            getattr(progress, verb)(ticket(number), *said, by=person("agent"), now=utcnow())
            db.session.commit()
        assert receive_in(app, mail(body=f"Not after {verb}", In_Reply_To=our_id(app, number))).result == "reply"
        with app.app_context():
            assert ticket(number).status == "open"


def over(app: Flask, number: int, person: Callable[[str], User]) -> None:
    with app.app_context():
        progress.close(ticket(number), by=person("agent"), now=utcnow())
        ticket(number).closes_at = utcnow() - timedelta(seconds=1)
        db.session.commit()


def test_a_reply_to_what_is_over_is_a_new_ticket_that_follows_it(
    app: Flask, number: int, person: Callable[[str], User]
) -> None:
    over(app, number, person)
    outcome = receive_in(app, mail(body="It beeps again.", In_Reply_To=our_id(app, number)))
    assert outcome.result == "ticket" and outcome.ticket_number != number
    with app.app_context():
        made, before = ticket(outcome.ticket_number), ticket(number)
        assert before.status == "closed"
        assert (made.follows_id, made.organisation_id, made.channel) == (before.id, before.organisation_id, "email")
        assert made.first_response_due_at
    assert bodies(app, outcome.ticket_number) == [("customer", "It beeps again.")]


def test_of_who_has_no_mail_it_waits_for_staff(
    app: Flask, number: int, person: Callable[[str], User], as_: Callable[[str], FlaskClient]
) -> None:
    over(app, number, person)
    with app.app_context():
        db.session.execute(db.delete(Subscription))
        db.session.commit()
    assert receive_in(app, mail(In_Reply_To=our_id(app, number))).reason == "closed"
    with app.app_context():
        mail_id = db.session.scalars(db.select(ReceivedMail.id)).one()
    assert as_("agent").post(f"/desk/mail/{mail_id}/release", data={"number": str(number)}).status_code == 302
    assert bodies(app, number)[-1][0] == "note"


def test_the_same_mail_again_files_nothing(app: Flask, entitled: cast.World) -> None:
    raw = mail()
    first = receive_in(app, raw)
    again = receive_in(app, b"Received: from another host\r\n" + raw.replace(b"\n", b"\r\n"))
    assert again == first
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(ReceivedMail)) == 1


def test_the_same_mail_by_two_ways_at_once_is_one_ticket(app: Flask, entitled: cast.World) -> None:
    raw = mail()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _n: receive_in(app, raw), range(4)))
    assert len(set(outcomes)) == 1 and outcomes[0].result == "ticket"
    with app.app_context():
        assert len(db.session.scalars(db.select(Ticket.id)).all()) == 1


def test_another_mail_with_the_same_id_is_put_aside(app: Flask, entitled: cast.World) -> None:
    """Whoever guesses an id must not make the true mail vanish."""
    receive_in(app, mail("eve@nowhere.example", message_id="<one@mail.example>"))
    assert receive_in(app, mail(message_id="<one@mail.example>")).reason == "twice"


def test_the_bytes_stay_as_they_came(app: Flask, entitled: cast.World) -> None:
    raw = mail(body="Grüße\n\n> quoted\n")
    receive_in(app, raw)
    with app.app_context():
        assert raw_of(db.session.scalars(db.select(ReceivedMail)).one()) == raw


def test_what_breaks_the_taking_is_put_aside(app: Flask, entitled: cast.World, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.mailroom.entering.file", lambda *a, **k: 1 / 0)
    assert receive_in(app, mail()).reason == "error"
    with app.app_context():
        assert db.session.scalars(db.select(ReceivedMail.reason)).all() == ["error"]


def test_the_pipe_prints_json(app: Flask, entitled: cast.World) -> None:
    answer = app.test_cli_runner().invoke(_command(), ["receive"], input=mail())
    assert answer.exit_code == 0, answer.output
    with app.app_context():
        number = db.session.scalars(db.select(Ticket.number)).one()
    assert answer.output == f'{{"result": "ticket", "ticket": {number}, "reason": ""}}\n'


def test_bytes_of_a_mail_that_was_cut_off_are_tidied(app: Flask, entitled: cast.World) -> None:
    receive_in(app, mail())
    with app.app_context():
        stray = uploads.path_in(received.folder(), received.keep(b"cut off"))
        kept = uploads.path_in(received.folder(), db.session.scalars(db.select(ReceivedMail.token)).one())
    for path in (stray, kept):
        os.utime(path, (0, 0))
    assert app.test_cli_runner().invoke(_command(), ["tidy"]).output == "1 files removed\n"
    assert kept.exists() and not stray.exists()


def _command() -> Any:
    from portal.mailroom.cli import mail as group

    return group


def test_the_receipt_can_be_answered(app: Flask, entitled: cast.World) -> None:
    """The mail we send, as a program answers it: by its own Message-ID."""
    outcome = receive_in(app, mail())
    with app.app_context():
        sent = db.session.scalars(db.select(Mail)).one().as_message(app.extensions["settings"])
    parsed = message_from_bytes(sent.as_bytes())
    answer = mail(subject="AW: x", body="More.", In_Reply_To=parsed["Message-ID"].strip())
    assert receive_in(app, answer).ticket_number == outcome.ticket_number


def test_headers_in_plain_utf8_are_read(app: Flask, entitled: object) -> None:
    """As mail programs of RFC 6532 send them, without encoded words."""
    raw = mail(subject="SUBJECT").replace(b"SUBJECT", "Der Pieper fällt aus".encode())
    number = receive_in(app, raw).ticket_number
    with app.app_context():
        assert db.session.scalars(db.select(Ticket).filter_by(number=number)).one().subject == "Der Pieper fällt aus"


def test_the_sign_for_kelvin_is_no_letter(app: Flask, entitled: object, world: cast.World) -> None:
    with app.app_context():
        db.session.get_one(User, world.ids["customer"]).email = "kim@heron.example"
        db.session.commit()
    raw = mail(sender="KIM@heron.example").replace(b"KIM", "\u212aim".encode())
    assert receive_in(app, raw).result == "ignored"
    assert receive_in(app, mail(sender="KIM@heron.example")).result == "ticket"
