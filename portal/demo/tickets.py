"""Tickets of the demo's last days: filed, triaged, answered, waiting, resolved, and one that is late."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.accounts.people import User
from portal.accounts.products import Product
from portal.db import db
from portal.tickets import clocks, conversation, filing, progress, satisfaction, tags, tasks
from portal.tickets.ticket import Ticket

AGENT, SECOND = "agent@larkspur.example", "second@larkspur.example"


@dataclass(frozen=True)
class Act:
    """What somebody did, so many hours after the ticket was filed."""

    after: float
    verb: str  # triage, reply, ask, note, answer, resolve, rate, assign, tag, task
    text: str = ""
    by: str = AGENT


@dataclass(frozen=True)
class Story:
    """A ticket filed so many hours ago, and what became of it."""

    hours_ago: float
    asker: str
    subject: str
    body: str
    severity: str | None = None
    product: str = "beacon"
    version: str | None = "4.2.1.0"
    topic: str = "product"
    acts: tuple[Act, ...] = ()


STORIES = (
    Story(
        150,
        "mira@tidewater.example",
        "Pump house 3 shows no readings since the console update",
        "After we went from 4.1.3 to 4.2.1 the agents of pump house 3 connect, but their charts stay empty.\n\n"
        "The agent log repeats:\n\n    BCN-2003: schema mismatch, expected 42, got 41",
        "high",
        acts=(
            Act(0.4, "triage", "high"),
            Act(0.5, "assign", AGENT),
            Act(0.6, "tag", "schema, update"),
            Act(
                1.2,
                "ask",
                "Thank you, that line tells a lot. Could you run the schema step from the article on BCN-2003 and "
                "send us the last fifty lines of the agent log?",
            ),
            Act(
                20,
                "answer",
                "Done. The readings came back two minutes later. The log is clean now.",
                "mira@tidewater.example",
            ),
            Act(21, "resolve", "Good to hear. I'll resolve this; a reply opens it again."),
            Act(22, "rate", "Quick, and it told us what was wrong.", "mira@tidewater.example"),
        ),
    ),
    Story(
        70,
        "lena@alpenwerk.example",
        "Relay verliert nachts die Verbindung",
        "Jede Nacht gegen 02:00 Uhr meldet das Relay im Werk Süd RLY-0412. Morgens läuft alles wieder.",
        "normal",
        product="relay",
        version="2.7.4.0",
        acts=(
            Act(1, "assign", SECOND, SECOND),
            Act(1, "tag", "clock", SECOND),
            Act(1.1, "note", "Clock skew, most likely: their NTP server restarts at two.", SECOND),
            Act(
                1.5,
                "ask",
                "Guten Tag Frau Hofer, RLY-0412 heißt, dass die Uhr des Relays zu weit abweicht. Welchen Zeitserver "
                "nutzt es, und was geschieht dort gegen 02:00 Uhr?",
                SECOND,
            ),
        ),
    ),
    Story(
        30,
        "sam@brightfield.example",
        "Weekly report is rendered twice",
        "Since Monday two copies of the weekly report arrive, a minute apart. Same content.",
        "low",
        product="atlas",
        version="6.1.0.0",
        acts=(
            Act(2, "triage", "low"),
            Act(2.1, "tag", "reports"),
            Act(2.2, "task", "Ask the atlas team whether the scheduler ran twice"),
        ),
    ),
    Story(
        26,
        "wei@harbourlight.example",
        "安装后控制台无法登录",
        "按照安装指南完成后，浏览器提示 BCN-1215，无法登录控制台。版本 4.2.1。",
        "high",
    ),
    Story(
        5,
        "jonas@tidewater.example",
        "Alarm-Mails kommen mit Verspätung an",
        "Die Mails zu Alarmen treffen erst nach zehn Minuten ein. Im Protokoll steht nichts Auffälliges.",
        "normal",
    ),
    Story(
        3,
        "petra@tidewater.example",
        "Invoice for the additional seats",
        "We added five seats last week. When does the invoice for them arrive, and can it go to our new address?",
        topic="billing",
        version=None,
    ),
    Story(
        0.6,
        "mira@tidewater.example",
        "All sites silent after the certificate change",
        "We renewed the console's certificate this morning. Since then no agent of any site connects: BCN-1042.",
        "critical",
    ),
)


def file_demo_tickets(people: Mapping[str, User], products: Mapping[str, Product], *, now: datetime) -> None:
    """File every story through the ordinary verbs, at its own time."""
    for story in STORIES:
        filed_at = now - timedelta(hours=story.hours_ago)
        ticket = _file(story, people[story.asker], products, filed_at)
        for act in story.acts:
            _do(act, ticket, people, now=filed_at + timedelta(hours=act.after))
        clocks.refresh(ticket, now=now)


def _file(story: Story, asker: User, products: Mapping[str, Product], filed_at: datetime) -> Ticket:
    request = filing.Request(
        form_key=secrets.token_urlsafe(24),
        subject=story.subject,
        body=story.body,
        language=asker.locale or "en",
        zone=asker.zone or "UTC",
        topic=story.topic,
        organisation=db.session.scalar(asker.organisations().limit(1)),
        product=None if story.topic == "billing" else products[story.product],
        version=story.version,
        severity=story.severity,
    )
    return filing.file_ticket(request, by=asker, now=filed_at)


def _do(act: Act, ticket: Ticket, people: Mapping[str, User], *, now: datetime) -> None:
    by = people[act.by]
    match act.verb:
        case "triage":
            progress.triage(ticket, act.text, by=by, now=now)
        case "assign":
            progress.assign(ticket, people[act.text], by=by, now=now)
        case "note":
            conversation.note(ticket, act.text, by=by, now=now)
        case "resolve":
            progress.resolve(ticket, act.text, by=by, now=now)
        case "rate":
            satisfaction.rate(ticket, "good", act.text, by=by, now=now)
        case "tag":
            tags.tag(ticket, tags.read_names(act.text), by=by, now=now)
        case "task":
            tasks.add_task(ticket, act.text, person=by, due_on=None, by=by, now=now)
        case _:
            conversation.reply(ticket, act.text, by=by, now=now, wait=act.verb == "ask")
