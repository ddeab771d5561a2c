"""A listener for mail: LMTP or SMTP on an address of this machine, behind the mail server that faces the world.

It says that a mail is taken after the commit, and not before. It relays nothing: every mail it takes is for us.
"""

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP
from flask import Flask

from portal.db import utcnow
from portal.mailroom.received import LARGEST_KEPT
from portal.mailroom.receiving import receive

log = logging.getLogger(__name__)

TAKEN: Final = "250 2.0.0 taken"
LATER: Final = "451 4.3.0 not taken, try again later"
THREADS: Final = 2
MOST_RECIPIENTS: Final = 100


class Taking:
    """What the protocol hands a mail to. LMTP wants an answer for each recipient; the mail is one all the same."""

    def __init__(self, app: Flask, *, is_lmtp: bool) -> None:
        self.app, self.is_lmtp = app, is_lmtp
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="mail-in")

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: Any) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        sender = re.sub(r"[\s<>]", "", envelope.mail_from or "")
        raw = f"Return-Path: <{sender}>\r\n".encode("utf-8", "replace") + bytes(envelope.original_content)
        answer = await asyncio.get_running_loop().run_in_executor(self.pool, self.take, raw)
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self.is_lmtp else answer

    def take(self, raw: bytes) -> str:
        try:
            with self.app.app_context():
                receive(raw, now=utcnow())
            return TAKEN
        except Exception as error:  # the database or the disk: whoever brought the mail still has it
            log.error("mail not taken", exc_info=error)
            return LATER


class Listener(Controller):
    """A server in a thread of its own, for as long as its process lives."""

    def __init__(self, app: Flask, address: str) -> None:
        parts = urlsplit(address)
        self.is_lmtp = parts.scheme == "lmtp"
        host, port = parts.hostname or "127.0.0.1", parts.port or (24 if self.is_lmtp else 25)
        super().__init__(Taking(app, is_lmtp=self.is_lmtp), hostname=host, port=port)

    def factory(self) -> SMTP:
        kind = LMTP if self.is_lmtp else SMTP
        return kind(self.handler, data_size_limit=LARGEST_KEPT, ident="Foyer", timeout=120, enable_SMTPUTF8=True)


def listen(app: Flask) -> Listener | None:
    """Begin to listen where the settings say; None where they don't."""
    address = app.extensions["settings"].mail_listen
    if not address:
        return None
    listener = Listener(app, address)
    listener.start()
    return listener
