"""Topics as lines of JSON, one topic a line: docs/import.md has the fields."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from knowledge.community.topic import KINDS
from knowledge.exchange.report import NotTaken, Problem
from knowledge.exchange.stack_exchange import moment_of
from knowledge.exchange.threads import OldPost, OldTopic, Threads

LONGEST_LINE = 16 * 1024 * 1024


def read_topic_lines(path: Path) -> Threads:
    """Raises `NotTaken` when there is no such file."""
    if not path.is_file():
        raise NotTaken(f"there is no {path}")
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if line.strip():
                try:
                    yield _topic(json.loads(line))
                except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                    yield Problem(f"{path.name}: line {number}", f"{type(error).__name__}: {error}")


def _topic(row: Mapping[str, Any]) -> OldTopic:
    kind = str(row.get("kind", "question"))
    if kind not in KINDS:
        raise ValueError(f"no kind of topic is called {kind!r}")
    posts = tuple(_post(post) for post in row["posts"])
    if not posts:
        raise ValueError("it has no posts")
    address = str(row["address"])
    if not address.startswith("/"):
        raise ValueError("an address begins with /")
    given: dict[str, Any] = {"tags": tuple(map(str, row.get("tags", ()))), "category": str(row.get("category", ""))}
    given |= {"is_locked": row.get("locked") is True, "is_pinned": row.get("pinned") is True}
    given |= {"lang": str(row.get("lang", ""))[:20], "views": int(row.get("views", 0))}
    return OldTopic(address=address, title=str(row["title"]).strip(), posts=posts, kind=kind, **given)


def _post(row: Mapping[str, Any]) -> OldPost:
    made = moment_of(str(row["created_at"]))
    if made is None:
        raise ValueError("created_at is no date")
    given: dict[str, Any] = {"address": str(row.get("address", "")), "votes": max(0, int(row.get("votes", 0)))}
    given |= {"is_accepted": row.get("accepted") is True, "reply_to": row.get("reply_to")}
    return OldPost(body=str(row["body"]), author=str(row.get("author", ""))[:100], created_at=made, **given)
