"""Review, approval and publishing to a time."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from knowledge.articles import editing, scheduling
from knowledge.articles.revision import DRAFT, PUBLISHED, REVIEW, SCHEDULED, Revision
from knowledge.articles.scheduling import due_revisions, publish_due, remind
from portal.db import db
from portal.errors import Refused
from portal.mail import Mail
from tests.knowledge.editing.conftest import LATER, NOW, Desk

DAY = timedelta(days=1)


def subjects(to: str) -> list[str]:
    return list(db.session.scalars(db.select(Mail.subject).filter_by(recipient=to).order_by(Mail.id)))


def scheduled(desk: Desk, by: str = "editor") -> Revision:
    revision = desk.begin(by)
    desk.save(revision, body="Dark.", by=by)
    editing.schedule(revision, at=LATER, by=desk.person(by), now=NOW)
    return revision


def test_the_reviewer_is_asked_by_mail(desk: Desk) -> None:
    revision = desk.begin()
    desk.send(revision, due=date(2026, 11, 4))
    assert revision.state == REVIEW and revision.reviewer == desk.person("agent")
    assert subjects("amir@vendor.example") == ["For your review: Harbour lights"]


def test_only_editors_review(desk: Desk) -> None:
    with pytest.raises(Refused, match="no editor"):
        desk.send(desk.begin(), to="customer")


def test_what_comes_back_is_a_draft_with_a_remark(desk: Desk) -> None:
    revision = desk.begin()
    desk.send(revision)
    with pytest.raises(Refused, match="what is to be changed"):
        editing.send_back(revision, " ", by=desk.person("agent"), now=NOW)
    editing.send_back(revision, "Which bulbs?", by=desk.person("agent"), now=NOW)
    assert revision.state == DRAFT and revision.remarks[-1].text == "Which bulbs?"
    assert subjects("edith@vendor.example") == ["Back to you: Harbour lights"]


def test_what_is_under_review_is_not_written_in(desk: Desk) -> None:
    revision = desk.begin()
    desk.send(revision)
    with pytest.raises(Refused, match="moved it on"):
        desk.save(revision, body="Quickly something else.")


def test_alone_one_may_publish_unless_the_setting_forbids_it(desk: Desk, four_eyes: None) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.")
    for publish in (desk.publish, lambda r: editing.schedule(r, at=LATER, by=desk.person("editor"), now=NOW)):
        with pytest.raises(Refused, match="approve it first"):
            publish(revision)


def test_authors_do_not_approve_their_own(desk: Desk, four_eyes: None) -> None:
    revision = desk.begin("editor")
    desk.save(revision, by="agent", body="Dark.")
    with pytest.raises(Refused, match="has not written"):
        desk.send(revision, to="agent")
    desk.send(revision, to="admin")
    for writer in ("editor", "agent"):
        with pytest.raises(Refused, match="Somebody else"):
            editing.approve(revision, by=desk.person(writer), now=NOW)
    editing.approve(revision, by=desk.person("admin"), now=NOW)
    assert desk.publish(revision).body == "Dark."
    assert subjects("edith@vendor.example") == ["Approved: Harbour lights"]


def test_an_approval_ends_when_it_is_sent_back(desk: Desk, four_eyes: None) -> None:
    revision = desk.begin()
    desk.send(revision)
    editing.approve(revision, by=desk.person("agent"), now=NOW)
    editing.send_back(revision, "", by=desk.person("editor"), now=NOW)
    with pytest.raises(Refused, match="approve it first"):
        desk.publish(revision)


def test_a_scheduled_revision_is_published_when_its_time_has_come(desk: Desk) -> None:
    revision = scheduled(desk)
    assert not publish_due(revision.id, now=NOW) and due_revisions(now=NOW) == []
    assert due_revisions(now=LATER) == [revision.id]
    assert publish_due(revision.id, now=LATER) and not publish_due(revision.id, now=LATER)
    assert revision.state == PUBLISHED and desk.article().body == "Dark."


def test_the_queue_publishes_each_minute(app: Flask, desk: Desk) -> None:
    revision = scheduled(desk)
    revision_id, revision.publish_at = revision.id, NOW
    db.session.commit()
    tasks = {type(task).__name__: task for task in app.extensions["queue"]._registry.periodic_tasks}
    tasks["publish_scheduled"].execute()
    tasks["remind_reviewers"].execute()
    with app.app_context():
        found = db.session.get(Revision, revision_id)
        assert found and found.state == PUBLISHED


def test_a_revision_that_fails_keeps_no_other_waiting(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = scheduled(desk)
    revision_id, revision.publish_at = revision.id, NOW
    db.session.commit()
    due, publish = due_revisions, publish_due

    def fail(given: int, *, now: datetime) -> bool:
        if given == 0:
            raise RuntimeError("no")
        return publish(given, now=now)

    monkeypatch.setattr(scheduling, "due_revisions", lambda *, now: [0, *due(now=now)])
    monkeypatch.setattr(scheduling, "publish_due", fail)
    tasks = {type(task).__name__: task for task in app.extensions["queue"]._registry.periodic_tasks}
    tasks["publish_scheduled"].execute()
    with app.app_context():
        assert db.session.get_one(Revision, revision_id).state == PUBLISHED


def test_a_time_that_is_past_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="past"):
        editing.schedule(desk.begin(), at=NOW, by=desk.person("editor"), now=NOW)


def test_who_is_no_editor_any_more_publishes_nothing(desk: Desk) -> None:
    revision = scheduled(desk)
    editor = desk.person("editor")
    editor.roles = []
    db.session.flush()
    assert not publish_due(revision.id, now=LATER)
    assert revision.state == DRAFT and "may not publish" in revision.remarks[-1].text
    assert desk.article().body != "Dark."


def test_what_can_not_be_published_becomes_a_draft_again(desk: Desk) -> None:
    revision = scheduled(desk)
    revision.properties = {**revision.properties, "category": "gone"}
    db.session.flush()
    assert not publish_due(revision.id, now=LATER)
    assert revision.state == DRAFT and "no category" in revision.remarks[-1].text
    assert subjects("edith@vendor.example") == ["Back to you: Harbour lights"]


def test_archiving_takes_a_scheduled_revision_back(desk: Desk) -> None:
    revision = scheduled(desk)
    editing.archive(revision.article, by=desk.person("editor"), now=NOW)
    assert revision.state == DRAFT and revision.article.status == "archived"
    editing.unarchive(revision.article, by=desk.person("editor"), now=NOW)
    assert revision.article.status == "published"


def test_reviewers_are_reminded_once_before_and_once_after(desk: Desk) -> None:
    desk.send(desk.begin(), due=date(2026, 11, 4))
    assert subjects("amir@vendor.example")[1:] == []
    assert remind(now=NOW) == 0
    assert (remind(now=NOW + DAY), remind(now=NOW + DAY), remind(now=NOW + 2 * DAY)) == (1, 0, 0)
    assert (remind(now=NOW + 3 * DAY), remind(now=NOW + 9 * DAY)) == (1, 0)
    said = ["Review due soon: Harbour lights", "Review overdue: Harbour lights"]
    assert subjects("amir@vendor.example")[1:] == said


def test_nobody_is_reminded_at_night(desk: Desk) -> None:
    desk.send(desk.begin(), due=NOW.date())
    assert remind(now=NOW.replace(hour=3)) == 0


def test_scheduled_is_a_state_of_its_own(desk: Desk) -> None:
    assert scheduled(desk).state == SCHEDULED
