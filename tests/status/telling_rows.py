"""Something to tell of, and somebody to tell."""

import secrets

from flask import Flask
from sqlalchemy import insert

from portal.db import db, utcnow
from portal.status.component import Component
from portal.status.reporting import open_incident
from portal.status.subscriber import Subscriber


def a_component(slug: str, **more: object) -> int:
    row = Component(slug=slug, titles={"en": slug.capitalize()}, descriptions={}, **more)
    db.session.add(row)
    db.session.flush()
    return row.id


def reported(app: Flask, title: str = "It beeps", *, components: dict[int, str] | None = None) -> int:
    """An incident that subscribers are to hear of; the worker's jobs run after it. Returns its id."""
    incident = open_incident(
        title=title,
        impact="major",
        status="investigating",
        body="We look into it.",
        components=components or {},
        by=None,
        now=utcnow(),
        form_key=secrets.token_hex(16),
    )
    incident_id = incident.id
    db.session.commit()
    return incident_id


def subscribers(count: int, *, way: str = "email") -> None:
    """So many addresses that hear of everything."""
    now = utcnow()
    given = {"way": way, "kinds": ["maintenance", "outage"], "confirmed_at": now, "lang": "en", "zone": "UTC"}
    rows = [
        {"address": f"reader-{number}@many.example", "nonce": secrets.token_hex(16), **given} for number in range(count)
    ]
    db.session.execute(insert(Subscriber), rows)
