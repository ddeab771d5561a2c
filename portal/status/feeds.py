"""Feeds, calendar and badges, made of the document. Pure: the portal and the static copy give the same ones."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from portal.status.answers import overall
from portal.status.document import INDICATORS, OVERALL, Document

MOST = 30
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_COLOURS = {"none": "#2a7a4b", "maintenance": "#3566a8", "minor": "#8a6100", "major": "#a84a00", "critical": "#b3261e"}
_WORDS = {
    "none": "Operational",
    "maintenance": "Maintenance",
    "minor": "Degraded",
    "major": "Partial outage",
    "critical": "Major outage",
}
_CALENDAR_STATUS = {"cancelled": "CANCELLED"}


def atom(doc: Document) -> str:
    """Incidents and maintenance by RFC 4287, what changed last first."""
    page = doc["page"]
    entries = "".join(
        f"<entry><title>{_text(one['name'])}</title><id>{_text(one['shortlink'])}</id>"
        f"<link href={quoteattr(one['shortlink'])}/><published>{one['created_at']}</published>"
        f"<updated>{one['updated_at']}</updated>"
        f'<content type="html">{_text(_said(one))}</content></entry>\n'
        for one in _newest(doc)
    )
    updated = page["updated_at"] or doc["written_at"]
    own = f"{page['url']}/history.atom"
    return (
        f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><title>{_text(page["name"])}</title><id>{_text(own)}</id>'
        f'<link rel="self" href={quoteattr(own)}/><link href={quoteattr(page["url"] + "/")}/>'
        f"<updated>{updated}</updated><author><name>{_text(page['name'])}</name></author>\n{entries}</feed>\n"
    )


def rss(doc: Document) -> str:
    """The same by RSS 2.0."""
    page = doc["page"]
    items = "".join(
        f"<item><title>{_text(one['name'])}</title><link>{_text(one['shortlink'])}</link>"
        f'<guid isPermaLink="true">{_text(one["shortlink"])}</guid>'
        f"<pubDate>{format_datetime(_moment(one['created_at']))}</pubDate>"
        f"<description>{_text(_said(one))}</description></item>\n"
        for one in _newest(doc)
    )
    built = format_datetime(_moment(page["updated_at"] or doc["written_at"]))
    return (
        f'{_HEAD}<rss version="2.0"><channel><title>{_text(page["name"])}</title><link>{_text(page["url"])}/</link>'
        f"<description>{_text(OVERALL[overall(doc)['indicator']])}</description><lastBuildDate>{built}</lastBuildDate>\n"
        f"{items}</channel></rss>\n"
    )


def calendar(doc: Document) -> str:
    """Planned maintenance by RFC 5545. An event keeps its UID, its SEQUENCE rises, and a cancelled one stays."""
    host = urlsplit(doc["page"]["url"]).hostname or "localhost"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Foyer//status//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines += [f"X-WR-CALNAME:{_escaped(doc['page']['name'])}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for one in doc["scheduled_maintenances"]:
        if one["scheduled_for"] and one["scheduled_until"]:
            lines += [
                "BEGIN:VEVENT",
                f"UID:{one['id']}@{host}",
                f"SEQUENCE:{one['sequence']}",
                f"DTSTAMP:{_utc(one['updated_at'])}",
                f"LAST-MODIFIED:{_utc(one['updated_at'])}",
                f"DTSTART:{_utc(one['scheduled_for'])}",
                f"DTEND:{_utc(one['scheduled_until'])}",
                f"SUMMARY:{_escaped(one['name'])}",
                f"DESCRIPTION:{_escaped(one['incident_updates'][0]['body'] if one['incident_updates'] else '')}",
                f"LOCATION:{_escaped(', '.join(part['name'] for part in one['components']))}",
                f"URL:{one['shortlink']}",
                f"STATUS:{_CALENDAR_STATUS.get(one['status'], 'CONFIRMED')}",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
            ]
    return "".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def badge(doc: Document, slug: str | None = None) -> str | None:
    """A picture of the state of everything, or of one component; None for a component that visitors don't know."""
    if slug is None:
        return _badge(doc["page"]["name"], overall(doc)["indicator"])
    for one in doc["components"]:
        if one["slug"] == slug:
            return _badge(one["name"], INDICATORS[one["status"]])
    return None


def _badge(name: str, worst: str) -> str:
    name, said = name[:40], _WORDS[worst]
    left, right = _width(name), _width(said)
    whole, label = left + right, quoteattr(f"{name}: {said}")
    texts = "".join(
        f'<text x="{x / 2:g}" y="14">{_text(words)}</text>' for x, words in ((left, name), (left * 2 + right, said))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label={label}>'
        f"<title>{_text(name)}: {_text(said)}</title>"
        f'<rect width="{whole}" height="20" rx="3" fill="#40464d"/>'
        f'<rect x="{left}" width="{right}" height="20" rx="3" fill="{_COLOURS[worst]}"/>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g>'
        "</svg>\n"
    )


def _width(words: str) -> int:
    """Wide letters such as those of Chinese take twice the room."""
    return 12 + sum(7 if ord(letter) < 0x1100 else 13 for letter in words)


def _newest(doc: Document) -> list[dict[str, Any]]:
    both = doc["incidents"] + [one for one in doc["scheduled_maintenances"] if one["status"] != "cancelled"]
    return sorted(both, key=lambda one: (one["updated_at"], one["id"]), reverse=True)[:MOST]


def _said(one: dict[str, Any]) -> str:
    """The updates, the newest first. Their HTML was cleaned when it was written."""
    told = [
        f"<p><b>{_text(u['status'])}</b> · {_text(u['display_at'])}</p>{u['html']}" for u in one["incident_updates"]
    ]
    return _NO_XML.sub("", one["postmortem_html"]) + "".join(told)


def _text(value: str) -> str:
    return escape(_NO_XML.sub("", value))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _utc(text: str) -> str:
    return _moment(text).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(value: str) -> str:
    value = _NO_XML.sub("", value).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of 75 octets at most, none cut within a letter (RFC 5545, 3.1)."""
    pieces, piece, size = [], "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > 75:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + letter, size + octets
    return "\r\n".join([*pieces, piece]) + "\r\n"
