"""Who hears of a post: once, as soon as they want, and only while they may read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from knowledge.community import answering, digest, following, letters, telling
from knowledge.community.following import Follow
from knowledge.community.rounds import next_round
from knowledge.community.telling import Told
from knowledge.community.topic import Post
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import enqueue, run_due
from portal.mail import Mail
from portal.tickets.news import News
from portal.web import settings
from tests import cast
from tests.cast import World
from tests.community.rows import a_category, answered, asked, who


@pytest.fixture(autouse=True)
def known_people(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's first post waits for a moderator."""
    with app.app_context():
        monkeypatch.setitem(settings(), "forum_first_posts", 0)


def mails(app: Flask, name: str) -> list[Mail]:
    with app.app_context():
        found = db.session.scalars(
            db.select(Mail).where(Mail.recipient == cast.ADDRESSES[name]).order_by(Mail.id)
        ).all()
        db.session.expunge_all()
        return list(found)


def news(app: Flask, world: World, name: str) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(News.kind).filter_by(user_id=world.ids[name]).order_by(News.id)))


def commit_and_run(app: Flask) -> None:
    db.session.commit()
    run_due()


def test_who_asked_is_told_of_an_answer(app: Flask, world: World) -> None:
    with app.app_context():
        topic = asked(world)
        commit_and_run(app)
        answered(world, topic, "stranger", "Press it *twice*.")
        commit_and_run(app)
    (mail,) = mails(app, "customer")
    assert mail.subject == "Re: It beeps" and "Press it twice." in mail.text
    assert "/community/it-beeps/" in mail.text and str(mail.unsubscribe) in mail.text
    assert news(app, world, "customer") == ["answered"] and not mails(app, "stranger")


def test_category_and_tag_tell_of_new_topics_once(app: Flask, world: World) -> None:
    with app.app_context():
        room = a_category()
        reader = who(world, "colleague")
        following.follow("category", room.id, by=reader, now=utcnow(), pace="weekly")
        following.follow("tag", "relay", by=reader, now=utcnow(), pace="instant")
        topic = asked(world)
        commit_and_run(app)
        answered(world, topic, "stranger")
        commit_and_run(app)
        enqueue("tell_of_post", post_id=db.session.scalars(db.select(Post.id).where(Post.number == 1)).one())
        commit_and_run(app)
    assert [mail.subject for mail in mails(app, "colleague")] == ["Carla asks: It beeps"]
    assert news(app, world, "colleague") == ["asked"]


def test_many_are_told_in_small_transactions(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "AT_ONCE", 2)
    names = ("colleague", "owner", "stranger", "agent", "editor")
    with app.app_context():
        room = a_category()
        for name in names:
            following.follow("category", room.id, by=who(world, name), now=utcnow())
        asked(world)
        commit_and_run(app)
    assert all(len(mails(app, name)) == 1 for name in names)


@pytest.mark.parametrize("state", ["held", "hidden"])
def test_nobody_is_told_of_what_is_not_shown(app: Flask, world: World, state: str) -> None:
    with app.app_context():
        topic = asked(world)
        commit_and_run(app)
        answered(world, topic, "stranger").state = state
        commit_and_run(app)
    assert not mails(app, "customer")


def test_who_may_not_read_the_category_hears_nothing(app: Flask, world: World) -> None:
    with app.app_context():
        room = a_category(visibility="staff")
        for name in ("customer", "agent"):
            following.follow("category", room.id, by=who(world, name), now=utcnow())
        asked(world, "admin", room=room)
        commit_and_run(app)
    assert not mails(app, "customer") and len(mails(app, "agent")) == 1


def test_suspended_and_unconfirmed_accounts_hear_nothing(app: Flask, world: World) -> None:
    with app.app_context():
        room = a_category()
        for name in ("suspended", "unconfirmed"):
            following.follow("category", room.id, by=who(world, name), now=utcnow())
        asked(world)
        commit_and_run(app)
    assert not mails(app, "suspended") and not mails(app, "unconfirmed")


def test_a_mention_reaches_those_who_write_here(app: Flask, world: World) -> None:
    with app.app_context():
        topic = asked(world)
        answered(world, topic, "colleague", "@Carla and @Amir, and @Olga who never wrote here; `@Ada` is code.")
        commit_and_run(app)
    assert news(app, world, "customer") == ["mentioned"] and news(app, world, "agent") == ["mentioned"]
    assert not news(app, world, "owner") and not news(app, world, "admin")
    assert mails(app, "customer")[0].subject == "Colin mentions you: It beeps"


