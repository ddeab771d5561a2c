"""The audit log: every act on accounts, rights, licences, money and consents. It is only ever added to."""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Index, Select, String, event, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.people import MemberRole, Membership, User
from portal.db import Model, db


class AuditEntry(Model):
    """One act: who did what to whom, when. Ids stand for themselves, so that the log outlives what it speaks of."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_of_organisation", "organisation_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int | None] = mapped_column(index=True)  # None: the portal itself
    acting_as_id: Mapped[int | None]  # whom a member of staff stood in for
    organisation_id: Mapped[int | None]  # whose owners may read it
    partner_id: Mapped[int | None] = mapped_column(index=True)  # the reseller's organisation, whose owners may too
    person_id: Mapped[int | None]  # whom it was done to
    subject: Mapped[str] = mapped_column(String(100), default="")  # what it was done to: `licence:7`, `invoice:…`
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @classmethod
    def visible_to(cls, person: Any) -> Select["AuditEntry"]:
        """Administrators read all, owners what concerns the organisations that are theirs now."""
        if not person.is_authenticated:
            return select(cls).where(cls.id < 0)
        if person.has_role("admin"):
            return select(cls)
        owned = select(Membership.organisation_id).where(
            Membership.user_id == person.id, Membership.ended_at.is_(None), Membership.role == MemberRole.OWNER
        )
        return select(cls).where(cls.organisation_id.in_(owned) | cls.partner_id.in_(owned))


def note(
    kind: str,
    *,
    by: User | None,
    now: datetime,
    organisation_id: int | None = None,
    partner_id: int | None = None,
    person_id: int | None = None,
    subject: str = "",
    **detail: Any,
) -> None:
    """Add to the log, in the transaction of the act itself. `detail` holds plain values alone, never a secret."""
    db.session.add(
        AuditEntry(
            kind=kind,
            at=now,
            actor_id=by.id if by else None,
            organisation_id=organisation_id,
            partner_id=partner_id,
            person_id=person_id,
            subject=subject,
            detail=detail,
        )
    )


def note_account(kind: str, person: User, *, by: User | None, now: datetime, **detail: Any) -> None:
    """An act on somebody's account, for the owners of each organisation that they are in now."""
    mine = select(Membership.organisation_id).where(Membership.user_id == person.id, Membership.ended_at.is_(None))
    theirs: list[int | None] = list(db.session.scalars(mine.order_by(Membership.organisation_id)))
    for organisation_id in theirs or [None]:
        note(kind, by=by, now=now, organisation_id=organisation_id, person_id=person.id, **detail)


# The database itself refuses what would rewrite the log, whoever asks.
REFUSALS = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_entry_no_{act.lower()} BEFORE {act} ON audit_entry "
        f"BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
        for act in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION keep_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$",
        "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION keep_the_audit_log()",
    ),
}
for _dialect, _statements in REFUSALS.items():
    for _statement in _statements:
        event.listen(AuditEntry.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
