"""The schema in the database: migrations, run at the first start and by `python -m portal db upgrade`."""

from flask import Flask
from flask_alembic import Alembic

from portal.db import Base

alembic = Alembic(metadatas=Base.metadata)


def init_schema(app: Flask) -> None:
    alembic.init_app(app)


def is_current(app: Flask) -> bool:
    """True when the database has every migration."""
    with app.app_context():
        return set(alembic.current()) == set(alembic.heads()) and bool(alembic.heads())


def upgrade(app: Flask) -> None:
    """Bring the database to the newest migration."""
    with app.app_context():
        alembic.upgrade()
