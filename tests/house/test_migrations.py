"""The migrations make exactly the tables that the code expects, on both databases."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import create_app
from portal.db import db
from portal.schema import alembic, is_current, upgrade
from tests.postgresql import Server


def test_migrations_make_what_the_models_say(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> None:
    if database_url.startswith("postgresql"):
        server: Server = request.getfixturevalue("postgresql")
        empty = server.new_database()
    else:
        empty = f"sqlite:///{tmp_path / 'empty.db'}"
    app = create_app(testing=True, instance=tmp_path, database_url=empty, secret_key="only-for-the-tests")
    upgrade(app)
    assert is_current(app)
    with app.app_context():
        assert alembic().compare_metadata() == []
        db.session.remove()
        db.engine.dispose()


def test_a_condition_on_an_index_holds_on_both_databases(app: Flask) -> None:
    with app.app_context():
        postgresql = db.engine.dialect.name == "postgresql"
        kept = (
            "SELECT indexdef FROM pg_indexes WHERE indexname"
            if postgresql
            else "SELECT sql FROM sqlite_master WHERE name"
        )
        made = db.session.scalar(text(f"{kept} = 'uq_membership_current'"))
    assert "WHERE" in made
    assert "ended_at IS NULL" in made
