"""`python -m portal doctor`: checks what the settings name, and says what to mend."""

import os
import secrets
import shutil
import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from portal.config import ConfigurationError, Settings, load_settings
from portal.db import db, utcnow

LEAST_FREE_BYTES = 500_000_000
LONGEST_BEHIND = 300  # seconds that the status page's copy may lie behind


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is well (`ok`, `warn`, `fail`), and what to do."""

    subject: str
    state: str
    advice: str


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check the configuration and everything it names; exit code 1 when something must be mended."""
    try:
        load_settings()
    except ConfigurationError as error:
        click.echo(f"FAIL  settings          {error}")
        if "secret_key" in str(error):
            click.echo(f'\n  secret_key = "{secrets.token_urlsafe(32)}"\n')
        ctx.exit(1)
    findings = list(ctx.invoke(_look_around))
    for finding in findings:
        click.echo(f"{finding.state.upper():<5} {finding.subject:<17} {finding.advice}")
    if any(finding.state == "fail" for finding in findings):
        ctx.exit(1)


@with_appcontext
def _look_around() -> list[Finding]:
    config: Settings = current_app.extensions["settings"]
    return [finding for check in CHECKS for finding in check(config)]


def check_instance(config: Settings) -> Iterator[Finding]:
    if not os.access(config.instance, os.W_OK):
        yield Finding(
            "instance", "fail", f"{config.instance} can't be written; change its owner or set PORTAL_INSTANCE"
        )
    elif shutil.disk_usage(config.instance).free < LEAST_FREE_BYTES:
        yield Finding("instance", "warn", "less than 500 MB are free where the instance folder lies")
    else:
        yield Finding("instance", "ok", str(config.instance))


def check_database(config: Settings) -> Iterator[Finding]:
    from portal.schema import is_current

    try:
        db.session.execute(text("SELECT 1"))
        current = is_current(current_app._get_current_object())  # type: ignore[attr-defined]
    except Exception as error:
        yield Finding("database", "fail", f"{_where(config.database_url)}: {_first_line(error)}")
        return
    advice = _where(config.database_url)
    if not current:
        yield Finding("database", "fail", f"{advice}: migrations are missing; run `python -m portal db upgrade`")
    else:
        yield Finding("database", "ok", advice)


def check_queue(config: Settings) -> Iterator[Finding]:
    try:
        waiting = current_app.extensions["queue"].pending_count()
        yield Finding("queue", "ok", f"{_where(config.queue_url) or 'queue.db'}: {waiting} waiting")
    except Exception as error:
        yield Finding("queue", "fail", f"{_where(config.queue_url)}: {_first_line(error)}")


def check_jobs(config: Settings) -> Iterator[Finding]:
    from portal.jobs import Job
    from portal.tickets.rounds import failing

    try:
        dead = db.session.scalar(db.select(db.func.count()).select_from(Job).where(Job.state == "dead"))
        stuck = failing(now=utcnow())
    except SQLAlchemyError:
        return  # the database check has said it
    if dead:
        yield Finding("jobs", "warn", f"{dead} were given up; see `python -m portal jobs list --dead`")
    if stuck:
        yield Finding("jobs", "warn", f"{stuck} tickets can't be told of, asked about or closed; the log says why")


def check_mail(config: Settings) -> Iterator[Finding]:
    parts = urlsplit(config.mail_url)
    if config.mail_url == "file":
        state = "ok" if config.is_demo else "warn"
        yield Finding("mail", state, f"written to {config.instance / 'mail'}; set mail_url to send it")
        return
    if parts.scheme not in ("smtp", "smtps"):
        yield Finding("mail", "fail", "mail_url: write file, smtp://host:port or smtps://host:port")
        return
    server = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with server(parts.hostname or "", parts.port or 0, timeout=5) as connection:
            connection.noop()
        yield Finding("mail", "ok", _where(config.mail_url))
    except OSError as error:
        yield Finding("mail", "fail", f"{_where(config.mail_url)}: {_first_line(error)}")


def check_mail_in(config: Settings) -> Iterator[Finding]:
    if config.imap_url:
        from portal.mailroom.fetching import NotFetched, mailbox

        try:
            with mailbox(config.imap_url):
                yield Finding("mail in", "ok", _where(config.imap_url))
        except (NotFetched, OSError) as error:
            yield Finding("mail in", "fail", f"{_where(config.imap_url)}: {_first_line(error)}")
    if (config.imap_url or config.mail_listen) and not config.mail_trusted_hosts:
        yield Finding("mail_trusted_hosts", "warn", "nobody proves who mail is from; name the host that checks it")


