"""Outgoing mail: rendered in the recipient's language, stored with its Message-ID, sent by a job, at least once."""

import hashlib
import hmac
import itertools
import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import render_template
from flask_babel import force_locale, gettext
from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.config import Settings
from portal.db import Model, db, utcnow
from portal.jobs import enqueue, job
from portal.web import in_zone, settings

TIMEOUT_SECONDS = 20
MOST_NUMBERS = 3  # in a Message-ID of ours; what follows is chance, and may be all digits


class Unprotected(Exception):
    """The mail server would hear the password over a connection that anybody can read."""


class Mail(Model):
    """One outgoing mail, whole, as it was or will be sent."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(255), index=True)
    subject: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(10))
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    in_reply_to: Mapped[str | None] = mapped_column(String(255))
    references: Mapped[list[str]] = mapped_column(default=list)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    unsubscribe: Mapped[str | None] = mapped_column(String(500))  # where one POST ends what this mail is part of
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None]

    def as_message(self, config: Settings) -> EmailMessage:
        """The mail on the wire: text and HTML, marked as automatic (RFC 3834) so that no machine answers it."""
        message = EmailMessage()
        message["From"] = formataddr((config.brand_name, config.mail_from))
        message["To"] = self.recipient
        message["Subject"] = self.subject
        message["Date"] = format_datetime(self.created_at)
        message["Message-ID"] = self.message_id
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["X-Foyer-Loop"] = config.host
        if self.in_reply_to:
            message["In-Reply-To"] = self.in_reply_to
        if self.references:
            message["References"] = " ".join(self.references)
        if self.unsubscribe:  # RFC 8058
            message["List-Unsubscribe"] = f"<{self.unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        message["Content-Language"] = self.language  # last: setting the content drops every Content-… header
        return message


def compose(
    recipient: str,
    template: str,
    subject: str,
    *,
    locale: str,
    zone: str,
    message_id: str | None = None,
    in_reply_to: str | None = None,
    references: list[str] | None = None,
    ticket_id: int | None = None,
    unsubscribe: str | None = None,
    **context: Any,
) -> Mail:
    """Write a mail and its delivery job in the current transaction.

    `template` names `<area>/mail/<name>` without ending; both endings are rendered in the recipient's language and
    time zone. `subject` is a message id (marked `N_`) whose placeholders come from the context. `unsubscribe` is the
    address that a mail to a list names (RFC 8058): a POST there, without cookie or token of a form, ends it at once.
    """
    return store(
        recipient,
        *drawn(template, subject, locale=locale, zone=zone, unsubscribe=unsubscribe, **context),
        locale,
        message_id=message_id,
        in_reply_to=in_reply_to,
        references=references,
        ticket_id=ticket_id,
        unsubscribe=unsubscribe,
    )


def drawn(
    template: str, subject: str, *, locale: str, zone: str, unsubscribe: str | None = None, **context: Any
) -> tuple[str, str, str]:
    """(subject, text, HTML) of a mail, as `compose` writes it."""
    with force_locale(locale), in_zone(zone):
        context |= {"locale": locale, "unsubscribe": unsubscribe}
        title = " ".join(gettext(subject, **context).split())
        text = render_template(f"{template}.txt", subject=title, **context)
        html = render_template(f"{template}.html", subject=title, **context)
    return title, text, html


def store(
    recipient: str,
    subject: str,
    text: str,
    html: str,
    language: str,
    *,
    message_id: str | None = None,
    in_reply_to: str | None = None,
    references: list[str] | None = None,
    ticket_id: int | None = None,
    unsubscribe: str | None = None,
) -> Mail:
    """Write a rendered mail and its delivery job in the current transaction."""
    mail = Mail(
        recipient=recipient,
        subject=subject[:500],
        text=text,
        html=html,
        language=language,
        message_id=message_id or signed_message_id("mail"),
        in_reply_to=in_reply_to,
        references=references or [],
        ticket_id=ticket_id,
        unsubscribe=unsubscribe,
    )
    db.session.add(mail)
    db.session.flush()
    enqueue("deliver", mail_id=mail.id)
    return mail


def signed_message_id(kind: str, *parts: int | str) -> str:
    """`<kind.parts.nonce.signature@host>`: a reply that names it proves that its sender received it."""
    config = settings()
    body = ".".join([kind, *map(str, parts), os.urandom(6).hex()])
    return f"<{body}.{_sign(body, config.secret_key)}@{config.host.split(':')[0]}>"


def thread_id(number: int, kind: str = "ticket") -> str:
    """The Message-ID every mail about a ticket (or another thing) refers to: mail programs keep them together by it."""
    config = settings()
    body = f"{kind}.{number}"
    return f"<{body}.{_sign(body, config.secret_key)}@{config.host.split(':')[0]}>"


def ticket_number_of(message_id: str) -> int | None:
    """The number of the ticket that a Message-ID of ours is about; None for one that we did not sign."""
    kind, numbers = signed_numbers(message_id)
    return numbers[0] if kind == "ticket" and numbers else None


def signed_numbers(message_id: str) -> tuple[str, list[int]]:
    """(kind, numbers) that a Message-ID of ours was made of; ("", []) for one that we did not sign."""
    if not message_id.isascii():
        return "", []
    body, _dot, signature = message_id.strip("<>").partition("@")[0].rpartition(".")
    if not hmac.compare_digest(_sign(body, settings().secret_key).encode(), signature.encode()):
        return "", []
    kind, *parts = body.split(".")
    numbers = list(itertools.takewhile(str.isdigit, parts[:MOST_NUMBERS]))
    return kind, [int(number) for number in numbers]


def _sign(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"message-id:{text}".encode(), hashlib.sha256).hexdigest()[:24]


@job("deliver")
def deliver(mail_id: int) -> None:
    """Hand one mail to the carrier. A second run before the first was noted sends it again, with the same id."""
    mail = db.session.get(Mail, mail_id)
    if mail is None or mail.sent_at:
        return
    config = settings()
    message = mail.as_message(config)
    if config.mail_url == "file":
        write_file(message, config.instance / "mail", mail.id)
    else:
        send_by_smtp(message, config.mail_url)
    mail.sent_at = utcnow()


def write_file(message: EmailMessage, folder: Path, mail_id: int) -> None:
    """One `.eml` per mail, named by its id: written beside, synced, then moved, so that it's never half there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{mail_id:08d}.eml"
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def send_by_smtp(message: EmailMessage, url: str) -> None:
    with carrier(url) as server:
        server.send_message(message)


@contextmanager
def carrier(url: str) -> Iterator[smtplib.SMTP]:
    """A line to `smtp://user:password@host:port` (STARTTLS when offered) or `smtps://…` (TLS from the start).

    Raises `Unprotected` instead of telling a password without TLS.
    """
    parts = urlsplit(url)
    host, verified = parts.hostname or "localhost", ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=verified)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_SECONDS)
    with server:
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=verified)
        if parts.username:
            if parts.scheme == "smtp" and not isinstance(server.sock, ssl.SSLSocket):
                raise Unprotected(f"{host} offers no STARTTLS: the password would travel in clear")
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
