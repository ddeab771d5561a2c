"""The static copy: page, feeds and JSON as files that any web server can serve, made of the document alone."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from babel import Locale
from flask import Flask
from flask_babel import force_locale, format_datetime
from markupsafe import Markup

from portal.config import Settings
from portal.status import feeds
from portal.status.answers import ANSWERS, active, answer, overall, unresolved, upcoming
from portal.status.document import INDICATORS, Document
from portal.status.words import OVERALL, STATE_NAMES, STATUS_NAMES

DOCUMENT = "document.json"
OURS = ("incidents/*/index.html", "badge/*.svg", "**/.*.new")  # what may be shown no more; other files are not ours
STATES = {worst: state for state, worst in INDICATORS.items()}


def folder_of(config: Settings) -> Path:
    """Where the copy lies."""
    return Path(config.status_folder).expanduser() if config.status_folder else config.instance / "status"


def written(folder: Path) -> Document | None:
    """The document that the copy was made of."""
    try:
        found: Document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def write(app: Flask, folder: Path, doc: Document) -> None:
    """Write every file beside its place and move it there, the page last; take away what is shown no more."""
    made = files(app, doc)
    for name, text in made.items():
        put(folder / name, text)
    for path in [path for pattern in OURS for path in folder.glob(pattern)]:
        if str(path.relative_to(folder)) not in made:
            path.unlink()


def put(path: Path, text: str) -> None:
    """All of the file or none: whoever reads meets the old one or the new one."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with open(new, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """One writer at a time, of all processes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def files(app: Flask, doc: Document) -> dict[str, str]:
    """The copy's files by name."""
    found = {f"api/v2/{name}.json": json.dumps(answer(name, doc), ensure_ascii=False) for name in ANSWERS}
    found |= {"history.atom": feeds.atom(doc), "history.rss": feeds.rss(doc), "calendar.ics": feeds.calendar(doc)}
    found["badge.svg"] = feeds.badge(doc) or ""
    found |= {f"badge/{c['slug']}.svg": feeds.badge(doc, c["slug"]) or "" for c in doc["components"] if c["slug"]}
    found["status.css"] = (Path(str(app.static_folder)) / "css" / "status-copy.css").read_text(encoding="utf-8")
    found |= _pages(app, doc)
    return found | {DOCUMENT: json.dumps(doc, ensure_ascii=False), "index.html": found["index.html"]}


def _pages(app: Flask, doc: Document) -> dict[str, str]:
    config: Settings = app.extensions["settings"]
    with app.app_context(), force_locale(config.default_locale):
        past = _marked(
            doc["incidents"] + [one for one in doc["scheduled_maintenances"] if one["status"] != "cancelled"]
        )
        known = _known(config, doc)
        made = {
            "index.html": _render(app, "index", known | {"root": ""} | _board(doc)),
            "history.html": _render(app, "history", known | {"root": "", "happened": past}),
        }
        for one in past:
            made[f"incidents/{one['id']}/index.html"] = _render(
                app, "incident", known | {"root": "../../", "incident": one}
            )
    return made


def _render(app: Flask, name: str, known: Mapping[str, Any]) -> str:
    return app.jinja_env.get_template(f"status/copy/{name}.html").render(known)


def _known(config: Settings, doc: Document) -> dict[str, Any]:
    locale = Locale.parse(config.default_locale, sep="-" if "-" in config.default_locale else "_")
    return {
        "page": doc["page"],
        "written_at": doc["written_at"],
        "locale": str(locale).replace("_", "-"),
        "direction": locale.text_direction,
        "at": lambda text: format_datetime(datetime.fromisoformat(text), "d MMM y, HH:mm z"),
        "indicators": INDICATORS,
        "state_names": STATE_NAMES,
        "status_names": STATUS_NAMES,
    }


def _board(doc: Document) -> dict[str, Any]:
    parts = [one for one in doc["components"] if not one["group"]]
    groups: list[Any] = [None, *(one for one in doc["components"] if one["group"])]
    board = [(g, [p for p in parts if p["group_id"] == (g["id"] if g else None)]) for g in groups]
    worst = overall(doc)["indicator"]
    return {
        "worst": worst,
        "overall": OVERALL[STATES[worst]],
        "current": _marked(unresolved(doc) + active(doc)),
        "planned": _marked(upcoming(doc)),
        "board": [(group, inside) for group, inside in board if inside],
    }


def _marked(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With their HTML as what it is: it was cleaned when it was written."""
    return [
        one
        | {
            "postmortem_html": Markup(one["postmortem_html"]),
            "incident_updates": [update | {"html": Markup(update["html"])} for update in one["incident_updates"]],
        }
        for one in found
    ]
