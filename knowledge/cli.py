"""Commands: bring articles in, build the index anew, search."""

import json
import time
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_login import AnonymousUserMixin
from sqlalchemy import select

from knowledge.documents.demo import add_demo_documents
from knowledge.exchange.markdown import NotTaken, Report, import_demo, import_folder
from knowledge.exchange.mallard import import_mallard
from knowledge.search.engine import Busy
from knowledge.search.finding import search as find
from knowledge.search.index import apply_changes, rebuild
from knowledge.search.presenting import answer, present
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.web import settings


@click.command("import")
@click.argument("kind", type=click.Choice(["markdown", "mallard"]))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--lang", help="The language of the files: for Markdown that names none, and for every Mallard page.")
@click.option("--collection", default="", help="Mallard: what the ids begin with. Default: the folder's name.")
@with_appcontext
def import_(kind: str, path: Path, lang: str | None, collection: str) -> None:
    """Bring articles in from a folder: Markdown with front matter, or Mallard pages.

    What is as it was is skipped. Files that can't be taken are listed with the reason; the others are taken.
    """
    if kind == "mallard" and not lang:
        raise click.UsageError("mallard needs --lang, for example --lang de")
    started = time.perf_counter()
    with writing():
        try:
            report = _import(kind, path, lang, collection)
        except NotTaken as error:
            raise click.ClickException(str(error)) from None
        db.session.commit()
    for problem in report.problems:
        click.echo(f"not taken: {problem}", err=True)
    click.echo(f"{report} in {time.perf_counter() - started:.1f} s")
    started = time.perf_counter()
    count = apply_changes()  # may take minutes: the database is locked only when it is done
    db.session.commit()
    click.echo(f"{count} articles indexed in {time.perf_counter() - started:.1f} s")


def _import(kind: str, path: Path, lang: str | None, collection: str) -> Report:
    if kind == "mallard":
        return import_mallard(path, lang=lang or "en", now=utcnow(), collection=collection)
    return import_folder(path, now=utcnow(), lang=lang)


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
        db.session.commit()


commands = [import_, reindex, search]
