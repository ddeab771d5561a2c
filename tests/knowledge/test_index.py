"""The index: written by jobs, renewed at once, healed whatever happens to it."""

import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import AnonymousUserMixin

from knowledge.articles.article import Article
from knowledge.articles.searched import ArticleSource
from knowledge.articles.writing import publish
from knowledge.search import search
from knowledge.search.changes import IndexChange, outstanding
from knowledge.search.engine import Busy, engine
from knowledge.search.index import ailing, apply_changes, rebuild
from knowledge.search.indexing import heal
from knowledge.search.items import Item
from knowledge.search.whoosh_index import IndexFolder
from portal.db import db, utcnow
from portal.jobs import run_due
from tests.knowledge.conftest import HARBOUR

# Whoosh leaves a torn file open to the garbage collector, which warns some tests later.
pytestmark = [pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"), pytest.mark.whoosh]


def folder() -> IndexFolder:
    return engine().place  # type: ignore[attr-defined, no-any-return]


def found(client: FlaskClient, text: str = "harbour") -> int:
    return int(client.get("/api/search", query_string={"q": text}).json["total"])


def is_degraded(client: FlaskClient) -> bool:
    return "The search is being renewed" in client.get("/search?q=harbour").text


def files(app: Flask, pattern: str) -> list[Path]:
    with app.app_context():
        place = folder()
        pointer = place.pointer()
        assert pointer
        return sorted((place.path / pointer.build).glob(pattern))


def test_a_saved_article_is_found_when_its_job_has_run(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    write()
    assert found(client) == 1 and not is_degraded(client)
    write(body="Semaphores instead.")
    assert found(client, "semaphore") == 1 and found(client, "quay") == 0


def test_only_its_owner_reads_the_folder(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        assert stat.S_IMODE(folder().path.stat().st_mode) == 0o700


def test_one_job_takes_all_changes(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        for number in range(5):
            publish(replace(HARBOUR, external_id=f"en/h{number}", slug=f"h{number}"), now=utcnow())
        db.session.commit()
        assert outstanding() == 5
        run_due()
        assert outstanding() == 0
    assert found(client) == 5


def test_a_change_that_is_rolled_back_is_never_indexed(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        publish(HARBOUR, now=utcnow())
        db.session.rollback()
        run_due()
    assert found(client) == 0


@pytest.mark.parametrize("anew", [False, True])
def test_a_change_committed_while_others_are_indexed_is_kept(
    app: Flask, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    write()
    read = ArticleSource.items

    def read_while_another_commits(source: ArticleSource, ids: Sequence[int]) -> Iterator[Item]:
        yield from read(source, ids)
        db.session.add(IndexChange(id=50, item_id=1))  # its number was drawn before that of the others

    with app.app_context():
        db.session.add(IndexChange(id=100, item_id=1))
        db.session.commit()
        monkeypatch.setattr(ArticleSource, "items", read_while_another_commits)
        rebuild() if anew else apply_changes()
        assert db.session.scalars(db.select(IndexChange.id)).all() == [50]


def test_results_are_kept_until_the_next_generation(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    assert found(client, "lamp") == 0
    write(slug="lamp", title="Lamps")
    assert found(client, "lamp") == 1


def test_a_missing_folder_is_built_again(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        shutil.rmtree(folder().path)
    assert found(client) == 1 and is_degraded(client)
    with app.app_context():
        assert heal() == "missing"
        db.session.commit()
    assert found(client) == 1 and not is_degraded(client)


def test_without_an_index_capitals_of_every_script_are_letters(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    write(title="ÜBERSPANNUNG am kai", body="ПЕРЕНАПРЯЖЕНИЕ.")
    with app.app_context():
        shutil.rmtree(folder().path)
    for text in ("überspannung", "перенапряжение"):
        assert found(client, text) == 1 and is_degraded(client)


def builds(app: Flask) -> list[Path]:
    with app.app_context():
        return [path for path in folder().path.iterdir() if path.is_dir()]


@pytest.mark.parametrize("pattern", ["*.toc", "*.pst", "*.trm", "*.col", "*"])
@pytest.mark.parametrize("damage", ["empty", "half", "noise"])
def test_a_torn_index_answers_from_the_database_and_heals(
    app: Flask, client: FlaskClient, write: Callable[..., str], pattern: str, damage: str
) -> None:
    write()
    app.extensions["search"].close()
    for path in files(app, pattern):
        content = path.read_bytes()
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "noise": b"\x80" * len(content)}[damage])
    assert found(client) == 1 and is_degraded(client)
    with app.app_context():
        assert heal().startswith("torn")
        db.session.commit()
        assert not ailing()
    assert found(client) == 1 and not is_degraded(client)


def test_the_next_change_mends_a_torn_index_too(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    for path in files(app, "*.toc"):
        path.write_bytes(b"")
    write(slug="lamp", title="Lamps of the harbour")
    assert found(client) == 2 and not is_degraded(client)


def test_an_index_of_another_schema_or_database_is_not_read(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    write()
    with app.app_context():
        place = folder()
        pointer = place.pointer()
        assert pointer
        for other in (replace(pointer, schema=0), replace(pointer, token="another"), replace(pointer, edition=99)):
            place.point(other)
            assert ailing()
        place.point(replace(pointer, token="another"))
    assert found(client) == 1 and is_degraded(client)
    with app.app_context():
        assert heal() == "of another database"
        db.session.commit()
    assert not is_degraded(client)


def test_a_healthy_index_is_left_alone(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        before = folder().pointer()
        assert heal() == "" and folder().pointer() == before


def test_two_writers_do_not_meet(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context(), folder().writing():
        with pytest.raises(Busy):
            rebuild()
        publish(replace(HARBOUR, body="New."), now=utcnow())
        db.session.commit()
        run_due()  # leaves the change to a later job instead of waiting
        assert outstanding() == 1


def test_searches_go_on_while_the_index_is_built_again(app: Flask, write: Callable[..., str]) -> None:
    write()
    stop, answers = threading.Event(), []

    def keep_searching() -> None:
        while not stop.is_set():
            with app.test_request_context():
                answer = search("harbour", AnonymousUserMixin(), "en")
                answers.append((answer.total, answer.is_degraded))

    thread = threading.Thread(target=keep_searching)
    thread.start()
    try:
        for _ in range(10):
            with app.app_context():
                rebuild()
                db.session.commit()
    finally:
        stop.set()
        thread.join()
    assert set(answers) == {(1, False)}
    assert len(builds(app)) == 2  # the live one and the one before


KILLED = """
import os, signal, sys, time
from portal import create_app
from portal.db import db
from knowledge.search.index import ailing, rebuild

app = create_app(testing=True, instance=sys.argv[1], database_url=sys.argv[2], secret_key="only-for-the-tests")
with app.app_context():
    for number in range(8):
        db.session.remove()
        db.engine.dispose()  # a connection must not be shared with the child
        child = os.fork()
        if not child:
            while True:
                rebuild()
        time.sleep(0.02 + 0.015 * number)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if wrong := ailing():
            sys.exit(wrong)
"""


def test_a_killed_indexer_leaves_an_index_that_is_whole(
    app: Flask, client: FlaskClient, write: Callable[..., str], instance: Path
) -> None:
    for number in range(5):
        write(slug=f"lamp-{number}", title=f"Lamp {number} of the harbour")
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, str(instance), url]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=120)
    assert found(client) == 5 and not is_degraded(client)
    write(slug="lamp-9", title="Lamp 9 of the harbour")
    assert found(client) == 6
    with app.app_context():
        rebuild()
    assert len(builds(app)) == 2  # what the killed ones left is gone


def test_the_number_of_articles_is_that_of_the_database(app: Flask, write: Callable[..., str]) -> None:
    write()
    write(slug="draft", status="draft")
    with app.app_context():
        assert rebuild() == db.session.scalar(
            db.select(db.func.count()).select_from(Article).where(Article.status == "published")
        )
