"""One look at something that should be well: over within its patience, and to nothing inside that isn't listed.

Whoever is looked at may hang, drip, lie or lead elsewhere: the time and the bytes are bounded, the connection goes to
the address that was checked, and no redirect is followed. No database here, and no clock but the monotonic one.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from portal.webhooks import calling
from portal.webhooks.calling import NotCalled, Target

LONGEST_PATIENCE = 10  # seconds
READ = 100_000  # bytes of an answer
PORTS = {"http": 80, "https": 443}
RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "TXT")
DAYS_LEFT = 14  # of a certificate
HEADERS = {"User-Agent": "Foyer-Probe/1", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}


class NotWell(Exception):
    """What was wrong: a word, sometimes with a figure behind a colon. `words.said` says it."""


@dataclass(frozen=True)
class Look:
    """What is looked at, and how. `inside` lists the networks inside that may be reached."""

    kind: str
    target: str
    asks: Mapping[str, Any]
    patience: int
    inside: Sequence[str] = ()


@dataclass(frozen=True)
class Sight:
    """What a look found; `found` is empty where all is well."""

    is_up: bool
    latency_ms: int | None
    found: str = ""


def look(at: Look) -> Sight:
    """Never raises, never lasts much longer than its patience."""
    began = time.monotonic()
    until = began + min(max(at.patience, 1), LONGEST_PATIENCE)
    try:
        LOOKS[at.kind](at, until)
        spent = round((time.monotonic() - began) * 1000)
        most = at.asks.get("latency_ms")
        return Sight(False, spent, f"latency:{spent}") if most and spent > most else Sight(True, spent)
    except (NotWell, NotCalled) as reason:
        return Sight(False, None, str(reason))
    except ssl.SSLCertVerificationError as error:
        return Sight(False, None, "expired" if error.verify_code == EXPIRED else "untrusted")
    except (OSError, http.client.HTTPException, ValueError):
        return Sight(False, None, "slow" if time.monotonic() >= until else "unreachable")


EXPIRED = 10  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED


def target_of(kind: str, text: str) -> Target:
    """The target taken apart. Raises `ValueError` for what can't be looked at."""
    if kind == "http":
        return Target.of(text, inside=True)
    found = Target.of(f"https://{text}", inside=True)
    if found.path != "/" or (kind == "tcp" and ":" not in text.rpartition("]")[2]):
        raise ValueError("address")
    return found if kind == "tls" else replace(found, scheme="tcp")


def checked_address(target: Target, until: float, inside: Sequence[str]) -> str:
    """An address of the host; every one that it has lies outside or is listed. Raises `NotCalled`."""
    addresses = calling.look_up(target, until)
    networks = [ipaddress.ip_network(one, strict=False) for one in inside]
    for address in addresses:
        ip = ipaddress.ip_address(address.partition("%")[0])
        if not calling.is_outside(address) and not any(ip in network for network in networks):
            raise NotCalled("inside")
    return addresses[0]


def look_by_http(at: Look, until: float) -> None:
    target = target_of("http", at.target)
    address = checked_address(target, until, at.inside)
    with calling.connected(target, address, until) as line:
        kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        connection = kind(target.host, target.port)
        connection.sock = line
        connection.request("GET", target.path, headers=HEADERS)
        with connection.getresponse() as answer:
            expect_in_time(until)
            if answer.status != at.asks.get("status", 200):
                raise NotWell(f"status:{answer.status}")
            body = answer.read(READ)
    expect_in_time(until)  # hung up at the deadline looks like an end
    words = at.asks.get("words")
    if words and words.encode() not in body:
        raise NotWell("words")


def look_by_tcp(at: Look, until: float) -> None:
    target = target_of("tcp", at.target)
    with calling.connected(target, checked_address(target, until, at.inside), until):
        pass


def look_by_tls(at: Look, until: float) -> None:
    """A certificate that is trusted, of this name, and good for some days yet."""
    target = target_of("tls", at.target)
    with calling.connected(target, checked_address(target, until, at.inside), until) as line:
        assert isinstance(line, ssl.SSLSocket)
        ends = ssl.cert_time_to_seconds(str((line.getpeercert() or {})["notAfter"]))
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
    days = int((ends - time.time()) // 86400)
    if days < at.asks.get("days_left", DAYS_LEFT):
        raise NotWell(f"expires:{days}")


def look_by_dns(at: Look, until: float) -> None:
    """A name that has a record of the kind, with the value that is asked for."""
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver()
        if servers := at.asks.get("servers"):
            resolver.nameservers, resolver.port = list(servers), at.asks.get("port", 53)
        left = max(0.1, until - time.monotonic())
        answer = resolver.resolve(at.target, at.asks.get("record", "A"), lifetime=left, search=False)
    except dns.exception.Timeout:
        raise NotWell("slow") from None
    except dns.exception.DNSException:
        raise NotWell("unknown") from None
    value = at.asks.get("words")
    if value and value not in {one.to_text().strip('"').rstrip(".") for one in answer}:
        raise NotWell("record")


def expect_in_time(until: float) -> None:
    if time.monotonic() >= until:
        raise NotWell("slow")


LOOKS = {"http": look_by_http, "tcp": look_by_tcp, "tls": look_by_tls, "dns": look_by_dns}
