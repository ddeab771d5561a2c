"""How tests get rid of what the books and the audit log keep for ever."""

from typing import Any

from sqlalchemy import delete, select, text

from portal import audit
from portal.billing import ledger
from portal.db import db


def burn_the_books() -> None:
    """Empty the ledger and the audit log, which refuse to be emptied."""
    _burn(ledger.REFUSALS, ledger.Posting, ledger.JournalEntry)
    _burn(audit.REFUSALS, audit.AuditEntry)


def _burn(refusals: dict[str, tuple[str, ...]], *tables: Any) -> None:
    if db.session.scalar(select(tables[-1].id).limit(1)) is None:
        return
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text(f"TRUNCATE {', '.join(table.__tablename__ for table in tables)}"))
        return
    for refusal in refusals["sqlite"]:
        db.session.execute(text(f"DROP TRIGGER {refusal.split()[2]}"))
    for table in tables:
        db.session.execute(delete(table))
    for refusal in refusals["sqlite"]:
        db.session.execute(text(refusal))
