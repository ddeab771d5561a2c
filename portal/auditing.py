"""The audit log as people read it: what each kind of act is called, and one page of acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, or_, select

from portal import spreadsheets
from portal.accounts.people import User, staff
from portal.accounts.texts import N_
from portal.audit import AuditEntry
from portal.db import db
from portal.web import reader_zone, settings

PER_PAGE = 50
MOST = 50_000  # lines of a file

# What stands in the log, in the order in which the filter offers it. `actor` did it, to `person`.
KINDS = {
    "organisation.founded": N_("%(actor)s founded %(name)s."),
    "organisation.renamed": N_("%(actor)s renamed %(before)s to %(after)s."),
    "member.invited": N_("%(actor)s invited %(email)s as %(role)s."),
    "member.uninvited": N_("%(actor)s withdrew the invitation of %(email)s."),
    "member.joined": N_("%(person)s joined as %(role)s."),
    "member.role": N_("%(actor)s changed the role of %(person)s from %(before)s to %(after)s."),
    "member.sight": N_("%(actor)s decided whether %(person)s sees every ticket: %(sees_all)s."),
    "member.removed": N_("%(actor)s removed %(person)s."),
    "member.left": N_("%(person)s left."),
    "member.asked": N_("%(person)s asked to join."),
    "member.let_in": N_("%(actor)s let %(person)s join."),
    "member.turned_away": N_("%(actor)s turned %(person)s away, who had asked to join."),
    "domain.claimed": N_("%(actor)s claimed the domain %(domain)s."),
    "domain.proved": N_("The domain %(domain)s was proved."),
    "domain.given_up": N_("%(actor)s gave up the domain %(domain)s."),
    "owner.handed_over": N_("%(actor)s made %(person)s the owner in their own place."),
    "owner.appointed": N_("%(actor)s made %(person)s the owner: %(reason)s"),
    "account.address": N_("The address of %(person)s changed."),
    "account.password": N_("The password of %(person)s was set anew."),
    "account.pin": N_("%(person)s made a PIN."),
    "account.token_made": N_("%(person)s made the token %(name)s."),
    "account.token_ended": N_("%(person)s ended the token %(name)s."),
    "account.signed_out": N_("%(person)s signed out on every device."),
    "account.confirmed": N_("The address of %(person)s was confirmed by hand."),
    "staff.granted": N_("%(person)s was given the role %(role)s."),
    "staff.revoked": N_("The role %(role)s of %(person)s was taken away."),
    "billing.started": N_("%(actor)s began the subscription %(plan)s."),
    "billing.changed": N_("%(actor)s changed the subscription %(plan)s."),
    "billing.planned": N_("%(actor)s planned a change of the subscription %(plan)s."),
    "billing.unplanned": N_("%(actor)s took back the planned change of the subscription %(plan)s."),
    "billing.cancelled": N_("%(actor)s cancelled the subscription %(plan)s."),
    "billing.resumed": N_("%(actor)s resumed the subscription %(plan)s."),
    "billing.details": N_("%(actor)s changed the billing details."),
    "billing.contact_added": N_("%(actor)s saved the billing contact %(email)s."),
    "billing.contact_removed": N_("%(actor)s removed the billing contact %(email)s."),
    "billing.goodwill": N_("%(actor)s granted a credit: %(reason)s"),
    "billing.credit_decided": N_("%(actor)s decided about a credit: %(state)s."),
    "billing.vat_number": N_("%(actor)s noted what the register says of %(number)s: %(state)s."),
    "billing.corrected": N_("%(actor)s corrected the invoice %(number)s: %(reason)s"),
    "billing.refunded": N_("%(actor)s gave money back: %(reason)s"),
    "billing.payment_booked": N_("%(actor)s booked a payment by hand: %(amount)s."),
    "billing.payment_taken_back": N_("%(actor)s took back a payment that was booked by mistake: %(amount)s."),
    "billing.reminded": N_("%(actor)s sent a reminder of what is overdue."),
    "billing.reminders_held": N_("%(actor)s let reminders wait until %(until)s."),
    "billing.reminders_go_on": N_("%(actor)s let reminders go on."),
    "consent.asked": N_("%(actor)s asked %(name)s for consent to act for them."),
    "consent.given": N_("%(actor)s let %(reseller)s act for the organisation."),
    "consent.refused": N_("The customer %(name)s refused consent."),
    "consent.withdrawn": N_("%(actor)s took back that %(reseller)s acts for the organisation."),
    "partner.customer_added": N_("%(actor)s noted the customer %(name)s."),
    "partner.customer_changed": N_("%(actor)s changed the customer %(name)s."),
    "partner.customer_ended": N_("%(actor)s ended selling to %(name)s."),
    "partner.customer_reopened": N_("%(actor)s took up selling to %(name)s again."),
    "partner.applied": N_("%(actor)s applied for the partnership."),
    "partner.approved": N_("%(actor)s approved the partnership."),
    "partner.declined": N_("%(actor)s declined the partnership: %(reason)s"),
    "partner.suspended": N_("%(actor)s suspended the partnership: %(reason)s"),
    "partner.resumed": N_("%(actor)s let the partnership go on."),
    "partner.ended": N_("%(actor)s ended the partnership: %(reason)s"),
    "partner.ending": N_("A mail told that the partnership runs out. Days left: %(days)s."),
    "partner.terms": N_("%(actor)s changed the terms of the partnership."),
    "licence.claimed": N_("%(actor)s claimed the licence %(hint)s."),
    "licence.issued": N_("The licence %(hint)s was issued."),
    "licence.reissued": N_("%(actor)s made the new key %(hint)s in place of %(old)s: %(reason)s"),
    "licence.revoked": N_("%(actor)s revoked the licence %(hint)s: %(reason)s"),
    "licence.extended": N_("%(actor)s set the end of the licence %(hint)s: %(until)s."),
    "licence.ending": N_("A mail told that the licence %(hint)s runs out. Days left: %(days)s."),
    "licence.readdressed": N_("%(actor)s changed the address of the licence %(hint)s from %(old)s to %(email)s."),
    "partner.order_placed": N_("%(actor)s ordered %(plan)s for %(customer)s: %(order)s."),
    "partner.order_renewed": N_("%(actor)s renewed %(renewed)s for %(customer)s: %(order)s."),
    "partner.order_cancelled": N_("%(actor)s cancelled the order %(order)s: %(reason)s"),
}
VALUES = {
    "owner": N_("Owner"),
    "billing": N_("Billing"),
    "member": N_("Member"),
    "accepted": N_("accepted"),
    "declined": N_("declined"),
    "valid": N_("valid"),
    "invalid": N_("not valid"),
    "True": N_("yes"),
    "False": N_("no"),
}


@dataclass(frozen=True)
class Asked:
    """What the reader asked to see. Anything unknown counts as not asked; days are those of the reader's zone."""

    area: str = ""
    person_id: int | None = None
    first: date | None = None
    last: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "Asked":
        person = args.get("person", "")
        return cls(
            area=args.get("area", "") if args.get("area", "") in areas() else "",
            person_id=int(person) if person.isascii() and person.isdigit() and len(person) < 10 else None,
            first=_day(args.get("first", "")),
            last=_day(args.get("last", "")),
        )

    @property
    def is_narrow(self) -> bool:
        return self != Asked()

    def narrow(self, query: Select[Any]) -> Select[Any]:
        if self.area:
            query = query.where(AuditEntry.kind.startswith(f"{self.area}."))
        if self.person_id is not None:
            query = query.where(or_(AuditEntry.actor_id == self.person_id, AuditEntry.person_id == self.person_id))
        if self.first:
            query = query.where(AuditEntry.at >= _begins(self.first))
        if self.last:
            query = query.where(AuditEntry.at < _begins(self.last + timedelta(days=1)))
        return query


