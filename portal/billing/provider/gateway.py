"""The payment provider (Stripe), asked by its own library: soon over, and with errors in our words.

Only jobs and the redirect to the payment page ask. Nothing is asked inside a transaction that holds a lock.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import current_app

from portal.billing.money import places
from portal.web import settings

if TYPE_CHECKING:
    from stripe import StripeClient, StripeObject
    from stripe._v1_services import V1Services

UNREACHABLE = "unreachable"  # in a payment's trouble: nobody knows whether money moved
PATIENCE = 1.0  # seconds for one of the places
CHECKOUT = "https://checkout.stripe.com"
# Decimals of amounts by the provider's list, which is not the standard's everywhere (ISK and UGX have two).
WITHOUT = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
WITH_THREE = ("BHD", "JOD", "KWD", "OMR", "TND")

Found = dict[str, Any]


class Unreachable(Exception):
    """No answer, or not in time: nobody knows whether it did what it was asked. The same key may ask again."""


class BrokenDown(Unreachable):
    """It answered that it failed. It would answer so to the same key for a day: look first, then take another."""


class Declined(Exception):
    """The customer's bank refuses; the text is the provider's code for why."""

    def __init__(self, code: str, intent_id: str | None) -> None:
        super().__init__(code)
        self.code, self.intent_id = code, intent_id


class NotTaken(Exception):
    """The provider refuses the request itself; the text is its code: `resource_missing`, `amount_too_small` …"""


Ask = Callable[[Callable[["V1Services"], "StripeObject"]], Found]


def is_used() -> bool:
    """Whether payments by card or debit are offered at all."""
    return bool(settings().stripe_secret_key)


def pay_page_origin() -> str:
    """Where the provider's payment page stands: forms may lead there."""
    return settings().stripe_api_base.rstrip("/") or CHECKOUT


@contextmanager
def provider(*, is_patient: bool = False) -> Iterator[Ask]:
    """Inside, `ask(lambda v1: v1.refunds.retrieve(id))` answers with plain dictionaries.

    All of it together takes `stripe_timeout` seconds at most, looking up names and slow trickles included: then
    Unreachable is raised and the request is left behind. Who `is_patient` gives so long to each question; nobody waits
    for those. Raises Declined and NotTaken too.
    """
    import requests
    from stripe import RequestsClient, StripeClient

    config = settings()
    until = time.monotonic() + config.stripe_timeout
    with requests.Session() as session:
        base = config.stripe_api_base.rstrip("/")
        client = StripeClient(
            config.stripe_secret_key,
            http_client=RequestsClient(timeout=config.stripe_timeout, session=session),
            max_network_retries=0,
            base_addresses={"api": base} if base else {},
        )

        def ask(call: Callable[["V1Services"], "StripeObject"]) -> Found:
            limit = time.monotonic() + config.stripe_timeout if is_patient else until
            return _answer(client, call, limit)

        yield ask


@contextmanager
def provider_for_page() -> Iterator[Ask]:
    """The same inside a request. Half of the web server's threads may wait there: others have pages to answer."""
    room: threading.BoundedSemaphore = current_app.extensions["provider_room"]
    if not room.acquire(timeout=PATIENCE):
        raise Unreachable("busy")
    try:
        with provider() as ask:
            yield ask
    finally:
        room.release()


def _answer(client: "StripeClient", call: Callable[["V1Services"], "StripeObject"], until: float) -> Found:
    answers: queue.Queue[Found | Exception] = queue.Queue()

    def converse() -> None:
        try:
            answers.put(call(client.v1).to_dict())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=converse, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        raise Unreachable("slow") from None
    if isinstance(answer, Exception):
        raise _in_our_words(answer) from answer
    return answer


def _in_our_words(error: Exception) -> Exception:
    from stripe import (
        APIConnectionError,
        CardError,
        IdempotencyError,
        InvalidRequestError,
        RateLimitError,
        StripeError,
    )

    if not isinstance(error, StripeError):
        return error
    status = error.http_status or 0
    body = error.json_body if isinstance(error.json_body, dict) else {}
    told = body.get("error") if isinstance(body.get("error"), dict) else {}
    code = str(error.code or "")
    if isinstance(error, CardError):
        intent = (told or {}).get("payment_intent")
        return Declined(str((told or {}).get("decline_code") or code), intent["id"] if intent else None)
    if isinstance(error, APIConnectionError | RateLimitError) or status == 409:
        return Unreachable(type(error).__name__)
    if isinstance(error, IdempotencyError) or status >= 500 or not status:
        return BrokenDown(str(status))
    if isinstance(error, InvalidRequestError):
        return NotTaken(code or ("resource_missing" if status == 404 else str(error.param or status)))
    return NotTaken(code or str(status))


def keyed(key: str, turn: int = 0) -> Any:
    """The option that makes a request happen once, however often it is sent: within a day at least."""
    return {"idempotency_key": f"{key}:{turn}" if turn else key}


def to_provider(amount: int, currency: str) -> int:
    """An amount of ours as the provider writes it. ValueError for what it can't write."""
    factor = _places(currency) - places(currency)
    if factor >= 0:
        return int(amount * 10**factor)
    if amount % 10**-factor:
        raise ValueError("the provider knows no such part of this currency")
    return int(amount // 10**-factor)


def from_provider(amount: int, currency: str) -> int:
    """An amount of the provider as ours are written; what is finer than ours is rounded down."""
    factor = _places(currency) - places(currency)
    return int(amount // 10**factor) if factor >= 0 else int(amount * 10**-factor)


def _places(currency: str) -> int:
    if currency in WITHOUT:
        return 0
    return 3 if currency in WITH_THREE else 2
