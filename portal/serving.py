"""Running the portal: the web server, the worker, and both together."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import click

from portal.config import Settings, load_settings

STATIC_SECONDS = 7 * 24 * 3600  # addresses carry the content's hash; only the fonts' don't


@click.command()
def run() -> None:
    """Start everything: prepare the database, load the demo at the first start, web server and worker."""
    config = load_settings()
    _refuse_busy_port(config)
    prepare(config)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stop, _environment(config)), name="worker", daemon=True)
    keeper.start()
    try:
        _announce(config)
        _serve(config)
    finally:
        stop.set()
        keeper.join(timeout=35)


@click.command()
def serve() -> None:
    """Start the web server alone."""
    config = load_settings()
    prepare(config)
    _serve(config)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due, then stop.")
@click.option("--with-parent", is_flag=True, help="End when the process that started it is gone.")
def worker(once: bool, with_parent: bool) -> None:
    """Start the worker alone: mail, index, timers."""
    spare_clients(load_settings())
    from portal import create_app
    from portal.jobs import run_due, sweep

    app = create_app()
    with app.app_context():
        if once:
            click.echo(f"{run_due()} jobs")
            return
        sweep()
    if with_parent:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
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


def spare_clients(config: Settings) -> None:
    """Huey loads the clients of all its stores if it finds them, 22 MB in each process; a file needs none of them.

    For processes that serve one portal, before they make it.
    """
    if config.queue_url:
        return
    absent = [name for name in ("redis", "psycopg") if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it now says that it isn't installed
    try:
        import huey.storage  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


def _serve(config: Settings) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    _refuse_busy_port(config)
    os.environ.update(_environment(config))
    Granian(
        "portal.wsgi:app",
        address=config.web_host,
        port=config.web_port,
        interface=Interfaces.WSGI,
        workers=config.web_workers,
        blocking_threads=config.web_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels.warning,
        static_path_route=["/static"],
        static_path_mount=[_static_folder()],
        static_path_expires=STATIC_SECONDS,
        backpressure=max(64, config.web_threads * 16),
        websockets=False,
    ).serve()


def _refuse_busy_port(config: Settings) -> None:
    """Granian shares a port that is taken, and two portals would answer in turn: say it instead."""
    with socket.socket(socket.AF_INET6 if ":" in config.web_host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.web_host, config.web_port))
        except OSError as error:
            click.echo(f"{config.web_host}:{config.web_port} can't be used: {error.strerror}. Set web_port.", err=True)
            sys.exit(1)


def _keep_worker(stop: threading.Event, environment: dict[str, str]) -> None:
    """Start the worker, start it again when it dies, and end it when we stop."""
    while not stop.is_set():
        started = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "portal", "worker", "--with-parent"], env=environment)
        while process.poll() is None and not stop.wait(0.2):
            pass
        if stop.is_set():
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
        elif time.monotonic() - started < 5:
            stop.wait(2)  # it dies at once: don't spin


def _end_with_parent(parent: int) -> None:
    """A `run` that was killed can't end its worker; the worker notices, and ends by itself."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


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


def _static_folder() -> Path:
    from portal import beside

    return beside("static")


def _environment(config: Settings) -> dict[str, str]:
    # Threads that each keep a heap of their own cost memory and bring nothing under Python's lock.
    return {"MALLOC_ARENA_MAX": "2", **os.environ, "PORTAL_INSTANCE": str(config.instance)}
