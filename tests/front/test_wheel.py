"""The wheel, unpacked beside nothing of the checkout, serves the demo from an empty folder."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read(address: str, patience: float = 40) -> bytes:
    """The answer of a server that may still be starting."""
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_the_wheel_runs_from_an_empty_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
        "PYTHONPATH": str(tmp_path / "site"),
        "PORTAL_WEB_PORT": str(port),
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
    }
    server = subprocess.Popen([sys.executable, "-m", "portal", "serve"], cwd=empty, env=environment)
    try:
        home = read(f"http://127.0.0.1:{port}/").decode()
        style = re.search(r'href="(/static/css/[^"]+)"', home)
        assert style and b"@layer" in read(f"http://127.0.0.1:{port}{style[1].replace('&amp;', '&')}")
        assert b"Getting started" in read(f"http://127.0.0.1:{port}/kb/")
        sheet = f"http://127.0.0.1:{port}/manuals/relay-installation/-/en/relay-installation-en.pdf"
        demos = ROOT / "knowledge" / "demo" / "documents" / "relay-installation-en.pdf"
        assert read(sheet) == demos.read_bytes(), "the demo's manuals come along"
        assert (empty / "instance" / "portal.db").exists()
    finally:
        server.terminate()
        server.wait(timeout=90)
