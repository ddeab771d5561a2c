"""Saying what happens while the database is away: a file beside the copy, taken into the database when it is back."""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.db import db, writing
from portal.errors import Refused
from portal.status import reporting
from portal.status.component import STATES, Component, new_public_id
from portal.status.copying import put
from portal.status.document import Document
from portal.status.incident import IMPACTS, INCIDENT, INCIDENT_STATUSES, OVER, Incident
from portal.tickets.conversation import clean, one_line
from portal.tickets.prose import prose

log = logging.getLogger(__name__)

Entry = dict[str, Any]


class NotPosted(Exception):
    """What was asked for can't be posted; the text says why."""


def queue_of(folder: Path) -> Path:
    """Beside the copy, so that no web server shows what waits."""
    return folder.with_name(f"{folder.name}.queue")


def waiting(folder: Path, *, suffix: str = ".json") -> list[tuple[Path, Entry]]:
    """What was posted and isn't in the database yet, the oldest first."""
    found = []
    for path in sorted(queue_of(folder).glob(f"*{suffix}")):
        try:
            found.append((path, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:
            log.warning("a posted file can't be read", extra={"path": str(path)}, exc_info=error)
    return found


def post(folder: Path, entry: Entry) -> None:
    """Keep it for the database. The name gives the order."""
    stamp = entry["at"].replace(":", "").replace("+0000", "Z")
    put(queue_of(folder) / f"{stamp}-{entry['key']}.json", json.dumps(entry, ensure_ascii=False))


def entry_of(
    doc: Document,
    *,
    title: str,
    body: str,
    impact: str,
    status: str,
    components: dict[str, str],
    incident: str | None,
    now: datetime,
) -> Entry:
    """What to post, by the document that is shown now. Raises `NotPosted`."""
    known = {one["slug"] for one in doc["components"] if one["slug"]}
    if unknown := sorted(set(components) - known):
        raise NotPosted(f"unknown component {unknown[0]!r} (valid: {', '.join(sorted(known)) or 'none'})")
    if set(components.values()) - set(STATES) or impact not in IMPACTS or status not in INCIDENT_STATUSES:
        raise NotPosted("choose a state, an impact and a status that exist")
    there = next((one for one in doc["incidents"] if one["id"] == incident), None)
    if incident and there is None:
        current = ", ".join(one["id"] for one in doc["incidents"] if one["status"] not in OVER)
        raise NotPosted(f"unknown incident {incident!r} (valid: {current or 'none'})")
    title, body = one_line(title)[:200], clean(body)
    if not incident and not title:
        raise NotPosted("a new incident needs a title")
    return {
        "key": new_public_id(),
        "incident": incident or new_public_id(),
        "is_new": not incident,
        "title": title,
        "impact": impact,
        "status": status,
        "body": body or title or "This is resolved.",
        "components": components,
        "at": now.isoformat(timespec="milliseconds"),
    }


def applied(doc: Document, entry: Entry) -> Document:
    """The document with what was posted; with it once, however often it is applied."""
    if any(entry["key"] == update["id"] for one in doc["incidents"] for update in one["incident_updates"]):
        return doc
    over = entry["status"] in OVER
    old = next((one for one in doc["incidents"] if one["id"] == entry["incident"]), None) or _new(doc, entry)
    touched = {one["slug"]: one["status"] for one in old["components"]} | entry["components"]
    if over:
        touched = dict.fromkeys(touched, "operational")
    elsewhere = {
        part["slug"]
        for one in doc["incidents"]
        if one["id"] != old["id"] and one["status"] not in OVER
        for part in one["components"]
    }
    # A component that another open incident holds stays as it is: the copy doesn't know what that one claims.
    states = {slug: state for slug, state in touched.items() if slug in entry["components"] or slug not in elsewhere}
    components = [
        one | ({"status": states[one["slug"]], "updated_at": entry["at"]} if one["slug"] in states else {})
        for one in doc["components"]
    ]
    new = old | {
        "status": entry["status"],
        "updated_at": entry["at"],
        "resolved_at": (old["resolved_at"] or entry["at"]) if over else None,
        "components": [one for one in components if one["slug"] in touched],
        "incident_updates": [_update(doc, entry), *old["incident_updates"]],
    }
    others = [one for one in doc["incidents"] if one["id"] != new["id"]]
    page = doc["page"] | {"updated_at": entry["at"]}
    return doc | {"page": page, "components": components, "incidents": [new, *others], "written_at": entry["at"]}


def _new(doc: Document, entry: Entry) -> dict[str, Any]:
    return {
        "id": entry["incident"],
        "name": entry["title"],
        "status": entry["status"],
        "created_at": entry["at"],
        "updated_at": entry["at"],
        "monitoring_at": None,
        "resolved_at": None,
        "impact": entry["impact"],
        "shortlink": f"{doc['page']['url']}/incidents/{entry['incident']}",
        "started_at": entry["at"],
        "page_id": doc["page"]["id"],
        "incident_updates": [],
        "components": [],
        "reminder_intervals": None,
        "sequence": 0,
        "postmortem_html": "",
    }


def _update(doc: Document, entry: Entry) -> dict[str, Any]:
    by_slug = {one["slug"]: one for one in doc["components"]}
    affected = [
        {"code": by_slug[slug]["id"], "name": by_slug[slug]["name"], "old_status": by_slug[slug]["status"]}
        | {"new_status": state}
        for slug, state in entry["components"].items()
        if slug in by_slug
    ]
    return {
        "id": entry["key"],
        "status": entry["status"],
        "body": entry["body"],
        "html": str(prose(entry["body"])),
        "incident_id": entry["incident"],
        "created_at": entry["at"],
        "updated_at": entry["at"],
        "display_at": entry["at"],
        "affected_components": affected,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def merge(folder: Path, *, now: datetime) -> int:
    """Take what waits into the database, each in a transaction of its own and once; returns how many were."""
    taken = 0
    for path, entry in waiting(folder):
        try:
            with writing():
                taken += _take(entry, now)
                db.session.commit()
        except (Refused, KeyError, ValueError, TypeError) as error:
            db.session.rollback()
            log.warning("what was posted can't be taken in", extra={"path": str(path)}, exc_info=error)
            path.rename(path.with_suffix(".refused"))
            continue
        path.unlink()
    return taken


def _take(entry: Entry, now: datetime) -> bool:
    form_key, at = f"offline.{entry['key']}", min(datetime.fromisoformat(entry["at"]), now)
    if reporting.said_with(form_key) or reporting.said_with(f"{form_key}.1"):
        return False
    slugs = db.session.execute(select(Component.slug, Component.id).where(Component.slug.in_(entry["components"])))
    components = {row.id: entry["components"][row.slug] for row in slugs}
    given: dict[str, Any] = {"status": entry["status"], "body": entry["body"], "components": components}
    given |= {"by": None, "now": now, "at": at, "form_key": form_key}
    incident = db.session.scalar(select(Incident).filter_by(public_id=entry["incident"], kind=INCIDENT))
    if incident is None:
        source = {"source": "offline", "source_key": entry["incident"], "impact": entry["impact"]}
        title = entry["title"] or entry["body"]
        incident = reporting.open_incident(title=title, **source, **given)
        incident.public_id, update = entry["incident"], incident.updates[-1]
    else:
        update = reporting.add_update(incident, **given)
    update.public_id = entry["key"]
    return True
