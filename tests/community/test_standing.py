"""What newcomers may not do yet, and who is kept from posting."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from knowledge.community import asking, standing
from knowledge.community.topic import ForumCategory, Post, Topic
from portal.db import db, utcnow
from portal.errors import Refused
from portal.web import settings


@pytest.fixture
def room(app, world, monkeypatch) -> Iterator[ForumCategory]:
    """A category, in a portal where newcomers are watched."""
    with app.test_request_context():
        for name, value in {"forum_first_posts": 1, "forum_trusted_posts": 3, "forum_new_hourly": 2}.items():
            monkeypatch.setitem(settings(), name, value)
        one = ForumCategory(slug="help", titles={"en": "Help"}, descriptions={}, kinds=["question", "idea"])
        db.session.add(one)
        db.session.commit()
        yield one


def ask(room: ForumCategory, by: Any, body: str = "How do I charge it?", **more: Any) -> Topic:
    key = f"key-{db.session.query(Post).count()}"
    return asking.ask(
        room, kind="question", title="Charging", body=body, tags=[], by=by, now=utcnow(), form_key=key, **more
    )


def test_a_first_post_waits_and_the_second_does_not(room, person) -> None:
    first = ask(room, person("customer"))
    assert (first.state, first.posts) == ("held", 0)
    db.session.query(Post).one().state = "shown"
    assert ask(room, person("customer")).state == "shown"


def test_staff_wait_for_nobody(room, person) -> None:
    assert ask(room, person("agent"), "https://a.example " * 9).state == "shown"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("https://a.example https://b.example www.c.example", "2 links"),
        ("![a](/1) ![b](/2) ![c](/3)", "2 pictures"),
        ("@anna @bert @carl", "2 people"),
    ],
)
def test_a_newcomer_is_told_what_is_too_much(room, person, body: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        ask(room, person("customer"), body)


def test_a_newcomer_posts_so_often_in_an_hour(room, person) -> None:
    for _n in range(2):
        ask(room, person("customer"))
    with pytest.raises(Refused, match="a little later"):
        ask(room, person("customer"))


def test_the_blocklist_holds_a_post_of_anybody(room, person, monkeypatch) -> None:
    monkeypatch.setitem(settings(), "forum_first_posts", 0)
    monkeypatch.setitem(settings(), "forum_blocked", ("casino.example",))
    assert ask(room, person("customer"), "See CASINO.example").state == "held"


@pytest.mark.parametrize(("kind", "hours", "refused"), [("suspension", 2, True), ("suspension", -2, False)])
def test_a_suspension_ends_by_itself(room, person, kind: str, hours: int, refused: bool) -> None:
    now = utcnow()
    rule = standing.Sanction(
        user_id=person("customer").id, kind=kind, reason="Spam", at=now, until=now + timedelta(hours=hours)
    )
    db.session.add(rule)
    db.session.flush()
    assert (standing.in_force(rule.user_id, now=now) is not None) is refused


def test_a_form_filled_in_at_once_or_with_its_trap_is_doubtful(room, monkeypatch) -> None:
    monkeypatch.setitem(settings(), "forum_form_seconds", 3)
    assert standing.is_doubtful("", standing.stamp())
    assert standing.is_doubtful("", "forged")
    monkeypatch.setitem(settings(), "forum_form_seconds", 0)
    assert not standing.is_doubtful("", standing.stamp())
    assert standing.is_doubtful("http://me.example", standing.stamp())
