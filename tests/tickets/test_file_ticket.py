"""Filing a ticket: one transaction that leaves number, promise, conversation and confirmation."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from portal.sla import Quote
from portal.tickets import drafts as kept
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]


def test_a_ticket_is_filed_with_its_promise(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    number = writing.filed(as_("customer"))
    with app.app_context():
        ticket = writing.ticket(number)
        quote = Quote.from_json(ticket.promise)
        assert ticket.subject == "Beacon stops at night" and ticket.product_version == "4.2.0.0"
        assert quote.allowed and (ticket.policy_id, ticket.policy_version) == (
            writing.policy().id,
            writing.policy().version,
        )
        assert ticket.first_response_due_at == (quote.first_response.due_at if quote.first_response else None)
        assert [message.body for message in ticket.messages] == ["It stopped at two in the morning.\nSee the log."]
        assert [event.kind for event in ticket.events] == ["received", "receipt_sent"]
        assert writing.drafts() == []


def test_the_page_after_filing_shows_number_and_promise(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    number = writing.filed(browser)
    page = browser.get(f"/tickets/{number}?filed=1")
    assert page.status_code == 200
    assert str(number) in page.text and "Beacon stops at night" in page.text and "band-svg" in page.text


def test_a_confirmation_is_mailed_in_the_customers_language(app: Flask, world: World, as_: As, person) -> None:  # type: ignore[no-untyped-def]
    writing.equip(app, world)
    browser = as_("customer")
    with app.app_context():
        person("customer").locale, person("customer").zone = "de", "Asia/Kolkata"
        writing.db.session.commit()
    number = writing.filed(browser)
    with app.app_context():
        (mail,) = [mail for mail in writing.mails() if mail.ticket_id]
        message = mail.as_message(app.extensions["settings"])
        assert mail.language == "de" and mail.recipient == world.email("customer")
        assert str(number) in mail.subject and str(number) in mail.text and str(number) in mail.html
        assert message["Auto-Submitted"] == "auto-generated" and str(number) in message["References"]
        assert f"/tickets/{number}" in mail.text
        assert writing.ticket(number).promise_zone == "Asia/Kolkata"


def test_strangers_dont_see_it(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    number = writing.filed(as_("customer"))
    for name in ("stranger", "colleague", "former", "reseller"):
        assert as_(name).get(f"/tickets/{number}").status_code == 404
    for name in ("owner", "agent"):
        assert as_(name).get(f"/tickets/{number}").status_code == 200
    assert as_("billing").get(f"/tickets/{number}").status_code == 404


def test_a_visitor_is_asked_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/tickets/new")
    assert answer.status_code == 302 and "/account/sign-in" in answer.location


def test_missing_fields_are_said_at_the_field_and_kept(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    answer = writing.send(as_("customer"), subject="", version="4.2", body="Kept text")
    assert answer.status_code == 422
    assert "error-summary" in answer.text and "subject-error" in answer.text and "Kept text" in answer.text
    with app.app_context():
        (draft,) = writing.drafts()
        assert draft.fields["body"] == "Kept text" and writing.tickets_count() == 0


def test_bad_values_are_refused_at_their_field(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    for name, value in (
        ("version", "four"),
        ("version", "4.2.0.0.0"),
        ("version", "4" * 60),
        ("severity", "apocalyptic"),
        ("product", "nothing-we-sell"),
        ("subject", "x" * 300),
        ("body", "x" * 60_000),
        ("body", " \n "),
        ("topic", "gossip"),
    ):
        answer = writing.send(browser, **{name: value})
        assert answer.status_code == 422, (name, value)
        assert f'{name}-error"' in answer.text, (name, value)
    with app.app_context():
        assert writing.tickets_count() == 0


def test_a_foreign_organisation_is_refused(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    answer = writing.send(as_("customer"), organisation=str(world.elsewhere))
    assert answer.status_code == 422 and "You can’t file for that organisation" in answer.text


def test_a_plan_without_tickets_is_told_what_it_has(app: Flask, world: World, as_: As) -> None:
    browser = as_("stranger")
    page = browser.get("/tickets/new")
    assert page.status_code == 200 and "Your plan has no tickets" in page.text
    answer = writing.send(browser)
    assert answer.status_code == 422
    with app.app_context():
        assert writing.tickets_count() == 0 and len(writing.drafts()) == 1


def test_a_billing_question_is_always_possible(app: Flask, world: World, as_: As) -> None:
    number = writing.filed(as_("stranger"), topic="billing", product="", version="")
    with app.app_context():
        ticket = writing.ticket(number)
        assert ticket.topic == "billing" and ticket.product_id is None


def test_an_outdated_version_is_said_but_taken(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    page = browser.get("/tickets/quote?topic=product&product=beacon&version=1.0.0.0", headers={"HX-Request": "true"})
    assert "callout" in page.text
    number = writing.filed(browser, version="1.0.0.0")
    with app.app_context():
        assert writing.ticket(number).product_version == "1.0.0.0"


def test_odd_characters_do_no_harm(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    number = writing.filed(
        as_("customer"), subject="Zero\x00 and\r\nBcc: all@example.com", body="bell\x07 \u202e text \x00"
    )
    with app.app_context():
        ticket = writing.ticket(number)
        assert ticket.subject == "Zero and Bcc: all@example.com" and "\x00" not in ticket.messages[0].body
        (mail,) = [mail for mail in writing.mails() if mail.ticket_id]
        assert mail.as_message(app.extensions["settings"])["Bcc"] is None


def test_filing_too_fast_keeps_the_draft(app: Flask, world: World, as_: As, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    writing.equip(app, world)
    browser = as_("customer")
    monkeypatch.setitem(app.extensions["settings"], "limit_filing", "1 per hour")
    writing.filed(browser)
    answer = writing.send(browser, body="The second one")
    assert answer.status_code == 429 and "kept as a draft" in answer.text and "The second one" in answer.text
    with app.app_context():
        (draft,) = writing.drafts()
        assert draft.fields["body"] == "The second one" and writing.tickets_count() == 1


def test_a_key_of_somebody_elses_draft_is_not_used(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    key = kept.new_key()
    writing.send(as_("customer"), form_key=key, subject="")
    answer = writing.send(as_("stranger"), form_key=key)
    assert answer.status_code == 422 and key not in answer.text
    with app.app_context():
        assert writing.tickets_count() == 0
