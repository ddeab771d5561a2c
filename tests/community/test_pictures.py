"""Pictures in posts: put there by a form, seen by whoever sees the post, gone with it."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update

from knowledge.community import drafting, pictures
from knowledge.community.pictures import PostPicture
from knowledge.community.topic import ForumCategory, Post, PostEdition, Topic
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Attachment, Draft, Ticket
from tests import cast
from tests.community.rows import a_category, asked, who
from tests.pictures import picture, with_place

As = Callable[[str], FlaskClient]


def upload(name: str = "relay.png", content: bytes | None = None) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content or picture()), name


@pytest.fixture
def topic(app: Flask, world: cast.World) -> str:
    """A topic's number and, as text, where answers to it go."""
    with app.app_context():
        found = asked(world, "agent")
        for post in db.session.scalars(select(Post)):
            post.state = "shown"
        db.session.commit()
        return f"/community/topic/{found.id}"


def answer(client: FlaskClient, topic: str, body: str = "Look:", **more: Any) -> Any:
    return client.post(f"{topic}/reply", data={"body": body, "form_key": new_key(), **more})


def only_picture(app: Flask) -> PostPicture:
    with app.app_context():
        found = db.session.scalars(select(PostPicture)).one()
        db.session.expunge(found)
        return found


def let_through(app: Flask) -> None:
    with app.app_context():
        db.session.execute(update(Post).values(state="shown"))
        db.session.commit()


def test_it_is_shown_with_its_size_and_without_its_place(app: Flask, topic: str, as_: As) -> None:
    sent = answer(as_("agent"), topic, pictures=[upload("relay.jpg", with_place("JPEG", (60, 30)))])
    assert sent.status_code == 302
    kept = only_picture(app)
    page = as_("customer").get(f"/community/it-beeps/{topic.rpartition('/')[2]}").text
    assert f'<img src="/community/picture/{kept.token}" width="60" height="30" alt="relay"' in page
    with as_("customer").get(f"/community/picture/{kept.token}") as got:
        assert got.mimetype == "image/jpeg"
        assert not Image.open(io.BytesIO(got.data)).getexif()
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in got.headers["Content-Security-Policy"]


def test_it_is_put_into_the_text_first_when_that_is_asked_for(app: Flask, topic: str, as_: As) -> None:
    """And the draft keeps it."""
    key = new_key()
    page = answer(as_("customer"), topic, form_key=key, pictures=[upload()], add="1")
    assert page.status_code == 200
    token = only_picture(app).token
    assert f"Look:\n\n![relay](/community/picture/{token})" in page.text
    with app.app_context():
        draft = db.session.scalars(select(drafting.PostDraft)).one()
        assert token in draft.fields["body"]
        assert db.session.scalar(select(Post.id).where(Post.number == 2)) is None


def test_nobody_else_sees_it_before_it_is_posted(app: Flask, topic: str, as_: As) -> None:
    answer(as_("customer"), topic, pictures=[upload()], add="1")
    address = f"/community/picture/{only_picture(app).token}"
    for name, status in (("customer", 200), ("colleague", 404), ("agent", 404)):
        with as_(name).get(address) as got:
            assert got.status_code == status, name


def test_it_is_seen_as_its_post_is(app: Flask, topic: str, as_: As, client: FlaskClient) -> None:
    answer(as_("agent"), topic, pictures=[upload()])
    kept = only_picture(app)
    address = f"/community/picture/{kept.token}"
    with client.get(address) as got:
        assert got.status_code == 200
    for changed in ({"state": "hidden"}, {"state": "held"}):
        with app.app_context():
            db.session.execute(update(Post).where(Post.id == kept.post_id).values(**changed))
            db.session.commit()
        with as_("customer").get(address) as got:
            assert got.status_code == 404
    let_through(app)
    with app.app_context():
        db.session.execute(update(ForumCategory).values(visibility="staff"))
        db.session.commit()
    with as_("customer").get(address) as got:
        assert got.status_code == 404


def test_taken_back_with_its_post_the_bytes_go_too(app: Flask, topic: str, as_: As) -> None:
    answer(as_("agent"), topic, pictures=[upload()])
    kept = only_picture(app)
    assert as_("agent").post(f"/community/post/{kept.post_id}/withdraw").status_code == 302
    with app.app_context():
        assert pictures.path_of(kept).exists()
        run_due()
        assert not pictures.path_of(kept).exists()
        assert db.session.scalars(select(PostPicture)).all() == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("notes.txt", b"It beeps.", "is no picture"),
        ("relay.png", b"It beeps, and this is no picture at all.", "relay.png"),
        ("lena@alpenwerk.example.png", picture(), "an e-mail address"),
    ],
)
def test_what_is_refused_says_so_and_loses_no_words(
    app: Flask, topic: str, as_: As, name: str, content: bytes, sentence: str
) -> None:
    page = answer(as_("customer"), topic, "Look at my relay", pictures=[upload(name, content)])
    assert page.status_code == 422
    assert sentence in page.text
    assert "Look at my relay" in page.text
    with app.app_context():
        assert db.session.scalar(select(PostPicture.id)) is None
        assert db.session.scalar(select(Post.id).where(Post.number == 2)) is None


