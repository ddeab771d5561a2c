"""Bringing the topics of another forum in: read, take a hundred in each transaction, have the search learn of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from knowledge.community.topic import ForumCategory, address_in
from knowledge.exchange.discourse import read_discourse
from knowledge.exchange.report import NotTaken, Problem, Report
from knowledge.exchange.stack_exchange_topics import read_stack_exchange
from knowledge.exchange.taking_topics import BATCH, take
from knowledge.exchange.threads import OldTopic, Threads
from knowledge.exchange.topic_lines import read_topic_lines
from portal.db import db, writing

READERS: Mapping[str, Callable[[Path], Threads]] = {
    "stackexchange": read_stack_exchange,
    "discourse": read_discourse,
    "jsonl": read_topic_lines,
}


def import_all(
    kind: str, path: Path, category: str, *, lang: str, collection: str = "", is_rehearsal: bool = False
) -> tuple[Report, int]:
    """What was done, and how many posts were taken. Raises `NotTaken` when nothing can be read.

    `collection` names one of several forums whose addresses would be the same.
    """
    report, posts, topics = Report(), 0, READERS[kind](path)
    if collection:
        topics = (one if isinstance(one, Problem) else _of(collection, one) for one in topics)
    while portion := list(islice(topics, BATCH)):
        with writing():
            room = db.session.scalar(select(ForumCategory).where(ForumCategory.slug == category))
            if room is None:
                raise NotTaken(f"there is no category {category!r} in the community")
            posts += take(portion, room, report, lang=lang)
            db.session.rollback() if is_rehearsal else db.session.commit()
    return report, posts


def _of(collection: str, topic: OldTopic) -> OldTopic:
    posts = (replace(one, address=one.address and address_in(collection, one.address)) for one in topic.posts)
    return replace(topic, address=address_in(collection, topic.address), posts=tuple(posts))
