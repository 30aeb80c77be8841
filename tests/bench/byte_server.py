"""A venue of nothing but bytes: `python -m tests.bench.byte_server PORT_FILE EVENTS` blasts a body that was built before.

It answers just what ingest asks before it reads a stream (token, identity, empty lists). When the stream's headers leave, the monotonic
time is written to `PORT_FILE.began`; one writer, no parsing, no clock in the loop, so that the reader is what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from tests.bench.documents import PARTY, document

PIECE_EVENTS = 80
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _replies() -> dict[bytes, bytes]:
    documents = {
        b"/auth/token": {"access_token": "t" * 40, "token_type": "Bearer", "expires_in": 3600},
        b"/api/v1/whoami": {"party_id": PARTY, "schema_version": "v2", "role": "CUSTODIAN"},
        b"/api/v1/orders": [],
    }
    replies = {}
    for path, data in documents.items():
        body = {"data": data, "meta": {"request_id": "r-1"}}
        if path == b"/api/v1/orders":
            body["pagination"] = {"page": 1, "page_size": 100, "total_items": 0, "total_pages": 0}
        text = json.dumps(body).encode()
        replies[path] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
    return replies


def body_pieces(events: int) -> list[bytes]:
    """Return the stream's body in chunks of about 56 KiB, ready for the socket."""
    pieces = []
    for first in range(0, events, PIECE_EVENTS):
        frames = (b"event: order_updated\ndata: %s\n\n" % document(number) for number in range(first, min(first + PIECE_EVENTS, events)))
        piece = b"".join(frames)
        pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    return pieces


class _Venue:
    def __init__(self, events: int, began: Path) -> None:
        self._replies, self._pieces, self._began = _replies(), body_pieces(events), began

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.split(b"\r\n")
                path = lines[0].split(b" ")[1].partition(b"?")[0]
                lengths = [int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length:")]
                await reader.readexactly(sum(lengths))
                if path == b"/api/v1/orders/events":
                    return await self._blast(writer)
                writer.write(self._replies[path])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _blast(self, writer: asyncio.StreamWriter) -> None:
        with self._began.open("a") as lines:
            lines.write(f"{time.monotonic()}\n")
        writer.write(_HEAD)
        for piece in self._pieces:
            writer.write(piece)
            await writer.drain()
        await asyncio.Event().wait()  # a venue's stream stays open


async def _main(port_file: Path, events: int) -> None:
    venue = _Venue(events, port_file.with_suffix(".began"))
    server = await asyncio.start_server(venue.serve, "127.0.0.1", 0)
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(server.sockets[0].getsockname()[1]))
    draft.rename(port_file)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
