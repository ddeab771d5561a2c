"""kill -9 of what writes digests and of the worker that delivers them: everyone gets theirs once.

A sample in the suite; `FOYER_DIGESTS=20 pytest tests/community/test_digest_survives.py` is the whole: so many kills.
"""

import os
import random
import sys
import time
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

from flask import Flask

from knowledge.community.following import Follow
from knowledge.community.telling import Told
from knowledge.community.topic import Post
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.jobs import Job
from portal.mail import Mail
from tests import cast
from tests.community.rows import a_category, asked
from tests.jobs.conftest import application
from tests.running import Portal, Process, wait_for

KILLS = int(os.environ.get("FOYER_DIGESTS", "2"))
READERS = 25 * KILLS
SUBJECT = "What is new in the community"


def everybody_is_owed(app: Flask) -> None:
    """People who follow the category by a digest that is due, about one topic in it."""
    with app.app_context(), writing():
        world, now = cast.gather(), utcnow()
        room = a_category()
        asked(world, room=room)
        post = db.session.scalars(db.select(Post)).one()
        post.state = post.topic.state = "shown"
        names = [f"reader-{number}@many.example" for number in range(READERS)]
        given = {"password": "-", "active": True, "name": "Reader", "confirmed_at": now}
        rows = [{"email": name, "fs_uniquifier": name, **given} for name in names]
        db.session.execute(db.insert(User), rows)
        ids = db.session.scalars(db.select(User.id).where(User.email.in_(names))).all()
        follows = {"category_id": room.id, "pace": "daily", "created_at": now}
        db.session.execute(db.insert(Follow), [{"user_id": user_id, **follows} for user_id in ids])
        owed = {"post_id": post.id, "why": "category", "at": now, "due_at": now - timedelta(minutes=1)}
        db.session.execute(db.insert(Told), [{"user_id": user_id, **owed} for user_id in ids])
        db.session.commit()


def written(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count(Mail.id)).where(Mail.subject == SUBJECT)) or 0


def unsent(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count(Mail.id)).where(Mail.sent_at.is_(None))) or 0


def let_leases_end(app: Flask) -> None:
    """As if the minutes had passed for which a job is left to the worker that took it, and may have died of it."""
    with app.app_context(), writing():
        db.session.execute(db.update(Job).where(Job.state == "running").values(lease_until=utcnow()))
        db.session.commit()


def killed_in_the_middle(app: Flask, portal: Portal, folder: Path) -> bool:
    """Begin to write digests, and die after some of them."""
    before = written(app)
    command = (sys.executable, "-m", "portal", "community", "digests")
    process = Process(*command, log=folder / "digests.log", env=portal.environment)
    wait_for(lambda: written(app) > before or process.child.poll() is not None, 60, every=0.01)
    time.sleep(random.uniform(0, 0.05))
    was_at_work = process.child.poll() is None
    process.kill()
    return was_at_work


def test_everyone_gets_their_digest_once(tmp_path: Path) -> None:
    portal = Portal(tmp_path, mode="production")
    with application(portal) as app:
        everybody_is_owed(app)
        portal.start_worker()
        try:
            kills = sum(killed_in_the_middle(app, portal, tmp_path) for _ in range(KILLS))
            assert portal.worker
            portal.worker.kill()
            let_leases_end(app)
            portal.run("community", "digests")
            wait_for(lambda: portal.run("worker", "--once") and not unsent(app), 60, every=1)
        finally:
            portal.stop()
        assert written(app) == READERS
        with app.app_context():
            assert not db.session.scalars(db.select(Told).where(Told.due_at.is_not(None))).all()
    mails = [message_from_bytes(path.read_bytes()) for path in (portal.instance / "mail").glob("*.eml")]
    got = Counter(mail["To"] for mail in mails if mail["Subject"] == SUBJECT)
    assert len(got) == READERS and set(got.values()) == {1}
    assert kills, "no kill came in the middle of the writing"
