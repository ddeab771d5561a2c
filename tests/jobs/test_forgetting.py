"""Done work and letters to nobody's ticket are forgotten after a while, and nothing else."""

from datetime import timedelta

from flask import Flask

from portal.db import db, utcnow
from portal.forgetting import KEPT_FOR, forget
from portal.jobs import Job
from portal.mail import Mail, store


def test_old_work_and_letters_go(app: Flask) -> None:
    long_ago = utcnow() - KEPT_FOR - timedelta(days=1)
    with app.app_context():
        db.session.execute(db.delete(Job))
        for state, done_at in (("done", long_ago), ("done", utcnow()), ("dead", None), ("pending", None)):
            db.session.add(Job(kind="deliver", payload={}, state=state, run_after=long_ago, done_at=done_at))
        for subject, sent_at in (("old", long_ago), ("new", utcnow()), ("waiting", None)):
            store("carla@heron.example", subject, "Text", "<p>Text</p>", "en").sent_at = sent_at
        db.session.commit()
        assert forget(now=utcnow()) == 2
        db.session.commit()
        assert set(db.session.scalars(db.select(Mail.subject))) >= {"new", "waiting"}
        assert "old" not in set(db.session.scalars(db.select(Mail.subject)))
        assert db.session.scalars(db.select(Job.state).where(Job.done_at.is_not(None))).all() == ["done"]
        assert {"dead", "pending"} <= set(db.session.scalars(db.select(Job.state)))
