"""JSON lines: one article a line, `{"id", "title", "body", "lang", "section"?}`."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from knowledge.articles.writing import Manuscript
from knowledge.exchange.addresses import slug_of
from knowledge.exchange.files import decoded
from knowledge.exchange.intake import Incoming, Intake, Made, NewCategory, digest_of, source_of
from knowledge.exchange.report import NotTaken, Problem

LONGEST_LINE = 1024 * 1024
TEXTS = ("slug", "summary", "category", "product", "versions", "visibility", "translation_of", "status")


def read_lines(path: Path, *, lang: str | None = None, collection: str = "") -> Intake:
    """What the file brings, read line by line. `lang` is for lines that name none.

    Ids are taken as they are, or with a `collection` below its name. The keys of the front matter of Markdown may be
    there, too. A line can't be taken, the others can.
    """
    if not path.is_file():
        raise NotTaken(f"{path} is no file")
    with path.open("rb") as file:
        total = sum(chunk.count(b"\n") for chunk in iter(partial(file.read, 1 << 20), b""))
    source = source_of("jsonl", path, collection)
    return Intake(source, _items(path, lang, collection), takes_over=bool(collection), total=total)


def _items(path: Path, lang: str | None, collection: str) -> Iterator[Incoming | Problem]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            name = f"{path.name}:{number}"
            if len(line) > LONGEST_LINE:
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE)
                yield Problem(name, f"the line is longer than {LONGEST_LINE // 1024} KB")
                continue
            if not line.strip():
                continue
            try:
                row = _row(line)
                external_id = f"{collection}/{row['id']}" if collection else str(row["id"])
                if len(external_id) > 200:
                    raise NotTaken("the id is longer than 200 characters")
                yield Incoming(external_id, name, digest_of(line, lang or ""), partial(_made, row, collection, lang))
            except NotTaken as error:
                yield Problem(name, str(error))


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(decoded(line)[0].rstrip())
    except json.JSONDecodeError as error:
        raise NotTaken(f"no JSON: {error.msg} at character {error.pos + 1}") from None
    except (ValueError, RecursionError):  # a number of 5,000 digits, lists in lists without end
        raise NotTaken("no JSON that can be read") from None
    if b"\\u" in line and not _is_whole(row):
        raise NotTaken("there is half a character in it")
    if not isinstance(row, dict):
        raise NotTaken("the line is no JSON object")
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool) or row["id"] == "":
        raise NotTaken("the id is missing, or is no text or number")
    return row


def _is_whole(row: Any) -> bool:
    try:
        return bool(json.dumps(row, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False


def _made(row: dict[str, Any], collection: str, lang: str | None) -> Made:
    prefix = f"{collection}/" if collection else ""
    original = _text(row, "translation_of")
    body, title = _text(row, "body") or "", (_text(row, "title") or "").strip()
    section, category = _text(row, "section"), _text(row, "category")
    language = _text(row, "lang") or lang or ""
    if not language:
        raise NotTaken("the language is missing: give lang, or --lang")
    if section and not category:
        category = slug_of(section)[:80]
    tags = row.get("tags") or []
    if not isinstance(tags, list):
        raise NotTaken("tags must be a list")
    if not isinstance(row.get("machine_translated", False), bool):
        raise NotTaken("machine_translated is true or false")
    manuscript = Manuscript(
        external_id=f"{prefix}{row['id']}",
        slug=_text(row, "slug") or "",
        lang=language,
        title=title or _first_words(body),
        body=body,
        summary=_text(row, "summary") or "",
        category=category,
        product=_text(row, "product"),
        versions=_text(row, "versions"),
        tags=tuple(str(tag) for tag in tags),
        visibility=_text(row, "visibility") or "public",
        machine_translated=row.get("machine_translated", False),
        translation_of=f"{prefix}{original}" if original else None,
        status=_text(row, "status") or "published",
        updated_at=_moment(row.get("updated")),
    )
    categories = (NewCategory(category, {language: section[:200]}),) if section and category else ()
    return Made(manuscript, categories=categories)


def _first_words(body: str) -> str:
    """Collections without titles: the first words of the text."""
    words = " ".join(body[:400].split())
    return words if len(words) <= 80 else words[:80].rpartition(" ")[0] or words[:80]


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, dict | list | bool):
        raise NotTaken(f"{key} must be a text")
    return str(value)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise NotTaken(f"updated is no moment like 2026-11-30T12:00:00+00:00: {str(value)[:40]}") from None
    if moment.tzinfo is None:
        raise NotTaken("updated has no time zone")
    return moment
