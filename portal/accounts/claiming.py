"""Licence keys: making them, reading what people type, and claiming one once (R13)."""

import re
import secrets
import unicodedata
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, update

from portal.accounts.licences import Licence, hash_key
from portal.accounts.membership import found_organisation
from portal.accounts.people import Organisation, User
from portal.audit import note
from portal.db import db
from portal.errors import Refused
from portal.jobs import enqueue

PREFIX = "FOYER"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LENGTH = 20


def new_key() -> str:
    """A fresh key, as `FOYER-XXXXX-XXXXX-XXXXX-XXXXX`: 95 random bits and a check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    body += check_character(body)
    return "-".join([PREFIX, *(body[start : start + 5] for start in range(0, LENGTH, 5))])


def check_character(body: str) -> str:
    """Luhn's rule in base 32: one wrong character is always noticed, and nearly every swap of two neighbours."""
    total = 0
    for position, character in enumerate(reversed(body)):
        addend = ALPHABET.index(character) * (2 if position % 2 == 0 else 1)
        total += addend // len(ALPHABET) + addend % len(ALPHABET)
    return ALPHABET[-total % len(ALPHABET)]


def read_key(typed: str) -> str:
    """The key that somebody meant: any case, any blanks and dashes, O for 0, I or L for 1.

    Keys with our prefix must be whole and their check character right, so that a slip is told before the database is
    asked; a vendor's older keys have forms of their own. Raises `Refused` with a sentence for the field.
    """
    plain = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", typed).upper())
    if not plain:
        raise Refused(_("Enter the licence key from your order."))
    if not plain.startswith((PREFIX, PREFIX.replace("O", "0"))):
        return plain
    body = plain[len(PREFIX) :].translate(str.maketrans("OIL", "011"))
    if len(body) != LENGTH:
        raise Refused(
            _("A key has %(length)s characters after %(prefix)s; this has %(found)s.")
            % {"length": LENGTH, "prefix": PREFIX, "found": len(body)}
        )
    if "U" in body or check_character(body[:-1]) != body[-1]:
        raise Refused(_("There is a slip in this key. Please compare it with your order, character by character."))
    return PREFIX + body


def claim(typed: str, organisation: Organisation | None, *, by: User, now: datetime) -> Licence:
    """Put a licence into the person's organisation, once. Without one, an organisation is made for it.

    A key that nobody sold and one that somebody else has claimed get the same sentence after the same questions to
    the database. Of two who claim at once the database takes one. Raises `Refused`.
    """
    licence = db.session.scalar(select(Licence).where(Licence.key_hash == hash_key(read_key(typed))))
    role = by.role_in((licence and licence.organisation_id) or 0)  # asked for an unknown key too
    if licence is None or (licence.organisation_id and role is None):
        raise Refused(unusable())
    return _put(licence, organisation, by=by, now=now)


def take(licence: Licence, organisation: Organisation | None, *, by: User, now: datetime) -> Licence:
    """The same without its key, for whoever is recognised by the order's address: their colleagues have it then, too.

    Whoever calls has found it among the person's (`licences_of`). Raises `Refused`.
    """
    return _put(licence, organisation, by=by, now=now)


def _put(licence: Licence, organisation: Organisation | None, *, by: User, now: datetime) -> Licence:
    if licence.organisation_id:
        raise Refused(_("Your organisation has this licence already."))
    if licence.revoked_at and licence.revoked_at <= now:
        raise Refused(_("This licence was withdrawn. Please write to us if you think that it should not have been."))
    if licence.ends_at and licence.ends_at <= now:
        raise Refused(_("This licence has ended, so it can’t be claimed any more."))
    owner = organisation or found_organisation(name_for(licence, by), by=by, now=now)
    taken = (
        update(Licence)
        .where(Licence.id == licence.id, Licence.organisation_id.is_(None))
        .values(organisation_id=owner.id, claimed_by_id=by.id, claimed_at=now)
        .returning(Licence.id)
    )
    if db.session.execute(taken).first() is None:
        raise Refused(unusable())
    db.session.refresh(licence)
    note(
        "licence.claimed",
        by=by,
        now=now,
        organisation_id=owner.id,
        partner_id=licence.sold_by_id,
        subject=f"licence:{licence.id}",
        hint=f"…{licence.key_hint}",
    )
    enqueue("follow_entitlement", organisation_id=owner.id, person_id=by.id, reason="licence claimed")
    return licence


def unusable() -> str:
    return _(
        "This key can’t be claimed. Please compare it with your order; if a colleague has claimed it, ask them to "
        "invite you."
    )


def name_for(licence: Licence, person: User) -> str:
    """What to call the organisation that a claim makes."""
    return licence.licensed_to.strip() or (person.company or "").strip() or person.display_name
