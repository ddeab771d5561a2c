"""Addresses: the old one leads on for ever and is given to nobody else."""

from dataclasses import replace

import pytest

from knowledge.articles import editing
from knowledge.articles.revision import OldAddress
from knowledge.articles.writing import publish, publish_all
from portal.db import db
from portal.errors import Refused
from tests.knowledge.conftest import HARBOUR
from tests.knowledge.editing.conftest import LATER, NOW, Desk

GERMAN = replace(HARBOUR, external_id="de/harbour", lang="de", translation_of="en/harbour", body="Hafen.")


def old_addresses() -> list[str]:
    return list(db.session.scalars(db.select(OldAddress.slug).order_by(OldAddress.slug)))


def test_an_article_moves_with_its_translations(desk: Desk) -> None:
    article, german = desk.article(), publish(GERMAN, now=NOW)
    editing.move(article, "quay")
    assert article.slug == german.slug == "quay" and old_addresses() == ["harbour"]


def test_it_may_move_back(desk: Desk) -> None:
    article = desk.article()
    editing.move(article, "quay")
    editing.move(article, "harbour")
    assert article.slug == "harbour" and old_addresses() == ["quay"]


@pytest.mark.parametrize("slug", ["pier", "Über", "desk", "", "mole"])
def test_it_moves_to_no_address_that_is_anothers(desk: Desk, slug: str) -> None:
    article = desk.article()
    other = publish(replace(HARBOUR, external_id="pier", slug="mole"), now=NOW)
    editing.move(other, "pier")
    with pytest.raises(Refused):
        editing.move(article, slug)


def test_a_new_article_does_not_get_an_old_address(desk: Desk) -> None:
    editing.move(desk.article(), "quay")
    with pytest.raises(Refused, match="for ever"):
        desk.begin_new(slug="harbour")
    [outcome] = publish_all([replace(HARBOUR, external_id="new")], now=LATER)
    assert outcome.state == "refused" and "for ever" in outcome.reason


def test_an_import_finds_an_article_at_its_new_address(desk: Desk) -> None:
    article = desk.article()
    editing.move(article, "quay")
    files = [replace(HARBOUR, body="Bright."), GERMAN]
    assert [outcome.state for outcome in publish_all(files, now=LATER)] == ["changed", "added"]
    db.session.expire_all()
    assert (article.slug, article.body) == ("quay", "Bright.")
    assert desk.article(lang="de").slug == "quay"
    assert [outcome.state for outcome in publish_all(files, now=LATER)] == ["unchanged", "unchanged"]


def test_what_was_never_published_leaves_no_old_address(desk: Desk) -> None:
    revision = desk.begin_new()
    editing.move(revision.article, "ebb")
    assert revision.article.slug == "ebb" and old_addresses() == []
