"""The end of a phone number, by which a caller is found: kept with every change, and for numbers of before."""

from pathlib import Path

import pytest
from sqlalchemy import column, insert, table, text

from portal import create_app
from portal.accounts.people import end_of_phone
from portal.db import db, utcnow
from portal.schema import alembic


@pytest.mark.parametrize("number", ["+31 20 555 0123", "020-5550123", "(020) 555 01 23 x12", "0031205550123"])
def test_it_is_the_same_however_the_number_is_written(number: str) -> None:
    assert end_of_phone(number) == "05550123"


@pytest.mark.parametrize("number", ["", "112", "x12345", "no number"])
def test_what_is_too_short_has_none(number: str) -> None:
    assert end_of_phone(number) is None


def test_numbers_of_before_are_found_after_the_migration(tmp_path: Path) -> None:
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    app = create_app(testing=True, instance=tmp_path, database_url=empty, secret_key="only-for-the-tests")
    with app.app_context():
        alembic().upgrade("1795391957")
        kept = {
            "email": "a@b.example",
            "name": "",
            "active": True,
            "phone": "+31 20 555 0123",
            "fs_uniquifier": "a" * 32,
        }
        times = dict.fromkeys(("create_datetime", "update_datetime"), utcnow())
        users = table("users", *(column(name) for name in (*kept, *times)))  # as it was then
        db.session.execute(insert(users).values(**kept, **times))
        db.session.commit()
        db.session.remove()
        alembic().upgrade()
        assert db.session.scalar(text("SELECT phone_end FROM users")) == "05550123"
        db.session.remove()
        db.engine.dispose()
