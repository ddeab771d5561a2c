"""Running the portal: the web server, the worker, and both together."""

import json
import logging
import os
import socket
import subprocess
import sys
from importlib import import_module
from typing import NoReturn

import click

from portal.config import Settings, load_settings
from portal.hosting import end_with_parent

HEAPS = "MALLOC_ARENA_MAX"
CONNECTIONS = 1024  # of each web process: an open page keeps one between its questions, and the next reader would wait


@click.command()
def run() -> None:
    """Start everything: prepare the database, load the demo at the first start, web server and worker."""
    config = load_settings()
    _refuse_busy_port(config)
    prepare(config)
    _announce(config)
    _go_on_as("portal.hosting", config, parent=os.getpid())


@click.command()
def serve() -> None:
    """Start the web server alone."""
    config = load_settings()
    prepare(config)
    _go_on_as("portal.answering", config, parent=None)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due, then stop.")
@click.option("--with-parent", "parent", type=int, metavar="ID", help="End when this process, its parent, is gone.")
def worker(once: bool, parent: int | None) -> None:
    """Start the worker alone: mail, index, timers."""
    config = load_settings()
    if HEAPS not in os.environ:  # heard only at a process's start: begin again, in the same place
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], _environment(config))
    if parent:
        end_with_parent(parent)
    spare_imports(config)
    from portal import create_app
    from portal.jobs import run_due, sweep

    app = create_app()
    with app.app_context():
        if once:
            click.echo(f"{run_due()} jobs")
            return
        sweep()
    if app.extensions["settings"].mail_listen:
        from portal.mailroom.listening import listen

        listen(app)
    consumer = app.extensions["queue"].create_consumer(
        workers=app.extensions["settings"].worker_threads,
        max_delay=1.0,
        graceful_signal="TERM",
        shutdown_timeout=25,
    )
    logging.getLogger("huey").setLevel(logging.WARNING)
    consumer.run()


def prepare(config: Settings) -> None:
    """Make the instance folder and bring the database up to date, in a process of its own that then goes away."""
    config.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, "-m", "portal", "db", "prepare"], env=_environment(config), check=False)
    if done.returncode:
        sys.exit(done.returncode)


def spare_imports(config: Settings) -> None:
    """Keep two libraries from loading what they find installed and this portal doesn't use.

    Huey takes the clients of all its stores, 22 MB in each process; a file needs none of them. Passlib takes
    cryptography for one-time codes, 7 MB. For processes that serve one portal, before they make it.
    """
    if not config.queue_url:
        _import_without("huey.storage", "redis", "psycopg")
    _import_without("passlib.totp", "cryptography")


def _import_without(module: str, *absent: str) -> None:
    hidden = [name for name in absent if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it now says that it isn't installed
    try:
        import_module(module)
    finally:
        for name in hidden:
            del sys.modules[name]


def _go_on_as(module: str, config: Settings, *, parent: int | None) -> NoReturn:
    """Go on in this process's place: the same id, without what was loaded to come here."""
    _refuse_busy_port(config)
    web = {
        "address": config.web_host,
        "port": config.web_port,
        "workers": config.web_workers,
        "blocking_threads": config.web_threads,
        "backpressure": CONNECTIONS,
    }
    told = json.dumps({"web": web, "parent": parent})
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, told], _environment(config))


def _refuse_busy_port(config: Settings) -> None:
    """Granian shares a port that is taken, and two portals would answer in turn: say it instead."""
    with socket.socket(socket.AF_INET6 if ":" in config.web_host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.web_host, config.web_port))
        except OSError as error:
            click.echo(f"{config.web_host}:{config.web_port} can't be used: {error.strerror}. Set web_port.", err=True)
            sys.exit(1)


def _announce(config: Settings) -> None:
    click.echo(f"\n  {config.brand_name} support portal: {config.base_url}\n")
    if config.is_demo:
        from portal.demo.cast import ACCOUNTS, PASSWORD, UNCLAIMED

        width = max(len(account.email) for account in ACCOUNTS)
        for account in ACCOUNTS:
            click.echo(f"  {account.email:<{width}}  {account.what}")
        click.echo(f"\n  Password of every demo account: {PASSWORD}")
        click.echo("  Licence keys to claim at /account/licences:")
        for plan, key in UNCLAIMED.items():
            click.echo(f"    {key}  {plan}")
        click.echo(f"  Outgoing mail: {config.base_url}/demo/mail and {config.instance / 'mail'}\n", nl=True)
    sys.stdout.flush()


def _environment(config: Settings) -> dict[str, str]:
    # Threads that each keep a heap of their own cost memory (6 MB) and bring nothing under Python's lock.
    return {HEAPS: "1", **os.environ, "PORTAL_INSTANCE": str(config.instance)}
