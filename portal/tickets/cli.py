"""Commands about tickets."""

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal import uploads
from portal.db import db, utcnow, writing
from portal.tickets import attachments, clocks, drafts
from portal.tickets.ticket import Ticket


@click.group()
def tickets() -> None:
    """Tickets and their clocks."""


@tickets.command()
@click.option("--dry-run", is_flag=True, help="Report the differences and leave them.")
@with_appcontext
def recompute(dry_run: bool) -> None:
    """Compute every due time anew from the log, and report what stood there wrongly. Exit code 1 if anything did."""
    with writing():
        numbers = db.session.scalars(select(Ticket.id).order_by(Ticket.id)).all()
        differences = 0
        for start in range(0, len(numbers), 200):
            query = select(Ticket).where(Ticket.id.in_(numbers[start : start + 200])).order_by(Ticket.id)
            for ticket in db.session.scalars(query):
                for name, kept, right in clocks.differences(ticket, now=utcnow()):
                    click.echo(
                        f"#{ticket.number} {name}: {kept or 'nothing'} stands there, {right or 'nothing'} is right"
                    )
                    differences += 1
                if not dry_run:
                    clocks.refresh(ticket, now=utcnow())
            if not dry_run:
                db.session.commit()
            db.session.expunge_all()
    click.echo(f"{len(numbers)} tickets, {differences} differences{'' if dry_run or not differences else ', mended'}")
    raise SystemExit(1 if differences else 0)


@tickets.command()
@with_appcontext
def tidy() -> None:
    """Remove drafts nobody came back for, and files on the disk that no row names."""
    with writing():
        gone = drafts.forget_unclaimed(now=utcnow())
        db.session.commit()
    strays = attachments.remove_strays(older_than=utcnow() - uploads.STRAY_FOR)
    click.echo(f"{gone} drafts and {strays} files removed")
