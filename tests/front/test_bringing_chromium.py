"""`scripts/browser.py` finds a Chromium that runs, brings one, or says what to install; it never hangs or goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import browser


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def brought(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, browser.__file__]
    settings = {"PATH": str(path), **environment}
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(autouse=True)
def nothing_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "FOLDER", tmp_path / "none")


def test_a_machine_without_anything_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FOYER_CHROMIUM", raising=False)
    with pytest.raises(SystemExit) as ended:
        browser.main()
    assert "apt-get install chromium" in str(ended.value) and "FOYER_CHROMIUM" in str(ended.value)
    assert not capsys.readouterr().out


def test_a_stub_that_only_tells_how_to_install_it_is_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "chromium-browser", "echo 'install the snap'; exit 10")
    real = program(tmp_path / "bin", "google-chrome", "echo 'Chrome 150'")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("FOYER_CHROMIUM", raising=False)
    assert browser.find() == real


def test_a_named_browser_that_does_not_run_is_refused_by_name(tmp_path: Path) -> None:
    done = brought(tmp_path, FOYER_CHROMIUM="/nowhere/chromium")
    assert done.returncode == 1 and "FOYER_CHROMIUM=/nowhere/chromium" in done.stderr


def test_a_new_machine_gets_its_lists_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_, lists = tmp_path / "bin", tmp_path / "lists"
    chromium = f"printf '#!/bin/sh\\necho Chromium\\n' > {bin_}/chromium && /bin/chmod 755 {bin_}/chromium"
    program(bin_, "apt-get", f'case "$*" in *update*) : > {lists};; *) [ -e {lists} ] && {chromium};; esac')
    monkeypatch.setenv("PATH", str(bin_))
    monkeypatch.delenv("FOYER_CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert browser.provide() == bin_ / "chromium"


def test_a_step_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "apt-get", "exec /bin/sleep 60")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("FOYER_CHROMIUM", raising=False)
    monkeypatch.setattr(browser, "SECONDS", 0.2)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert browser.provide() is None
