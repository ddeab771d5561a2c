"""Commands of the community: what the check before posting finds in a text, and digests that are due."""

import json
import sys
import time
from pathlib import Path

import click
from flask.cli import with_appcontext

from knowledge.community.scanning import scan as find
from knowledge.exchange.report import NotTaken
from portal.db import utcnow


@click.group()
def community() -> None:
    """The community: check texts before they are posted, send digests, bring another forum in."""


@community.command()
@with_appcontext
def digests() -> None:
    """Write the digests that are due now, as the worker does every ten minutes."""
    from knowledge.community.digest import send_due

    click.echo(f"{send_due(now=utcnow())} people looked at")


@community.command("import")
@click.argument("kind", type=click.Choice(["stackexchange", "discourse", "jsonl"]))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--category", required=True, help="The category that the topics go into, by its name in addresses.")
@click.option("--lang", default="en", show_default=True, help="The language of what names none.")
@click.option("--collection", default="", help="A name for this forum, where several have the same addresses.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="JSON lines: what, why.")
@with_appcontext
def import_topics(
    kind: str, path: Path, category: str, lang: str, collection: str, dry_run: bool, report_file: Path | None
) -> None:
    """Bring topics of another forum in, with authors' names, dates, accepted answers and old addresses.

    What was taken already is skipped. Exit codes: 0 all was taken, 1 nothing could be read, 3 some was not taken.
    """
    from knowledge.exchange.importing_topics import import_all

    started = time.perf_counter()
    try:
        report, posts = import_all(kind, path, category, lang=lang, collection=collection, is_rehearsal=dry_run)
    except NotTaken as error:
        raise click.ClickException(str(error)) from None
    for problem in report.problems[:50]:
        click.echo(f"not taken: {problem}", err=True)
    if report_file:
        report_file.write_text("".join(f"{line}\n" for line in report.lines()), encoding="utf-8")
    would = "dry run, nothing written: " if dry_run else ""
    click.echo(f"{would}topics: {report}; {posts} posts in {time.perf_counter() - started:.1f} s")
    sys.exit(3 if report.problems else 0)


@community.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the kinds and where they stand.")
def scan(as_json: bool) -> None:
    """Read a text from standard input and say what must not be posted. Exit code 1 when something was found.

    With --json the exit code is 0, and `start` and `end` count characters, not bytes.
    """
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    found = find(text)
    if as_json:
        click.echo(json.dumps({"findings": [one._asdict() for one in found]}, ensure_ascii=False))
        return
    for kind, start, end in found:
        click.echo(f"{kind}: characters {start} to {end}")
    sys.exit(1 if found else 0)
