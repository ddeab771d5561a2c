"""A folder of manuals and downloads: files, and a `documents.toml` that says what they are."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from knowledge.documents.moving import note_move, was_at
from knowledge.documents.writing import SLUG, add_document
from knowledge.exchange.enclosures import file_below
from knowledge.exchange.files import read_text
from knowledge.exchange.markdown import LARGEST_LIST, quoted
from knowledge.exchange.report import NotTaken
from portal.errors import Refused

LIST = "documents.toml"
TEXTS = ("slug", "title", "kind", "product", "version", "lang", "summary", "visibility", "status")


def read_documents(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, table) of each `[[document]]`. Raises `NotTaken` without a list that can be read."""
    file = path / LIST
    if not file.is_file():
        raise NotTaken(f"there is no {file}")
    try:
        tables = tomllib.loads(read_text(file, most=LARGEST_LIST)).get("document", [])
    except (NotTaken, ValueError, RecursionError) as error:
        raise NotTaken(f"{file}: {str(error)[:200]}") from None
    for number, table in enumerate(tables if isinstance(tables, list) else [], 1):
        fields = table if isinstance(table, dict) else {}
        yield str(fields.get("file") or f"{LIST}: document {number}"), fields


def take_document(path: Path, table: dict[str, Any], *, now: datetime) -> None:
    """Add the document of one table, or bring it up to date. Raises `NotTaken` with what is wrong with it."""
    if unknown := sorted(set(table) - {*TEXTS, "file", "id", "old_addresses"}):
        raise NotTaken(f"unknown key: {', '.join(unknown)}")
    for key in ("file", "slug", "title"):
        if not isinstance(table.get(key), str) or not table[key]:
            raise NotTaken(f"{key} is missing")
    once = table.get("old_addresses") or []
    if not isinstance(once, list) or not all(isinstance(slug, str) and SLUG.fullmatch(slug) for slug in once):
        raise NotTaken("old_addresses must be a list of addresses")
    file = file_below(path, path, quoted(table["file"]))
    fields: dict[str, Any] = {key: str(table[key]) for key in TEXTS if table.get(key) is not None}
    parts = (fields["slug"], fields.get("version", ""), fields.get("lang", ""))
    fields |= {"filename": file.name, "external_id": str(table.get("id") or "/".join(("document", *parts)))}
    try:
        with file.open("rb") as stream:
            document = add_document(fields, stream, by=None, now=now)
    except Refused as error:
        raise NotTaken(str(error)) from None
    for slug in once:
        if slug != document.slug and not was_at(document, slug):
            note_move(document, slug)
