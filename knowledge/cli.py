"""Commands: bring articles in and out, build the index anew, search."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_login import AnonymousUserMixin
from sqlalchemy import select

from knowledge.community.demo import load_demo_community
from knowledge.documents.demo import add_demo_documents
from knowledge.exchange.exporting import EXPORTS
from knowledge.exchange.intake import Intake
from knowledge.exchange.kinds import KINDS, read
from knowledge.exchange.manuals import read_documents, take_document
from knowledge.exchange.markdown import import_demo
from knowledge.exchange.report import NotTaken, Problem, Report
from knowledge.exchange.taking import BATCH, Taking
from knowledge.insight.demo import load_demo_insight
from knowledge.search.engine import Busy
from knowledge.search.finding import search as find
from knowledge.search.index import apply_changes, rebuild
from knowledge.search.presenting import answer, present
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.web import settings

SHOWN = 50  # problems on the screen; a report has them all
SOME_NOT_TAKEN = 3  # the exit code


@click.command("import")
@click.argument("kind", type=click.Choice([*KINDS, "documents"]))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--lang", help="The language of what names none; of every file for html and mallard.")
@click.option(
    "--collection", default="", help="What the ids begin with (all but markdown). Default: the folder's name."
)
@click.option("--original", default="en", show_default=True, help="html, mallard: what the others are translated from.")
@click.option("--prune", is_flag=True, help="Archive what came from this folder and is gone from it.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="JSON lines: what, why.")
@with_appcontext
def import_(
    kind: str,
    path: Path,
    lang: str | None,
    collection: str,
    original: str,
    prune: bool,
    dry_run: bool,
    report_file: Path | None,
) -> None:
    """Bring articles in. What is as it was is skipped, so that a broken import goes on where it stopped.

    What can't be taken is listed with the reason; the others are taken. Exit codes: 0 all was taken, 1 nothing could
    be read, 2 wrong arguments, 3 some was not taken.
    """
    if kind == "mallard" and not lang:
        raise click.UsageError("mallard needs --lang, for example --lang de")
    started = time.perf_counter()
    if kind == "documents":
        return _import_documents(path, dry_run, report_file)
    try:
        taking = Taking(read(kind, path, lang, collection, original), now=utcnow(), is_rehearsal=dry_run)
        _take(taking, prune=prune)
    except NotTaken as error:
        raise click.ClickException(str(error)) from None
    _tell(taking.report, report_file)
    would = "dry run, nothing written: " if dry_run else ""
    click.echo(f"{would}{taking.report} in {time.perf_counter() - started:.1f} s")
    if not dry_run:
        _index()
    if taking.report.problems:
        sys.exit(SOME_NOT_TAKEN)


def _import_documents(path: Path, dry_run: bool, report_file: Path | None) -> None:
    """Manuals and downloads, each in a transaction of its own; the worker reads their text afterwards."""
    report, taken = Report(), 0
    try:
        tables = list(read_documents(path))
    except NotTaken as error:
        raise click.ClickException(str(error)) from None
    for name, table in tables:
        with writing():
            try:
                take_document(path, table, now=utcnow())
            except NotTaken as error:
                report.problems.append(Problem(name, str(error)))
                db.session.rollback()
                continue
            taken += 1
            db.session.rollback() if dry_run else db.session.commit()
    _tell(report, report_file)
    click.echo(f"{taken} documents taken, {len(report.problems)} not taken")
    if report.problems:
        sys.exit(SOME_NOT_TAKEN)


def _take(taking: Taking, *, prune: bool) -> None:
    """Portion by portion, each a transaction of its own."""
    _write(taking, taking.shelve)
    with _progress(taking.intake) as advanced_to:
        for portion in taking.portions():
            _write(taking, partial(taking.store, portion))
            advanced_to(taking.report.read)
    if taking.needs_link:
        _write(taking, taking.link)
    if prune:
        gone = taking.gone()
        for start in range(0, len(gone), BATCH):
            _write(taking, partial(taking.archive, gone[start : start + BATCH]))


def _write(taking: Taking, write: Callable[[], None]) -> None:
    with writing():
        write()
        if taking.is_rehearsal:
            db.session.rollback()
        else:
            db.session.commit()


@contextmanager
def _progress(intake: Intake) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere a line every few seconds."""
    if sys.stderr.isatty():
        with click.progressbar(length=intake.total or 0, file=sys.stderr, show_pos=True) as bar:
            yield lambda count: bar.update(count - bar.pos)
        return
    said = time.monotonic()

    def count(number: int) -> None:
        nonlocal said
        if time.monotonic() - said > 5:
            said = time.monotonic()
            click.echo(f"{number} of {intake.total}" if intake.total else str(number), err=True)

    yield count


