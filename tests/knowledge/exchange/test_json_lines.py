"""JSON lines, and what an import does with its folder: prune, dry run, going on where it stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask

from knowledge.articles.article import Article, Category
from knowledge.cli import import_, search
from knowledge.exchange.origin import Origin
from portal.db import db
from tests.knowledge.exchange.conftest import Run


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def row(id: object, **fields: object) -> dict[str, object]:
    return {"id": id, "title": "Lamps", "body": "Light at the quay.", "lang": "en"} | fields


def test_a_line_becomes_an_article_with_its_id(app: Flask, run: Run, tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl", row("doc-1", section="Über uns"), row(2, title="", lang="de"), row(3, title="灯")
    )
    result = run(import_, "jsonl", file)
    assert result.exit_code == 0, result.output
    with app.app_context():
        rows = db.session.execute(db.select(Article.external_id, Article.slug).order_by(Article.external_id)).all()
        assert [tuple(r) for r in rows] == [("2", "light-at-the-quay"), ("3", "deng"), ("doc-1", "lamps")]
        assert db.session.execute(db.select(Category.slug, Category.titles)).one() == ("uber-uns", {"en": "Über uns"})
    found = json.loads(run(search, "lamps", "--json").output)
    assert found["results"][0]["id"] == "doc-1"


def test_one_title_is_many_addresses_whatever_the_order(app: Flask, run: Run, tmp_path: Path) -> None:
    run(import_, "jsonl", write(tmp_path / "a.jsonl", row("x/1"), row("x/2"), row("c")))
    run(import_, "jsonl", write(tmp_path / "a.jsonl", row("x/2", body="New"), row("c", title="Category"), row("x/1")))
    with app.app_context():
        slugs = dict(db.session.execute(db.select(Article.external_id, Article.slug)).all())  # type: ignore[arg-type]
    assert slugs["x/1"] == "lamps" and slugs["x/2"] == "lamps-2" and slugs["c"].startswith("lamps-")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1,', "no JSON: Expecting property name enclosed in double quotes at character 10"),
        ("[1]", "the line is no JSON object"),
        ('{"title": "a"}', "the id is missing"),
        ('{"id": true}', "the id is missing"),
        ('{"id": "a", "title": "a", "body": "b"}', "the language is missing"),
        ('{"id": "a", "title": "\\ud800", "body": "b", "lang": "en"}', "half a character"),
        ('{"id": "a", "title": {}, "body": "b", "lang": "en"}', "title must be a text"),
        ('{"id": "a\\u0000", "title": "a", "body": "b", "lang": "en"}', "control characters"),
        ('{"id": "a", "title": "a", "body": "b", "lang": "en", "slug": "x\\u0000"}', "control characters"),
        ('{"id": "a", "title": "a", "body": "b", "lang": "en", "updated": "soon"}', "no moment"),
        ('{"id": "' + "9" * 300 + '", "title": "a", "body": "b", "lang": "en"}', "200 characters"),
        ("[" * 100_000, "no JSON"),
        ('{"id": ' + "9" * 5000 + "}", "no JSON"),
        ('{"id": "' + "x" * (1 << 20) + '"}', "longer than 1024 KB"),
    ],
)
def test_a_bad_line_is_named_by_its_number(run: Run, tmp_path: Path, line: str, reason: str) -> None:
    file = write(tmp_path / "a.jsonl", row(1), line, row(2))
    result = run(import_, "jsonl", file, "--report", tmp_path / "report")
    assert result.exit_code == 3 and "2 added" in result.output
    [said] = map(json.loads, (tmp_path / "report").read_text().splitlines())
    assert said["file"] == "a.jsonl:2" and reason in said["reason"] and said["taken"] is False


def test_what_is_gone_is_archived_only_when_asked(app: Flask, run: Run, tmp_path: Path) -> None:
    run(import_, "jsonl", write(tmp_path / "other.jsonl", row("z")))
    file = write(tmp_path / "a.jsonl", row("a"), row("b"))
    run(import_, "jsonl", file)
    write(file, row("a"))
    assert "archived" not in run(import_, "jsonl", file).output
    assert "1 archived" in run(import_, "jsonl", file, "--prune").output
    with app.app_context():
        statuses = dict(db.session.execute(db.select(Article.external_id, Article.status)).all())  # type: ignore[arg-type]
    assert statuses == {"a": "published", "b": "archived", "z": "published"}
    write(file, row("a"), row("b"))
    assert "1 changed, 1 unchanged" in run(import_, "jsonl", file).output


def test_nothing_is_archived_when_not_all_could_be_read(app: Flask, run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", row("a"), row("b"))
    run(import_, "jsonl", file)
    for lines in (["{"], []):
        result = run(import_, "jsonl", write(file, *lines), "--prune")
        assert result.exit_code == 1 and "nothing is archived" in result.output


def test_a_dry_run_writes_nothing(app: Flask, run: Run, tmp_path: Path) -> None:
    result = run(import_, "jsonl", write(tmp_path / "a.jsonl", row("a", section="S"), "{"), "--dry-run")
    assert result.exit_code == 3 and "dry run, nothing written: 1 added" in result.output
    with app.app_context():
        counts = [db.session.scalar(db.select(db.func.count()).select_from(t)) for t in (Article, Category, Origin)]
    assert counts == [0, 0, 0]


def test_what_is_another_imports_or_an_editors_is_left_alone(app: Flask, run: Run, tmp_path: Path) -> None:
    run(import_, "jsonl", write(tmp_path / "a.jsonl", row("a")))
    result = run(import_, "jsonl", write(tmp_path / "b.jsonl", row("a", body="Mine now")))
    assert result.exit_code == 3 and "belongs to jsonl" in result.output
    assert "1 added" in run(import_, "jsonl", tmp_path / "b.jsonl", "--collection", "b").output


def test_an_import_that_was_killed_goes_on(tmp_path: Path) -> None:
    rows = [row(f"d{i}", title=f"Lamp {i}", body=f"Word{i} " * 60) for i in range(3000)]
    file = write(tmp_path / "a.jsonl", *rows)
    environment = {**os.environ, "PORTAL_INSTANCE": str(tmp_path / "instance"), "PORTAL_SECRET_KEY": "k" * 40}
    environment.pop("PORTAL_DATABASE_URL", None)
    command = [sys.executable, "-m", "portal"]
    subprocess.run([*command, "db", "upgrade"], env=environment, check=True, capture_output=True)
    killed = 0
    for _ in range(3):
        process = subprocess.Popen([*command, "import", "jsonl", str(file)], env=environment, stdout=-3, stderr=-3)
        before, deadline = kept(tmp_path), time.monotonic() + 60
        while kept(tmp_path) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    before = kept(tmp_path)
    done = subprocess.run([*command, "import", "jsonl", str(file)], env=environment, capture_output=True, text=True)
    assert killed and before, "killed in the midst of it"
    assert f"{3000 - before} added, 0 changed, {before} unchanged, 0 not taken" in done.stdout
    assert kept(tmp_path) == 3000


def kept(folder: Path) -> int:
    import sqlite3

    database = next(iter(sorted((folder / "instance").glob("*.db"))), None)
    if database is None:
        return 0
    with sqlite3.connect(database) as connection:
        count = connection.execute("select count(*) from article").fetchone()[0]
    connection.close()
    return int(count)
