"""Looks at servers that are well, and at those that hang, drip, lie, lead elsewhere or let certificates run out."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest

from portal.status.looking import Look, Sight, look
from portal.webhooks import calling
from tests.status import faults, faulty

LOCAL = ("127.0.0.0/8", "::1/128")


def seen(kind: str, target: str, *, patience: int = 1, inside: tuple[str, ...] = LOCAL, **asks: Any) -> Sight:
    began = time.monotonic()
    found = look(Look(kind, target, asks, patience, inside))
    assert time.monotonic() - began < patience + 5  # most of them would go on without end
    return found


def test_what_answers_is_up() -> None:
    with faulty.serving(faulty.answering()) as port:
        found = seen("http", f"http://127.0.0.1:{port}/health", words="is well")
    assert (found.is_up, found.found) == (True, "")
    assert found.latency_ms is not None and found.latency_ms < 1000


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (faulty.answering("503 Busy"), "status:503"),
        (faulty.answering(body=b"Sorry."), "words"),
        (faulty.hang, "slow"),
        (faulty.drip, "slow"),
        (faulty.drip_body, "slow"),
        (faulty.lie, "unreachable"),
    ],
    ids=["fails", "says something else", "hangs", "drips a header", "drips a body", "speaks no HTTP"],
)
def test_what_is_wrong_with_it(act: faulty.Act, found: str) -> None:
    with faulty.serving(act) as port:
        assert seen("http", f"http://127.0.0.1:{port}/", words="is well") == Sight(False, None, found)


def test_a_stream_that_never_ends_is_read_to_a_bound_only() -> None:
    with faulty.serving(faulty.stream) as port:
        assert seen("http", f"http://127.0.0.1:{port}/", words="well").found == "words"


def test_a_redirect_inside_is_not_followed() -> None:
    asked = threading.Event()

    def secret(line: socket.socket, _over: threading.Event) -> None:
        asked.set()
        line.close()

    with faulty.serving(secret) as inner:
        way = f"Location: http://127.0.0.1:{inner}/secret\r\n"
        with faulty.serving(faulty.answering("302 Found", more=way)) as port:
            assert seen("http", f"http://127.0.0.1:{port}/").found == "status:302"
    assert not asked.is_set()


@pytest.mark.parametrize("kind", ["http", "tcp", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"])
def test_inside_addresses_are_not_reached_unless_listed(kind: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_a, **_k: pytest.fail("it called"))
    target = f"http://{host}:9/" if kind == "http" else f"{host}:9"
    assert seen(kind, target, inside=("192.168.7.0/24",)).found == "inside"


def test_a_name_with_one_address_inside_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "look_up", lambda *_: ["93.184.215.14", "127.0.0.1"])
    assert seen("http", "http://rebinds.example/", inside=()).found == "inside"


def test_a_slow_answer_can_be_a_fault() -> None:
    def late(line: socket.socket, over: threading.Event) -> None:
        time.sleep(0.2)
        faulty.answering()(line, over)

    with faulty.serving(late) as port:
        found = seen("http", f"http://127.0.0.1:{port}/", latency_ms=100)
    assert not found.is_up and found.found.startswith("latency:")


def test_a_port_that_is_open_and_one_that_is_not() -> None:
    with faulty.serving(faulty.hang) as port:
        assert seen("tcp", f"127.0.0.1:{port}").is_up
    assert seen("tcp", f"127.0.0.1:{port}").found == "unreachable"


@pytest.mark.parametrize(
    ("days", "name", "found"),
    [(90, "localhost", ""), (5.5, "localhost", "expires:5"), (-1, "localhost", "expired"), (90, "other", "untrusted")],
)
def test_certificates(days: float, name: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = faulty.Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    with faulty.serving(faulty.hang, authority.context(days=days, name=name)) as port:
        assert seen("tls", f"localhost:{port}").found == found


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with faulty.serving(faulty.hang, faulty.Authority(tmp_path).context(days=90)) as port:
        assert seen("tls", f"localhost:{port}").found == "untrusted"


class Name(socketserver.BaseRequestHandler):
    """Answers every question about well.example with one address, and none about others."""

    def handle(self) -> None:
        text, line = self.request
        asked = dns.message.from_wire(text)
        answer = dns.message.make_response(asked)
        name = asked.question[0].name
        if name.to_text() == "hangs.example.":
            return
        if name.to_text() == "well.example.":
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.7"))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        line.sendto(answer.to_wire(), self.client_address)


@contextmanager
def names() -> Iterator[int]:
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Name) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("well.example", "192.0.2.7", ""),
        ("well.example", "192.0.2.8", "record"),
        ("gone.example", "", "unknown"),
        ("hangs.example", "", "slow"),
    ],
)
def test_names(name: str, value: str, found: str) -> None:
    with names() as port:
        assert seen("dns", name, servers=["127.0.0.1"], port=port, words=value).found == found


def test_the_table_of_faults_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "")  # the table sets it
    monkeypatch.setattr(faults, "PATIENCE", 1)
    seen, was_led = faults.run(again_after=0)
    assert [one.fault.name for one in seen if not one.is_as_expected] == [] and not was_led
