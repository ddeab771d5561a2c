"""Logs to standard error: a line a request, as text for people or JSON for machines. Never bodies or secrets."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from flask import Flask, g, has_app_context

from portal.config import Settings

ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {key: value for key, value in vars(record).items() if key not in ORDINARY}
    if "request" not in fields and has_app_context() and "request_id" in g:
        fields["request"] = g.request_id
    return fields


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": stamp, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        line |= _fields(record)
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextLines(logging.Formatter):
    """The same for people: time, level, message, then key=value."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        pairs = " ".join(f"{key}={value}" for key, value in _fields(record).items() if value is not None)
        line = _one_line(f"{stamp} {record.levelname:<7} {record.getMessage()} {pairs}".rstrip())
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _one_line(text: str) -> str:
    """What an address holds must not look like another line, nor move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def init_logs(app: Flask, config: Settings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if config.log_format == "json" else TextLines())
    logger = logging.getLogger("portal")
    logger.handlers = [handler]
    logger.propagate = bool(config.get("testing"))
    logger.setLevel("WARNING" if config.get("testing") else config.log_level)
    app.logger.setLevel(logger.level)
