"""Topics of another forum, before they are taken: each format reads its files into these."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from knowledge.exchange.report import Problem


@dataclass(frozen=True)
class OldPost:
    """A post as Markdown. `address` is its path on the old site, or empty; `reply_to` a place among these posts."""

    body: str
    author: str
    created_at: datetime
    address: str = ""
    votes: int = 0
    reply_to: int | None = None
    is_accepted: bool = False
    edited_at: datetime | None = None


@dataclass(frozen=True)
class OldTopic:
    """A topic with its posts in order. `address`, its path on the old site, is what it is known by later."""

    address: str
    title: str
    posts: tuple[OldPost, ...]
    kind: str = "question"
    tags: tuple[str, ...] = ()
    category: str = ""
    views: int = 0
    is_locked: bool = False
    is_pinned: bool = False
    lang: str = ""
    left_out: tuple[str, ...] = field(default=())


Threads = Iterator[OldTopic | Problem]
