"""Licences from the vendor's side: issued, given a new key, revoked, extended. A key is seen once, as it is made."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.claiming import new_key
from portal.accounts.licences import Licence, hash_key
from portal.accounts.people import User
from portal.audit import note
from portal.db import db
from portal.errors import Refused
from portal.jobs import enqueue

HINT = 4  # characters of a key that stay readable
KEPT = ("product_id", "plan", "seats", "licensed_to", "order_email", "organisation_id", "sold_by_id")


def issue(*, by: User | None, now: datetime, **about: Any) -> tuple[Licence, str]:
    """A fresh licence and its key, which is kept nowhere. `about` holds the licence's columns."""
    key = new_key()
    licence = Licence(key_hash=hash_key(key), key_hint=key[-HINT:], **{"starts_at": now} | about)
    db.session.add(licence)
    db.session.flush()
    _note("licence.issued", licence, by=by, now=now)
    return licence, key


def reissue(licence: Licence, *, reason: str, by: User, now: datetime) -> str:
    """A new key for the licence, which stays what it is. The old key dies at once, and is kept as a licence of its own
    that was revoked, so that whoever types it is told the truth. There is no way back."""
    hold(licence)
    _refuse_dead(licence, now)
    if not reason.strip():
        raise Refused(_("Say why the old key is to stop working."))
    hint, old_hash, key = licence.key_hint, licence.key_hash, new_key()
    licence.key_hash, licence.key_hint = hash_key(key), key[-HINT:]
    db.session.flush()
    db.session.add(
        Licence(
            key_hash=old_hash,
            key_hint=hint,
            starts_at=licence.starts_at,
            ends_at=licence.ends_at,
            revoked_at=now,
            revoked_by_id=by.id,
            reason=reason.strip(),
            replaced_by_id=licence.id,
            **{name: getattr(licence, name) for name in KEPT},
        )
    )
    _note("licence.reissued", licence, by=by, now=now, old=f"…{hint}", reason=reason.strip())
    return key


def revoke(licence: Licence, *, reason: str, by: User, now: datetime) -> None:
    """Its support ends with the next request; tickets that are open keep what they were promised."""
    hold(licence)
    _refuse_dead(licence, now)
    if not reason.strip():
        raise Refused(_("Say why it is revoked."))
    licence.revoked_at, licence.revoked_by_id, licence.reason = now, by.id, reason.strip()
    _note("licence.revoked", licence, by=by, now=now, reason=reason.strip())


def set_end(licence: Licence, ends_at: datetime | None, *, by: User, now: datetime, reason: str = "") -> None:
    """It holds until then (exclusive); None: without an end."""
    hold(licence)
    if licence.revoked_at is not None:
        raise Refused(_("This licence was revoked."))
    if ends_at is not None and ends_at <= licence.starts_at:
        raise Refused(_("The end lies before the beginning."))
    licence.ends_at = ends_at
    until = ends_at.date().isoformat() if ends_at else "–"
    _note("licence.extended", licence, by=by, now=now, until=until, reason=reason)


def readdress(licence: Licence, email: str, *, by: User, now: datetime) -> None:
    """Whoever confirms this address is recognised from now on (R13), and the one before is not."""
    hold(licence)
    if licence.organisation_id is not None:
        raise Refused(_("The customer has claimed this licence, so its address can’t be changed any more."))
    _refuse_dead(licence, now)
    old, licence.order_email = licence.order_email, email.lower()
    _note("licence.readdressed", licence, by=by, now=now, old=old or "", email=licence.order_email)


def hold(licence: Licence) -> None:
    db.session.flush()
    db.session.refresh(licence, with_for_update={"of": Licence})


def _refuse_dead(licence: Licence, now: datetime) -> None:
    if licence.revoked_at is not None:
        raise Refused(_("This licence was revoked."))
    if licence.ends_at is not None and licence.ends_at <= now:
        raise Refused(_("This licence has ended."))


def _note(kind: str, licence: Licence, *, by: User | None, now: datetime, **detail: Any) -> None:
    note(
        kind,
        by=by,
        now=now,
        organisation_id=licence.organisation_id,
        partner_id=licence.sold_by_id,
        subject=f"licence:{licence.id}",
        hint=f"…{licence.key_hint}",
        **detail,
    )
    if licence.organisation_id:
        enqueue("follow_entitlement", organisation_id=licence.organisation_id, reason=kind)
