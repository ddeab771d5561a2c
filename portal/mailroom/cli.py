"""Commands for mail that comes in."""

import json
import os
import sys
from datetime import timedelta

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from portal.db import utcnow
from portal.mailroom import received
from portal.mailroom.receiving import receive as take_in
from portal.web import settings

STRAY_FOR = timedelta(days=1)  # a mail that is being taken in is younger than this


@click.group()
def mail() -> None:
    """Mail that comes in."""


@mail.command()
@with_appcontext
def receive() -> None:
    """Take one mail from standard input and print what became of it, as JSON.

    Exit code 0: it is kept. 75: try again later. 65: it is larger than 100 MB, and was not taken.
    """
    raw = sys.stdin.buffer.read(received.LARGEST_KEPT + 1)
    if len(raw) > received.LARGEST_KEPT:
        raise SystemExit(os.EX_DATAERR)
    try:
        outcome = take_in(raw, now=utcnow())
    except (DBAPIError, OSError) as error:
        click.echo(f"not taken, try again: {type(error).__name__}", err=True)
        raise SystemExit(os.EX_TEMPFAIL) from None
    click.echo(json.dumps(outcome.to_json()))


@mail.command()
@with_appcontext
def fetch() -> None:
    """Fetch what is unseen in the mailbox of `imap_url`, now; the worker does it each minute."""
    from portal.mailroom.fetching import NotFetched
    from portal.mailroom.fetching import fetch as fetch_mail

    if not settings().imap_url:
        raise click.ClickException("imap_url is not set")
    try:
        click.echo(f"{fetch_mail()} mails")
    except (NotFetched, OSError) as error:
        raise click.ClickException(str(error)) from None


@mail.command()
@with_appcontext
def tidy() -> None:
    """Remove bytes of mails whose taking was cut off: they were brought again, and kept then."""
    strays = received.strays(older_than=utcnow() - STRAY_FOR)
    for path in strays:
        path.unlink(missing_ok=True)
    click.echo(f"{len(strays)} files removed")
