"""Who belongs to an organisation: inviting, joining, roles, and the end of a membership."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select, update

from portal.accounts.people import Invitation, MemberRole, Membership, Organisation, User
from portal.accounts.recognising import recognise
from portal.audit import note
from portal.db import db
from portal.errors import Refused

INVITED_FOR = timedelta(hours=72)


def hash_token(token: str) -> str:
    """What is kept of an invitation's token; it is long and random, so a plain hash can't be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def may_manage(person: User, organisation: Organisation) -> bool:
    """Owners run their organisation, and the vendor's administrators any."""
    return person.role_in(organisation) is MemberRole.OWNER or bool(person.has_role("admin"))


def invite(
    organisation: Organisation, email: str, role: MemberRole, *, by: User, now: datetime
) -> tuple[Invitation, str]:
    """Invite an address; an earlier invitation of it is replaced. Returns the invitation and its token, which is
    told once, in the mail, and kept only as a hash."""
    already = select(Membership.id).join(User, User.id == Membership.user_id)
    already = already.where(
        Membership.organisation_id == organisation.id, Membership.ended_at.is_(None), User.email == email
    )
    if db.session.scalar(already):
        raise Refused(_("%(email)s is a member already.", email=email))
    db.session.execute(
        update(Invitation)
        .where(Invitation.organisation_id == organisation.id, Invitation.email == email, Invitation.used_at.is_(None))
        .values(used_at=now)
    )
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organisation_id=organisation.id,
        email=email,
        role=role,
        token_hash=hash_token(token),
        invited_by_id=by.id,
        expires_at=now + INVITED_FOR,
    )
    db.session.add(invitation)
    db.session.flush()
    note("member.invited", by=by, now=now, organisation_id=organisation.id, email=email, role=str(role))
    return invitation, token


def open_invitation(token: str, *, now: datetime) -> Invitation | None:
    """The invitation behind a token while it can be used: not used, not withdrawn, not expired."""
    return db.session.scalar(
        select(Invitation).where(
            Invitation.token_hash == hash_token(token), Invitation.used_at.is_(None), Invitation.expires_at > now
        )
    )


def is_for(invitation: Invitation, person: User) -> bool:
    """True when the invitation went to this person's confirmed address: the link alone lets nobody in."""
    return person.confirmed_at is not None and person.email == invitation.email


def join(invitation: Invitation, *, by: User, now: datetime) -> Membership:
    """Become a member. Of two tries at once the database lets one through."""
    taken = update(Invitation).where(Invitation.id == invitation.id, Invitation.used_at.is_(None)).values(used_at=now)
    if not is_for(invitation, by) or db.session.execute(taken.returning(Invitation.id)).first() is None:
        raise Refused(_("This invitation can’t be used any more. Please ask for a new one."))
    current = select(Membership).where(
        Membership.user_id == by.id, Membership.organisation_id == invitation.organisation_id
    )
    found = db.session.scalar(current.where(Membership.ended_at.is_(None)))
    if found:
        return found
    membership = Membership(
        user_id=by.id, organisation_id=invitation.organisation_id, role=invitation.role, started_at=now
    )
    db.session.add(membership)
    recognise(by)
    _note("member.joined", membership, by=by, now=now, role=membership.role)
    return membership


def withdraw(invitation: Invitation, *, by: User, now: datetime) -> None:
    if invitation.used_at is None:
        invitation.used_at = now
        note("member.uninvited", by=by, now=now, organisation_id=invitation.organisation_id, email=invitation.email)


def change_role(membership: Membership, role: MemberRole, *, by: User, now: datetime) -> None:
    """Give a member another role; the last owner keeps theirs."""
    if role is not MemberRole.OWNER:
        _keep_an_owner(membership, _("Make somebody else an owner first: an organisation needs one."))
        _take_back_invitations(membership, now=now)
    if membership.role != role:
        _note("member.role", membership, by=by, now=now, before=membership.role, after=str(role))
    membership.role = role
    if role is MemberRole.OWNER:
        recognise(membership.user)


def let_see(membership: Membership, all_tickets: bool, *, by: User, now: datetime) -> None:
    """Give a member sight of everybody's tickets, or take it back. Owners have it anyway."""
    if membership.sees_all != all_tickets:
        _note("member.sight", membership, by=by, now=now, sees_all=all_tickets)
    membership.sees_all = all_tickets


