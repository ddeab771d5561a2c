"""Discourse: an export of categories or topics (one JSON object with `topics` and `users`), or pages `/t/….json`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from knowledge.exchange.report import NotTaken, Problem
from knowledge.exchange.stack_exchange import moment_of, text_of
from knowledge.exchange.threads import OldPost, OldTopic, Threads

_QUOTE = re.compile(r'\[quote(?:="?(?P<who>[^",\]]*)[^\]]*)?\]\n?(?P<text>.*?)\n?\[/quote\]', re.S | re.I)
LONGEST = 512 * 1024 * 1024


def read_discourse(path: Path) -> Threads:
    """Raises `NotTaken` for what is no such export."""
    files = sorted(path.glob("**/*.json")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise NotTaken(f"there is no {path}")
    for file in files:
        try:
            yield from _topics(_object(file), file.name)
        except NotTaken as error:
            if not path.is_dir():
                raise
            yield Problem(file.name, str(error))


def _object(file: Path) -> Mapping[str, Any]:
    if file.stat().st_size > LONGEST:
        raise NotTaken("it has more than 512 MB: export it category by category")
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise NotTaken("it is no JSON") from None
    if not isinstance(found, dict) or not ("topics" in found or "post_stream" in found):
        raise NotTaken("it is no export of Discourse: there is neither topics nor post_stream in it")
    return found


def _topics(found: Mapping[str, Any], file: str) -> Iterator[OldTopic | Problem]:
    users = {user.get("id"): user for user in _dicts(found.get("users"))}
    rooms = {room.get("id"): str(room.get("slug") or "") for room in _dicts(found.get("categories"))}
    for topic in _dicts(found.get("topics")) if "topics" in found else [found]:
        name = f"{file}: topic {topic.get('id')}"
        try:
            yield _topic(topic, users, rooms)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield Problem(name, f"something is missing or of another kind ({type(error).__name__}: {error})")


def _topic(topic: Mapping[str, Any], users: Mapping[Any, Any], rooms: Mapping[Any, str]) -> OldTopic:
    number, left_out = int(topic["id"]), list[str]()
    rows = _dicts(topic.get("posts")) or _dicts((topic.get("post_stream") or {}).get("posts"))
    rows = [row for row in rows if row.get("post_type", 1) == 1 and not row.get("deleted_at") and not row.get("hidden")]
    rows.sort(key=lambda row: int(row["post_number"]))
    if not rows:
        raise ValueError("no post that is shown")
    places = {int(row["post_number"]): place for place, row in enumerate(rows, 1)}
    accepted = _accepted(topic)
    return OldTopic(
        address=f"/t/{number}",
        title=str(topic["title"]).strip(),
        posts=tuple(_post(row, number, places, accepted, users, left_out) for row in rows),
        kind="question" if accepted or topic.get("is_question") else "discussion",
        tags=tuple(str(tag["name"] if isinstance(tag, dict) else tag) for tag in topic.get("tags") or ()),
        category=rooms.get(topic.get("category_id"), ""),
        views=int(topic.get("views") or 0),
        is_locked=bool(topic.get("closed") or topic.get("archived")),
        is_pinned=bool(topic.get("pinned") or topic.get("pinned_globally")),
        left_out=tuple(dict.fromkeys(left_out)),
    )


def _post(
    row: Mapping[str, Any],
    topic: int,
    places: Mapping[int, int],
    accepted: Mapping[str, Any],
    users: Mapping[Any, Any],
    left_out: list[str],
) -> OldPost:
    number, made = int(row["post_number"]), moment_of(str(row["created_at"]))
    if made is None:
        raise ValueError("a post without a date")
    user = users.get(row.get("user_id"), {})
    raw = row.get("raw")
    said = _QUOTE.sub(_quoted, str(raw)) if raw is not None else text_of(str(row["cooked"]), left_out)
    is_accepted = accepted.get("post_number") == number or accepted.get("id") == row.get("id", 0)
    return OldPost(
        body=said,
        author=str(row.get("name") or row.get("username") or user.get("name") or user.get("username") or "")[:100],
        created_at=made,
        address=f"/t/{topic}/{number}",
        votes=max(0, int(row.get("like_count") or row.get("score") or 0)) if "like_count" in row else 0,
        reply_to=places.get(int(row.get("reply_to_post_number") or 0)),
        is_accepted=number > 1 and bool(row.get("accepted_answer") is True or is_accepted),
    )


def _accepted(topic: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the plugin for accepted answers names the post, in pages and in exports."""
    told = topic.get("accepted_answer")
    if isinstance(told, dict):
        return told
    number = topic.get("accepted_answer_post_id")
    return {"id": number} if number else {}


def _quoted(found: re.Match[str]) -> str:
    who = f"**{found['who'].strip()}**\n" if found["who"] else ""
    return "\n".join(f"> {line}" for line in f"{who}{found['text'].strip()}".splitlines()) + "\n\n"


def _dicts(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
