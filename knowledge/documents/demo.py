"""The demo's manuals: PDFs of our own (`scripts/manuals.py` sets them), one of them in two versions and languages."""

from datetime import datetime
from pathlib import Path
from typing import Final

from knowledge.documents.writing import add_document

FOLDER: Final = Path(__file__).parent.parent / "demo" / "documents"
HANDBOOK: Final = {"slug": "beacon-handbook", "kind": "manual", "product": "beacon"}
DOCUMENTS: Final = {
    "beacon-handbook-4.2-en.pdf": {
        **HANDBOOK,
        "version": "4.2",
        "lang": "en",
        "title": "Beacon handbook",
        "summary": "Installing Beacon, enrolling sensors, setting alarms, and what the error codes mean.",
    },
    "beacon-handbook-4.2-de.pdf": {
        **HANDBOOK,
        "version": "4.2",
        "lang": "de",
        "title": "Beacon-Handbuch",
        "summary": "Beacon installieren, Sensoren anmelden und Alarme einstellen.",
    },
    "beacon-handbook-4.1-en.pdf": {
        **HANDBOOK,
        "version": "4.1",
        "lang": "en",
        "title": "Beacon handbook",
        "summary": "Installing Beacon, enrolling sensors and setting alarms.",
    },
    "relay-installation-en.pdf": {
        "slug": "relay-installation",
        "kind": "manual",
        "product": "relay",
        "lang": "en",
        "title": "Relay installation sheet",
        "summary": "Mounting the gateway, its first start, and how to reset it.",
    },
    "beacon-sensors.csv": {
        "slug": "beacon-sensors",
        "kind": "download",
        "product": "beacon",
        "version": "4.2",
        "title": "Spreadsheet for enrolling sensors",
        "summary": "Fill in one row for each sensor, and enrol them all at once.",
    },
}


def add_demo_documents(*, now: datetime) -> None:
    """Add them, or bring them up to date. The caller commits."""
    for filename, fields in DOCUMENTS.items():
        with (FOLDER / filename).open("rb") as stream:
            add_document({**fields, "filename": filename, "external_id": f"demo/{filename}"}, stream, by=None, now=now)
