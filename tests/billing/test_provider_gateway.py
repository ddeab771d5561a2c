"""How the provider is asked, and how it is believed: time limits, errors in our words, amounts, signatures."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.provider.gateway import (
    BrokenDown,
    Declined,
    NotTaken,
    Unreachable,
    from_provider,
    keyed,
    provider,
    to_provider,
)
from portal.billing.provider.signature import is_signed
from portal.config import ConfigurationError, load_settings
from portal.doctor import check_payments
from tests.billing.standin import Standin, standing_in
from tests.billing.using import set_up

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
BODY = json.dumps({"id": "evt_1"}).encode()
SECRET = "whsec_standin"


@pytest.fixture
def there(app: Flask) -> Iterator[Standin]:
    with standing_in() as one, set_up(app, one), app.app_context():
        yield one


def made(customer: str = "cus_1", key: str = "k", turn: int = 0, method: str = "pm_card", amount: int = 1000) -> Any:
    asked: Any = {"amount": amount, "currency": "eur", "customer": customer, "payment_method": method, "confirm": True}
    with provider() as ask:
        return ask(lambda v1: v1.payment_intents.create(params=asked, options=keyed(key, turn)))


def a_customer() -> str:
    with provider() as ask:
        return str(ask(lambda v1: v1.customers.create(params={"name": "Heron"}))["id"])


def test_the_same_key_charges_once(there: Standin) -> None:
    customer = a_customer()
    assert made(customer)["id"] == made(customer)["id"]
    assert len(there.of("payment_intent")) == 1


def test_errors_come_in_our_words(there: Standin) -> None:
    customer = a_customer()
    with pytest.raises(Declined) as declined:
        made(customer, method="pm_poor")
    assert declined.value.code == "insufficient_funds" and declined.value.intent_id in there.things
    with pytest.raises(NotTaken, match="resource_missing"):
        made("cus_gone", key="another")


@pytest.mark.parametrize("fault", ["500", "500 after"])
def test_a_breakdown_is_repeated_for_its_key(there: Standin, fault: str) -> None:
    customer = a_customer()
    there.faults = [fault]
    for _time in range(2):
        with pytest.raises(BrokenDown):
            made(customer)
    assert made(customer, turn=1)["status"] == "succeeded"


@pytest.mark.parametrize("fault", ["reset", "reset after"])
def test_a_broken_line_leaves_the_same_key(there: Standin, fault: str) -> None:
    customer = a_customer()
    there.faults = [fault]
    with pytest.raises(Unreachable) as error:
        made(customer)
    assert not isinstance(error.value, BrokenDown)
    assert made(customer)["status"] == "succeeded"
    assert len(there.of("payment_intent")) == 1


def test_the_same_key_for_something_else_is_no_charge(there: Standin) -> None:
    customer = a_customer()
    made(customer)
    with pytest.raises(BrokenDown):
        made(customer, amount=2000)


def test_slow_is_over_in_time(app: Flask, there: Standin) -> None:
    app.extensions["settings"]["stripe_timeout"] = 1
    there.delay = 3
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="slow"):
        a_customer()
    assert time.monotonic() - begun < there.delay


def test_the_doctor_asks_the_provider(app: Flask, there: Standin) -> None:
    config = app.extensions["settings"]

    def told() -> list[str]:
        return [finding.state for finding in check_payments(config)]

    assert told() == ["ok"]
    there.is_down = True
    assert told() == ["fail"]
    config["stripe_secret_key"] = ""
    assert told() == []


@given(st.integers(0, 10**10), st.sampled_from(["EUR", "JPY", "ISK", "HUF", "CLP", "UGX", "IQD"]))
def test_amounts_go_there_and_back(amount: int, currency: str) -> None:
    assert from_provider(to_provider(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "there"),
    [(1050, "EUR", 1050), (1050, "JPY", 1050), (1050, "ISK", 105000), (1050, "KWD", 1050), (500, "UGX", 50000)],
)
def test_amounts_by_the_providers_list(amount: int, currency: str, there: int) -> None:
    assert to_provider(amount, currency) == there


def test_signatures() -> None:
    letter = Standin().letter({"id": "evt_1"}, at=NOW.timestamp())
    body, header = letter["data"], letter["headers"]["Stripe-Signature"]
    assert is_signed(body, header, SECRET, now=NOW)
    assert is_signed(body, f"{header},v1=00,v0=11", SECRET, now=NOW)
    for wrong in ("", "t=1", "v1=00", "t=x,v1=00", f"t={'9' * 30},v1=00", header.replace("v1", "v0"), header + "0"):
        assert not is_signed(body, wrong, SECRET, now=NOW), wrong
    assert not is_signed(body + b" ", header, SECRET, now=NOW)
    assert not is_signed(body, header, "whsec_other", now=NOW)


@pytest.mark.parametrize(("seconds", "is_taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_an_event_is_no_older_or_younger_than_five_minutes(seconds: int, is_taken: bool) -> None:
    letter = Standin().letter({"id": "evt_1"}, at=NOW.timestamp() + seconds)
    assert is_signed(letter["data"], letter["headers"]["Stripe-Signature"], SECRET, now=NOW) is is_taken


def test_the_library_says_the_same() -> None:
    from stripe import SignatureVerificationError, WebhookSignature

    good = WebhookSignature.generate_signature_header(BODY.decode(), SECRET, timestamp=int(time.time()))
    old = WebhookSignature.generate_signature_header(BODY.decode(), SECRET, timestamp=int(time.time()) - 400)
    for header in (good, old, good[:-1], good.replace("v1=", "v0="), f"v1=abc,{good}"):
        try:
            theirs = WebhookSignature.verify_header(BODY, header, SECRET, tolerance=300)
        except SignatureVerificationError:
            theirs = False
        assert is_signed(BODY, header, SECRET, now=datetime.now(UTC)) is theirs, header


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"stripe_secret_key": "sk_test_1"}, "stripe_webhook_secret"),
        ({"stripe_secret_key": "sk_test_1", "stripe_webhook_secret": " "}, "stripe_webhook_secret"),
        ({"stripe_secret_key": "pk_test_1", "stripe_webhook_secret": "whsec_1"}, "stripe_secret_key"),
        ({"stripe_timeout": 11}, "stripe_timeout"),
        ({"stripe_timeout": 0}, "stripe_timeout"),
        ({"stripe_retry_days": ("soon",)}, "stripe_retry_days"),
        ({"stripe_api_base": "ftp://there"}, "stripe_api_base"),
    ],
    ids=str,
)
def test_no_start_on_such_settings(tmp_path: Any, settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        load_settings({}, instance=tmp_path, **settings)
