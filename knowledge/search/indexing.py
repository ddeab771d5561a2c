"""When the index is written: by a job after every change, and anew when something is wrong with it."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from huey import crontab

from knowledge.articles.searched import ArticleSource
from knowledge.search.changes import outstanding
from knowledge.search.checking import examine
from knowledge.search.engine import Busy, Engine, engine
from knowledge.search.index import ailing, apply_changes, rebuild
from knowledge.search.items import register
from knowledge.search.whoosh_engine import WhooshEngine
from knowledge.search.whoosh_index import IndexFolder
from portal.config import Settings
from portal.db import db, utcnow
from portal.jobs import job

log = logging.getLogger(__name__)

LEFT_FOR = timedelta(hours=1)
HEALED_AGAIN_AFTER = 300  # seconds: a search that breaks on a healthy index must not build it anew for ever


@job("index")
def index() -> None:
    """Bring the index up to date; one job takes all changes there are."""
    apply_changes()


def heal(broken_generation: int | None = None) -> str:
    """Build the index anew if it can't be read, or if a search broke on this generation of it. Returns the reason."""
    reason = ailing()
    if not reason and broken_generation is not None and _is_reported(broken_generation):
        reason = "broken in a search"
    return _build_anew(reason) if reason else ""


def check() -> str:
    """Compare the whole index with the database, and build it anew if they differ. Returns the reason."""
    reason, _ = examine()
    return _build_anew(reason) if reason else ""


def tidy(*, now: datetime) -> int:
    """Remove what is left of old and of unfinished indexes, once nobody can be reading it."""
    try:
        return engine().tidy(older_than=now - LEFT_FOR)
    except Busy:
        return 0


def _build_anew(reason: str) -> str:
    log.warning("building the search index anew", extra={"reason": reason})
    try:
        rebuild()
    except Busy:
        return ""
    current_app.extensions["search_healed_at"] = time.monotonic()
    return reason


def _is_reported(generation: int) -> bool:
    healed_at = current_app.extensions.get("search_healed_at")
    lately = healed_at is not None and time.monotonic() - healed_at < HEALED_AGAIN_AFTER
    return engine().generation() == generation and not lately


def _engine(config: Settings) -> Engine:
    if config.search_engine == "postgresql":
        from knowledge.search.postgres_engine import PostgresEngine

        return PostgresEngine()
    return WhooshEngine(IndexFolder(config.instance / "search"))


def init_search(app: Flask, config: Settings) -> None:
    """Put the engine into the application, and the healer into its queue."""
    register(ArticleSource())
    app.extensions["search"] = _engine(config)
    queue: Any = app.extensions["queue"]

    @queue.task(name="heal_index")
    def heal_index(broken_generation: int | None = None) -> None:
        with app.app_context(), db.session.begin():
            heal(broken_generation)

    @queue.periodic_task(crontab(hour="4", minute="11"), name="check_index")
    def check_each_night() -> None:
        with app.app_context(), db.session.begin():
            check()
            tidy(now=utcnow())

    @queue.periodic_task(crontab(minute="*"), name="look_after_index")
    def look_after_index() -> None:
        with app.app_context(), db.session.begin():
            if not heal() and outstanding():
                apply_changes()

    app.extensions["heal_index"] = heal_index
