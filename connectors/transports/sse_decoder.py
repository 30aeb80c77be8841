"""Server-sent events: bytes in, frames out, without a socket.

Follows the HTML standard of the WHATWG, sections "Parsing an event stream" and "Interpreting an event stream". It
promises that the frames do not depend on where the network cuts the bytes, and that memory stays bounded whatever the
other side sends: a line or an event beyond the limits is reported as an `OversizedFrame` with its digest and its first
bytes, and the stream goes on with the next event.

The data of a frame is kept as the bytes that came, because their digest is evidence; `Frame.text` is the view that the
standard describes (UTF-8, invalid bytes replaced).

`python -m connectors.transports.sse_decoder < body` prints one JSON line per dispatched event.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

KIB: Final = 1024

# An event of the known venues has a few hundred bytes; 256 KiB is room for a thousand times that and still so little
# that thousands of waiting events fit into memory.
EVENT_BYTES_MAX: Final = 256 * KIB
# A data line that fits into an event, with room for the field's name.
LINE_BYTES_MAX: Final = EVENT_BYTES_MAX + 8 * KIB
# The id goes back in a request header, and servers commonly refuse header lines beyond 8 KiB.
ID_BYTES_MAX: Final = 4 * KIB
# What is kept of an oversized event beside its digest: an event twice as large as allowed can still be requeued whole.
EVIDENCE_BYTES_MAX: Final = 512 * KIB
# Python refuses to read longer decimal integers; nobody waits that many milliseconds.
RETRY_DIGITS_MAX: Final = 4_000

_LIMIT_FLOOR: Final = 64  # an over-long line must at least show which field it is, and how a type begins
_KNOWN_TYPES_MAX: Final = 256
_BOM: Final = b"\xef\xbb\xbf"

EX_DATAERR: Final = 65


@dataclass(frozen=True, slots=True)
class Frame:
    """One dispatched event; `data` are the data lines joined by LF, before decoding."""

    type: str
    data: bytes
    last_event_id: str

    @property
    def text(self) -> str:
        """Return the data as the standard shows it: UTF-8, invalid bytes replaced by U+FFFD."""
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class OversizedFrame:
    """An event that was refused for its size; the stream went on after it.

    `size` (bytes) and `sha256` are those of the data lines joined by LF, as for any other frame; `head` is the
    beginning of the same bytes. `ordinal` counts the frames of this connection from 1 and tells which one it was.
    """

    reason: Literal["line", "event", "type"]
    type: str
    last_event_id: str
    size: int
    sha256: str
    head: bytes
    ordinal: int


class _Excess:
    """The data of an event beyond the limits: digest and size of all of it, bytes of its beginning only."""

    __slots__ = ("_digest", "_evidence_bytes_max", "_lines", "head", "reason", "size")

    def __init__(self, reason: Literal["line", "event", "type"], evidence_bytes_max: int) -> None:
        self._digest = hashlib.sha256()
        self._evidence_bytes_max = evidence_bytes_max
        self._lines = 0
        self.head = bytearray()
        self.reason: Literal["line", "event", "type"] = reason
        self.size = 0

    @property
    def has_data(self) -> bool:
        return self._lines > 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def add_line(self, value: bytes) -> None:
        if self._lines:
            self.extend(b"\n")
        self._lines += 1
        self.extend(value)

    def extend(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.size += len(piece)
        if len(self.head) < self._evidence_bytes_max:
            self.head += piece[: self._evidence_bytes_max - len(self.head)]


class SseDecoder:
    """Decodes the body of one response; feed it chunks of any size.

    Attributes to read: `last_event_id` (of the last blank line), `reconnection_time` (milliseconds of the last valid
    `retry`, unclamped, or None), and the counters `bytes_fed`, `frames`, `comments`, `ids_refused`.
    """

    __slots__ = (
        "_at_start",
        "_block_bytes_max",
        "_data",
        "_data_bytes",
        "_event_bytes_max",
        "_evidence_bytes_max",
        "_excess",
        "_id",
        "_id_bytes_max",
        "_known_types",
        "_lf_belongs_to_cr",
        "_line_bytes_max",
        "_piece_bytes",
        "_pieces",
        "_skipping",
        "_type",
        "bytes_fed",
        "comments",
        "frames",
        "ids_refused",
        "last_event_id",
        "reconnection_time",
    )

    def __init__(
        self,
        *,
        last_event_id: str = "",
        line_bytes_max: int = LINE_BYTES_MAX,
        event_bytes_max: int = EVENT_BYTES_MAX,
        id_bytes_max: int = ID_BYTES_MAX,
        evidence_bytes_max: int = EVIDENCE_BYTES_MAX,
    ) -> None:
        """Start before the first byte of a body; `last_event_id` is the one that the request carried."""
        if line_bytes_max < _LIMIT_FLOOR:
            raise ValueError(f"line_bytes_max is {line_bytes_max}, at least {_LIMIT_FLOOR} is needed")
        self._line_bytes_max = line_bytes_max
        self._event_bytes_max = event_bytes_max
        self._id_bytes_max = id_bytes_max
        self._evidence_bytes_max = evidence_bytes_max
        # A block of lines up to this size cannot break any limit but that of the id.
        self._block_bytes_max = min(line_bytes_max, event_bytes_max)
        self._known_types: dict[bytes, str] = {b"": "message"}

        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self.bytes_fed = 0
        self.frames = 0
        self.comments = 0
        self.ids_refused = 0

        self._at_start = True
        self._lf_belongs_to_cr = False
        self._id = last_event_id
        # The line that has begun: its pieces, or what is done with the rest of one that is too long.
        self._pieces: list[bytes] = []
        self._piece_bytes = 0
        self._skipping: Literal["data", "rest"] | None = None
        # The event that has begun.
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._type = b""
        self._excess: _Excess | None = None

    @property
    def in_frame(self) -> bool:
        """Tell whether the bytes so far end inside an event, so that a cut here loses one."""
        if self._excess is not None or self._data or self._type:
            return True
        if self._skipping is not None:
            return self._skipping == "data"
        return bool(self._pieces) and not self._pieces[0].startswith(b":")

    def feed(self, chunk: bytes) -> list[Frame | OversizedFrame]:
        """Take the next bytes of the body and return the events that they complete."""
        self.bytes_fed += len(chunk)
        out: list[Frame | OversizedFrame] = []
        text = self._normalised(chunk)
        if b"\n" not in text:
            self._keep(text)
            return out
        if self._skipping is not None:
            text = self._skip_line(text)
        elif self._pieces:
            text = b"".join(self._pieces) + text
            self._clear_line()

        start = self._finish_open_event(text, out)
        last = text.rfind(b"\n\n", start)
        if last >= 0:
            self._decode_blocks(text[start:last].split(b"\n\n"), out)
            start = last + 2
        lines = text[start:].split(b"\n")
        rest = lines.pop()
        for line in lines:
            self._decode_line(line, out)
        self._keep(rest)
        return out

    def end(self) -> None:
        """Take note of the end of the body: the incomplete event is discarded, as the standard asks."""
        self._clear_line()
        self._clear_event()
        self._id = self.last_event_id

    # --- lines ---------------------------------------------------------------------------------------------------

    def _normalised(self, chunk: bytes) -> bytes:
        """Return the chunk with LF as its only line end, without the byte order mark at the start of the body."""
        if self._at_start:
            chunk = self._without_bom(chunk)
        if not chunk:
            return chunk
        if self._lf_belongs_to_cr:
            self._lf_belongs_to_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._lf_belongs_to_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _without_bom(self, chunk: bytes) -> bytes:
        chunk = b"".join(self._pieces) + chunk
        self._clear_line()
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._keep(chunk)  # the next bytes tell whether this is the mark
            return b""
        self._at_start = False
        return chunk.removeprefix(_BOM)

    def _keep(self, piece: bytes) -> None:
        """Keep the beginning of a line whose end has not come yet, up to the limit."""
        if not piece:
            return
        if self._skipping is not None:
            if self._skipping == "data" and self._excess is not None:
                self._excess.extend(piece)
            return
        self._pieces.append(piece)
        self._piece_bytes += len(piece)
        if self._piece_bytes > self._line_bytes_max:
            line = b"".join(self._pieces)
            self._clear_line()
            self._skipping = self._open_long_line(line)

    def _skip_line(self, text: bytes) -> bytes:
        """Leave an over-long line behind and return what follows its end."""
        rest_of_line, _, following = text.partition(b"\n")
        self._keep(rest_of_line)
        self._clear_line()
        return following

    def _open_long_line(self, line: bytes) -> Literal["data", "rest"]:
        """Take up the beginning (or all) of an over-long line and tell what to do with the rest of it."""
        if line.startswith(b"data:"):
            self._exceed("line").add_line(line[6:] if line.startswith(b"data: ") else line[5:])
            return "data"
        if line.startswith(b"event:"):
            self._exceed("type")
            # So much of the line has come whenever it is known to be too long, however it was cut.
            self._type = line[len(b"event:") : _LIMIT_FLOOR].removeprefix(b" ")
        elif line.startswith(b"id:"):
            self.ids_refused += 1
        elif line.startswith(b":"):
            self.comments += 1
        return "rest"

    def _decode_line(self, line: bytes, out: list[Frame | OversizedFrame]) -> None:
        if not line:
            self._dispatch(out)
            return
        if len(line) > self._line_bytes_max:
            self._open_long_line(line)
            return
        name, colon, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._add_data(value)
        elif name == b"event":
            self._type = value
        elif name == b"id":
            self._take_id(value)
        elif name == b"retry":
            if value.isdigit() and len(value) <= RETRY_DIGITS_MAX:
                self.reconnection_time = int(value)
        elif colon and not name:
            self.comments += 1

    def _take_id(self, value: bytes) -> None:
        if b"\0" in value:
            return
        if len(value) > self._id_bytes_max:
            self.ids_refused += 1  # the older id stands: a resume then repeats events, it never skips any
            return
        self._id = value.decode("utf-8", "replace")

    def _add_data(self, value: bytes) -> None:
        if self._excess is not None:
            self._excess.add_line(value)
            return
        size = self._data_bytes + len(value) + (1 if self._data else 0)
        if size > self._event_bytes_max:
            self._exceed("event").add_line(value)
            return
        self._data.append(value)
        self._data_bytes = size

    # --- events --------------------------------------------------------------------------------------------------

    def _finish_open_event(self, text: bytes, out: list[Frame | OversizedFrame]) -> int:
        """Decode single lines until no event is open; return where whole events begin (or where the lines end)."""
        start = 0
        while self._data or self._type or self._excess is not None:
            end = text.find(b"\n", start)
            if end < 0:
                break
            self._decode_line(text[start:end], out)
            start = end + 1
        return start

    def _decode_blocks(self, blocks: list[bytes], out: list[Frame | OversizedFrame]) -> None:
        """Decode whole events; the shape that venues send (a type line, one data line) goes without detours."""
        types = self._known_types
        block_bytes_max = self._block_bytes_max
        for block in blocks:
            head, _, tail = block.partition(b"\n")
            if tail.startswith(b"data: ") and head.startswith(b"event: ") and b"\n" not in tail and len(block) <= block_bytes_max:
                kind = head[7:]
                self.last_event_id = self._id
                self.frames += 1
                out.append(Frame(types.get(kind) or self._type_text(kind), tail[6:], self.last_event_id))
                continue
            for line in block.split(b"\n"):
                self._decode_line(line, out)
            self._dispatch(out)

    def _dispatch(self, out: list[Frame | OversizedFrame]) -> None:
        """Dispatch the event at a blank line, if it has a data line."""
        self.last_event_id = self._id
        excess = self._excess
        if excess is not None:
            if excess.has_data:
                self.frames += 1
                out.append(self._oversized(excess))
        elif self._data:
            self.frames += 1
            # `_data` itself is not empty when its only line is: that event is dispatched with empty data.
            out.append(Frame(self._type_text(self._type), b"\n".join(self._data), self.last_event_id))
        self._clear_event()

    def _oversized(self, excess: _Excess) -> OversizedFrame:
        return OversizedFrame(
            reason=excess.reason,
            type=self._type_text(self._type),
            last_event_id=self.last_event_id,
            size=excess.size,
            sha256=excess.sha256,
            head=bytes(excess.head),
            ordinal=self.frames,
        )

    def _exceed(self, reason: Literal["line", "event", "type"]) -> _Excess:
        if self._excess is None:
            self._excess = _Excess(reason, self._evidence_bytes_max)
            for value in self._data:
                self._excess.add_line(value)
            self._data = []
            self._data_bytes = 0
        return self._excess

    def _type_text(self, raw: bytes) -> str:
        known = self._known_types.get(raw)
        if known is not None:
            return known
        text = raw.decode("utf-8", "replace")
        if len(raw) <= _LIMIT_FLOOR and len(self._known_types) < _KNOWN_TYPES_MAX:
            self._known_types[raw] = text
        return text

    def _clear_line(self) -> None:
        self._pieces = []
        self._piece_bytes = 0
        self._skipping = None

    def _clear_event(self) -> None:
        self._data = []
        self._data_bytes = 0
        self._type = b""
        self._excess = None


def check_response(status: int, content_type: str | None) -> str | None:
    """Return why a response is no event stream, or None if it is one.

    The status has to be exactly 200 and the essence of the media type exactly `text/event-stream`, in any case.
    Parameters are allowed and ignored: the standard always decodes as UTF-8.
    """
    if status != 200:
        return f"status {status}, expected 200"
    if content_type is None:
        return "no media type, expected text/event-stream"
    essence = content_type.partition(";")[0].strip(" \t\r\n")
    if essence.lower() != "text/event-stream":
        return f"media type {essence[:100]!r}, expected text/event-stream"
    return None


# --- python -m connectors.transports.sse_decoder ---------------------------------------------------------------------


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers") from error
    if any(size < 0 for size in sizes):
        raise argparse.ArgumentTypeError("a chunk cannot have a negative size")
    return sizes


def _size(text: str) -> int:
    sizes = _sizes(text)
    if len(sizes) != 1 or sizes[0] < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not one whole number from 1")
    return sizes[0]


def _chunks(body: BinaryIO, chunk: int | None, sizes: Sequence[int] | None) -> Iterator[bytes]:
    """Cut the body: into the given sizes and one last chunk, or into chunks of one size."""
    if sizes is not None:
        for size in sizes:
            yield body.read(size)
        yield body.read()
        return
    while piece := body.read(chunk or 64 * KIB):
        yield piece


def _lines(frames: Sequence[Frame | OversizedFrame]) -> Iterator[str]:
    for frame in frames:
        if isinstance(frame, OversizedFrame):
            sys.stderr.write(
                f"event {frame.ordinal} not dispatched: its {frame.reason} is too long"
                f" ({frame.size} bytes of data, sha256 {frame.sha256})\n"
            )
        else:
            yield _json_line(type=frame.type, data=frame.text, last_event_id=frame.last_event_id)


def _json_line(**members: object) -> str:
    return json.dumps(members) + "\n"  # ASCII only: no reader can mistake U+2028 or U+0085 for a line end


def main(arguments: Sequence[str] | None = None) -> int:
    """Decode standard input to JSON lines; return 0, or 65 when status or media type is refused."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.transports.sse_decoder",
        description="Decode the body of an event stream from standard input to JSON lines, by the HTML standard.",
        epilog=(
            f"Limits: a line has at most {LINE_BYTES_MAX} bytes, the data of an event {EVENT_BYTES_MAX}, an id"
            f" {ID_BYTES_MAX}. A larger event is not dispatched, which is noted on standard error, and decoding goes"
            f" on with the next one; a larger id is ignored; over-long lines that carry neither data nor a type are"
            f" ignored; a retry of more than {RETRY_DIGITS_MAX} digits is ignored. Exit codes: 0 decoded,"
            f" 2 usage, {EX_DATAERR} status or media type refused."
        ),
    )
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument("--chunk", type=_size, metavar="N", help="feed the body in chunks of N bytes")
    cut.add_argument("--chunks", type=_sizes, metavar="N,N,…", help="feed chunks of these sizes, then the rest as one last chunk")
    parser.add_argument("--status", type=int, default=200, metavar="N", help="status of the response (default: 200)")
    parser.add_argument("--content-type", default="text/event-stream", metavar="CT", help="media type (default: text/event-stream)")
    options = parser.parse_args(arguments)

    refusal = check_response(options.status, options.content_type)
    if refusal is not None:
        sys.stderr.write(f"refused: {refusal}\n")
        return EX_DATAERR

    decoder = SseDecoder()
    for piece in _chunks(sys.stdin.buffer, options.chunk, options.chunks):
        sys.stdout.writelines(_lines(decoder.feed(piece)))
    decoder.end()
    sys.stdout.write(_json_line(end=True, last_event_id=decoder.last_event_id, reconnection_time=decoder.reconnection_time))
    return 0


if __name__ == "__main__":
    sys.exit(main())
