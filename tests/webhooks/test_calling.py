"""Calls go outside alone, to the address that was looked at, and end soon whatever the other side does."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from portal.webhooks import calling
from portal.webhooks.calling import NotCalled, Target, is_outside, post
from tests.webhooks.receiver import receiving

INSIDE = [
    *("127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *(
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("fd00:ec2::254", "fec0::1", "ff02::1", "100::1"),
]
# Ways to write an address of this machine; what the resolver makes of them is looked at.
WRITTEN = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "0", "localhost", "LOCALHOST."),
    *("[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "[::]", "127.0.0.1.", "\u2460\u2461\u2466.0.0.1"),
    *(
        "127.0.1",
        "127.0.0.01",
        "0x7f.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "0177.1",
        "017700000001",
        "00000177.0.0.1",
        "127.255.255.254",
    ),
    *("127.0x1", "0x7F.0.1", "0.0.0.0", "0x0", "00", "0.0", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]"),
    *(
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::ffff:0.0.0.0]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::1]",
        "[::1%lo]",
        "[::1%25lo]",
    ),
    *(
        "[fe80::1%lo]",
        "localhost.localdomain",
        "LocalHost",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020.0.1",
        "\uff4c\uff4f\uff43alhost",
    ),
    *(
        "%31%32%37.0.0.1",
        "127.0.0.1%00.example.com",
        "127.0.0.1%2f@example.com",
        "0x7f000001.",
        "4294967296",
        "2130706433.",
    ),
]


@pytest.mark.parametrize("address", INSIDE)
def test_it_is_inside(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_it_is_outside(address: str) -> None:
    assert is_outside(address)


@pytest.mark.parametrize("host", WRITTEN)
def test_nothing_reaches_this_machine(host: str) -> None:
    with listening() as (port, seen):
        with pytest.raises(NotCalled) as refused:
            post(f"https://{host}:{port}/", b"{}", {}, inside=False)
        assert str(refused.value) in ("inside", "unknown")
        assert seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "//example.com/", "https://", "https:///x",
        "https://user:word@example.com/", "https://user@example.com/", "https://example.com:99999/", "https://[::1/",
        "https://example.com/a b", "https://example.com/\r\nX: y", "https://exa\tmple.com/", "https://example.com/\u00e9",
        "gopher://example.com/", "javascript:alert(1)", "", "https://" + "a" * 70 + ".com/",
    ],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError):
        Target.of(url, inside=False)
    with pytest.raises(NotCalled):
        post(url, b"{}", {}, inside=False)


def test_a_name_that_changes_its_mind_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up once: what it answers afterwards (DNS rebinding) is never asked."""
    answers = iter(["8.8.8.8", "127.0.0.1", "127.0.0.1"])
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    went: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        went.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(calling.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(calling.socket, "create_connection", connect)
    with pytest.raises(NotCalled, match="unreachable"):
        post("https://rebind.example/", b"{}", {}, inside=False)
    assert (asked, went) == (["rebind.example"], ["8.8.8.8"])


def test_one_address_inside_among_others_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(calling.socket, "getaddrinfo", lambda *a, **k: both)
    with pytest.raises(NotCalled, match="inside"):
        post("https://both.example/", b"{}", {}, inside=False)


def test_a_real_answer_comes_back() -> None:
    with receiving() as receiver:
        receiver.answers = [202]
        assert post(receiver.url, b'{"type": "test"}', {"webhook-id": "msg_1"}, inside=True) == 202
        ((headers, body),) = receiver.calls
    assert headers["webhook-id"] == "msg_1" and body == b'{"type": "test"}'
    assert headers["host"].startswith("127.0.0.1:")


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 100 Continue\r\n\r\n"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_drips_is_hung_up_on(scheme: str, drip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "SECONDS", 0.5)
    with listening(drip) as (port, _seen):
        began = time.monotonic()
        with pytest.raises(NotCalled):
            post(f"{scheme}://127.0.0.1:{port}/", b"{}", {}, inside=True)
        assert time.monotonic() - began < 10  # it drips without end


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "SECONDS", 0.2)
    over = threading.Event()
    monkeypatch.setattr(calling.socket, "getaddrinfo", lambda *a, **k: over.wait(5) and [])
    with pytest.raises(NotCalled, match="slow"):
        post("https://example.com/", b"{}", {}, inside=False)
    over.set()


def test_a_certificate_of_nobody_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: ssl.SSLContext, line: socket.socket, **_: Any) -> socket.socket:
        assert self.verify_mode == ssl.CERT_REQUIRED and self.check_hostname
        raise ssl.SSLCertVerificationError

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    with listening() as (port, _seen), pytest.raises(NotCalled, match="untrusted"):
        post(f"https://127.0.0.1:{port}/", b"{}", {}, inside=True)


@contextmanager
def listening(drip: bytes = b"") -> Iterator[tuple[int, list[bytes]]]:
    """A canary on every address of this machine: it notes who connects, and answers a byte at a time, for ever."""
    over, seen = threading.Event(), []

    def serve(line: socket.socket) -> None:
        with line, suppress(OSError):
            seen.append(b"somebody")
            while not over.wait(0.05):
                line.sendall(drip[:1] or b"")
                for n in range(len(drip)):
                    line.sendall(drip[n : n + 1])
                line.sendall(b"x" if drip and not drip.endswith(b"\n") else b"")

    def accept() -> None:
        while not over.is_set():
            with suppress(OSError):
                threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()

    server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    server.settimeout(0.1)
    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1], seen
    finally:
        over.set()
        thread.join()
        server.close()
