"""A customer's word that a reseller may act for them: asked for, given or refused, and taken back."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, exists, func, or_, select, update

from portal.accounts.membership import hash_token
from portal.accounts.partnership import Consent, PartnerCustomer, in_partnership
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.audit import note
from portal.db import db
from portal.errors import Refused
from portal.web import settings


def ask(relation: PartnerCustomer, *, by: User, now: datetime) -> tuple[Consent, str]:
    """Ask the customer. An earlier question can't be answered any more. Returns the question and its token, which is
    told once, in the mail, and kept only as a hash. Raises `Refused` for what would pester them."""
    hold(relation)
    if relation.ends_at is not None and relation.ends_at <= now:
        raise Refused(_("You said that you no longer sell to them. Reopen that first."))
    if db.session.scalar(in_force(relation, now=now).where(Consent.ends_at.is_(None))):
        raise Refused(_("They let you act for them already."))
    theirs = select(func.count(Consent.id)).where(Consent.relation_id == relation.id)
    if (db.session.scalar(theirs.where(Consent.asked_at > now - timedelta(days=1))) or 0) >= settings().consent_asks:
        raise Refused(_("You have asked them often enough today. Please wait for their answer."))
    lately = now - timedelta(days=settings().consent_again_days)
    if db.session.scalar(theirs.where(Consent.refused_at > lately)):
        raise Refused(_("They refused not long ago. Please talk to them before you ask again."))
    close_questions(relation, now=now)
    token = secrets.token_urlsafe(32)
    asked = Consent(
        relation_id=relation.id,
        token_hash=hash_token(token),
        asked_at=now,
        asked_by_id=by.id,
        asked_until=now + timedelta(days=settings().consent_asked_days),
    )
    db.session.add(asked)
    note(
        "consent.asked", by=by, now=now, partner_id=relation.reseller_id, subject=_subject(relation), name=relation.name
    )
    db.session.flush()
    return asked, token


def hold(relation: PartnerCustomer) -> None:
    """One after the other: asking, answering and ending of one relation."""
    db.session.execute(select(PartnerCustomer.id).where(PartnerCustomer.id == relation.id).with_for_update())


def in_force(relation: PartnerCustomer, *, now: datetime) -> Select[Consent]:
    over = or_(Consent.ends_at.is_(None), Consent.ends_at > now)
    return select(Consent).where(
        Consent.relation_id == relation.id, Consent.given_at <= now, Consent.withdrawn_at.is_(None), over
    )


def close_questions(relation: PartnerCustomer, *, now: datetime) -> None:
    """Links in mails that were sent stop working."""
    waiting = update(Consent).where(
        Consent.relation_id == relation.id, Consent.given_at.is_(None), Consent.refused_at.is_(None)
    )
    db.session.execute(waiting.where(Consent.asked_until > now).values(token_hash=None, asked_until=now))


def questions(now: datetime) -> Select[Consent]:
    """Those that can be answered now: the reseller still sells for the vendor, and to this customer."""
    over = or_(PartnerCustomer.ends_at.is_(None), PartnerCustomer.ends_at > now)
    return (
        select(Consent)
        .join(PartnerCustomer, PartnerCustomer.id == Consent.relation_id)
        .join(Organisation, Organisation.id == PartnerCustomer.reseller_id)
        .where(Consent.given_at.is_(None), Consent.refused_at.is_(None), Consent.asked_until > now, over)
        .where(in_partnership(Organisation.id, now))
    )


def asked_of(person: User, *, now: datetime) -> Select[Consent]:
    """The open questions that went to this person's confirmed address."""
    email = person.email.lower() if person.confirmed_at else ""
    return questions(now).where(PartnerCustomer.email == email)


def by_token(token: str, *, now: datetime) -> Select[Consent]:
    return questions(now).where(Consent.token_hash == hash_token(token))


