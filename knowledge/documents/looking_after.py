"""What is done every night: downloads are added up, and bytes that nobody names are removed."""

from datetime import datetime
from typing import Any

from flask import Flask
from huey import crontab

from knowledge.documents import downloads, files
from portal import uploads
from portal.db import db, utcnow


def look_after_documents(*, now: datetime) -> None:
    """Twice does no harm."""
    downloads.sum_up(before=now.date())
    files.remove_strays(older_than=now - uploads.STRAY_FOR)


def init_looking_after(app: Flask) -> None:
    queue: Any = app.extensions["queue"]

    @queue.periodic_task(crontab(hour="3", minute="40"), name="look_after_documents")
    def look_after() -> None:
        with app.app_context(), db.session.begin():
            look_after_documents(now=utcnow())
