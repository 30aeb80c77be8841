"""What the supervisor writes: its own lines and those of its children, never waiting for who reads them.

A reader that stops reading (a full pipe) must not stop the pipeline: lines wait in a bounded queue, then they are dropped and counted.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from datetime import datetime
from typing import Any, TextIO

from pipeline.printable import lines_of, printable

QUEUE_MAX = 10_000
_STANDARD = {"ts", "level", "role", "instance", "event", "logger", "traceback", "exc_info"}


class Output:
    """Writes lines to a stream from a thread of its own."""

    def __init__(self, stream: TextIO) -> None:
        """`stream` is usually standard error."""
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(QUEUE_MAX)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self._thread.start()

    def line(self, text: str) -> None:
        """Write a line soon, or drop it when thousands wait already."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def close(self, *, within: float = 2.0) -> None:
        """Write what waits, for at most `within` seconds."""
        try:
            self._lines.put(None, timeout=within)
        except queue.Full:
            return
        self._thread.join(within)

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            try:
                if self._dropped:
                    dropped, self._dropped = self._dropped, 0
                    self._stream.write(f"{dropped} lines were dropped because nobody read them\n")
                self._stream.write(text + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                continue  # the reader is gone; the pipeline goes on


class ToOutput(logging.Handler):
    """Sends log records of the supervisor itself into its output."""

    def __init__(self, output: Output) -> None:
        """Send to `output`."""
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and hand it over."""
        self._output.line(self.format(record))


def structured(role: str, raw: str) -> dict[str, Any]:
    """Return a child's line as an object: as it is when it is one of our log lines, else wrapped."""
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if isinstance(found, dict) and "event" in found:
        return found
    return {"level": "info", "role": role, "event": raw}


def for_person(role: str, line: dict[str, Any]) -> str:
    """Return a child's line as one line for a person."""
    level = str(line.get("level", "info"))
    mark = "" if level in ("info", "debug") else f"{level}: "
    extra = " ".join(f"{name}={value}" for name, value in line.items() if name not in _STANDARD)
    text = printable(f"{_local_time(line.get('ts'))} {role:<10} {mark}{line['event']}{'  ' + extra if extra else ''}")
    where = line.get("traceback") or line.get("exc_info")
    return lines_of(f"{text}\n{where}") if where else text


def _local_time(stamp: object) -> str:
    try:
        return datetime.fromisoformat(str(stamp)).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "        "
