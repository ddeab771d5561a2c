"""Commands for whoever runs a portal: the database, the demo, the outbox."""

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.db import db, utcnow, writing
from portal.jobs import Job, sweep
from portal.policies import keep_policy
from portal.schema import alembic
from portal.tickets.editing import reach_open_tickets
from portal.web import settings


def take_up_policy() -> None:
    """Load the policy and keep its text before a process makes promises by it; open tickets follow it in a job."""
    try:
        with writing():
            keep_policy()
            reach_open_tickets()
            db.session.commit()
    except IntegrityError:  # another process that starts now has kept it
        db.session.rollback()


@click.group("db")
def db_() -> None:
    """The database and its migrations."""


@db_.command()
@with_appcontext
def prepare() -> None:
    """Bring the database up to date; in demo mode fill an empty one with the demo."""
    alembic().upgrade()
    take_up_policy()
    if settings().is_demo:
        from portal.demo.loading import is_empty, load_demo

        if is_empty():
            load_demo()


@db_.command()
@with_appcontext
def upgrade() -> None:
    """Run the migrations that are missing."""
    alembic().upgrade()
    click.echo("The database is up to date.")


@db_.command()
@with_appcontext
def check() -> None:
    """Say whether the tables are what the code expects; exit code 1 when they aren't."""
    differences = alembic().compare_metadata()
    for difference in differences:
        click.echo(str(difference))
    click.echo(f"{len(differences)} differences")
    if differences:
        raise SystemExit(1)


@db_.command()
@click.argument("message")
@with_appcontext
def revision(message: str) -> None:
    """Write a migration for what changed in the tables."""
    alembic().revision(message)


@click.command()
@with_appcontext
def demo() -> None:
    """Load the demo into an empty database."""
    from portal.demo.loading import is_empty, load_demo

    alembic().upgrade()
    if not is_empty():
        raise click.ClickException("there are accounts already; the demo goes into an empty database only")
    load_demo()


@click.group()
def jobs() -> None:
    """The outbox: what waits, what failed for good."""


@jobs.command("list")
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@with_appcontext
def list_(dead: bool) -> None:
    """Count the jobs by state; list the dead ones with their last error."""
    for state, count in db.session.execute(select(Job.state, func.count()).group_by(Job.state).order_by(Job.state)):
        click.echo(f"{state:<8} {count}")
    for row in db.session.scalars(select(Job).where(Job.state == "dead").order_by(Job.id)) if dead else ():
        plain = {name: value for name, value in row.payload.items() if not isinstance(value, dict)}  # no letter's link
        click.echo(f"{row.id} {row.kind} {plain} after {row.attempts} attempts: {row.last_error}")


@jobs.command()
@click.argument("job_id", type=int, required=False)
@with_appcontext
def retry(job_id: int | None) -> None:
    """Give dead jobs another round of attempts: one, or all of them."""
    with writing():
        dead = update(Job).where(Job.state == "dead", *([Job.id == job_id] if job_id else []))
        again = dead.values(state="pending", attempts=0, run_after=utcnow()).returning(Job.id)
        count = len(db.session.execute(again).all())
        db.session.commit()
    sweep()
    click.echo(f"{count} jobs will be tried again")
