"""The books from the command line."""

import csv
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.billing import books, renewing
from portal.billing.account import BillingAccount
from portal.billing.invoice import CREDIT_NOTE, DRAFT, Invoice, InvoiceFile
from portal.billing.matching import Match
from portal.billing.money import in_major
from portal.billing.payment import BankEntry
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.web import settings

COLUMNS = ("number", "kind", "issued_on", "due_on", "customer", "country", "currency", "net", "tax", "gross", "open")
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group("billing")
def billing() -> None:
    """Invoices, payments and the ledger."""


@billing.command()
@click.option("--provider", is_flag=True, help="Ask the payment provider, too.")
@click.option("--days", default=30, show_default=True, help="How far back the provider is asked.")
@with_appcontext
def check(provider: bool, days: int) -> None:
    """Compare the books with invoices, payments and, if asked, the provider. Exit status 1 with what differs."""
    from portal.billing import bank as statements

    found = [*books.check(), *statements.differences()]
    if provider:
        from portal.billing.provider.gateway import NotTaken, Unreachable
        from portal.billing.provider.reconciling import differences

        try:
            found += differences(utcnow() - timedelta(days=days))
        except (Unreachable, NotTaken) as error:
            found.append(f"the provider could not be asked: {error}")
    for line in found:
        click.echo(line)
    if found:
        sys.exit(1)
    click.echo("The books agree.")


@billing.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--since", type=DAY, help="Only what was issued from this day on (YYYY-MM-DD).")
@click.option("--until", type=DAY, help="Only what was issued before this day.")
@with_appcontext
def export(folder: Path, since: datetime | None, until: datetime | None) -> None:
    """Write every invoice and credit note into FOLDER as PDF and XML, and all of them as one CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    query = select(Invoice).where(Invoice.state != DRAFT).order_by(Invoice.issued_on, Invoice.id)
    query = query.where(Invoice.issued_on >= since.date()) if since else query
    query = query.where(Invoice.issued_on < until.date()) if until else query
    many, waiting = 0, []
    with (folder / "invoices.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for invoice in db.session.scalars(query):
            rows.writerow(_row(invoice))
            kept = db.session.get(InvoiceFile, invoice.id)
            if kept is None:
                waiting.append(str(invoice.number))
                continue
            (folder / f"{invoice.number}.pdf").write_bytes(kept.pdf)
            (folder / f"{invoice.number}.xml").write_bytes(kept.xml)
            many += 1
    click.echo(f"{many} written to {folder}")
    if waiting:
        raise click.ClickException(f"not printed yet: {', '.join(waiting)}; run the worker, then export again")


def _row(invoice: Invoice) -> list[object]:
    sign = -1 if invoice.kind == CREDIT_NOTE else 1
    sums = [str(sign * in_major(amount, invoice.currency)) for amount in (invoice.net, invoice.tax, invoice.gross)]
    days: list[date | None] = [invoice.issued_on, invoice.due_on]
    buyer = [_plain(invoice.buyer["legal_name"]), invoice.buyer["country"]]
    left = str(in_major(invoice.due, invoice.currency))
    return [invoice.number, invoice.kind, *(day or "" for day in days), *buyer, invoice.currency, *sums, left]


def _plain(text: str) -> str:
    """Nothing that a spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@billing.command()
@click.option("--on", "day", type=DAY, help="As if it were this day, in UTC. Default: today.")
@with_appcontext
def renew(day: datetime | None) -> None:
    """Ask for the invoices of everything that is due; the worker makes them."""
    with writing():
        many = renewing.ask_for_renewals(now=day.replace(tzinfo=UTC) if day else utcnow())
        db.session.commit()
    click.echo(f"{many} asked for")


@billing.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be booked, and book nothing.")
@with_appcontext
def bank(file: Path, dry_run: bool) -> None:
    """Take in a bank statement (camt.053) and book what names its invoice; the rest waits at the desk."""
    from portal.billing import bank as statements
    from portal.billing import matching

    try:
        with file.open("rb") as raw:
            told = statements.read(raw.read(settings().bank_file_max_bytes + 1))
        with writing():
            taken = statements.take_in(told, file.name, by=None, now=utcnow())
            found = statements.preview(taken)
            for entry in (entry for entry in taken.entries if entry.id in found):
                _say(entry, found[entry.id])
            if dry_run:
                db.session.rollback()
            else:
                statements.confirm(taken, matching.seal(found), by=None, now=utcnow())
                db.session.commit()
    except Refused as error:
        raise click.ClickException(str(error)) from error
    waiting = [match for match in found.values() if match.account_id is None and match.how != matching.NOT_OURS]
    click.echo(f"{sum(match.account_id is not None for match in found.values())} to be booked, ", nl=False)
    click.echo(f"{len(waiting)} to be decided" + (" (nothing was written)" if dry_run else ""))


def _say(entry: BankEntry, match: Match) -> None:
    account = db.session.get(BillingAccount, match.account_id) if match.account_id else None
    numbers = [str(db.session.get_one(Invoice, key).number) for key, _amount in match.parts]
    whose = f"{account.legal_name} {' '.join(numbers)}" if account else f"({match.how})"
    click.echo(f"{entry.booked_on} {in_major(entry.amount, entry.currency):>14} {entry.currency}  {whose}")
