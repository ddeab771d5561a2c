"""A small stand-in for the payment provider, for what its simulator lacks: payment pages, keys whose answers are
repeated, retries, disputes, and every kind of bad weather. `python -m tests.billing.standin PORT` runs one."""

import copy
import hashlib
import hmac
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Thing = dict[str, Any]
REFUSALS = {
    "pm_poor": ("card_declined", "insufficient_funds"),
    "pm_expired": ("expired_card", "expired_card"),
    "pm_asks": ("authentication_required", "authentication_required"),
}
PAGE = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Payment page</title>
<h1>Payment page</h1><p>{what}</p>
<form method="post"><button name="how" value="card">Pay by card</button>
<button name="how" value="sepa_debit">Pay by debit</button></form><a href="{back}">Back</a>"""


class Refusal(Exception):
    def __init__(self, status: int, kind: str, code: str, **more: Any) -> None:
        super().__init__(code)
        self.status, self.body = status, {"error": {"type": kind, "code": code, "message": code} | more}


def nested(text: str) -> Thing:
    """`a[b][0]=c` as {"a": {"b": {"0": "c"}}}; lists stay numbered."""
    found: Thing = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        place, path = found, re.findall(r"[^\[\]]+", name)
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return found


class Standin:
    """The provider's state. `faults` are what the next requests that change something meet: `500` (nothing is done),
    `500 after` (it is done), `reset`, `reset after`; `delay` is how long every answer takes."""

    def __init__(self, address: str = "") -> None:
        self.things: dict[str, Thing] = {}
        self.events: list[Thing] = []
        self.answers: dict[str, tuple[str, int, Thing]] = {}
        self.faults: list[str | None] = []
        self.calls: list[str] = []
        self.delay = 0.0
        self.is_down = False
        self.lock = threading.RLock()
        self.secret = "whsec_standin"
        self.address = address
        self.told: str | None = None  # where events go at once
        self.lies: Callable[[Thing], Thing] | None = None

    # What customers and the vendor's people do there ----------------------------------------------------------------

    def pay(self, session_id: str, how: str = "card") -> Thing:
        """The customer pays at the page: by card at once, by debit some days later."""
        with self.lock:
            session = self.things[session_id]
            assert session["status"] == "open", session["status"]
            intent = self.things.get(session["_tried"]) or self._intent(
                amount=session["amount_total"],
                currency=session["currency"],
                customer=session["customer"],
                metadata=dict(session["_intent"].get("metadata", {})),
            )
            session["_tried"] = intent["id"]  # one page has one intent, whichever card it takes
            session["payment_intent"] = intent["id"]
            if how == "refused":
                session["payment_intent"] = None  # the page stays open for another card
                self._refuse(intent, "pm_poor")
                return intent
            session["status"], session["payment_status"] = "complete", "paid" if how == "card" else "unpaid"
            self._take(intent, "pm_card" if how == "card" else "pm_sepa")
            self.happen("checkout.session.completed", session)
            return intent

    def leave(self, session_id: str, kind: str = "card", **more: Any) -> Thing:
        """The customer leaves a card or a mandate."""
        with self.lock:
            session = self.things[session_id]
            shown = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030} if kind == "card" else {}
            method = self.add("payment_method", "pm", type=kind, customer=session["customer"])
            method[kind] = shown | ({"last4": "3000"} if kind != "card" else {}) | more
            setup = self.add("setup_intent", "seti", status="succeeded", payment_method=method["id"])
            session |= {"status": "complete", "setup_intent": setup["id"]}
            self.things[session_id] = session
            self.happen("setup_intent.succeeded", setup)
            self.happen("checkout.session.completed", session)
            return method

    def expire(self, session_id: str) -> None:
        with self.lock:
            self.things[session_id]["status"] = "expired"
            self.happen("checkout.session.expired", self.things[session_id])

    def finish_debit(self, intent_id: str, *, is_paid: bool) -> None:
        with self.lock:
            intent = self.things[intent_id]
            assert intent["status"] == "processing"
            self._succeed(intent, "sepa_debit") if is_paid else self._refuse(intent, "pm_poor")

    def dispute(self, intent_id: str, status: str) -> Thing:
        with self.lock:
            found = [one for one in self.of("dispute") if one["payment_intent"] == intent_id]
            one = found[0] if found else self.add("dispute", "dp", payment_intent=intent_id)
            one["status"] = status
            self.happen("charge.dispute.closed" if found else "charge.dispute.created", one)
            return one

    def refund_there(self, intent_id: str, amount: int, **more: Any) -> Thing:
        """At the provider's own desk, or asked for by us."""
        with self.lock:
            intent = self.things[intent_id]
            spent = sum(one["amount"] for one in self.of("refund") if one["payment_intent"] == intent_id)
            if intent["status"] != "succeeded" or spent + amount > intent["amount"]:
                raise Refusal(400, "invalid_request_error", "charge_already_refunded")
            state = {"amount": amount, "currency": intent["currency"], "status": "succeeded"}
            one = self.add("refund", "re", payment_intent=intent_id, **(state | {"metadata": {}} | more))
            self.happen("refund.created", one)
            self.happen("charge.refunded", self.things[intent["latest_charge"]])
            return one

    def charged(self) -> dict[str, int]:
        """What was really taken, by the mark of our payment."""
        sums: dict[str, int] = {}
        for intent in self.of("payment_intent"):
            if intent["status"] == "succeeded":
                mark = intent["metadata"].get("payment", "")
                sums[mark] = sums.get(mark, 0) + intent["amount"]
        return sums

    # Its things -------------------------------------------------------------------------------------------------------

    def add(self, kind: str, prefix: str, **values: Any) -> Thing:
        number = len(self.things) + 1
        digest = hashlib.sha256(f"{id(self)}{number}{time.time_ns()}".encode()).hexdigest()[:12]
        one: Thing = {"id": f"{prefix}_{number}{digest}", "object": kind, "created": int(time.time()), "metadata": {}}
        self.things[one["id"]] = one | values
        return self.things[one["id"]]

    def of(self, kind: str) -> list[Thing]:
        return [one for one in self.things.values() if one["object"] == kind]

    def happen(self, kind: str, thing: Thing) -> None:
        number = len(self.events) + 1
        event = {"id": f"evt_{number}_{thing['id']}", "object": "event", "type": kind, "created": int(time.time())}
        self.events.append(event | {"data": {"object": copy.deepcopy(thing)}})
        if self.told:
            threading.Thread(target=self.deliver, args=(self.events[-1],), daemon=True).start()

    def letter(self, event: Thing, *, at: float | None = None, secret: str | None = None) -> dict[str, Any]:
        """An event as it is posted: body and signed headers."""
        body, stamp = json.dumps(event).encode(), int(at if at is not None else time.time())
        key = (secret or self.secret).encode()
        signature = hmac.new(key, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {"data": body, "headers": {"Stripe-Signature": f"t={stamp},v1={signature}"}}

    def deliver(self, event: Thing) -> None:
        from urllib.request import Request, urlopen

        letter = self.letter(event)
        request = Request(self.told or "", letter["data"], letter["headers"] | {"Content-Type": "application/json"})
        with urlopen(request, timeout=5) as answer:
            answer.read()

    def _intent(self, **values: Any) -> Thing:
        blank = {"status": "requires_confirmation", "latest_charge": None, "last_payment_error": None}
        return self.add("payment_intent", "pi", **({"amount_received": 0} | blank | values))

    def _take(self, intent: Thing, method: str) -> None:
        kind = "sepa_debit" if method.startswith("pm_sepa") else self.things.get(method, {}).get("type", "card")
        if kind == "sepa_debit":
            intent |= {"status": "processing"}
            self.things[intent["id"]] = intent
            self.happen("payment_intent.processing", intent)
            return
        self._succeed(intent, kind)

    def _succeed(self, intent: Thing, kind: str) -> None:
        shown = {"type": kind}
        charge = self.add("charge", "ch", payment_intent=intent["id"], amount=intent["amount"])
        charge["payment_method_details"] = shown
        intent["status"], intent["amount_received"] = "succeeded", intent["amount"]
        intent["latest_charge"], intent["last_payment_error"] = charge["id"], None
        self.happen("payment_intent.succeeded", intent)
        self.happen("charge.succeeded", charge)

    def _refuse(self, intent: Thing, method: str) -> Refusal:
        code, why = REFUSALS.get(method, ("card_declined", "generic_decline"))
        intent["status"], intent["last_payment_error"] = "requires_payment_method", {"code": code, "decline_code": why}
        self.happen("payment_intent.payment_failed", intent)
        more = {"decline_code": why, "payment_intent": copy.deepcopy(intent)}
        return Refusal(402, "card_error", code, **more)

    # Its addresses ----------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, asked: Thing) -> Thing:
        """One request of the library. Raises Refusal."""
        parts = path.removeprefix("/v1/").split("/")
        if parts[0] == "checkout":
            parts = ["checkout.sessions", *parts[2:]]
        kind, rest = parts[0].removesuffix("s"), parts[1:]
        if not rest:
            return self._list(kind, asked) if method == "GET" else self._make(kind, asked)
        thing = self.things.get(rest[0])
        if thing is None or thing["object"] != kind:
            raise Refusal(404, "invalid_request_error", "resource_missing")
        if method == "GET":
            return self._expanded(thing, asked)
        return self._act(thing, rest[1], asked)

    def _expanded(self, thing: Thing, asked: Thing) -> Thing:
        shown = copy.deepcopy(thing)
        for name in (asked.get("expand") or {}).values():
            shown[name] = copy.deepcopy(self.things.get(shown.get(name) or "", shown.get(name)))
        return self.lies(shown) if self.lies else shown

    def _list(self, kind: str, asked: Thing) -> Thing:
        rows = self.events if kind == "event" else self.of(kind)
        since = int((asked.get("created") or {}).get("gte", 0))
        same = {name: asked[name] for name in ("customer", "payment_intent") if name in asked}
        rows = [one for one in rows if one["created"] >= since and same.items() <= one.items()][::-1]
        if after := asked.get("starting_after"):
            rows = rows[[one["id"] for one in rows].index(after) + 1 :]
        limit = int(asked.get("limit", 10))
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": "/v1/x"}

    def _make(self, kind: str, asked: Thing) -> Thing:
        if kind == "customer":
            return self.add("customer", "cus", **asked)
        if kind == "refund":
            mark = asked.get("metadata", {})
            return self.refund_there(asked["payment_intent"], int(asked["amount"]), metadata=mark)
        if asked["customer"] not in self.things:
            raise Refusal(404, "invalid_request_error", "resource_missing", param="customer")
        if kind == "checkout.session":
            return self._open_page(asked)
        assert kind == "payment_intent", kind
        shown = {name: asked[name] for name in ("currency", "customer")}
        intent = self._intent(amount=int(asked["amount"]), metadata=asked.get("metadata", {}), **shown)
        return self._confirm(intent, asked["payment_method"])

    def _open_page(self, asked: Thing) -> Thing:
        price = (asked.get("line_items") or {}).get("0", {}).get("price_data", {})
        session = self.add(
            *("checkout.session", "cs_test"),
            **{name: asked[name] for name in ("mode", "customer", "success_url", "cancel_url", "metadata")},
            amount_total=int(price.get("unit_amount", 0)),
            currency=price.get("currency"),
            status="open",
            payment_intent=None,
            setup_intent=None,
            _intent=asked.get("payment_intent_data", {}),
            _tried="",
        )
        session["url"] = f"{self.address}/pay/{session['id']}"
        return session

    def _act(self, thing: Thing, verb: str, asked: Thing) -> Thing:
        if verb == "confirm":
            if thing["status"] not in ("requires_payment_method", "requires_confirmation"):
                raise Refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
            return self._confirm(thing, asked["payment_method"])
        if verb == "cancel":
            if thing["status"] in ("succeeded", "processing", "canceled"):
                raise Refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
            thing["status"] = "canceled"
            self.happen("payment_intent.canceled", thing)
        elif verb == "expire":
            if thing["status"] != "open":
                raise Refusal(400, "invalid_request_error", "resource_missing")
            self.expire(thing["id"])
        elif verb == "detach":
            thing["customer"] = None
            self.happen("payment_method.detached", thing)
        return thing

    def _confirm(self, intent: Thing, method: str) -> Thing:
        if method.split("-")[0] in REFUSALS:
            raise self._refuse(intent, method.split("-")[0])
        self._take(intent, method)
        return intent


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Standin

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/pay/"):
            session = self.provider.things[parts.path.removeprefix("/pay/")]
            return self.send(200, PAGE.format(what=session["mode"], back=session["cancel_url"]).encode(), "text/html")
        return self.speak("GET", parts.path, nested(parts.query), "")

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = urlsplit(self.path).path
        if path.startswith("/pay/"):
            return self.walk_through(path.removeprefix("/pay/"), nested(text)["how"])
        return self.speak("POST", path, nested(text), text)

    def walk_through(self, session_id: str, how: str) -> None:
        session = self.provider.things[session_id]
        self.provider.pay(session_id, how) if session["mode"] == "payment" else self.provider.leave(session_id, how)
        self.send_response(303)
        self.send_header("Location", session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def speak(self, method: str, path: str, asked: Thing, text: str) -> None:
        there = self.provider
        there.calls.append(f"{method} {path}")
        time.sleep(there.delay)
        if there.is_down:
            return self.hang_up()
        with there.lock:
            fault = there.faults.pop(0) if method == "POST" and there.faults else None
            if fault == "reset":
                return self.hang_up()
            status, body = self.once(method, path, asked, text, fault)
        if fault == "reset after":
            return self.hang_up()
        return self.send(status, json.dumps(body).encode())

    def once(self, method: str, path: str, asked: Thing, text: str, fault: str | None) -> tuple[int, Thing]:
        """The answer; the same again for the same key, failures included."""
        there, key = self.provider, self.headers.get("Idempotency-Key")
        print_of = f"{path}?{text}"
        if method == "POST" and key in there.answers:
            first, status, body = there.answers[key]
            if first != print_of:
                return 400, {"error": {"type": "idempotency_error", "message": "other parameters"}}
            return status, body
        try:
            done = {} if fault == "500" else there.answer(method, path, asked)
            status, body = 200, copy.deepcopy(done)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        if fault in ("500", "500 after"):
            status, body = 500, {"error": {"type": "api_error", "message": "broken down"}}
        if method == "POST" and key:
            there.answers[key] = (print_of, status, body)
        return status, body

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        with suppress(OSError):  # who asked is gone
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


@contextmanager
def standing_in(port: int = 0) -> Iterator[Standin]:
    """A provider at an address of its own."""
    there = Standin()
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"provider": there}))
    server.daemon_threads = True
    there.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with standing_in(int(sys.argv[1])) as provider:
        provider.told = sys.argv[2] if len(sys.argv) > 2 else None
        print(provider.address, flush=True)
        threading.Event().wait()
