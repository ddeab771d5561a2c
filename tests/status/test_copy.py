"""The static copy: served by a plain web server, written whole, posted to while the database is away."""

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import db, utcnow, writing
from portal.jobs import run_due
from portal.status import copying, offline, refreshing, reporting
from portal.status.component import Component
from portal.status.incident import Incident, IncidentUpdate
from tests import cast
from tests.status.rows import component


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def folder(app: Flask, world: cast.World) -> Path:
    """The copy of a portal with a public component, a hidden one, and an incident of both."""
    with app.app_context():
        with writing():
            shown, hidden = component("console"), component("vault", visibility="staff")
            given: dict[str, Any] = {"by": None, "now": utcnow(), "form_key": "a", "impact": "minor"}
            both = {shown.id: "degraded_performance", hidden.id: "major_outage"}
            reporting.open_incident(
                title="It is <slow>", status="investigating", body="We look.", components=both, **given
            )
            db.session.commit()
        run_due()
        return copying.folder_of(app.extensions["settings"])


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    """A web server that knows nothing but files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read(address: str) -> str:
    with urlopen(address) as answer:
        return str(answer.read().decode())


def posted(app: Flask, **asked: Any) -> str:
    given: dict[str, Any] = {
        "title": "",
        "body": "",
        "impact": "major",
        "status": "investigating",
        "components": {},
        "incident": None,
    }
    with app.app_context():
        return str(refreshing.post_offline(now=utcnow(), **{**given, **asked})["incident"])


def test_page_feeds_and_answers_are_files(app: Flask, folder: Path, served: str) -> None:
    page = read(f"{served}/")
    assert "It is &lt;slow&gt;" in page and "Console" in page and 'href="status.css"' in page
    incident = json.loads(read(f"{served}/api/v2/incidents.json"))["incidents"][0]
    assert "We look." in read(f"{served}/incidents/{incident['id']}")
    assert "It is &lt;slow&gt;" in read(f"{served}/history.atom") and "<rss" in read(f"{served}/history.rss")
    assert "BEGIN:VCALENDAR" in read(f"{served}/calendar.ics") and "Degraded" in read(f"{served}/badge/console.svg")
    assert read(f"{served}/api/v2/summary.json") == json.dumps(
        app.test_client().get("/api/v2/summary.json").get_json(), ensure_ascii=False
    )


def test_nothing_hidden_lies_in_the_copy(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files and not [path for path in files if "vault" in f"{path}{path.read_text()}".lower()]


def test_what_is_hidden_later_leaves_the_copy(app: Flask, folder: Path) -> None:
    (folder / "robots.txt").write_text("of the web server")
    with app.app_context():
        part = db.session.scalars(select(Component).filter_by(slug="console")).one()
        part.visibility = "staff"
        db.session.commit()
        refreshing.take_in()
    assert not (folder / "badge" / "console.svg").exists() and "Console" not in (folder / "index.html").read_text()
    assert not list((folder / "incidents").rglob("*.html"))
    assert (folder / "robots.txt").exists()


def test_links_lead_where_the_copy_is_served(app: Flask, folder: Path, served: str) -> None:
    app.extensions["settings"]["status_url"] = f"{served}/"
    with app.app_context():
        refreshing.take_in()
    summary = json.loads(read(f"{served}/api/v2/summary.json"))
    assert summary["page"]["url"] == served and "We look." in read(summary["incidents"][0]["shortlink"])


def test_a_copy_that_was_lost_comes_back(app: Flask, folder: Path) -> None:
    (folder / copying.DOCUMENT).unlink()
    with app.app_context():
        refreshing.take_in()
    before = (folder / "index.html").stat().st_ino
    with app.app_context():
        refreshing.take_in()
    assert (folder / "index.html").stat().st_ino == before  # nothing had changed


def test_an_incident_is_posted_without_the_database(
    app: Flask, folder: Path, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the database was asked")

    with monkeypatch.context() as patched:
        patched.setattr("sqlalchemy.engine.Engine.connect", away)
        made = posted(app, title="All is dark", components={"console": "major_outage"})
        assert "All is dark" in read(f"{served}/") and "All is dark" in read(f"{served}/incidents/{made}")
        summary = json.loads(read(f"{served}/api/v2/summary.json"))
        assert summary["status"]["indicator"] == "critical" and summary["incidents"][0]["id"] == made
        posted(app, incident=made, status="resolved", body="Light again.")
        assert "Light again." in read(f"{served}/history.atom")
    with app.app_context():
        refreshing.take_in()
        refreshing.take_in()
        incident = db.session.scalars(select(Incident).filter_by(public_id=made)).one()
        assert (incident.title, incident.source, incident.status) == ("All is dark", "offline", "resolved")
        assert [update.body for update in incident.updates] == ["All is dark", "Light again."]
        assert db.session.scalar(select(func.count(IncidentUpdate.id))) == 3
        assert not offline.waiting(folder)
    told = json.loads(read(f"{served}/api/v2/incidents.json"))["incidents"]
    assert [one["id"] for one in told].count(made) == 1


def test_a_file_that_is_left_behind_is_taken_in_once(app: Flask, folder: Path) -> None:
    posted(app, title="All is dark", components={"console": "major_outage"})
    (path, entry), text = offline.waiting(folder)[0], offline.waiting(folder)[0][0].read_text()
    with app.app_context():
        refreshing.take_in()
        path.write_text(text)  # as when the worker dies between its transaction and the file
        refreshing.take_in()
        assert db.session.scalar(select(func.count(Incident.id)).filter_by(source_key=entry["incident"])) == 1
    assert not path.exists()


def test_what_cannot_be_taken_in_is_put_aside(app: Flask, folder: Path) -> None:
    posted(app, title="All is dark")
    path, entry = offline.waiting(folder)[0]
    path.write_text(json.dumps(entry | {"status": "gone"}))
    with app.app_context():
        refreshing.take_in()
        assert db.session.scalar(select(func.count(Incident.id)).filter_by(source="offline")) == 0
    assert path.with_suffix(".refused").exists() and not path.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"title": "X", "components": {"vault": "major_outage"}}, "unknown component 'vault' (valid: console)"),
        ({"title": "X", "components": {"console": "shut"}}, "choose a state"),
        ({"title": " "}, "needs a title"),
        ({"incident": "nothing"}, "unknown incident 'nothing'"),
    ],
)
def test_what_is_wrong_is_said(app: Flask, folder: Path, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(offline.NotPosted, match=said.replace("(", r"\(").replace(")", r"\)")):
        posted(app, **asked)
    assert not offline.waiting(folder)


def test_the_command_posts(app: Flask, folder: Path) -> None:
    from click.testing import CliRunner
    from flask.cli import ScriptInfo

    from portal.status.cli import status

    given = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
    answer = CliRunner().invoke(status, ["post", "--title", "Dark", "--component", "console"], obj=given)
    assert answer.exit_code == 0 and answer.output.startswith("Posted as ")
    wrong = CliRunner().invoke(status, ["post", "--title", "Dark", "--component", "vault"], obj=given)
    assert wrong.exit_code == 2 and "unknown component 'vault'" in wrong.output