def _tell(report: Report, file: Path | None) -> None:
    for problem in report.problems[:SHOWN]:
        click.echo(f"not taken: {problem}", err=True)
    for loss in report.losses[:SHOWN]:
        click.echo(f"left out: {loss}", err=True)
    more = max(0, len(report.problems) - SHOWN) + max(0, len(report.losses) - SHOWN)
    if more:
        click.echo(f"and {more} more: --report FILE lists them all", err=True)
    if file:
        file.write_text("".join(f"{line}\n" for line in report.lines()), encoding="utf-8")


def _index() -> None:
    started = time.perf_counter()
    count = apply_changes()  # may take minutes: the database is locked only when it is done
    db.session.commit()
    click.echo(f"{count} articles indexed in {time.perf_counter() - started:.1f} s")


@click.command()
@click.argument("kind", type=click.Choice(list(EXPORTS)))
@click.argument("path", type=click.Path(path_type=Path))
@with_appcontext
def export(kind: str, path: Path) -> None:
    """Write it out: markdown (all articles, for git), jsonl, html (what the public may read), or documents."""
    started = time.perf_counter()
    try:
        count, problems = EXPORTS[kind](path)
    except NotTaken as error:
        raise click.ClickException(str(error)) from None
    _tell(Report(problems=[Problem(*problem) for problem in problems]), None)
    what = "documents" if kind == "documents" else "articles"
    click.echo(f"{count} {what} in {time.perf_counter() - started:.1f} s")
    if problems:
        sys.exit(SOME_NOT_TAKEN)


@click.command()
@with_appcontext
def reindex() -> None:
    """Build the search index anew beside the live one, then switch."""
    started = time.perf_counter()
    try:
        count = rebuild()  # as a reader: people go on writing meanwhile
    except Busy:
        raise click.ClickException("the index is being written; try again in a moment") from None
    db.session.commit()
    click.echo(f"{count} articles indexed in {time.perf_counter() - started:.1f} s")


@click.command()
@click.argument("query")
@click.option("--lang", help="The language of the reader. Default: the portal's.")
@click.option("--limit", default=10, type=click.IntRange(1, 50), show_default=True)
@click.option("--as", "email", help="Search as the person with this address. Default: as a visitor.")
@click.option("--json", "as_json", is_flag=True, help="What /api/search answers.")
@with_appcontext
def search(query: str, lang: str | None, limit: int, email: str | None, as_json: bool) -> None:
    """Search as a visitor, or with somebody's rights."""
    person = _person(email)
    lang = lang or str(settings().default_locale)
    with current_app.test_request_context(base_url=settings().base_url):
        if as_json:
            click.echo(json.dumps(answer(query, person, lang, limit), ensure_ascii=False, indent=2))
            return
        found = find(query, person, lang)
        if found.instead:
            click.echo(f"nothing for {found.text!r}; results for {found.instead!r}")
        for number, result in enumerate(present(found, found.hits[:limit], person, lang), 1):
            click.echo(f"{number:>2}. {result.title}  [{result.lang}] {result.score:.2f}\n    {result.url}")
            click.echo(f"    {result.snippet.striptags()}")
        click.echo(f"{found.total} articles")


def _person(email: str | None) -> User | AnonymousUserMixin:
    if email is None:
        return AnonymousUserMixin()
    person = db.session.scalar(select(User).where(User.email == email.strip().lower()))
    if person is None:
        raise click.ClickException(f"nobody has the address {email}")
    return person


def load_demo_knowledge() -> None:
    """What the command `demo` runs: the demo's articles and manuals, in a transaction of their own."""
    with writing():
        add_demo_documents(now=utcnow())
        import_demo(now=utcnow())
        load_demo_insight(now=utcnow())
        load_demo_community(now=utcnow())
        db.session.commit()


commands = [import_, export, reindex, search]