@dataclass(frozen=True)
class Line:
    """One act in words."""

    at: datetime
    text: str
    actor: str
    kind: str


def areas() -> dict[str, str]:
    """The parts of the log, by the first word of their kinds."""
    return {
        "organisation": _("Organisation"),
        "member": _("Members"),
        "owner": _("Owners"),
        "account": _("Accounts"),
        "staff": _("Roles at the vendor"),
        "licence": _("Licences"),
        "domain": _("Domains"),
        "billing": _("Billing"),
        "consent": _("Consents"),
        "partner": _("Partners"),
        "standin": _("Looking as somebody else"),
    }


def page_of(query: Select[Any], asked: Asked) -> Pagination:
    """One page of entries that the reader may see, the newest first."""
    newest = asked.narrow(query).order_by(AuditEntry.id.desc())
    return db.paginate(newest, per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)


def lines(entries: list[AuditEntry], *, inside: bool) -> list[Line]:
    """In the reader's language. Owners (not `inside`) read of the vendor's staff as of one: by the brand's name."""
    keys = {key for entry in entries for key in (entry.actor_id, entry.person_id, entry.acting_as_id) if key}
    names = {one.id: one.display_name for one in db.session.scalars(select(User).where(User.id.in_(keys)))}
    if not inside:
        ours = select(staff().subquery().c.id)
        names |= dict.fromkeys(db.session.scalars(ours), settings().brand_name)
    return [_line(entry, names) for entry in entries]


def as_file(query: Select[Any], asked: Asked, *, inside: bool, filename: str) -> Response:
    """The same as a file, for those who keep one."""
    found = db.session.scalars(asked.narrow(query).order_by(AuditEntry.id.desc()).limit(MOST)).all()
    cells = ((one.at.isoformat(), one.kind, one.actor, one.text) for one in lines(list(found), inside=inside))
    head = (_("Time"), _("Kind"), _("Who"), _("What"))
    answer = Response(spreadsheets.written(head, cells), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def _line(entry: AuditEntry, names: Mapping[int, str]) -> Line:
    actor = names.get(entry.actor_id, _("Former member")) if entry.actor_id else _("The portal")
    if entry.acting_as_id:
        actor = _("%(actor)s as %(person)s", actor=actor, person=names.get(entry.acting_as_id, _("Former member")))
    person = names.get(entry.person_id, _("Former member")) if entry.person_id else ""
    detail = {key: _(VALUES[str(value)]) if str(value) in VALUES else value for key, value in entry.detail.items()}
    known = {"actor": actor, "person": person, **{key: str(value) for key, value in detail.items()}}
    text = entry.kind
    if entry.kind in KINDS:
        text = _(KINDS[entry.kind]) % _Known(known)
    return Line(entry.at, text, actor, entry.kind)


class _Known(dict[str, str]):
    """An old entry may lack what a newer sentence names."""

    def __missing__(self, key: str) -> str:
        return "–"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=reader_zone())
