"""The commands `import`, `reindex` and `search`."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from knowledge.articles.article import Article, Vote
from knowledge.articles.searched import ArticleSource
from knowledge.cli import import_, reindex, search
from knowledge.search.items import Item
from portal.db import db, utcnow
from tests.cast import World

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Iterator[Run]:
    def invoke(command: Command, *arguments: str) -> Result:
        info = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
        return CliRunner().invoke(command, arguments, obj=info)

    yield invoke
    app.extensions["search"].close()


def test_import_takes_indexes_and_reports(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lamps.md").write_text("---\ntitle: Lamps\nlang: en\n---\nText.\n")
    (tmp_path / "bad.md").write_text("Nothing.\n")
    result = run(import_, "markdown", str(tmp_path))
    assert result.exit_code == 3, "some was not taken"
    assert "1 added, 0 changed, 0 unchanged, 1 not taken" in result.output and "1 articles indexed" in result.output
    assert "not taken: bad.md: there is no front matter" in result.output
    assert "1. Lamps  [en]" in run(search, "lamp").output


def test_import_says_what_is_wrong_with_its_arguments(run: Run, tmp_path: Path) -> None:
    assert "is no folder" in run(import_, "markdown", str(tmp_path / "nowhere")).output
    assert "needs --lang" in run(import_, "mallard", str(tmp_path)).output


def test_reindex_counts(run: Run, write: Callable[..., str]) -> None:
    write()
    assert "1 articles indexed in" in run(reindex).output


def test_people_write_while_the_index_is_built(
    app: Flask, run: Run, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    read, told = ArticleSource.items, []

    def read_while_somebody_votes(source: ArticleSource, ids: Sequence[int]) -> Iterator[Item]:
        yield from read(source, ids)
        with db.engine.connect() as another:  # waits in vain if the whole database is locked
            another.exec_driver_sql("PRAGMA busy_timeout=200") if another.dialect.name == "sqlite" else None
            article = another.scalar(db.select(Article.id))
            another.execute(db.insert(Vote).values(article_id=article, voter="v", is_helpful=True, voted_at=utcnow()))
            another.commit()
            told.append("voted")

    monkeypatch.setattr(ArticleSource, "items", read_while_somebody_votes)
    assert "1 articles indexed in" in run(reindex).output and told == ["voted"]


def test_search_answers_as_the_api_does(app: Flask, run: Run, write: Callable[..., str]) -> None:
    write()
    said = json.loads(run(search, "harbour", "--json", "--limit", "5").output)
    assert said == app.test_client().get("/api/search?q=harbour&limit=5").json


def test_search_as_somebody_has_their_rights(run: Run, world: World, write: Callable[..., str]) -> None:
    write(visibility="signed-in")
    assert json.loads(run(search, "harbour", "--json").output)["total"] == 0
    assert json.loads(run(search, "harbour", "--json", "--as", world.email("customer")).output)["total"] == 1
    assert "nobody has the address" in run(search, "harbour", "--as", "who@nowhere.example").output


def test_search_knows_the_readers_language(run: Run, write: Callable[..., str]) -> None:
    write(tags=("signal",))
    write(lang="de", title="Hafenlichter", tags=("signal",), translation_of="en/harbour")
    assert "Hafenlichter" in run(search, "signal", "--lang", "de").output
