"""Logs as one JSON object a line: request ids and routes, never a question, a document's text or a path."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from typing import Any

log = logging.getLogger("ragkb.server")


class JsonLine(logging.Formatter):
    """A record as JSON. Line breaks and terminal codes come out escaped."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line.update(cause(record.exc_info[1]))
        return json.dumps(line)


def write(level: int, event: str, **fields: object) -> None:
    """Logs an event with its fields."""
    log.log(level, event, extra={"fields": fields})


def cause(error: BaseException) -> dict[str, str]:
    """Kind and place of an error. Its message stays out: a library may have put a document's text there."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "at": " < ".join(reversed(frames[-6:]))}


def to_stderr() -> None:
    """Sends this server's log, and uvicorn's warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine())
    for name, level in (("ragkb.server", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
