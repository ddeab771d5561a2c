"""A job that read before it sets a savepoint: what it writes inside is kept."""

from flask import Flask

from knowledge.search import wishes
from knowledge.search.guidance import Wish
from portal.db import _writing, db
from portal.jobs import run_due
from portal.mail import Mail


def test_a_job_that_read_may_write_in_a_savepoint(app: Flask) -> None:
    """As in a worker, whose transactions begin as readers."""
    with app.app_context():
        token = _writing.set(False)
        try:
            wishes.ask_to_wish("harbour lamp", "wendy@wisher.example", lang="en", locale="en", zone="UTC")
            db.session.commit()
            run_due()
        finally:
            _writing.reset(token)
        assert db.session.scalars(db.select(Wish.email)).all() == ["wendy@wisher.example"]
        assert db.session.scalars(db.select(Mail.recipient)).all() == ["wendy@wisher.example"]
