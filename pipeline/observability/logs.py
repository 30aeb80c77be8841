"""Logs of a role: one JSON object per line on standard error, with secrets replaced, tracebacks without local variables.

Fields: `ts` (RFC 3339, UTC), `level`, `role`, `instance`, `event` (what happened, in words), `logger`, and what the call added by `extra`.
Uncaught errors of the main thread and of others become log lines too.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from pipeline.observability.redaction import redact
from pipeline.printable import printable

QUIET = {"faust": logging.WARNING, "mode": logging.WARNING, "aiokafka": logging.ERROR, "kafka": logging.WARNING, "httpx": logging.WARNING,
         "httpcore": logging.WARNING, "asyncio": logging.WARNING, "librdkafka": logging.ERROR}  # fmt: skip
"""What libraries may say from which level on: the rest is told by our own lines, once and in words."""
REPETITIVE = ("librdkafka", "aiokafka", "kafka", "faust", "mode")
SAME_AGAIN_AFTER = 30.0
"""Seconds before a library may say the same again: while a broker is away some repeat themselves several times a second."""


_MODE = "[^"
"""How Faust's service library begins its lines about services that start and stop, under whatever logger: our own lines say that."""


class OnceInAWhile(logging.Filter):
    """Lets a library's line pass when it has not said the same (but for its numbers) lately."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` returns seconds that never go back."""
        super().__init__()
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether this line is news."""
        if record.levelno <= logging.INFO and isinstance(record.msg, str) and record.msg.startswith(_MODE):
            return False
        root = record.name.partition(".")[0]
        if root not in REPETITIVE:
            return True
        now = self._monotonic()
        self._said = {key: at for key, at in self._said.items() if now - at < SAME_AGAIN_AFTER}
        key = (root, re.sub(r"\d+", "0", record.getMessage()))
        if key in self._said:
            return False
        self._said[key] = now
        return True


class JsonLines(JsonFormatter):
    """Writes a record as one line of JSON."""

    def __init__(self, *, role: str, instance: str) -> None:
        """`role` and `instance` stand in every line."""
        super().__init__("%(message)s", rename_fields={"message": "event"}, json_ensure_ascii=False)
        self._role, self._instance = role, instance

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put our fields first, then what the call added."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data.update(ts=at, level=record.levelname.lower(), role=self._role, instance=self._instance)
        super().add_fields(log_data, record, message_dict)
        log_data["logger"] = record.name
        log_data.pop("taskName", None)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, redacted and printable as a whole: also what a library put into an exception's text."""
        return printable(redact(super().format(record)))


class Lines(logging.Formatter):
    """Writes a record as one line for a person."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level where it matters, and what happened."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        text = f"{at} {level}{record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        return printable(redact(text))


def configure(*, role: str, instance: str, human: bool = False, level: int = logging.INFO, out: logging.Handler | None = None) -> None:
    """Send all logging of this process to standard error (or to `out`), in lines of JSON or for a person."""
    out = out or logging.StreamHandler(sys.stderr)
    out.setFormatter(Lines() if human else JsonLines(role=role, instance=instance))
    out.addFilter(OnceInAWhile())  # on the way out: lines of every logger pass here
    logging.basicConfig(handlers=[out], level=level, force=True)
    logging.raiseExceptions = False  # whoever read our standard error is gone: that is no reason to fail
    logging.captureWarnings(True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    sys.excepthook = _uncaught
    threading.excepthook = lambda caught: _uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    if error is None or issubclass(kind, SystemExit | KeyboardInterrupt):
        return
    logging.getLogger("uncaught").critical(
        "an error that nobody expected: %s: %s", kind.__name__, error, extra={"traceback": "".join(traceback.format_tb(where))}
    )
