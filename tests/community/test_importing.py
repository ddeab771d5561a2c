"""Bringing another forum in: what comes along, and old addresses that lead on."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from knowledge.community.topic import ForumCategory, Post, Topic
from knowledge.exchange.importing_topics import import_all
from knowledge.exchange.report import NotTaken
from portal.db import db

POSTS = """<?xml version="1.0"?><posts>
<row Id="5" PostTypeId="1" AcceptedAnswerId="8" CreationDate="2020-01-01T10:00:00" Score="4" ViewCount="90"
 Title="It beeps" Tags="&lt;relay&gt;&lt;noise&gt;" OwnerUserId="1"
 Body="&lt;p&gt;All &lt;b&gt;day&lt;/b&gt;.&lt;/p&gt;"/>
<row Id="7" PostTypeId="2" ParentId="5" CreationDate="2020-01-01T11:00:00" Score="-2"
 Body="&lt;p&gt;My password is Hunter2!&lt;/p&gt;" OwnerDisplayName="Bo"/>
<row Id="8" PostTypeId="2" ParentId="5" CreationDate="2020-01-01T12:00:00" Score="9"
 Body="&lt;p&gt;&lt;script&gt;alert(1)&lt;/script&gt;Hold it.&lt;/p&gt;" OwnerUserId="2"/>
