"""Mails between a reseller, its customers and the vendor: each reader in their language and zone."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import or_, select

from portal.accounts.forms import known_by
from portal.accounts.joining import owners_of
from portal.accounts.partnership import Consent, Partner, PartnerCustomer
from portal.accounts.people import MemberRole, Membership, Role, User
from portal.accounts.texts import N_
from portal.billing.telling import Said
from portal.db import db
from portal.formats import when_day
from portal.mail import compose
from portal.partner.naming import level_name
from portal.web import is_zone, reader_zone, settings

ASKS = N_("%(reseller)s asks to act for you")
GIVEN = N_("%(reseller)s may act for %(organisation)s")
REFUSED = N_("%(name)s doesn’t let you act for them")
WITHDRAWN = N_("%(reseller)s no longer acts for %(organisation)s")
APPLIED = N_("%(organisation)s wants to become a partner")
DECIDED = {
    "approved": (N_("You are our partner now"), N_("Your partnership is approved. The partner area is open to you.")),
    "declined": (N_("Your application to become a partner"), N_("We can’t make %(organisation)s a partner now.")),
    "suspended": (N_("Your partnership is suspended"), N_("The partner area is closed to %(organisation)s for now.")),
    "resumed": (N_("Your partnership goes on"), N_("The partner area is open to %(organisation)s again.")),
    "ended": (N_("Your partnership has ended"), N_("%(organisation)s is our partner no more.")),
}
REASON, LEVEL = N_("The reason: %(reason)s"), N_("Your level: %(level)s.")
ENDING = N_("Your partnership ends on %(day)s")
ENDS_TODAY = N_("Your partnership ends today")


def tell(
    people: Iterable[User], subject: str, sentences: Sequence[str], link: str, link_text: str, **names: Any
) -> None:
    """A mail to each of them. Subject and sentences are message ids, whose placeholders come from `names`."""
    for person in people:
        write(person.email, person, subject, sentences, link, link_text, **names)


def write(
    address: str, person: User | None, subject: str, sentences: Sequence[str], link: str, link_text: str, **names: Any
) -> None:
    locale, zone = (person.locale, person.zone) if person else (None, None)
    compose(
        address,
        "partner/mail/plain",
        subject,
        locale=str(locale) if locale in settings().languages else settings().default_locale,
        zone=str(zone) if is_zone(zone) else settings().default_zone,
        sentences=sentences,
        link=f"{settings().base_url.rstrip('/')}{link}",
        link_text=link_text,
        names=names,
        **names,
    )


def day_of(moment: datetime) -> Said:
    """The day of a moment where the reader is, in their words."""
    return Said(lambda: when_day(moment.astimezone(reader_zone()).date()))


def last_day_of(end: datetime) -> Said:
    """The day before an end that is exclusive."""
    return day_of(end - timedelta(microseconds=1))


def workers_of(reseller_id: int) -> list[User]:
    """The reseller's people who work for customers."""
    theirs = select(User).join(Membership, Membership.user_id == User.id)
    theirs = theirs.where(
        Membership.organisation_id == reseller_id,
        Membership.ended_at.is_(None),
        or_(Membership.role == MemberRole.OWNER, Membership.sees_all),
        User.active,
    )
    return list(db.session.scalars(theirs.order_by(User.id)).unique())


def ask_for_consent(asked: Consent, token: str, *, by: User) -> None:
    """To the customer's address, whoever reads there: in their language if they have an account."""
    relation = asked.relation
    write(
        relation.email,
        known_by(relation.email),
        ASKS,
        (
            N_("%(who)s of %(reseller)s asks to act for you in the support portal of %(brand_name)s."),
            N_("Read what that means, then agree or refuse. You need an account with an organisation; it is free."),
            N_("You can answer until %(day)s. If you don’t know them, do nothing."),
        ),
        f"/account/consent/{token}",  # the demo has no request to build it from
        N_("Read and answer"),
        who=by.display_name,
        reseller=relation.reseller.name,
        brand_name=settings().brand_name,
        day=day_of(asked.asked_until),
    )


def tell_given(consent: Consent) -> None:
    relation = consent.relation
    assert relation.customer is not None
    names: dict[str, Any] = {"reseller": relation.reseller.name, "organisation": relation.customer.name}
    ends = [N_("Its last day is %(day)s.")] if consent.ends_at else []
    if consent.ends_at:
        names |= {"day": last_day_of(consent.ends_at)}
    _to_both(relation, GIVEN, [N_("%(organisation)s lets %(reseller)s act for it."), *ends], **names)


def tell_withdrawn(consent: Consent) -> None:
    relation = consent.relation
    assert relation.customer is not None
    names = {"reseller": relation.reseller.name, "organisation": relation.customer.name}
    _to_both(relation, WITHDRAWN, [N_("%(organisation)s took it back. It ended at once.")], **names)


def tell_refused(consent: Consent, *, by: User) -> None:
    relation, names = consent.relation, {"name": consent.relation.name, "reseller": consent.relation.reseller.name}
    place = url_for("partner.customer", public_id=relation.public_id)
    tell(workers_of(relation.reseller_id), REFUSED, [N_("%(name)s refused your question.")], place, SEE, **names)
    said = [N_("You refused to let %(reseller)s act for you. We have told them.")]
    tell([by], N_("You refused %(reseller)s"), said, url_for("accounts.profile"), N_("Your profile"), **names)


SEE = N_("See the customer")


def _to_both(relation: PartnerCustomer, subject: str, sentences: Sequence[str], **names: Any) -> None:
    assert relation.customer_id is not None
    place = url_for("partner.customer", public_id=relation.public_id)
    theirs = url_for("consents.partners", organisation_id=relation.customer_id)
    tell(workers_of(relation.reseller_id), subject, sentences, place, SEE, **names)
    tell(owners_of(relation.customer_id), subject, sentences, theirs, N_("See who acts for you"), **names)


def tell_applied(partner: Partner) -> None:
    """The vendor's administrators decide."""
    admins = select(User).where(User.roles.any(Role.name == "admin"), User.active).order_by(User.id)
    tell(
        db.session.scalars(admins).unique(),
        APPLIED,
        [N_("%(organisation)s has applied. Please decide.")],
        url_for("partner_desk.one", partner_id=partner.id),
        N_("See the application"),
        organisation=partner.organisation.name,
    )


def tell_decided(partner: Partner, what: str, *, reason: str = "") -> None:
    """`what`: of DECIDED."""
    subject, sentence = DECIDED[what]
    more = [REASON] if reason else [LEVEL] if what == "approved" and partner.level else []
    is_open = what in ("approved", "resumed")
    tell(
        owners_of(partner.organisation_id),
        subject,
        [sentence, *more],
        url_for("partner.overview") if is_open else url_for("partner_application.apply"),
        N_("Open the partner area") if is_open else N_("See how it stands"),
        organisation=partner.organisation.name,
        reason=reason,
        level=Said(lambda: level_name(partner.level)),
    )


def tell_ending(partner: Partner, days: int) -> None:
    """That the contract runs out. Written by a job, where no address can be built."""
    assert partner.ends_at is not None
    tell(
        workers_of(partner.organisation_id),
        ENDING if days else ENDS_TODAY,
        [
            N_("The partnership of %(organisation)s ends on %(day)s."),
            N_("Then the partner area closes, and you act for no customer any more. Write to us if it is to go on."),
        ],
        "/partner/",
        N_("Open the partner area"),
        organisation=partner.organisation.name,
        day=last_day_of(partner.ends_at),
    )
