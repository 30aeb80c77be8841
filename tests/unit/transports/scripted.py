"""A clock that is set by hand and a server on loopback that answers with the exact bytes that a test writes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Writer = asyncio.StreamWriter


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        """Return the wall-clock time."""
        return datetime(2025, 3, 15, 9, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Move the clock and let the others run."""
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class Asked:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Asked, Writer], Awaitable[None]]


class ScriptedServer:
    """Answers request number n with answer number n; the last answer stands for all that follow."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[bytes | Answer] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._writers: set[Writer] = set()

    def will(self, *answers: bytes | Answer) -> None:
        """Set the answers."""
        self.answers = list(answers)

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of loopback, over TLS with a `context`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close the listener and every connection."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self._writers.add(writer)
        try:
            asked = await _read_request(reader)
            self.asked.append(asked)
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Asked(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def reply(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of a whole response."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
