"""The status page of the demo: what the vendor operates, what happened lately, and a maintenance ahead."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.accounts.people import User
from portal.db import db
from portal.status import maintenance, reporting, spans
from portal.status.component import Component, ComponentGroup
from portal.status.incident import Incident, IncidentTemplate
from portal.status.probe import Probe, ProbeResult
from portal.status.probing import hashed
from portal.tickets.drafts import new_key

AGENT = "agent@larkspur.example"
LANGUAGES = ("en", "de", "nl", "da", "ru", "zh")
Part = tuple[str, str, str, str]  # address, product, name in all languages, description in the first two
GROUPS: Sequence[tuple[str, Sequence[Part]]] = (
    (
        "Beacon cloud|Beacon-Cloud|Beacon-cloud|Beacon-sky|Облако Beacon|Beacon 云",
        (
            (
                "console",
                "beacon",
                "Console|Konsole|Console|Konsol|Консоль|控制台",
                "Signing in, maps and rules.|Anmeldung, Karten und Regeln.",
            ),
            (
                "alerts",
                "beacon",
                "Alerts|Alarme|Alarmen|Alarmer|Оповещения|警报",
                "By mail, text message and webhook.|Per Mail, SMS und Webhook.",
            ),
        ),
    ),
    (
        "Services|Dienste|Diensten|Tjenester|Службы|服务",
        (
            ("relay", "relay", "Relay", "Passing on what sites send.|Weiterleiten, was Standorte senden."),
            (
                "atlas",
                "atlas",
                "Atlas reports|Atlas-Berichte|Atlas-rapporten|Atlas-rapporter|Отчёты Atlas|Atlas 报表",
                "",
            ),
        ),
    ),
)
BACK = """The certificate of the console ended before it was renewed: the job that does so had been switched off with an
old server.

- Each certificate is watched now, and tells us 21 days ahead.
- The job runs on two servers."""


def told_in(text: str) -> dict[str, Any]:
    """A text by its languages."""
    return dict(zip(LANGUAGES, text.split("|"), strict=False)) if text else {}


def open_demo_status(people: Mapping[str, User], *, now: datetime) -> None:
    """Components, two incidents of the last weeks, words kept ready, and a maintenance in six days. Nobody is told."""
    parts = _components(now)
    agent, hour = people[AGENT], now.replace(minute=0, second=0, microsecond=0)
    began = hour - timedelta(days=19, hours=3)
    outage = _begin(
        "The console can't be reached", "critical", "Nobody can sign in to the console. Alerts still arrive.",
        {parts["console"].id: "major_outage"}, began, agent, now,
    )  # fmt: skip
    _say(outage, "identified", "A certificate was not renewed in time. We are putting the new one in place.",
         began + timedelta(minutes=14), agent, now)  # fmt: skip
    _say(outage, "resolved", "The console can be reached again.", began + timedelta(minutes=41), agent, now)
    reporting.look_back(
        outage,
        BACK,
        by=agent,
        now=now,
        notify=False,
    )
    slow = hour - timedelta(days=5, hours=7)
    late = _begin(
        "Alerts arrive late", "minor", "Alerts by text message take up to ten minutes.",
        {parts["alerts"].id: "degraded_performance"}, slow, agent, now,
    )  # fmt: skip
    _say(late, "resolved", "The carrier has mended its line. All alerts arrive at once again.",
         slow + timedelta(hours=2, minutes=10), agent, now)  # fmt: skip
    db.session.add(
        IncidentTemplate(
            name="Console is slow",
            title="The console is slow",
            status="investigating",
            impact="minor",
            components=[parts["console"].id],
            state="degraded_performance",
            body="Pages of the console take long. We look into it and write again within the hour.",
        )
    )
    _plan(parts["relay"], agent, hour, now)
    _watch(parts, now)


def _components(now: datetime) -> dict[str, Component]:
    made, begins = {}, now - timedelta(days=120)
    for position, (titles, rows) in enumerate(GROUPS):
        group = ComponentGroup(titles=told_in(titles), position=position)
        db.session.add(group)
        for place, (slug, product, names, words) in enumerate(rows):
            made[slug] = Component(
                slug=slug,
                product=product,
                titles=told_in(names),
                descriptions=told_in(words),
                group=group,
                position=place,
                begins_at=begins,
            )
            db.session.add(made[slug])
    db.session.flush()
    spans.redraw([part.id for part in made.values()], now=now)
    return made


def _begin(
    title: str, impact: str, body: str, components: dict[int, str], at: datetime, by: User, now: datetime
) -> Incident:
    said: dict[str, Any] = {"title": title, "impact": impact, "body": body, "status": "investigating"}
    return reporting.open_incident(
        **said, components=components, by=by, now=now, at=at, form_key=new_key(), notify=False
    )


def _say(incident: Incident, status: str, body: str, at: datetime, by: User, now: datetime) -> None:
    given: dict[str, Any] = {"by": by, "now": now, "at": at, "form_key": new_key(), "notify": False}
    reporting.add_update(incident, status=status, body=body, components={}, **given)


def _watch(parts: Mapping[str, Component], now: datetime) -> None:
    """A heartbeat that is heard once a day, and a look at the console that is switched off: both ask no network."""
    beat = Probe(
        component=parts["alerts"],
        name="Test alert of the night",
        kind="heartbeat",
        asks={},
        every=86_400,
        patience=86_400,
        token_hash=hashed(secrets.token_urlsafe(24)),
        next_at=now + timedelta(days=2),
        state="up",
        looked_at=now - timedelta(hours=6),
    )
    look = Probe(
        component=parts["console"],
        name="Console answers",
        kind="http",
        target="https://console.larkspur.example/",
        asks={"status": 200},
        is_on=False,
        state="up",
        looked_at=now - timedelta(hours=1),
    )
    db.session.add_all([beat, look])
    db.session.flush()
    for number in range(60):
        at, ms = now - timedelta(hours=1, minutes=60 - number), 90 + 37 * number % 41 + (400 if number == 22 else 0)
        db.session.add(ProbeResult(probe_id=look.id, at=at, is_up=True, latency_ms=ms))
    for day in range(14):
        at = now - timedelta(days=13 - day, hours=6)
        db.session.add(ProbeResult(probe_id=beat.id, at=at, is_up=True))


def _plan(part: Component, agent: User, hour: datetime, now: datetime) -> None:
    starts = hour + timedelta(days=6, hours=2)
    maintenance.schedule(
        title="New servers for Relay",
        body="Relay gets new servers. What sites send meanwhile is kept, and passed on afterwards.",
        starts=starts,
        ends=starts + timedelta(hours=2),
        components=[part.id],
        by=agent,
        now=now,
        form_key=new_key(),
        notify=False,
    )