def may_speak_for(person: User, relation: PartnerCustomer) -> Select[Organisation]:
    """The organisations that this person may give consent for: those they own, but the reseller itself. Once one has
    consented, the relation is about that one."""
    owned = exists().where(
        Membership.organisation_id == Organisation.id,
        Membership.user_id == person.id,
        Membership.ended_at.is_(None),
        Membership.role == MemberRole.OWNER,
    )
    query = select(Organisation).where(owned, Organisation.id != relation.reseller_id)
    given = select(Consent.id).where(Consent.relation_id == relation.id, Consent.given_at.is_not(None))
    if relation.customer_id is not None and db.session.scalar(given.limit(1)):
        query = query.where(Organisation.id == relation.customer_id)
    return query.order_by(Organisation.name, Organisation.id)


def wording(relation: PartnerCustomer) -> str:
    """What a customer agrees to, in the reader's language."""
    names = {"reseller": relation.reseller.name, "brand": settings().brand_name}
    return "\n".join(
        (
            _("%(reseller)s may act for your organisation in the support portal of %(brand)s.", **names),
            _("Its people see your organisation’s tickets, answer them and file new ones; none about billing."),
            _("They don’t see your invoices, and change nothing about your account and its members."),
            _("You can take this back at any time. It ends at once."),
        )
    )


def give(
    asked: Consent, organisation: Organisation, *, wording: str, ends_at: datetime | None, by: User, now: datetime
) -> None:
    """Agree, as an owner of the organisation. What was agreed before is replaced."""
    relation = asked.relation
    hold(relation)
    if ends_at is not None and ends_at <= now:
        raise Refused(_("Choose a day that is still to come."))
    _answer(asked, now=now, given_at=now, given_by_id=by.id, wording=wording, ends_at=ends_at)
    earlier = update(Consent).where(Consent.id.in_(in_force(relation, now=now).with_only_columns(Consent.id)))
    db.session.execute(earlier.where(Consent.id != asked.id).values(ends_at=now))
    relation.customer_id = organisation.id
    _note("consent.given", relation, by=by, now=now, until=ends_at.date().isoformat() if ends_at else "")


def refuse(asked: Consent, *, by: User, now: datetime) -> None:
    """Say no. Nobody's organisation is named: whoever refuses tells nothing about theirs."""
    hold(asked.relation)
    _answer(asked, now=now, refused_at=now)
    relation = asked.relation
    note(
        "consent.refused",
        by=by,
        now=now,
        partner_id=relation.reseller_id,
        subject=_subject(relation),
        name=relation.name,
    )


def withdraw(consent: Consent, *, by: User, now: datetime) -> None:
    """Take it back: the reseller's people see and do nothing more from their next request on."""
    hold(consent.relation)
    taken = update(Consent).where(
        Consent.id == consent.id,
        Consent.given_at.is_not(None),
        Consent.withdrawn_at.is_(None),
        or_(Consent.ends_at.is_(None), Consent.ends_at > now),
    )
    if db.session.execute(taken.values(withdrawn_at=now, withdrawn_by_id=by.id).returning(Consent.id)).first() is None:
        raise Refused(_("That is over already."))
    db.session.expire(consent)
    _note("consent.withdrawn", consent.relation, by=by, now=now)


def given_by(organisation: Organisation) -> Select[Consent]:
    """What an organisation agreed to, ever; the newest first."""
    return (
        select(Consent)
        .join(PartnerCustomer, PartnerCustomer.id == Consent.relation_id)
        .where(PartnerCustomer.customer_id == organisation.id, Consent.given_at.is_not(None))
        .order_by(Consent.id.desc())
    )


def _answer(asked: Consent, *, now: datetime, **values: object) -> None:
    """The first answer holds."""
    can = questions(now).with_only_columns(Consent.id).where(Consent.id == asked.id)
    taken = update(Consent).where(Consent.id.in_(can)).values(token_hash=None, **values)
    if db.session.execute(taken.returning(Consent.id)).first() is None:
        raise Refused(_("This question can’t be answered any more. Ask them to send you a new one."))
    db.session.expire(asked)


def _note(kind: str, relation: PartnerCustomer, *, by: User, now: datetime, **detail: Any) -> None:
    note(
        kind,
        by=by,
        now=now,
        organisation_id=relation.customer_id,
        partner_id=relation.reseller_id,
        subject=_subject(relation),
        reseller=relation.reseller.name,
        **detail,
    )


def _subject(relation: PartnerCustomer) -> str:
    return f"relation:{relation.public_id}"
