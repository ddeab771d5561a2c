"""Mail that came in: the bytes as they came, on the disk, and a row that says what became of them."""

import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import uploads
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.db import Model, db, utcnow
from portal.tickets.ticket import Ticket

LARGEST_KEPT: Final = 100 * 1024 * 1024  # beyond, a mail is refused to whoever brings it


# Why a mail became what it became, as it is stored; and in words.
REASONS: Final = {
    "": "",
    "size": N_("It is larger than 25 MB."),
    "parts": N_("It has more than 100 parts, or parts nested more than 20 deep."),
    "headers": N_("Its headers are longer than any that people send."),
    "time": N_("Reading it took too long."),
    "charset": N_("Its text is not in the character set it names."),
    "broken": N_("It can't be read as a mail."),
    "sender": N_("It names no sender, or more than one."),
    "staff": N_("It names an address of ours as its sender, and nothing proves it."),
    "agent": N_("One of the staff wrote it, and it answers no ticket."),
    "forged": N_("Its sender's domain says that it did not send it."),
    "unproven": N_("Nothing proves who sent it."),
    "pin": N_("The PIN in it is nobody's."),
    "twice": N_("Another mail had the same Message-ID and other contents."),
    "flood": N_("Its sender sent many mails in a short time."),
    "refused": N_("The ticket could not take it."),
    "error": N_("Taking it failed."),
    "stranger": N_("Nobody with this address has an account."),
    "closed": N_("Its ticket is closed for good, and their plan has no tickets by e-mail."),
    "plan": N_("Their plan has no tickets by e-mail."),
    "posted": N_("It was posted in the community."),
    "unposted": N_("It answers a post, and could not be posted."),
    "loop": N_("It is our own mail, come back."),
    "machine": N_("A machine wrote it."),
    "limit": N_("The address has had its automatic answers for a day."),
    "suspended": N_("Their account is suspended."),
    "released": N_("One of the staff took it in."),
}


class ReceivedMail(Model):
    """One mail that came in, and what became of it. Its bytes lie in the instance folder and are never changed."""

    __tablename__ = "received_mail"
    __table_args__ = (
        Index("ix_received_mail_result", "result", "settled_at", "id"),
        Index("ix_received_mail_sender", "sender", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(40), unique=True)
    size: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)  # a retry brings the same, and files nothing
    message_id: Mapped[str] = mapped_column(String(255), default="", index=True)
    sender: Mapped[str] = mapped_column(String(255), default="")
    subject: Mapped[str] = mapped_column(String(200), default="")
    result: Mapped[str] = mapped_column(String(12))  # ticket, reply, directions, ignored, quarantine
    reason: Mapped[str] = mapped_column(String(12), default="")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), index=True)
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
    settled: Mapped[str] = mapped_column(String(10), default="")  # released, discarded
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    ticket: Mapped[Ticket | None] = relationship()
    settled_by: Mapped[User | None] = relationship()

    @classmethod
    def visible_to(cls, person: User) -> Select["ReceivedMail"]:
        """Staff see all mail that came in; nobody else sees any."""
        query = select(cls).order_by(cls.id.desc())
        return query if person.is_authenticated and person.is_staff else query.where(cls.id < 0)

    @property
    def was_kept_out(self) -> bool:
        """True for mail that reached no ticket and that nobody has decided about."""
        return self.ticket_id is None and not self.settled


@dataclass(frozen=True)
class Outcome:
    """What became of a mail. `result` is ticket, reply, directions, ignored or quarantine, `reason` one of REASONS."""

    result: str
    ticket_number: int | None = None
    reason: str = ""

    def to_json(self) -> dict[str, str | int | None]:
        return {"result": self.result, "ticket": self.ticket_number, "reason": REASONS[self.reason]}


def folder() -> Path:
    return uploads.folder("mail-in")


def keep(raw: bytes) -> str:
    """Write the bytes and sync them; the token they lie under."""
    token = uploads.new_token()
    limits = [(LARGEST_KEPT, "A mail is at most 100 MB.")]
    uploads.write(folder(), token, raw or b"\n", io.BytesIO(b""), limits)
    return token


def raw_of(mail: ReceivedMail) -> bytes:
    """Empty once they are kept no longer."""
    path = uploads.path_in(folder(), mail.token)
    return path.read_bytes() if path.exists() else b""


def forget(token: str) -> None:
    """Remove bytes that were kept already."""
    uploads.path_in(folder(), token).unlink(missing_ok=True)


def strays(older_than: datetime) -> list[Path]:
    """Bytes that no row names: of a mail whose taking was cut off, so that it was brought again."""
    return uploads.strays(folder(), db.session.scalars(select(ReceivedMail.token)), older_than)


def fingerprint(raw: bytes) -> tuple[str, str]:
    """(what tells this mail from others, its Message-ID). Ways in differ in the headers they add and in line ends."""
    head, body = divide(raw)
    found = re.search(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,240}>)", head, re.IGNORECASE | re.MULTILINE)
    if found is None:
        return hashlib.sha256(raw).hexdigest(), ""
    sender = re.search(rb"^from:[^\r\n]*", head, re.IGNORECASE | re.MULTILINE)
    digest = hashlib.sha256(
        found[1] + b"\0" + (sender[0] if sender else b"") + b"\0" + body.replace(b"\r\n", b"\n").rstrip(b"\n")
    )
    return digest.hexdigest(), found[1].decode("ascii", "replace")


def divide(raw: bytes) -> tuple[bytes, bytes]:
    """The headers and what follows the first empty line."""
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    at, length = min(ends, default=(len(raw), 0))
    return raw[:at], raw[at + length :]
