"""What a request asks for: arguments of the address, and bodies held against the published schemas."""

import base64
import binascii
import json
from collections.abc import Callable, Container
from datetime import UTC, datetime
from functools import cache
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from portal.api.schemas import BODIES
from portal.errors import Problem

MOST_LISTED = 100
LONGEST_WORD = 200
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def word(name: str) -> str:
    """An argument of the address as plain text; empty when it isn't there."""
    text = request.args.get(name, "").replace("\0", "").strip()
    if len(text) > LONGEST_WORD:
        raise Problem(400, f"{name}: at most {LONGEST_WORD} characters.")
    return text


def choice(name: str, valid: Container[str]) -> str:
    asked = word(name)
    if name in request.args and asked not in valid:
        raise Problem(400, f"{name}: one of {', '.join(valid)}.")  # type: ignore[arg-type]
    return asked


def whole(name: str, otherwise: int, least: int, most: int) -> int:
    text = word(name)
    if name not in request.args:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most):
        raise Problem(400, f"{name}: a whole number from {least} to {most}.")
    return int(text)


def page_size() -> int:
    return whole("limit", 25, 1, MOST_LISTED)


def moment(name: str) -> datetime | None:
    """An instant of RFC 3339, with its offset."""
    text = word(name)
    if name not in request.args:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a plus in an address that nobody has escaped
        if at.tzinfo is None or not EARLIEST <= at <= LATEST:
            raise ValueError
    except (ValueError, OverflowError):
        raise Problem(400, f"{name}: an instant such as 2026-11-23T09:00:00Z.") from None
    return at.astimezone(UTC)


def cursor() -> tuple[datetime, int] | None:
    """Where the page before ended, out of what it gave as `next`."""
    text = word("cursor")
    if not text:
        return None
    try:
        at, _bar, key = base64.urlsafe_b64decode(text).decode().partition("|")
        last = datetime.fromisoformat(at)
        if last.tzinfo is None or not EARLIEST <= last <= LATEST or not 0 < int(key) < 2**31:
            raise ValueError
    except (ValueError, OverflowError, binascii.Error):
        raise Problem(400, "cursor: what an earlier answer gave as next.") from None
    return last, int(key)


def cursor_after(at: datetime, key: int) -> str:
    return base64.urlsafe_b64encode(f"{at.astimezone(UTC).isoformat()}|{key}".encode()).decode()


def body(name: str) -> dict[str, Any]:
    """The JSON of the request, or the text fields of its form, as its schema has it. Files are read elsewhere."""
    sent = _fields(name) if request.mimetype == "multipart/form-data" else _json()
    import fastjsonschema  # with the first write: the processes that serve pages alone go without

    try:
        _check_of(name)(sent)
    except fastjsonschema.JsonSchemaValueException as wrong:
        field = ".".join(str(part) for part in wrong.path[1:])
        raise Problem(422, "The body is not as documented.", errors=[(field, _said(wrong.message))]) from None
    return sent


def _json() -> Any:
    if not request.is_json:
        raise UnsupportedMediaType("Send application/json, or multipart/form-data with files.")
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest("Nested too deep.") from None


def _fields(name: str) -> dict[str, Any]:
    """A form's fields in the types of the schema: a form knows texts alone."""
    kinds = BODIES[name]["properties"]
    found: dict[str, Any] = {}
    for key, text in request.form.items():
        kind = kinds.get(key, {}).get("type")
        if kind == "boolean" and text in ("true", "false"):
            found[key] = text == "true"
        elif kind == "integer" and text.isascii() and text.isdecimal() and len(text) < 12:
            found[key] = int(text)
        elif kind == "object":
            found[key] = _read(text)
        else:
            found[key] = text
    return found


def _read(text: str) -> Any:
    """The JSON in a field of a form; text that is none stays text, which the schema refuses."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@cache
def _check_of(name: str) -> Callable[[Any], Any]:
    import fastjsonschema

    check: Callable[[Any], Any] = fastjsonschema.compile(BODIES[name])
    return check


def _said(message: str) -> str:
    """What the library says, without its name for the whole and without repeating what was sent."""
    return " ".join(message.replace("data.", "").replace("data ", "the body ").split())[:200]