def test_anothers_picture_stays_theirs(app: Flask, topic: str, as_: As) -> None:
    """Its address in a post of one's own opens it to nobody."""
    answer(as_("customer"), topic, pictures=[upload()], add="1")
    token = only_picture(app).token
    answer(as_("agent"), topic, f"![mine](/community/picture/{token})")
    assert only_picture(app).post_id is None
    with as_("agent").get(f"/community/picture/{token}") as got:
        assert got.status_code == 404


def test_a_topic_and_an_edit_take_pictures_too(app: Flask, world: cast.World, as_: As) -> None:
    with app.app_context():
        room = a_category(slug="help").id
        db.session.commit()
    given = {"category": room, "kind": "question", "title": "It beeps", "body": "See", "form_key": new_key()}
    assert as_("agent").post("/community/new", data={**given, "pictures": [upload()]}).status_code == 302
    first = only_picture(app)
    typed = {"title": "It beeps", "tags": "", "edition": "1", "body": f"See ![it](/community/picture/{first.token})"}
    edit = f"/community/post/{first.post_id}/edit"
    assert as_("agent").post(edit, data={**typed, "pictures": [upload("b.png")]}).status_code == 302
    with app.app_context():
        assert set(db.session.scalars(select(PostPicture.post_id))) == {first.post_id}
        html = db.session.scalars(select(Post.html)).one()
    assert len(re.findall(r"<img ", html)) == 2


def test_a_stopped_post_takes_its_pictures_into_the_ticket(app: Flask, topic: str, as_: As, world: cast.World) -> None:
    page = answer(as_("customer"), topic, pictures=[upload()], add="1")
    body = f"My password is Tr0ub4dor&3x\n\n![relay](/community/picture/{only_picture(app).token})"
    assert page.status_code == 200
    moved = as_("customer").post("/community/private", data={"body": body, "title": "It beeps"})
    assert "/tickets/new" in moved.location
    with app.app_context():
        draft = db.session.scalars(select(Draft)).one()
        assert draft.fields["body"].endswith("[relay]")
        assert [file.filename for file in draft.attachments] == ["relay.png"]


def test_a_topic_that_becomes_a_ticket_leaves_no_picture_of_its_author(app: Flask, world: cast.World, as_: As) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        room = a_category(slug="help").id
        db.session.commit()
    given = {"category": room, "kind": "question", "title": "It beeps", "body": "See", "form_key": new_key()}
    as_("customer").post("/community/new", data={**given, "pictures": [upload()]})
    token = only_picture(app).token
    with app.app_context():
        number = db.session.scalars(select(Topic.id)).one()
    assert as_("customer").post(f"/community/topic/{number}/ticket").status_code == 302
    with app.app_context():
        ticket = db.session.scalars(select(Ticket)).one()
        file = db.session.scalars(select(Attachment).where(Attachment.message_id.is_not(None))).one()
        assert file.filename == "relay.png"
        assert "[relay]" in ticket.messages[0].body
        assert token not in db.session.scalars(select(Post.body)).one()
    with as_("customer").get(f"/community/picture/{token}") as got:
        assert got.status_code == 404


def test_nor_one_that_an_edit_had_taken_out(app: Flask, world: cast.World, as_: As) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        room = a_category(slug="help").id
        db.session.commit()
    given = {"category": room, "kind": "question", "title": "It beeps", "body": "See", "form_key": new_key()}
    as_("customer").post("/community/new", data={**given, "pictures": [upload()]})
    kept = only_picture(app)
    typed = {"title": "It beeps", "tags": "", "edition": "1", "body": "See for yourself"}
    as_("customer").post(f"/community/post/{kept.post_id}/edit", data=typed)
    with app.app_context():
        number = db.session.scalars(select(Topic.id)).one()
    assert as_("customer").post(f"/community/topic/{number}/ticket").status_code == 302
    with app.app_context():
        assert db.session.scalar(select(PostPicture.id)) is None
        assert kept.token not in db.session.scalars(select(PostEdition.body)).one()


def test_what_nobody_posts_is_forgotten(app: Flask, topic: str, as_: As) -> None:
    answer(as_("customer"), topic, pictures=[upload()], add="1")
    kept = only_picture(app)
    for days, left in ((59, True), (62, False)):
        with app.app_context():
            later = utcnow() + timedelta(days=days)
            drafting.forget_old(now=later)
            pictures.forget_unused(now=later)
            db.session.commit()
            run_due()
            assert (db.session.scalar(select(PostPicture.id)) is not None) is left
            assert (db.session.scalar(select(drafting.PostDraft.id)) is not None) is left
            assert pictures.path_of(kept).exists() is left


def test_there_is_an_end_to_pictures_in_no_post(app: Flask, world: cast.World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_WAITING", 1)
    with app.app_context():
        person: User = who(world, "customer")
        pictures.keep(io.BytesIO(picture()), "a.png", by=person, now=utcnow())
        with pytest.raises(pictures.Refused):
            pictures.keep(io.BytesIO(picture()), "b.png", by=person, now=utcnow())


def test_in_a_feed_it_has_its_whole_address(app: Flask, topic: str, as_: As, client: FlaskClient) -> None:
    answer(as_("agent"), topic, pictures=[upload()])
    feed = client.get(f"{topic}/feed.atom").text
    assert re.search(r"src=&quot;https?://[^&]+/community/picture/f|src=\"https?://[^\"]+/community/picture/f", feed)
