"""The schema in the database: migrations, run at the first start and by `python -m portal db upgrade`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy import text

from portal.db import Base, Moment, db, share_conditions

if TYPE_CHECKING:
    from flask_alembic import Alembic

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic() -> "Alembic":
    """Alembic for the running application. Loaded when it is asked for: serving pages needs none of it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if "migrations" not in app.extensions:
        from flask_alembic import Alembic

        share_conditions()
        app.config["ALEMBIC"] = {"script_location": str(MIGRATIONS)}
        app.config["ALEMBIC_CONTEXT"] = {"render_as_batch": True, "render_item": plain_type}
        app.extensions["migrations"] = Alembic(metadatas=Base.metadata, run_mkdir=False)
        app.extensions["migrations"].init_app(app)
        logging.getLogger("alembic").setLevel(logging.WARNING)  # it has just set itself to be chatty
    return app.extensions["migrations"]


def plain_type(kind: str, item: Any, _context: Any) -> str | bool:
    """Migrations name database types only, so that an old one still runs when our own types have moved."""
    from flask_security.datastore import AsaList

    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AsaList):
        return "sa.Text()"
    return False


def is_current(app: Flask) -> bool:
    """True when the database has every migration: the newest file's number stands in it."""
    newest = max(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))
    with app.app_context():
        return db.session.scalar(text("SELECT version_num FROM alembic_version")) == newest


def upgrade(app: Flask) -> None:
    """Bring the database to the newest migration."""
    with app.app_context():
        alembic().upgrade()
