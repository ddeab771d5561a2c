"""CPU of the community's pages at a million posts, and of posting: `python -m bench.community`."""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import insert

from bench.pages import Page, Server, bare_page, cookie, warm
from bench.seed import drawn, seed
from knowledge.community.topic import ForumCategory, Post, Topic, TopicTag
from portal import create_app
from portal.db import db
from portal.tickets.drafts import new_key
from tests.running import Portal

BATCH = 10_000
TWENTY = 20  # posts of the topic that is measured
ENOUGH: dict[str, Any] = {
    "limit_community": "1000000 per minute",
    "limit_search": "1000000 per minute",
    "log_level": "WARNING",
}


def fill(topics: int, posts: int, author: int) -> tuple[int, int]:
    """Topics and posts straight into the database; the id of a category, and of a topic of twenty posts."""
    chance, began = Random(1), datetime(2024, 1, 1, tzinfo=UTC)
    room = ForumCategory(slug="bench", titles={"en": "Bench"}, descriptions={}, kinds=["question", "discussion"])
    db.session.add(room)
    db.session.flush()
    words = [" ".join(drawn(chance, 60)) for _ in range(200)]
    each, key = max(1, round((posts - TWENTY) / max(1, topics - 1))), 0
    for first in range(1, topics + 1, BATCH):
        rows, said, tags = [], [], []
        for number in range(first, min(first + BATCH, topics + 1)):
            at, many = began + timedelta(minutes=number), TWENTY if number == topics else each
            named = {"title": f"{words[number % 200][:60]} {number}", "slug": f"topic-{number}", "tags": ["bench"]}
            figures = {"posts": many, "votes": number % 9, "created_at": at, "bumped_at": at + timedelta(days=1)}
            rows.append(
                {"id": number, "category_id": room.id, "kind": "question", "author_id": author, **named, **figures}
            )
            tags.append({"topic_id": number, "name": "bench"})
            for place in range(1, many + 1):
                key += 1
                text = words[key % 200]
                given = {"body": text, "html": f"<p>{text}</p>", "form_key": f"bench-{key}", "created_at": at}
                said.append({"topic_id": number, "number": place, "author_id": author, **given})
        db.session.execute(insert(Topic), rows)
        db.session.execute(insert(TopicTag), tags)
        db.session.execute(insert(Post), said)
        db.session.commit()
        print(f"{first + len(rows) - 1} topics, {key} posts", file=sys.stderr)
    return room.id, topics


@contextmanager
def filled(folder: Path, topics: int, posts: int) -> Iterator[tuple[Portal, list[Page], Flask, dict[str, Any]]]:
    """The portal, and the pages to ask it for."""
    portal = Portal(folder, mode="production", web_workers=1, **ENOUGH)
    portal.run("db", "upgrade")
    app = create_app(instance=portal.instance, **portal.settings)
    made = seed(app, tickets=10, articles=10)
    with app.app_context():
        _room, topic = fill(topics, posts, int(made["keys"]["customer"].get("person", 1)))
        db.engine.dispose()
    customer = cookie(app, made["keys"]["customer"])
    there = f"/community/topic-{topic}/{topic}"
    pages = [
        Page("topic of 20 posts", there),
        Page("topic of 20 posts, signed in", there, customer),
        Page("category", "/community/category/bench"),
        Page("category, signed in", "/community/category/bench", customer),
        Page("category, unanswered", "/community/category/bench?show=unanswered"),
        Page("category, most thanks", "/community/category/bench?sort=thanks"),
        Page("community", "/community/"),
    ]
    portal.start_web()
    yield portal, pages, app, made | {"topic": topic}
    portal.stop()


def posting(app: Flask, made: dict[str, Any], times: int) -> float:
    """CPU milliseconds of one answer, the whole request: the median of so many, by a test client."""
    app.config["WTF_CSRF_ENABLED"] = False
    name, value = cookie(app, made["keys"]["agent"]).split("=", 1)
    client, spent = app.test_client(), []
    client.set_cookie(name, value)
    for number in range(times):
        text = {"body": f"Press it **{number}** times.\n\n> It beeps\n\n`restart`", "form_key": new_key()}
        before = time.process_time()
        answer = client.post(f"/community/topic/{made['topic']}/reply", data=text)
        spent.append((time.process_time() - before) * 1000)
        assert answer.status_code == 302, answer.text[:500]
    return statistics.median(spent)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--topics", type=int, default=100_000)
    options.add_argument("--posts", type=int, default=1_000_000)
    options.add_argument("--requests", type=int, default=200, help="requests per page and round")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            bare_page(folder) as (bare, plain),
            filled(folder, chosen.topics, chosen.posts) as (portal, pages, app, made),
        ):
            assert portal.web
            web = Server(portal.web, portal.port)
            warm(bare, [plain])
            warm(web, pages)
            for _ in range(chosen.rounds):
                plain.plain.append(bare.measure(plain, chosen.requests))
                for page in pages:
                    page.plain.append(web.measure(page, chosen.requests))
            unit = statistics.median(plain.plain)
            print("| page | KB | CPU ms | × bare |\n|---|---:|---:|---:|")
            for page in (plain, *pages):
                cpu = statistics.median(page.plain)
                print(f"| {page.name} | {page.size / 1000:.1f} | {cpu:.2f} | {cpu / unit:.1f} |")
            print(f"\nPosting an answer, the whole request: {posting(app, made, chosen.requests):.1f} ms CPU.")


if __name__ == "__main__":
    main()
