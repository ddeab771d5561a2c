"""The books: double entry, in integers, and only ever added to."""

from datetime import datetime

from sqlalchemy import DDL, BigInteger, ForeignKey, Index, String, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Model, utcnow

ACCOUNTS = (
    "receivable",  # what customers owe; one for each billing account
    "deposit",  # what customers paid without owing it (yet); one for each billing account
    "revenue",
    "tax",
    "credits",  # service credits granted
    "bank",
    "provider",  # what the payment provider holds for us
    "loss",  # what will not be paid
)


class JournalEntry(Model):
    """One thing that happened. `key` names it, so that it is booked once."""

    __tablename__ = "journal_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)  # as invoice:12, payment:7, allocation:7:12
    kind: Mapped[str] = mapped_column(String(16))  # invoice, credit_note, payment, allocation, refund, dispute, loss
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"))
    memo: Mapped[str] = mapped_column(String(500), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    postings: Mapped[list["Posting"]] = relationship(back_populates="entry", order_by="Posting.id")


class Posting(Model):
    """A debit (positive) or credit (negative) of an account. Those of an entry come to nothing in each currency."""

    __tablename__ = "posting"
    __table_args__ = (Index("ix_posting_account", "account_id", "ledger", "currency"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"), index=True)
    ledger: Mapped[str] = mapped_column(String(12))  # of ACCOUNTS
    account_id: Mapped[int | None] = mapped_column(ForeignKey("billing_account.id"))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)  # that it makes or settles
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)

    entry: Mapped[JournalEntry] = relationship(back_populates="postings")


# The database itself refuses what would rewrite the books, whoever asks.
REFUSALS = {
    "sqlite": tuple(
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the books are only added to'); END"
        for table in ("journal_entry", "posting")
        for act in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION keep_the_books() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the books are only added to'; END $$",
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION keep_the_books()"
            for table in ("journal_entry", "posting")
        ),
    ),
}
for _dialect, _statements in REFUSALS.items():
    for _statement in _statements:
        event.listen(Posting.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
