"""One POST to an address that somebody else has chosen: to nothing inside the network, no redirects, soon over.

The host is looked up once, every address it has must lie outside, and the connection goes to the address that was
looked at: a name that answers differently a moment later leads nowhere else.
"""

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 5.0  # for all of it, from the name to the answer
READ = 2_000  # bytes of the answer, which nobody sees; only its status counts
FAILURES = ("inside", "unknown", "unreachable", "untrusted", "slow")
# What Python calls global although packets for it end inside: IPv4 in IPv6 clothes (NAT64, Teredo), other groups.
DISGUISES = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96", "fec0::/10"))
)


class NotCalled(Exception):
    """Why there was no answer: one of FAILURES."""


@dataclass(frozen=True)
class Target:
    """An address taken apart. Raises `ValueError` for what can't be called."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str, *, inside: bool) -> "Target":
        """`inside` allows plain http too."""
        parts = urlsplit(url)
        if parts.scheme not in (("http", "https") if inside else ("https",)) or not parts.hostname:
            raise ValueError("scheme")
        if parts.username is not None or parts.password is not None or not url.isprintable() or " " in url:
            raise ValueError("address")
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(
            parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80), path.encode().decode("ascii")
        )


def is_outside(address: str) -> bool:
    """True for an address of the internet that is no address of ours in disguise."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None:
        return is_outside(str(mapped))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in part for part in DISGUISES)


def post(url: str, body: bytes, headers: Mapping[str, str], *, inside: bool) -> int:
    """The status that the other side answers with. Raises `NotCalled`."""
    until = time.monotonic() + SECONDS
    try:
        target = Target.of(url, inside=inside)
    except ValueError:
        raise NotCalled("unknown") from None
    addresses = look_up(target, until)
    if not inside and not all(is_outside(address) for address in addresses):
        raise NotCalled("inside")
    try:
        with connected(target, addresses[0], until) as line:
            return converse(target, line, body, headers)
    except ssl.SSLCertVerificationError:
        raise NotCalled("untrusted") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotCalled("slow" if time.monotonic() >= until else "unreachable") from None


def look_up(target: Target, until: float) -> list[str]:
    """Every address of the host. The system's resolver knows no deadline: it is left behind when it takes too long."""
    answer: queue.Queue[list[str]] = queue.Queue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answer.put([str(one[4][0]) for one in found])
        except (OSError, UnicodeError):
            answer.put([])

    threading.Thread(target=ask, daemon=True).start()
    try:
        addresses = answer.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        raise NotCalled("slow") from None
    if not addresses:
        raise NotCalled("unknown")
    return addresses


@contextmanager
def connected(target: Target, address: str, until: float) -> Iterator[socket.socket]:
    """A connection to that very address, which ends at the deadline whatever the other side does."""
    left = max(0.1, until - time.monotonic())
    line = socket.create_connection((address, target.port), timeout=left)
    twin = line.dup()  # stays this connection's, while TLS takes the first away
    hang_up = threading.Timer(max(0.1, until - time.monotonic()), _shut, [twin])
    hang_up.daemon = True
    hang_up.start()
    try:
        if target.scheme == "https":
            line = ssl.create_default_context().wrap_socket(line, server_hostname=target.host)
        yield line
    finally:
        hang_up.cancel()
        line.close()
        twin.close()


def converse(target: Target, line: socket.socket, body: bytes, headers: Mapping[str, str]) -> int:
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.host, target.port)
    connection.sock = line
    connection.request("POST", target.path, body, dict(headers))
    with connection.getresponse() as answer:
        answer.read(READ)
        return answer.status


def _shut(line: socket.socket) -> None:
    with suppress(OSError):  # over already
        line.shutdown(socket.SHUT_RDWR)