</posts>"""
USERS = '<?xml version="1.0"?><users><row Id="1" DisplayName="Ann"/><row Id="2" DisplayName="Cy"/></users>'
DISCOURSE = {
    "categories": [{"id": 3, "slug": "help"}],
    "users": [{"id": 1, "username": "ann"}, {"id": 2, "username": "bo", "name": "Bo B."}],
    "topics": [
        {
            "id": 41,
            "title": "Charging",
            "closed": True,
            "category_id": 3,
            "tags": ["power"],
            "accepted_answer_post_id": 92,
            "posts": [
                {"id": 91, "post_number": 1, "user_id": 1, "raw": "How?", "created_at": "2021-02-03T04:05:06.000Z"},
                {
                    "id": 92,
                    "post_number": 3,
                    "user_id": 2,
                    "raw": '[quote="ann, post:1, topic:41"]\nHow?\n[/quote]\nWith a cable.',
                    "created_at": "2021-02-03T05:05:06.000Z",
                    "reply_to_post_number": 1,
                },
            ],
        },
        {"id": 42, "title": "Broken"},
    ],
}
LINE = {
    "address": "/viewtopic/9",
    "title": "An idea",
    "kind": "idea",
    "posts": [{"body": "A lamp", "author": "Di", "created_at": "2019-05-06T07:08:09Z"}],
}


@pytest.fixture
def room(app, world) -> str:
    with app.app_context():
        db.session.add(ForumCategory(slug="help", titles={"en": "Help"}, descriptions={}, kinds=["question"]))
        db.session.commit()
    return "help"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    (tmp_path / "Posts.xml").write_text(POSTS)
    (tmp_path / "Users.xml").write_text(USERS)
    return tmp_path


def test_questions_of_stack_exchange(app, room, dump) -> None:
    with app.test_request_context():
        report, count = import_all("stackexchange", dump, room, lang="en")
        assert (report.added, count, report.problems) == (1, 3, [])
        topic = db.session.scalars(select(Topic)).one()
        posts = db.session.scalars(select(Post).order_by(Post.number)).all()
        assert [post.author_name for post in posts] == ["Ann", "Bo", "Cy"]
        assert (topic.accepted_post_id, topic.posts, topic.votes, topic.views) == (posts[2].id, 3, 4, 90)
        assert (topic.tags, topic.created_at.year, topic.bumped_at.hour) == (["relay", "noise"], 2020, 12)
        assert posts[0].body == "All **day**."
        assert "Hunter2!" not in posts[1].body + posts[1].html
        assert "<script" not in posts[2].html


def test_a_second_run_takes_nothing_again(app, room, dump) -> None:
    with app.test_request_context():
        import_all("stackexchange", dump, room, lang="en")
        report, count = import_all("stackexchange", dump, room, lang="en")
        assert (report.added, report.unchanged, count) == (0, 1, 0)
        assert db.session.query(Post).count() == 3


def test_a_rehearsal_writes_nothing(app, room, dump) -> None:
    with app.test_request_context():
        report, _count = import_all("stackexchange", dump, room, lang="en", is_rehearsal=True)
        assert report.added == 1
        assert db.session.query(Topic).count() == 0


def test_two_forums_with_the_same_addresses_are_kept_apart(app, room, dump, client) -> None:
    with app.test_request_context():
        import_all("stackexchange", dump, room, lang="en")
        report, count = import_all("stackexchange", dump, room, lang="en", collection="relay")
        assert (report.added, count) == (1, 3)
        one, two = db.session.scalars(select(Topic.id).order_by(Topic.id))
    assert client.get("/q/5").location == f"/community/it-beeps/{one}"
    assert client.get("/q/5?collection=relay").location == f"/community/it-beeps/{two}"
    assert client.get("/a/8?collection=relay").location == f"/community/it-beeps/{two}/3"
    assert client.get("/q/5?collection=beacon").status_code == 404


def test_old_addresses_lead_to_topic_and_answer(app, room, dump, client) -> None:
    with app.test_request_context():
        import_all("stackexchange", dump, room, lang="en")
        number = db.session.scalars(select(Topic.id)).one()
    for address in ("/questions/5", "/questions/5/it-beeps", "/q/5"):
        answer = client.get(address)
        assert (answer.status_code, answer.location) == (301, f"/community/it-beeps/{number}")
    assert client.get("/a/8").location == f"/community/it-beeps/{number}/3"
    assert client.get("/questions/6").status_code == 404
    assert "Ann" in client.get(f"/community/it-beeps/{number}").text


def test_topics_of_discourse(app, room, tmp_path, client) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps(DISCOURSE))
    with app.test_request_context():
        report, count = import_all("discourse", file, room, lang="en")
        assert (report.added, count, len(report.problems)) == (1, 2, 1)
        topic = db.session.scalars(select(Topic)).one()
        first, second = db.session.scalars(select(Post).order_by(Post.number))
        assert (topic.accepted_post_id, topic.kind, topic.tags) == (second.id, "question", ["power"])
        assert topic.locked_at == second.created_at
        assert (first.author_name, second.author_name, second.reply_to) == ("ann", "Bo B.", 1)
        assert second.body.startswith("> **ann**\n> How?")
        number = topic.id
    assert client.get("/t/charging/41").location == f"/community/charging/{number}"
    assert client.get("/t/charging/41/3").location == f"/community/charging/{number}/2"


def test_topics_as_lines(app, room, tmp_path) -> None:
    file = tmp_path / "topics.jsonl"
    file.write_text(f"{json.dumps(LINE)}\nnonsense\n{json.dumps({'title': 'x'})}\n")
    with app.test_request_context():
        report, count = import_all("jsonl", file, room, lang="de")
        assert (report.added, count, len(report.problems)) == (1, 1, 2)
        topic = db.session.scalars(select(Topic)).one()
        assert (topic.kind, topic.lang, topic.imported_from) == ("idea", "de", "/viewtopic/9")


def test_what_is_no_dump_is_refused(app, room, tmp_path) -> None:
    (tmp_path / "x.json").write_text("[]")
    with app.test_request_context():
        for kind, path in (("stackexchange", tmp_path), ("discourse", tmp_path / "x.json"), ("jsonl", tmp_path / "y")):
            with pytest.raises(NotTaken):
                import_all(kind, path, room, lang="en")


def test_the_command_says_what_it_did(app, room, dump) -> None:
    runner = app.test_cli_runner()
    from knowledge.community.cli import community

    done = runner.invoke(community, ["import", "stackexchange", str(dump), "--category", room])
    assert done.exit_code == 0
    assert "1 added" in done.output
    assert "3 posts" in done.output
    missing = runner.invoke(community, ["import", "stackexchange", str(dump), "--category", "nowhere"])
    assert missing.exit_code == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Users.xml", '<?xml version="1.0"?><!DOCTYPE u [<!ENTITY a SYSTEM "file:///etc/hosts">]><users>&a;</users>'),
        ("Users.xml", '<?xml version="1.0" encoding="shift_jis"?><users></users>'),
        ("Users.xml", '<?xml version="1.0" encoding="of-nobody"?><users></users>'),
        ("Posts.xml", '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaaaaaaaa">]><posts><row Id="&a;"/></posts>'),
        ("Posts.xml", '<?xml version="1.0" encoding="utf-32"?><posts></posts>'),
        ("Posts.xml", '<?xml version="1.0"?><posts><row Id="1" PostTypeId="1"'),
    ],
)
def test_a_hostile_dump_is_refused_whole(app, room, dump, name: str, content: str) -> None:
    (dump / name).write_text(content, encoding="utf-8")
    with app.test_request_context():
        try:
            report, _posts = import_all("stackexchange", dump, room, lang="en")
            problems = report.problems
        except NotTaken as refused:
            problems = [str(refused)]
        assert problems
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(Topic)) == 0