def hand_over(organisation: Organisation, to: Membership, *, by: User, now: datetime) -> None:
    """Make another member the owner in one's own place. Of two at once, or with somebody who left, one is refused."""
    db.session.execute(select(Organisation.id).where(Organisation.id == organisation.id).with_for_update())
    mine = db.session.scalar(_current(organisation.id).where(Membership.user_id == by.id).with_for_update())
    db.session.refresh(to, with_for_update=True)
    if mine is None or mine.role != MemberRole.OWNER:
        raise Refused(_("Only an owner can hand an organisation over."))
    if to.id == mine.id or to.organisation_id != organisation.id or to.ended_at is not None or not to.user.active:
        raise Refused(_("Choose another member of %(organisation)s.", organisation=organisation.name))
    to.role, mine.role = MemberRole.OWNER, MemberRole.MEMBER
    _take_back_invitations(mine, now=now)
    recognise(to.user)
    _note("owner.handed_over", to, by=by, now=now)


def appoint(to: Membership, *, reason: str, by: User, now: datetime) -> None:
    """The vendor's staff give an organisation an owner, because it has none that could."""
    db.session.execute(select(Organisation.id).where(Organisation.id == to.organisation_id).with_for_update())
    if has_owner(to.organisation_id):
        raise Refused(_("This organisation has an owner. Owners decide about roles themselves."))
    if to.ended_at is not None or not to.user.active:
        raise Refused(_("Choose a member who can sign in."))
    to.role = MemberRole.OWNER
    recognise(to.user)
    _note("owner.appointed", to, by=by, now=now, reason=reason)


def remove(membership: Membership, *, by: User, now: datetime) -> None:
    """End somebody's membership. Rights are read at each request, so they end with the next one."""
    _keep_an_owner(membership, _("The last owner can’t be removed. Make somebody else an owner first."))
    _take_back_invitations(membership, now=now)
    membership.ended_at = now
    _note("member.removed", membership, by=by, now=now)


def leave(organisation: Organisation, *, by: User, now: datetime) -> None:
    """End one's own membership."""
    membership = db.session.execute(_current(organisation.id).where(Membership.user_id == by.id)).scalar_one()
    _keep_an_owner(membership, _("You are the last owner. Make somebody else an owner before you leave."))
    _take_back_invitations(membership, now=now)
    membership.ended_at = now
    _note("member.left", membership, by=by, now=now)


def rename(organisation: Organisation, name: str, *, by: User, now: datetime) -> None:
    if organisation.name != name:
        note(
            "organisation.renamed",
            by=by,
            now=now,
            organisation_id=organisation.id,
            before=organisation.name,
            after=name,
        )
    organisation.name = name


def found_organisation(name: str, *, by: User, now: datetime) -> Organisation:
    """A new organisation with this person as its owner."""
    organisation = Organisation(name=name, created_at=now)
    db.session.add(organisation)
    db.session.flush()
    db.session.add(Membership(user_id=by.id, organisation_id=organisation.id, role=MemberRole.OWNER, started_at=now))
    recognise(by)
    note("organisation.founded", by=by, now=now, organisation_id=organisation.id, name=name)
    return organisation


def has_owner(organisation_id: int) -> bool:
    """Whether somebody who can sign in is its owner."""
    owners = _current(organisation_id).join(User, User.id == Membership.user_id)
    return db.session.scalar(owners.where(Membership.role == MemberRole.OWNER, User.active).limit(1)) is not None


def _note(kind: str, membership: Membership, *, by: User, now: datetime, **detail: Any) -> None:
    organisation_id, person_id = membership.organisation_id, membership.user_id
    note(kind, by=by, now=now, organisation_id=organisation_id, person_id=person_id, **detail)


def _take_back_invitations(membership: Membership, *, now: datetime) -> None:
    """Who may invite nobody any more has invited nobody: else they could let themselves in again by another address."""
    theirs = update(Invitation).where(Invitation.invited_by_id == membership.user_id, Invitation.used_at.is_(None))
    theirs = theirs.where(Invitation.organisation_id == membership.organisation_id)
    db.session.execute(theirs.values(used_at=now))


def _keep_an_owner(membership: Membership, sentence: str) -> None:
    """Refuse what would leave nobody in charge. The organisation's row is locked, so that of two owners who leave
    at once the second one stays."""
    if membership.role != MemberRole.OWNER:
        return
    db.session.execute(select(Organisation.id).where(Organisation.id == membership.organisation_id).with_for_update())
    others = _current(membership.organisation_id).join(User, User.id == Membership.user_id)
    others = others.where(Membership.role == MemberRole.OWNER, Membership.id != membership.id, User.active)
    if not db.session.scalar(select(func.count()).select_from(others.subquery())):
        raise Refused(sentence)


def _current(organisation_id: int) -> Select[Membership]:
    return select(Membership).where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
