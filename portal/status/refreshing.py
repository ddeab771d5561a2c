"""The static copy is written again after each change, and each minute if it is behind."""

import hashlib
from datetime import datetime
from typing import Any

from flask import Flask, current_app
from huey import crontab

from portal.db import db, utcnow
from portal.jobs import job
from portal.status import copying, offline
from portal.status.document import Document, document, version
from portal.web import settings


@job("write_status")
def write_status() -> None:
    """Write the static copy, if it isn't what it should be."""
    folder = copying.folder_of(settings())
    with copying.held(folder):
        there, wanted = copying.written(folder), edition()
        waits = [entry for _, entry in offline.waiting(folder)]
        if there is None or there.get("edition") != wanted or waits:
            doc: Document = document(settings(), now=utcnow()) | {"edition": wanted}
            for entry in waits:  # the database couldn't take them yet
                doc = offline.applied(doc, entry)
            copying.write(current_app._get_current_object(), folder, doc)  # type: ignore[attr-defined]


def edition() -> str:
    """A short name for what the copy is made of: rows, settings, and our own stylesheet and words."""
    config = settings()
    made_of = (version(), config.status_url, config.base_url, config.brand_name, config.default_locale)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]


def post_offline(*, now: datetime, **asked: Any) -> offline.Entry:
    """Put it into the copy and keep it for the database, which isn't asked. Raises `NotPosted`."""
    folder = copying.folder_of(settings())
    with copying.held(folder):
        doc = copying.written(folder)
        if doc is None:
            raise offline.NotPosted(f"there is no copy in {folder} yet; start the worker once")
        entry = offline.entry_of(doc, now=now, **asked)
        offline.post(folder, entry)
        copying.write(current_app._get_current_object(), folder, offline.applied(doc, entry))  # type: ignore[attr-defined]
    return entry


def take_in() -> None:
    """What was posted while the database was away goes into it; then the copy is brought up to date."""
    folder = copying.folder_of(settings())
    with copying.held(folder):
        offline.merge(folder, now=utcnow())
    write_status()
    db.session.rollback()


def init_refreshing(app: Flask) -> None:
    """Once a minute: so a copy that was lost, or lies behind, comes back by itself."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="publish_status")
    def publish_each_minute() -> None:
        with app.app_context():
            take_in()
