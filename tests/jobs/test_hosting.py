"""`run`: one small process above the web server's and the worker, which starts again what dies and ends with both."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.running import ROOT, Portal, Process, wait_for


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(tmp_path, mode="production")
    portal.web = Process(
        *(sys.executable, "-m", "portal", "run"), log=portal.folder / "run.log", env=portal.environment
    )
    try:
        wait_for(portal.answers, 60)
        yield portal
    finally:
        portal.web.kill()


def child(portal: Portal, what: str, *, other_than: int = 0) -> psutil.Process | None:
    """The web server's process (`answering`) or the worker's, as the first process has them at the moment."""
    assert portal.web
    for process in psutil.Process(portal.web.child.pid).children():
        if process.pid != other_than and process.status() != psutil.STATUS_ZOMBIE:
            words = process.cmdline()
            if any(word.endswith(what) for word in words):
                return process
    return None


def test_what_dies_is_started_again_and_both_end_in_good_order(portal: Portal) -> None:
    worker = wait_for(lambda: child(portal, "worker"))
    worker.kill()
    another_worker = wait_for(lambda: child(portal, "worker", other_than=worker.pid), 60)
    web = wait_for(lambda: child(portal, "answering"))
    web.kill()
    another_web = wait_for(lambda: child(portal, "answering", other_than=web.pid), 60)
    wait_for(portal.answers, 60)
    assert portal.web
    portal.web.child.terminate()
    assert portal.web.child.wait(timeout=90) == 0
    assert not another_worker.is_running()
    assert not another_web.is_running()


def test_both_end_when_the_process_above_is_killed(portal: Portal) -> None:
    worker, web = wait_for(lambda: child(portal, "worker")), wait_for(lambda: child(portal, "answering"))
    assert portal.web
    portal.web.child.kill()
    assert not psutil.wait_procs([worker, web], timeout=90)[1]


def test_both_end_when_the_process_above_is_killed_while_they_start(portal: Portal) -> None:
    assert portal.web
    hosting = psutil.Process(portal.web.child.pid)
    for kept in hosting.children():
        kept.kill()
    started = wait_for(lambda: [one for one in hosting.children() if one.status() != psutil.STATUS_ZOMBIE])
    hosting.kill()
    assert not psutil.wait_procs(started, timeout=90)[1]


def loaded(code: str, tmp_path: Path) -> set[str]:
    """The modules that a new process has after running the code, in a portal of its own."""
    portal = Portal(tmp_path, mode="production")
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, env=portal.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_process_above_knows_nothing_of_the_portal(tmp_path: Path) -> None:
    ours = {name for name in loaded("import portal.hosting", tmp_path) if name.startswith(("portal", "knowledge"))}
    assert ours == {"portal", "portal.hosting"}
    assert not {"click", "flask", "sqlalchemy", "jinja2", "granian"} & loaded("import portal.hosting", tmp_path)


def test_processes_load_no_library_that_a_portal_on_files_does_not_use(tmp_path: Path) -> None:
    modules = loaded("import portal.wsgi", tmp_path)
    spared = {"redis", "psycopg", "cryptography", "sqlalchemy.dialects.postgresql", "alembic", "webauthn"}
    assert not spared & modules


def test_a_policy_loads_the_holidays_of_its_own_countries_alone(tmp_path: Path) -> None:
    modules = loaded("from portal.sla import load_policy; load_policy('demo')", tmp_path)
    countries = {name for name in modules if name.startswith("holidays.countries.")}
    assert 0 < len(countries) < 10
