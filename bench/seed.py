"""Fills a portal for the bench: some tickets and articles made by the portal's own verbs, then copied many times."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate, product
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import Table, select

from knowledge.articles.article import Article, Category, Section
from knowledge.articles.writing import Manuscript, publish
from portal.accounts.people import User
from portal.accounts.products import Product
from portal.accounts.sessions import open_sign_in
from portal.db import db, utcnow, writing
from portal.tickets import clocks, filing
from portal.tickets.ticket import Message, Ticket, TicketEvent, new_number
from tests import cast

PATTERNS = 20
WORDS = re.findall(
    r"\w+",
    """pump sensor gateway firmware update battery signal alarm report export licence password network proxy port
    certificate backup restore sample chart calibration unit threshold reading cable antenna install window""",
)
VOCABULARY = 4_000


@cache
def spread() -> tuple[list[str], list[float]]:
    """The words of the articles, and how often the first so many of them stand there: as in natural language, the
    second half as often as the first, the third a third (Zipf). A few words are everywhere, most in few sections."""
    syllables = [a + b for a, b in product("bdfgklmnprstvz", ("an", "el", "im", "or", "u"))]
    made = ["".join(parts) for parts in product(syllables, repeat=2)]
    Random(3).shuffle(made)
    words = (WORDS + made)[:VOCABULARY]
    return words, list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))


def drawn(chance: Random, many: int) -> list[str]:
    """So many words, each as likely as it is frequent."""
    words, shares = spread()
    return chance.choices(words, cum_weights=shares, k=many)


def prose(number: int, words: int) -> str:
    """Text that differs from number to number and is the same at each run."""
    return " ".join(drawn(Random(number * 1_000 + words), words))


def seed(app: Flask, *, tickets: int, articles: int) -> dict[str, Any]:
    """People, tickets and articles; returns what the measured pages are about."""
    with app.test_request_context():
        with writing():
            world = cast.gather()
            cast.subscribe(world.heron, "business", "sla-24x5")
            db.session.commit()
        numbers = seed_tickets(world, tickets)
        slug = seed_articles(articles)
        people = {name: db.session.get_one(User, world.ids[name]) for name in ("customer", "agent")}
        with writing():
            opened = {name: open_sign_in(person, is_kept=True, now=utcnow()) for name, person in people.items()}
            keys = {name: {"_user_id": token, "sign_in": row.id} for name, (row, token) in opened.items()}
            db.session.commit()
        return {"ticket": numbers[0], "article": slug, "keys": keys}


def seed_tickets(world: cast.World, many: int) -> list[int]:
    now = utcnow()
    with writing():
        people = [db.session.get(User, world.ids[name]) for name in ("customer", "owner", "colleague")]
        product = db.session.get(Product, world.products["beacon"])
        patterns = []
        for n in range(PATTERNS):
            by = people[n % len(people)]
            assert by
            request = filing.Request(
                form_key=secrets.token_hex(16),
                subject=prose(n, 6).capitalize(),
                body=prose(n, 60),
                language="en",
                zone="Europe/Berlin",
                organisation=next(m.organisation for m in by.memberships),
                product=product,
                version="4.2.0.0",
            )
            patterns.append(filing.file_ticket(request, by=by, now=now - timedelta(hours=3 * n + 1)))
            clocks.refresh(patterns[-1], now=now)
        db.session.commit()
        numbers = [ticket.number for ticket in patterns]
        numbers += copy_tickets([ticket.id for ticket in patterns], many - PATTERNS)
        db.session.commit()
    return numbers


def copy_tickets(ids: Sequence[int], many: int, *, all_open: bool = False) -> list[int]:
    """Copies of the patterns with their messages and events; nine of ten are closed, unless all stay open."""
    table, numbers, rows = Ticket.__table__, set[int](), []
    patterns = [dict(row) for row in db.session.execute(select(table).where(table.c.id.in_(ids))).mappings()]
    first = max(ids) + 1
    while len(numbers) < many:
        numbers.add(new_number())
    for n, number in enumerate(sorted(numbers)):
        row = patterns[n % len(patterns)] | {"id": first + n, "number": number, "form_key": secrets.token_hex(16)}
        row |= {"subject": prose(n, 7).capitalize(), "updated_at": row["updated_at"] - timedelta(minutes=n)}
        if n % 10 and not all_open:
            row |= {"status": "closed", "next_due_at": None, "closed_at": row["updated_at"]}
        rows.append(row)
    insert(table, rows)
    for child in (Message.__table__, TicketEvent.__table__):
        originals = [dict(row) for row in db.session.execute(select(child)).mappings()]
        of = {ticket: [row for row in originals if row["ticket_id"] == ticket] for ticket in ids}
        unique = {"form_key": None} if "form_key" in child.c else {}
        copies = [
            {key: value for key, value in original.items() if key != "id"} | unique | {"ticket_id": row["id"]}
            for n, row in enumerate(rows)
            for original in of[patterns[n % len(patterns)]["id"]]
        ]
        insert(child, copies)
    return [row["number"] for row in rows]


def seed_articles(many: int) -> str:
    now: datetime = utcnow()
    with writing():
        db.session.add(Category(slug="guides", titles={"en": "Guides"}, descriptions={"en": "How things are done."}))
        db.session.commit()
    with writing():
        for n in range(min(PATTERNS, many)):
            publish(manuscript(n), now=now)
        db.session.commit()
        copy_articles(many)
        db.session.commit()
    return "guide-0"


def manuscript(n: int) -> Manuscript:
    paragraphs = [f"## {prose(n + i, 4).capitalize()}\n\n{prose(n * 5 + i, 70).capitalize()}." for i in range(5)]
    lists = "\n".join(f"- {prose(n + i, 8)}" for i in range(5))
    body = "\n\n".join([*paragraphs, lists, "```\nfoyer --check 4.2.0\n```"])
    title = prose(n, 5).capitalize()
    return Manuscript(f"bench-{n}", f"guide-{n}", "en", title, body, summary=prose(n, 12), category="guides")


def copy_articles(many: int) -> None:
    table, sections = Article.__table__, Section.__table__
    patterns = [dict(row) for row in db.session.execute(select(table).order_by(table.c.id)).mappings()]
    first, rows, parts = max(row["id"] for row in patterns) + 1, [], []
    for n in range(len(patterns), many):
        pattern = patterns[n % len(patterns)]
        new = {"id": first + n, "external_id": f"bench-{n}", "slug": f"guide-{n}", "title": prose(n, 5).capitalize()}
        rows.append(pattern | new)
        for part in db.session.execute(select(sections).where(sections.c.article_id == pattern["id"])).mappings():
            parts.append(dict(part) | {"article_id": first + n, "text": prose(n * 3 + part["position"], 70)})
    insert(table, rows)
    insert(sections, parts)


def insert(table: Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 500):
        db.session.execute(table.insert(), rows[start : start + 500])
