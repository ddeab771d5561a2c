"""Remote-access credentials (R19): encrypted with a key outside the database, never indexed, mailed or logged."""

import base64
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.people import User
from portal.config import kept_secret
from portal.db import db
from portal.errors import Refused
from portal.tickets.ticket import Credential, Reveal, Ticket
from portal.web import settings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet  # 7 MB: loaded where credentials are opened or sealed


def encrypt(text: str) -> str:
    """The text as only this installation can read it: what a draft or a ticket keeps."""
    return _box().encrypt(text.encode()).decode()


def decrypt(sealed: str) -> str:
    """Raises `Refused` when the key is not the one it was sealed with."""
    from cryptography.fernet import InvalidToken

    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Refused(_("These credentials were sealed with another key and can't be read any more.")) from None


def seal(ticket: Ticket, sealed: str, *, by: User, now: datetime) -> Credential:
    """Keep credentials, encrypted before they came here, with a ticket."""
    credential = Credential(ticket_id=ticket.id, sealed=sealed, created_at=now)
    db.session.add(credential)
    ticket.record("credentials_sealed", by=by, at=now)
    return credential


def kept(ticket: Ticket) -> list[Credential]:
    """The ticket's credentials that still can be revealed."""
    query = select(Credential).where(Credential.ticket_id == ticket.id, Credential.sealed.is_not(None))
    return list(db.session.scalars(query.order_by(Credential.id)))


def reveal(ticket: Ticket, *, by: User, now: datetime) -> list[str]:
    """The credentials in plain, for staff alone. Who looked, and when, is noted for ever."""
    assert by.is_staff, "only those who answer may see credentials"
    texts = []
    for credential in kept(ticket):
        texts.append(decrypt(credential.sealed or ""))
        db.session.add(Reveal(credential_id=credential.id, by_id=by.id, at=now))
    if texts:
        ticket.record("credentials_revealed", by=by, at=now)
    return texts


def purge(ticket: Ticket, *, by: User | None, now: datetime) -> None:
    """Forget the credentials; that they existed, and who looked at them, stays known."""
    found = kept(ticket)
    for credential in found:
        credential.sealed, credential.purged_at = None, now
    if found:
        ticket.record("credentials_purged", by=by, at=now)


def _box() -> "Fernet":
    """Any text serves as `credentials_key`; without one it is made once, in a file only its owner can read."""
    from cryptography.fernet import Fernet

    config = settings()
    secret = config.credentials_key or kept_secret(config.instance / "credentials.key")
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"credentials:{secret}".encode()).digest()))
