"""What is exported and imported again is what it was; what is as it was is not written."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.articles.article import Article, Category
from knowledge.articles.editing import move
from knowledge.articles.files import attach, offer
from knowledge.articles.revision import ArticleFile, OldAddress
from knowledge.articles.writing import Manuscript, publish_all, shelve
from knowledge.cli import export, import_
from knowledge.edition import Edition
from knowledge.exchange.exporting import export_lines, export_markdown
from knowledge.exchange.json_lines import read_lines
from knowledge.exchange.markdown import read_folder
from knowledge.exchange.stored import stored
from knowledge.exchange.taking import Taking, take_all
from knowledge.search.changes import outstanding
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from tests.knowledge.exchange.conftest import Run
from tests.pictures import picture

PNG = picture()
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
ARTICLES = st.builds(
    Manuscript,
    external_id=st.just(""),
    slug=st.just(""),
    lang=st.sampled_from(["en", "de", "pt-BR"]),
    title=LINE.filter(str.strip),
    body=TEXT | st.just("---\n\n  code\n---\n") | st.just("a\r\nb\n"),
    summary=TEXT,
    category=st.sampled_from([None, "quays"]),
    product=st.sampled_from([None, "beacon"]),
    versions=st.sampled_from([None, ">=4.0", "null", " 4 "]),
    tags=st.lists(LINE, max_size=3).map(tuple),
    visibility=st.sampled_from(["public", "signed-in", "staff", "org:7 plan:business"]),
    machine_translated=st.booleans(),
    status=st.sampled_from(["draft", "published", "archived"]),
    updated_at=st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


def kept() -> list[Manuscript]:
    return [article.manuscript for article in stored()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forget() -> None:
    db.session.execute(db.update(Article).values(translation_of_id=None))
    for table in (Article, Category):
        for thing in db.session.scalars(db.select(table)).all():
            db.session.delete(thing)
    db.session.flush()
    db.session.expunge_all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=st.lists(ARTICLES, min_size=1, max_size=5), tied=st.booleans())
def test_an_export_read_back_is_the_same(app: Flask, tmp_path: Path, some: list[Manuscript], tied: bool) -> None:
    named = [replace(m, external_id=f"z{9 - i}: # {i}", slug=f"s{i}") for i, m in enumerate(some)]
    if tied:
        named = [named[0], *(replace(m, translation_of=named[0].external_id) for m in named[1:])]
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    with app.app_context():
        shelve("quays", position=3, icon="file", titles={"en": 'Quays "A"', "pt-BR": "Cais\x7f"}, descriptions={})
        assert {outcome.state for outcome in publish_all(named, now=utcnow())} == {"added"}
        before = kept()
        export_markdown(folder)
        export_lines(lines := folder.with_suffix(".jsonl"))
        assert take_all(read_folder(folder), now=utcnow()).unchanged == len(named)
        for intake in (read_folder(folder), read_lines(lines)):
            forget()
            if intake.source.startswith("jsonl"):
                shelve("quays", position=3, icon="file", titles={}, descriptions={})
            report = take_all(intake, now=utcnow())
            assert (report.added, report.problems) == (len(named), [])
            assert kept() == before
        db.session.rollback()


def test_an_export_is_the_same_each_time_and_touches_only_what_changed(
    app: Flask, tmp_path: Path, write: Callable[..., str]
) -> None:
    write()
    write(slug="masts")
    with app.app_context():
        export_markdown(tmp_path / "kb")
        before, stamp = contents(tmp_path / "kb"), (tmp_path / "kb/en/harbour.md").stat().st_mtime_ns
        db.session.execute(db.delete(Article).where(Article.slug == "masts"))
        export_markdown(tmp_path / "kb")
    after = contents(tmp_path / "kb")
    assert set(before) - set(after) == {"en/masts.md"}
    assert (tmp_path / "kb/en/harbour.md").stat().st_mtime_ns == stamp


def test_an_export_spares_the_files_of_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    result = run(export, "markdown", tmp_path)
    assert result.exit_code == 1 and "not empty" in result.output
    assert contents(tmp_path) == {"letter.txt": b"mine"}


def test_categories_and_their_sections_come_back(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        top = shelve("zone", position=9, icon="globe", titles={"en": "Z", "de": "Z2"}, descriptions={"en": "All"})
        db.session.flush()
        below = shelve("a-part", position=1, icon="file", titles={"en": "A"}, descriptions={})
        below.parent_id = top.id
        db.session.flush()
        export_markdown(tmp_path / "kb")
        forget()
        take_all(read_folder(tmp_path / "kb"), now=utcnow())
        part = db.session.execute(db.select(Category).filter_by(slug="a-part")).scalar_one()
        zone = db.session.execute(db.select(Category).filter_by(slug="zone")).scalar_one()
        assert part.parent_id == zone.id and (part.titles, part.descriptions) == ({"en": "A"}, {})
        assert (zone.position, zone.icon, zone.titles, zone.descriptions) == (
            *(9, "globe", {"en": "Z", "de": "Z2"}),
            {"en": "All"},
        )


def test_images_come_along_and_back(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/lamp.md").write_text(
        "---\ntitle: Lamp\nlang: en\nposition: 4\ncheck_by: 2027-01-02\n---\n"
        "![A](a b.png) ![B](<a b.png>) ![C](c.png)\n"
    )
    (tmp_path / "in/c.png").write_bytes(PNG)
    with app.app_context():
        take_all(read_folder(tmp_path / "in"), now=utcnow())
        file = db.session.execute(db.select(ArticleFile)).scalar_one()
        body = db.session.scalar(db.select(Article.body)) or ""
        assert f"![C](/kb/files/{file.token}/c.png)" in body and file.content_type == "image/png"
        export_markdown(tmp_path / "out")
        forget()
        report = take_all(read_folder(tmp_path / "out"), now=utcnow())
        assert (report.added, report.problems, report.losses) == (1, [], [])
        again = db.session.execute(db.select(ArticleFile)).scalar_one()
        article = db.session.execute(db.select(Article)).scalar_one()
        assert (again.token, again.sha256) == (file.token, file.sha256) and article.body == body
        assert (article.position, article.check_by) == (4, date(2027, 1, 2))


def test_an_unchanged_folder_writes_nothing(app: Flask, run: Run, tmp_path: Path) -> None:
    (tmp_path / "categories.toml").write_text('[[category]]\nslug = "q"\nen = { title = "Q" }\n')
    (tmp_path / "a.md").write_text("---\ntitle: A\nlang: en\ncategory: q\n---\nText\n")
    (tmp_path / "b.md").write_text("---\ntitle: A\nlang: de\ntranslation_of: en/a\n---\nText\n")
    run(import_, "markdown", tmp_path)
    with app.app_context():
        edition = Edition.current()
        taking = Taking(read_folder(tmp_path), now=utcnow())
        taking.shelve()
        assert list(taking.portions()) == [] and taking.report.unchanged == 2
        db.session.commit()
        assert Edition.current() == edition and outstanding() == 0


def test_the_static_copy_has_what_everybody_may_read(
    app: Flask, run: Run, tmp_path: Path, write: Callable[..., str]
) -> None:
    write(body="See [masts](/kb/masts#x) and [hidden](/kb/hidden).", category="quays")
    write(slug="masts", title="Masts <b>")
    write(slug="hidden", title="Hidden", visibility="staff")
    write(slug="old", title="Old", status="archived")
    assert "2 articles" in run(export, "html", tmp_path / "site").output
    files = contents(tmp_path / "site")
    assert {name for name in files if name.startswith("en/")} == {"en/index.html", "en/harbour.html", "en/masts.html"}
    assert b'href="masts.html#x"' in files["en/harbour.html"] and b'href="index.html"' in files["en/harbour.html"]
    assert not any(b"Hidden" in text for text in files.values()) and b"Masts &lt;b&gt;" in files["en/masts.html"]


def test_old_addresses_come_back(app: Flask, client: FlaskClient, tmp_path: Path, write: Callable[..., str]) -> None:
    write()
    with app.app_context(), writing():
        move(db.session.execute(db.select(Article)).scalar_one(), "quay-lights")
        export_markdown(tmp_path / "kb")
        forget()
        report = take_all(read_folder(tmp_path / "kb"), now=utcnow())
        assert (report.added, report.problems) == (1, [])
        db.session.commit()
    answer = client.get("/kb/harbour")
    assert (answer.status_code, answer.location) == (301, "/kb/quay-lights")


def test_an_old_address_of_something_else_stays_with_it(app: Flask, tmp_path: Path, write: Callable[..., str]) -> None:
    write(slug="masts")
    (tmp_path / "a.md").write_text("---\ntitle: A\nlang: en\nold_addresses: [masts, sails]\n---\nText\n")
    (tmp_path / "b.md").write_text("---\ntitle: B\nlang: en\nold_addresses: [../x]\n---\nText\n")
    with app.app_context():
        report = take_all(read_folder(tmp_path), now=utcnow())
        assert ["old_addresses must be" in str(problem) for problem in report.problems] == [True]
        assert db.session.scalars(db.select(OldAddress.slug)).all() == ["sails"]


def test_the_demo_with_files_comes_back(tmp_path: Path, demo: Flask) -> None:
    """The whole demo, a picture and a list among its files, an old address, an audience and dates to check by."""
    with demo.app_context(), writing():
        article = db.session.scalars(db.select(Article).filter_by(slug="install-beacon", lang="en")).one()
        author = User(email="wren@larkspur.example", fs_uniquifier="wren", active=True)
        db.session.add(author)
        db.session.flush()
        attach(article, io.BytesIO(PNG), "Lamp (one).png", by=author, now=utcnow())
        offer(attach(article, io.BytesIO(b"a,b\n"), "sizes.csv", by=author, now=utcnow()), True)
        article.check_by, article.visibility = date(2027, 5, 4), "org:7 plan:business"
        move(article, "install-beacon-quickly")
        db.session.flush()
        export_markdown(first := tmp_path / "first")
        before = kept()
        for table in (ArticleFile, OldAddress):
            db.session.execute(db.delete(table))
        forget()
        report = take_all(read_folder(first), now=utcnow())
        assert (report.added, report.problems, report.losses) == (len(before), [], []) and kept() == before
        export_markdown(second := tmp_path / "second")
        assert contents(second) == contents(first)
        db.session.rollback()
