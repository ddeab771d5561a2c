"""Writing beside what is published, and what an import does to it."""

from dataclasses import replace

import pytest

from knowledge.articles import editing
from knowledge.articles.article import Article
from knowledge.articles.revision import DISCARDED, DRAFT, PUBLISHED, Revision
from knowledge.articles.writing import publish_all
from knowledge.edition import Edition
from knowledge.search.changes import outstanding
from portal.db import db
from portal.errors import Refused
from tests.knowledge.conftest import HARBOUR
from tests.knowledge.editing.conftest import LATER, NOW, Desk


def history(article: Article) -> list[tuple[int, str, str]]:
    rows = db.session.scalars(db.select(Revision).filter_by(article_id=article.id).order_by(Revision.number))
    return [(row.number, row.state, row.body) for row in rows]


def test_an_edit_leaves_what_readers_see_until_it_is_published(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.", title="Harbour at night")
    article = desk.article()
    assert (article.body, article.title) == (HARBOUR.body, "Harbour lights")
    desk.publish(revision)
    assert (article.body, article.title, article.html) == ("Dark.", "Harbour at night", "<p>Dark.</p>\n")
    assert [section.text for section in article.sections] == ["Dark."]
    assert article.revision == 2
    assert history(article) == [(1, PUBLISHED, HARBOUR.body), (2, PUBLISHED, "Dark.")]


def test_publishing_begins_an_edition_and_tells_the_indexer(desk: Desk) -> None:
    revision = desk.begin()
    (_, number), before = Edition.current(), outstanding()
    desk.publish(revision)
    assert Edition.current()[1] == number + 1 and outstanding() == before + 1


def test_an_article_has_one_open_draft(desk: Desk) -> None:
    assert desk.begin("editor").id == desk.begin("agent").id


def test_a_new_article_is_nowhere_until_it_is_published(desk: Desk) -> None:
    revision = desk.begin_new(tags=["Sea", "Sea", ""])
    assert db.session.scalars(Article.visible_to(desk.person("customer"))).all() == []
    article = desk.publish(revision)
    assert (article.status, article.revision, article.tags) == ("published", 1, ["Sea"])
    assert article.published_at == LATER


def test_a_new_article_may_change_its_address_and_language(desk: Desk) -> None:
    revision = desk.begin_new()
    desk.save(revision, slug="ebb", lang="de")
    assert (revision.article.slug, revision.article.lang) == ("ebb", "de")
    desk.publish(revision)
    again = editing.begin(revision.article, by=desk.person("editor"), now=NOW)
    desk.save(again, slug="flow")
    assert revision.article.slug == "ebb"


@pytest.mark.parametrize("fields", [{"slug": "harbour"}, {"slug": "desk"}, {"title": " "}, {"visibility": "friends"}])
def test_a_new_article_is_refused_what_could_not_be_published(desk: Desk, fields: dict[str, str]) -> None:
    desk.article()
    with pytest.raises(Refused):
        desk.begin_new(**fields)


def test_a_translation_stands_at_its_originals_address(desk: Desk) -> None:
    desk.article()
    revision = desk.begin_new(translation_of="en/harbour", lang="de", slug="hafen", translated_revision=1)
    article = desk.publish(revision)
    assert article.slug == "harbour" and article.translation_of_id == desk.article(lang="en").id
    assert article.translated_revision == 1 == desk.article(lang="en").revision


def test_a_save_that_comes_second_loses_nothing(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, by="agent", body="Theirs.", saved=1)
    with pytest.raises(editing.Overtaken) as refusal:
        desk.save(revision, body="Mine.", saved=1)
    assert refusal.value.revision.body == "Theirs." and revision.saved == 2


def test_a_text_that_is_too_long_is_refused(desk: Desk) -> None:
    revision = desk.begin()
    with pytest.raises(Refused, match="longer than"):
        desk.save(revision, body="x" * 70_000)


def test_importing_the_same_file_again_leaves_the_edit_alone(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.")
    article = desk.publish(revision)
    assert [outcome.state for outcome in publish_all([HARBOUR], now=LATER)] == ["unchanged"]
    assert article.body == "Dark."


def test_importing_a_changed_file_keeps_the_edit_in_the_history(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.")
    article = desk.publish(revision)
    list(publish_all([replace(HARBOUR, body="Bright.")], now=LATER))
    db.session.expire_all()
    assert article.body == "Bright." and article.revision == 3
    assert history(article)[1:] == [(2, PUBLISHED, "Dark."), (3, PUBLISHED, "Bright.")]


def test_a_draft_that_an_import_overtook_is_published_after_it(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.")
    list(publish_all([replace(HARBOUR, body="Bright.")], now=LATER))
    article = desk.publish(revision)
    assert article.revision == 4 and history(article)[-1] == (4, PUBLISHED, "Dark.")


def test_a_discarded_draft_stays_in_the_history(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.")
    editing.discard(revision, by=desk.person("editor"), now=NOW)
    assert history(desk.article())[-1] == (2, DISCARDED, "Dark.")
    assert desk.begin().body == HARBOUR.body


def test_an_older_revision_becomes_a_draft(desk: Desk) -> None:
    revision = desk.begin()
    desk.save(revision, body="Dark.", tags=["night"])
    desk.publish(revision)
    other = desk.begin("agent")
    first = db.session.scalars(db.select(Revision).filter_by(number=1)).one()
    restored = editing.restore(first, by=desk.person("editor"), now=LATER)
    assert (restored.state, restored.body, restored.properties["tags"]) == (DRAFT, HARBOUR.body, [])
    assert other.state == DISCARDED and desk.article().body == "Dark."
