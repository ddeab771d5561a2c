"""Fetching mail from a mailbox by IMAP: what is unseen is taken in, and marked as seen after the commit.

A fetcher that dies in between finds the mail again, and the mailroom knows it by its fingerprint.
"""

import contextlib
import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from portal.db import utcnow
from portal.mailroom.received import LARGEST_KEPT
from portal.mailroom.receiving import receive
from portal.web import settings

log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 30
MOST_AT_ONCE: Final = 200


class NotFetched(Exception):
    """The mailbox can't be read as the settings say; the text says why."""


def fetch() -> int:
    """Take in what is unseen; how many mails that was. Raises `NotFetched`, `OSError` or what the database raises."""
    taken = 0
    with mailbox(settings().imap_url) as server:
        for uid in _unseen(server)[:MOST_AT_ONCE]:
            size = _size(server, uid)
            if size > LARGEST_KEPT:
                log.error("mail too large to fetch", extra={"uid": uid.decode(), "size": size})
                server.uid("STORE", uid.decode(), "+FLAGS", r"(\Flagged)")
                continue
            raw = _bytes(server, uid)
            if raw is None:  # somebody else has taken it away
                continue
            receive(raw, now=utcnow())
            server.uid("STORE", uid.decode(), "+FLAGS", r"(\Seen)")
            taken += 1
    return taken


@contextmanager
def mailbox(address: str) -> Iterator[imaplib.IMAP4]:
    """Signed in, with the folder open. Nothing but a verified TLS connection hears the password; a loopback may."""
    parts, verified = urlsplit(address), ssl.create_default_context()
    host, folder = parts.hostname or "localhost", unquote(parts.path.strip("/")) or "INBOX"
    server: imaplib.IMAP4
    if parts.scheme == "imaps":
        server = imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=verified, timeout=TIMEOUT_SECONDS)
    else:
        server = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT_SECONDS)
    try:
        if parts.scheme == "imap" and "STARTTLS" in server.capabilities:
            server.starttls(ssl_context=verified)
        elif parts.scheme == "imap" and not _is_loopback(host):
            raise NotFetched(f"{host} offers no STARTTLS: the password would travel in clear")
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        if server.select(_quoted(folder))[0] != "OK":
            raise NotFetched(f"there is no folder {folder!r}")
        yield server
    except imaplib.IMAP4.error as error:
        raise NotFetched(str(error)[:200]) from None
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _unseen(server: imaplib.IMAP4) -> list[bytes]:
    _status, found = server.uid("SEARCH", "UNSEEN", "UNFLAGGED", "UNDELETED")
    return bytes(found[0] or b"").split() if found else []


def _size(server: imaplib.IMAP4, uid: bytes) -> int:
    _status, found = server.uid("FETCH", uid.decode(), "(RFC822.SIZE)")
    told = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(line for line in found if isinstance(line, bytes)))
    return int(told[1]) if told else 0


def _bytes(server: imaplib.IMAP4, uid: bytes) -> bytes | None:
    _status, found = server.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
    return next((bytes(part[1]) for part in found if isinstance(part, tuple)), None)


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
