"""Mail in: what customers write by mail becomes tickets and replies, by whatever way it comes."""

from typing import Any

from flask import Flask


def init_mailroom(app: Flask, config: Any) -> None:
    from portal.mailroom import received  # noqa: F401  (its table)

    if config.imap_url:
        _fetch_each_minute(app)


def _fetch_each_minute(app: Flask) -> None:
    """In the worker. A round that takes longer than its minute is not overtaken by the next."""
    import logging
    from threading import Lock

    from huey import crontab

    from portal.mailroom.fetching import NotFetched, fetch

    fetching = Lock()  # of this process: a lock on disk would outlive a worker that is killed

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="fetch_mail")
    def fetch_mail() -> None:
        if not fetching.acquire(blocking=False):
            return
        try:
            with app.app_context():
                fetch()
        except (NotFetched, OSError) as error:
            logging.getLogger(__name__).error("mail could not be fetched: %s", error)
        finally:
            fetching.release()