def test_a_post_mentions_few(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "forum_mentions", 2)
        topic = asked(world)
        for name in ("colleague", "owner", "stranger"):
            answered(world, topic, name)
        commit_and_run(app)
        db.session.execute(db.delete(Follow))
        answered(world, topic, "agent", "@Carla @Colin @Olga @Sam " * 500)
        commit_and_run(app)
        assert db.session.scalar(db.select(db.func.count()).where(Told.why == "mention")) == 2


def test_mails_about_mentions_have_an_end(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "MENTION_MAILS", 3)
    with app.app_context():
        topic = asked(world, "agent")
        asked(world)
        commit_and_run(app)
        for _ in range(5):
            answered(world, topic, "agent", "@Carla!")
            commit_and_run(app)
    assert len(mails(app, "customer")) == 3 and len(news(app, world, "customer")) == 5


def test_a_digest_says_it_all_once(app: Flask, world: World) -> None:
    with app.app_context():
        following.follow("category", a_category().id, by=who(world, "colleague"), now=utcnow(), pace="daily")
        topic = asked(world)
        following.follow("topic", topic.id, by=who(world, "colleague"), now=utcnow(), pace="weekly")
        asked(world, title="It hums")
        answered(world, topic, "stranger")
        commit_and_run(app)
    assert not mails(app, "colleague")
    with app.app_context():
        later = utcnow() + timedelta(days=8)
        assert digest.send_due(now=later) == 1 and digest.send_due(now=later) == 0
    (mail,) = mails(app, "colleague")
    assert "It beeps" in mail.text and "It hums" in mail.text and "Press it." in mail.text
    assert mail.subject == "What is new in the community"


@pytest.mark.parametrize("act", ["stop", "hide", "suspend"])
def test_a_digest_leaves_out_what_ended_meanwhile(app: Flask, world: World, act: str) -> None:
    with app.app_context():
        reader = who(world, "colleague")
        following.follow("category", a_category().id, by=reader, now=utcnow(), pace="daily")
        topic = asked(world)
        commit_and_run(app)
        if act == "stop":
            following.stop("digest", reader.id)
        elif act == "hide":
            topic.state = "hidden"
        else:
            reader.active = False
        db.session.commit()
        digest.send_due(now=utcnow() + timedelta(days=2))
        assert not db.session.scalars(db.select(Told).where(Told.due_at.is_not(None))).all()
    assert not mails(app, "colleague")


def test_one_digest_that_fails_keeps_nobody_waiting(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sends = letters.send_digest

    def fail(to: User, *given: Any, **more: Any) -> Mail:
        if to.id == world.ids["colleague"]:
            raise RuntimeError("no")
        return sends(to, *given, **more)

    monkeypatch.setattr(letters, "send_digest", fail)
    with app.app_context():
        room = a_category()
        for name in ("colleague", "stranger"):
            following.follow("category", room.id, by=who(world, name), now=utcnow(), pace="daily")
        asked(world)
        commit_and_run(app)
        digest.send_due(now=utcnow() + timedelta(days=2))
        monkeypatch.undo()
        assert digest.send_due(now=utcnow() + timedelta(days=2)) == 1
    assert len(mails(app, "colleague")) == len(mails(app, "stranger")) == 1


@pytest.mark.parametrize(
    ("pace", "now", "due"),
    [
        ("daily", datetime(2026, 11, 23, 5, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("daily", datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC)),
        ("weekly", datetime(2026, 11, 23, 5, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("weekly", datetime(2026, 11, 23, 7, tzinfo=UTC), datetime(2026, 11, 30, 6, tzinfo=UTC)),
        ("weekly", datetime(2026, 3, 27, 7, tzinfo=UTC), datetime(2026, 3, 30, 5, tzinfo=UTC)),
        ("weekly", datetime(2026, 11, 29, 23, 30, tzinfo=UTC), datetime(2026, 11, 30, 6, tzinfo=UTC)),
        ("instant", datetime(2026, 11, 23, 5, tzinfo=UTC), None),
    ],
)
def test_digests_go_by_the_readers_clock(app: Flask, pace: str, now: datetime, due: datetime | None) -> None:
    with app.app_context():
        assert next_round(pace, "Europe/Berlin", now=now) == due


def test_an_edit_tells_those_it_names_first(app: Flask, world: World) -> None:
    """Whoever had heard of the post hears of it no second time."""
    with app.app_context():
        topic = asked(world)
        commit_and_run(app)
        post = answered(world, topic, "colleague", "See the manual.")
        commit_and_run(app)
        heard = len(mails(app, "customer"))
        answering.edit(post, body="@Carla, @Amir: page 9.", by=who(world, "colleague"), now=utcnow(), edition=1)
        commit_and_run(app)
    assert news(app, world, "agent") == ["mentioned"]
    assert len(mails(app, "customer")) == heard == 1
