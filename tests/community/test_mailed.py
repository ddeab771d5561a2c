"""Replies by mail: posted where the Message-ID proves whose they are, and their sender told where not."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from flask import Flask

from knowledge.community.moderation import merge
from knowledge.community.topic import ForumCategory, Post, Topic
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.tickets.ticket import Ticket
from portal.web import settings
from tests import cast
from tests.cast import World
from tests.community.rows import answered, asked, who
from tests.mailroom.conftest import no_mail_of_others  # noqa: F401  (used by its name)
from tests.mailroom.writing import PASSED, mail, receive_in


@pytest.fixture
def known_people(app: Flask, instance: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with app.app_context():
        monkeypatch.setitem(settings(), "forum_first_posts", 0)
    yield


@pytest.fixture
def told(app: Flask, world: World, known_people: None) -> Mail:
    """The mail that the customer got about an answer to her question."""
    with app.app_context():
        topic = asked(world)
        db.session.commit()
        run_due()
        answered(world, topic, "stranger")
        db.session.commit()
        run_due()
        found = db.session.scalars(db.select(Mail).where(Mail.recipient == cast.ADDRESSES["customer"])).one()
        db.session.expunge(found)
        return found


def reply_to(
    told: Mail, body: str = "It helped, thanks.", sender: str = cast.ADDRESSES["customer"], **more: str
) -> bytes:
    headers = {"In_Reply_To": told.message_id, "References": " ".join([*told.references, told.message_id])}
    return mail(sender, f"Re: {told.subject}", f"{body}\n\n> Press it.\n", **(headers | more))


def posts(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(post.source, post.body) for post in db.session.scalars(db.select(Post).order_by(Post.number))]


def letters(app: Flask, name: str) -> list[str]:
    with app.app_context():
        query = db.select(Mail).where(Mail.recipient == cast.ADDRESSES[name]).order_by(Mail.id)
        return [f"{one.subject}\n{one.text}" for one in db.session.scalars(query)]


def test_a_reply_is_posted_once(app: Flask, told: Mail) -> None:
    raw = reply_to(told)
    for _ in range(2):
        outcome = receive_in(app, raw)
        assert (outcome.result, outcome.reason) == ("reply", "posted")
    assert posts(app)[2:] == [("mail", "It helped, thanks.")]
    with app.app_context():
        last = db.session.scalars(db.select(Post).order_by(Post.id.desc())).first()
        assert last and (last.reply_to, last.author.email) == (2, cast.ADDRESSES["customer"])
        assert not db.session.scalars(db.select(Ticket)).all()


def test_references_alone_are_enough(app: Flask, told: Mail) -> None:
    assert receive_in(app, mail(References=told.message_id, body="Yes.")).reason == "posted"


@pytest.mark.parametrize("name", ["colleague", "agent"])
def test_a_mail_to_somebody_else_proves_nothing(app: Flask, told: Mail, name: str) -> None:
    proof = {"Authentication_Results": PASSED.format(domain=cast.ADDRESSES[name].split("@")[1])}
    raw = reply_to(told, sender=cast.ADDRESSES[name], **proof)
    outcome = receive_in(app, raw, mail_trusted_hosts=("mx.vendor.example",))
    assert (outcome.result, outcome.reason) == ("directions", "unposted")
    assert len(posts(app)) == 2 and "somebody else" in letters(app, name)[-1]


def test_a_stranger_gets_directions(app: Flask, told: Mail) -> None:
    outcome = receive_in(app, reply_to(told, sender="nobody@nowhere.example"))
    assert (outcome.result, outcome.reason) == ("directions", "stranger") and len(posts(app)) == 2


def test_a_forged_sender_is_put_aside(app: Flask, told: Mail) -> None:
    failed = "mx.vendor.example; dmarc=fail header.from=heron.example"
    outcome = receive_in(app, reply_to(told, Authentication_Results=failed), mail_trusted_hosts=("mx.vendor.example",))
    assert outcome.reason == "forged" and len(posts(app)) == 2


def test_an_id_that_we_did_not_sign_joins_nothing(app: Flask, told: Mail) -> None:
    forged = re.sub(r"<post\.(\d+)\.2\.", r"<post.\1.1.", told.message_id)
    assert forged != told.message_id
    receive_in(app, mail(body="Hello.", In_Reply_To=forged))
    assert len(posts(app)) == 2


def test_a_secret_is_stopped_and_told(app: Flask, told: Mail) -> None:
    outcome = receive_in(app, reply_to(told, "My password is Hunter2!xyz, try it."))
    assert outcome.reason == "unposted" and len(posts(app)) == 2
    told_why = letters(app, "customer")[-1]
    assert "a password" in told_why and "Hunter2" not in told_why and "/community/it-beeps/" in told_why


@pytest.mark.parametrize("act", ["lock", "hide", "close the category", "ticket"])
def test_rights_are_looked_at_again(app: Flask, told: Mail, act: str) -> None:
    with app.app_context():
        topic = db.session.scalars(db.select(Topic)).one()
        if act == "lock":
            topic.locked_at = topic.created_at
        elif act == "hide":
            topic.state, topic.author_id = "hidden", None
        elif act == "ticket":
            topic.state = "ticket"
        else:
            db.session.scalars(db.select(ForumCategory)).one().is_archived = True
        db.session.commit()
    assert receive_in(app, reply_to(told)).reason == "unposted"
    assert len(posts(app)) == 2 and "was not posted" in letters(app, "customer")[-1]


def test_a_topic_that_was_merged_leads_on(app: Flask, world: World, told: Mail) -> None:
    with app.app_context():
        topic, into = db.session.scalars(db.select(Topic)).one(), asked(world, title="It beeps, too")
        merge(topic, into, by=who(world, "agent"), now=utcnow())
        db.session.commit()
    assert receive_in(app, reply_to(told)).reason == "posted"
    with app.app_context():
        last = db.session.scalars(db.select(Post).order_by(Post.id.desc())).first()
        assert last and (last.topic.title, last.number, last.reply_to) == ("It beeps, too", 4, None)


def test_an_empty_mail_is_told_so(app: Flask, told: Mail) -> None:
    assert receive_in(app, mail(body="\n", In_Reply_To=told.message_id)).reason == "unposted"


def test_machines_are_not_posted(app: Flask, told: Mail) -> None:
    assert receive_in(app, reply_to(told, Auto_Submitted="auto-replied")).result == "ignored"
    assert len(posts(app)) == 2


def test_who_is_told_no_has_an_end(app: Flask, told: Mail) -> None:
    before = len(letters(app, "customer"))
    for n in range(8):
        receive_in(app, mail(body=f"password: Hunter{n}!x", In_Reply_To=told.message_id))
    assert len(letters(app, "customer")) == before + 5


def test_the_sender_hears_that_it_waits_or_that_files_stay_behind(
    app: Flask, told: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive_in(app, with_file(told, "The first."))
    assert "Your reply was posted without its files\n" in letters(app, "customer")[-1]
    assert "logo.png" in letters(app, "customer")[-1]
    with app.app_context():
        monkeypatch.setitem(settings(), "forum_first_posts", 99)
    receive_in(app, reply_to(told, "The second."))
    assert "Your reply waits for a moderator\n" in letters(app, "customer")[-1]
    assert "logo.png" not in letters(app, "customer")[-1]
    assert [body for _source, body in posts(app)[2:]] == ["The first.", "The second."]


def with_file(told: Mail, body: str) -> bytes:
    letter = message_from_bytes(reply_to(told, body), policy=policy.default)
    letter.make_mixed()
    letter.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="logo.png")
    return bytes(letter)
