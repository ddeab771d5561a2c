"""The database itself keeps the books: nothing in them is changed or taken out."""

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from portal.billing.ledger import JournalEntry, Posting
from portal.db import db


@pytest.mark.parametrize(
    "rewriting",
    (
        update(Posting).values(amount=2),
        delete(Posting),
        update(JournalEntry).values(memo="never"),
        delete(JournalEntry),
    ),
    ids=("change a posting", "take a posting out", "change an entry", "take an entry out"),
)
def test_the_books_are_only_added_to(app: Flask, rewriting: object) -> None:
    with app.app_context():
        entry = JournalEntry(key="payment:1", kind="payment")
        entry.postings = [
            Posting(ledger=name, currency="EUR", amount=amount) for name, amount in (("bank", 500), ("revenue", -500))
        ]
        db.session.add(entry)
        db.session.commit()
        with pytest.raises(DatabaseError, match="only added to"):
            db.session.execute(rewriting)  # type: ignore[call-overload]
