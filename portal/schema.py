"""The schema in the database: migrations, run at the first start and by `python -m portal db upgrade`."""

import logging
from typing import Any

from flask import Flask
from flask_alembic import Alembic
from flask_security.datastore import AsaList

from portal.db import Base, Moment

alembic = Alembic(metadatas=Base.metadata)


def plain_type(kind: str, item: Any, _context: Any) -> str | bool:
    """Migrations name database types only, so that an old one still runs when our own types have moved."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AsaList):
        return "sa.Text()"
    return False


def init_schema(app: Flask) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    alembic.init_app(app)


def is_current(app: Flask) -> bool:
    """True when the database has every migration."""
    with app.app_context():
        return set(alembic.current()) == set(alembic.heads()) and bool(alembic.heads())


def upgrade(app: Flask) -> None:
    """Bring the database to the newest migration."""
    with app.app_context():
        alembic.upgrade()