def check_payments(config: Settings) -> Iterator[Finding]:
    from portal.billing.provider.gateway import NotTaken, Unreachable, is_used, provider

    if not is_used():
        return
    try:
        with provider() as ask:
            ask(lambda v1: v1.events.list(params={"limit": 1}))
    except NotTaken as error:
        yield Finding("payments", "fail", f"the provider does not take stripe_secret_key: {_first_line(error)}")
        return
    except Unreachable as error:
        yield Finding("payments", "fail", f"the provider does not answer: {_first_line(error)}")
        return
    is_try = "_test_" in config.stripe_secret_key and not config.is_demo
    yield Finding("payments", "warn" if is_try else "ok", "in the provider's test mode" if is_try else "the provider")


def check_policy(config: Settings) -> Iterator[Finding]:
    from portal.policies import PolicyError, changed_silently, the_policy

    try:
        policy = the_policy()
    except PolicyError as error:
        yield Finding("policy", "fail", _first_line(error))
        return
    with suppress(SQLAlchemyError):  # no such table yet: the database check has said it
        if changed_silently():
            advice = f"{policy.id}: the file changed but its version is still {policy.version}; raise it"
            yield Finding("policy", "warn", advice)
            return
        if lost := _lost_policies():
            advice = (
                f"tickets were promised by {', '.join(lost)}, which nobody has kept; put the file of that version back"
            )
            yield Finding("policy", "warn", advice)
            return
    yield Finding("policy", "ok", f"{policy.id} {policy.version}")


def _lost_policies() -> list[str]:
    """Policy versions that tickets stand under and nothing here knows."""
    from portal.policies import policy_at
    from portal.tickets.ticket import Ticket

    used = db.session.execute(select(Ticket.policy_id, Ticket.policy_version).distinct())
    return [f"{row.policy_id} {row.policy_version}" for row in used if policy_at(*row) is None]


def check_search(config: Settings) -> Iterator[Finding]:
    from knowledge.search.changes import outstanding
    from knowledge.search.checking import examine

    try:
        (wrong, tallies), waiting = examine(), outstanding()
    except SQLAlchemyError:
        return  # the database check has said it
    if wrong:
        yield Finding("search", "warn", f"the index is {wrong}; the worker mends it, or `python -m portal reindex`")
    else:
        counts = ", ".join(f"{tally.items} of kind {tally.kind}" for tally in tallies)
        yield Finding("search", "ok", f"{counts or 'nothing yet'}; {waiting} changes waiting")


def check_status(config: Settings) -> Iterator[Finding]:
    from portal.status import copying, offline, refreshing

    folder = copying.folder_of(config)
    refused = list(offline.queue_of(folder).glob("*.refused"))
    there = copying.written(folder)
    age = int(time.time() - (folder / copying.DOCUMENT).stat().st_mtime) if there else 0
    if there is None:
        yield Finding("status copy", "warn", f"{folder} has none yet; the worker writes it within a minute")
    elif refused:
        yield Finding("status copy", "warn", f"{len(refused)} posted couldn't be taken in; read {refused[0].parent}")
    elif age > LONGEST_BEHIND and there.get("edition") != refreshing.edition():
        yield Finding("status copy", "warn", f"{folder} lies {age // 60} minutes behind; is the worker running?")
    else:
        yield Finding("status copy", "ok", f"{folder}: {len(offline.waiting(folder))} posted wait for the database")


def check_probes(config: Settings) -> Iterator[Finding]:
    """Those that nobody looks at say nothing of their components."""
    from portal.status.probing import overdue

    if late := overdue(now=utcnow()):
        names = ", ".join(late[:3]) + (", …" if len(late) > 3 else "")
        yield Finding("probes", "warn", f"{len(late)} not looked at in time ({names}); is the worker running?")


def check_production(config: Settings) -> Iterator[Finding]:
    if config.is_demo:
        yield Finding("mode", "warn", "demo: the demo accounts' password is public; never put this on the internet")
        return
    if not config.is_secure:
        yield Finding("base_url", "warn", "customers' sessions need https; put a TLS proxy in front and set base_url")
    if config.brand_name == "Foyer":
        yield Finding("brand_name", "warn", "customers will read Foyer; set the vendor's name")
    if config.mail_from.endswith("@localhost"):
        yield Finding("mail_from", "warn", "mail from localhost is rarely delivered; set the sender's address")


def _where(url: str) -> str:
    """An address without its password."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    check_instance,
    check_database,
    check_queue,
    check_jobs,
    check_mail,
    check_mail_in,
    check_payments,
    check_policy,
    check_search,
    check_status,
    check_probes,
    check_production,
)
