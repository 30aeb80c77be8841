"""The SSE decoder against the HTML standard: a table of cases, a slow reference, every cut, the limits, the command."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports.sse_decoder import (
    EVENT_BYTES_MAX,
    ID_BYTES_MAX,
    LINE_BYTES_MAX,
    Frame,
    OversizedFrame,
    SseDecoder,
    check_response,
)

Event = tuple[str, str, str]
"""Type, data, last event id."""


@dataclass
class Decoded:
    """What a decoder made of a body."""

    events: list[Event]
    last_event_id: str
    reconnection_time: int | None


def reference(body: bytes) -> Decoded:
    """Decode a whole body the way the standard is written: decode, split into lines, take them one by one."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)
    lines.pop()  # what no line end follows is pending, and discarded at the end of the file
    decoded = Decoded([], "", None)
    data = event_type = event_id = ""
    for line in lines:
        if line == "":
            decoded.last_event_id = event_id
            if data != "":
                decoded.events.append((event_type or "message", data.removesuffix("\n"), decoded.last_event_id))
            data = event_type = ""
            continue
        if line.startswith(":"):
            continue
        field, value = line.split(":", 1) if ":" in line else (line, "")
        value = value.removeprefix(" ")
        if field == "event":
            event_type = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            event_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            decoded.reconnection_time = int(value)
    return decoded


def decode(*chunks: bytes) -> Decoded:
    """Decode with the product's decoder."""
    decoder = SseDecoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    decoder.end()
    events = [(frame.type, frame.text, frame.last_event_id) for frame in frames if isinstance(frame, Frame)]
    assert len(events) == len(frames)
    return Decoded(events, decoder.last_event_id, decoder.reconnection_time)


def frames_of(chunks: Iterable[bytes], decoder: SseDecoder) -> list[Frame | OversizedFrame]:
    """Return all frames of the chunks."""
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


def cut_into(body: bytes, size: int) -> list[bytes]:
    """Cut a body into chunks of one size."""
    return [body[at : at + size] for at in range(0, len(body), size)]


BOM = b"\xef\xbb\xbf"
M = "message"

CASES: list[tuple[str, bytes, list[Event], str, int | None]] = [
    ("empty body", b"", [], "", None),
    ("one event", b"data: a\n\n", [(M, "a", "")], "", None),
    ("event not ended by a blank line", b"data: a\n", [], "", None),
    ("line without an end", b"data: a", [], "", None),
    ("blank line without its end", b"data: a\n\ndata: b\n", [(M, "a", "")], "", None),
    ("CR", b"data: a\r\r", [(M, "a", "")], "", None),
    ("CRLF", b"data: a\r\n\r\n", [(M, "a", "")], "", None),
    ("LF then CR", b"data: a\n\rdata: b\n\n", [(M, "a", ""), (M, "b", "")], "", None),
    ("CR then LF is one line end", b"data: a\r\ndata: b\r\n\r\n", [(M, "a\nb", "")], "", None),
    ("CR LF LF dispatches", b"data: a\r\n\n", [(M, "a", "")], "", None),
    ("CR CR LF dispatches", b"data: a\r\r\n", [(M, "a", "")], "", None),
    ("mixed line ends", b"data: a\rdata: b\ndata: c\r\n\r", [(M, "a\nb\nc", "")], "", None),
    ("line separator is no line end", "data: a\u2028b\n\n".encode(), [(M, "a\u2028b", "")], "", None),
    ("next line is no line end", "data: a\u0085b\n\n".encode(), [(M, "a\u0085b", "")], "", None),
    ("vertical tab and form feed are no line ends", b"data: a\x0bb\x0cc\n\n", [(M, "a\x0bb\x0cc", "")], "", None),
    ("file separators are no line ends", b"data: a\x1cb\x1dc\x1e\n\n", [(M, "a\x1cb\x1dc\x1e", "")], "", None),
    ("BOM at the start", BOM + b"data: a\n\n", [(M, "a", "")], "", None),
    ("two BOMs at the start", BOM + BOM + b"data: a\n\ndata: b\n\n", [(M, "b", "")], "", None),
    ("BOM later belongs to the field name", b"data: a\n\n" + BOM + b"data: b\n\n", [(M, "a", "")], "", None),
    ("BOM in the data stays", b"data: " + BOM + b"a\n\n", [(M, "\ufeffa", "")], "", None),
    ("only a BOM", BOM, [], "", None),
    ("part of a BOM", BOM[:2], [], "", None),
    ("part of a BOM then a field", BOM[:2] + b"\ndata: a\n\n", [(M, "a", "")], "", None),
    ("BOM then a blank line", BOM + b"\ndata: a\n\n", [(M, "a", "")], "", None),
    ("no space after the colon", b"data:a\n\n", [(M, "a", "")], "", None),
    ("two spaces: one is removed", b"data:  a\n\n", [(M, " a", "")], "", None),
    ("tab after the colon stays", b"data:\ta\n\n", [(M, "\ta", "")], "", None),
    ("trailing space stays", b"data: a \n\n", [(M, "a ", "")], "", None),
    ("colon in the value", b"data: a:b:c\n\n", [(M, "a:b:c", "")], "", None),
    ("value begins with a colon", b"data::a\n\n", [(M, ":a", "")], "", None),
    ("data without a colon is empty data", b"data\n\n", [(M, "", "")], "", None),
    ("data with a colon only is empty data", b"data:\n\n", [(M, "", "")], "", None),
    ("data with a space only is empty data", b"data: \n\n", [(M, "", "")], "", None),
    ("two empty data lines are one LF", b"data\ndata\n\n", [(M, "\n", "")], "", None),
    ("the standard's example", b"data\n\ndata\ndata\n\ndata:", [(M, "", ""), (M, "\n", "")], "", None),
    ("empty lines around data", b"data:\ndata: a\ndata:\n\n", [(M, "\na\n", "")], "", None),
    ("the stock example", b"data: YHOO\ndata: +2\ndata: 10\n\n", [(M, "YHOO\n+2\n10", "")], "", None),
    ("one space makes no difference", b"data:test\n\ndata: test\n\n", [(M, "test", ""), (M, "test", "")], "", None),
    ("blank lines alone", b"\n\n\n\r\n\r\r", [], "", None),
    ("many blank lines between events", b"data: a\n\n\n\n\ndata: b\n\n", [(M, "a", ""), (M, "b", "")], "", None),
    ("blank lines before an event", b"\n\ndata: a\n\n", [(M, "a", "")], "", None),
    ("comment", b": hello\ndata: a\n\n", [(M, "a", "")], "", None),
    ("comment inside an event", b"data: a\n:x\ndata: b\n\n", [(M, "a\nb", "")], "", None),
    ("comments only", b":\n\n: keep-alive\n\n", [], "", None),
    ("comment that looks like data", b":data: a\n\n", [], "", None),
    ("unknown field", b"foo: a\ndata: b\n\n", [(M, "b", "")], "", None),
    ("unknown field without a colon", b"foo\ndata: b\n\n", [(M, "b", "")], "", None),
    ("field names know case", b"DATA: a\nData: b\n\n", [], "", None),
    ("space before the field name", b" data: a\n\n", [], "", None),
    ("space before the colon", b"data : a\n\n", [], "", None),
    ("longer field name", b"datas: a\n\n", [], "", None),
    ("event type", b"event: t\ndata: a\n\n", [("t", "a", "")], "", None),
    ("event type after the data", b"data: a\nevent: t\n\n", [("t", "a", "")], "", None),
    ("last event type wins", b"event: t\nevent: u\ndata: a\n\n", [("u", "a", "")], "", None),
    ("empty event type is message", b"event: t\nevent:\ndata: a\n\n", [(M, "a", "")], "", None),
    ("event type without a colon", b"event\ndata: a\n\n", [(M, "a", "")], "", None),
    ("event type lasts for one event", b"event: t\ndata: a\n\ndata: b\n\n", [("t", "a", ""), (M, "b", "")], "", None),
    ("type without data is forgotten", b"event: t\n\ndata: a\n\n", [(M, "a", "")], "", None),
    ("event type keeps spaces", b"event:  t \ndata: a\n\n", [(" t ", "a", "")], "", None),
    ("event type beyond ASCII", "event: ärger\ndata: a\n\n".encode(), [("ärger", "a", "")], "", None),
    ("type line, data line, in that shape", b"event: t\ndata: a\n\nevent: t\ndata: b\n\n", [("t", "a", ""), ("t", "b", "")], "", None),
    ("type line, two data lines", b"event: t\ndata: a\ndata: b\n\n", [("t", "a\nb", "")], "", None),
    ("type line, data line, id line", b"event: t\ndata: a\nid: 1\n\n", [("t", "a", "1")], "1", None),
    ("type line, empty data in that shape", b"event: t\ndata: \n\n", [("t", "", "")], "", None),
    ("id", b"id: 1\ndata: a\n\n", [(M, "a", "1")], "1", None),
    ("id stays for later events", b"id: 1\ndata: a\n\ndata: b\n\n", [(M, "a", "1"), (M, "b", "1")], "1", None),
    ("id without data", b"id: 1\n\n", [], "1", None),
    ("id without data, then data", b"id: 1\n\ndata: a\n\n", [(M, "a", "1")], "1", None),
    ("id of an event cut short", b"id: 1\ndata: a\n\nid: 2\ndata: b\n", [(M, "a", "1")], "1", None),
    ("empty id resets", b"id: 1\ndata: a\n\nid\ndata: b\n\n", [(M, "a", "1"), (M, "b", "")], "", None),
    ("empty id with a colon resets", b"id: 1\ndata: a\n\nid:\ndata: b\n\n", [(M, "a", "1"), (M, "b", "")], "", None),
    ("id with NUL is ignored", b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [(M, "a", "1"), (M, "b", "1")], "1", None),
    ("last id of an event wins", b"id: 1\nid: 2\ndata: a\n\n", [(M, "a", "2")], "2", None),
    ("id keeps a second space", b"id:  1\ndata: a\n\n", [(M, "a", " 1")], " 1", None),
    ("id beyond ASCII", "id: …\ndata: a\n\n".encode(), [(M, "a", "…")], "…", None),
    ("id with an invalid byte", b"id: \xff\ndata: a\n\n", [(M, "a", "\ufffd")], "\ufffd", None),
    ("NUL in data stays", b"data: a\0b\n\n", [(M, "a\0b", "")], "", None),
    ("NUL in the type stays", b"event: a\0b\ndata: x\n\n", [("a\0b", "x", "")], "", None),
    ("retry", b"retry: 1500\n\n", [], "", 1500),
    ("retry counts without a blank line", b"retry: 1500\n", [], "", 1500),
    ("retry without a line end does not", b"retry: 1500", [], "", None),
    ("retry with leading zeros", b"retry: 007\n", [], "", 7),
    ("retry zero", b"retry: 0\n", [], "", 0),
    ("retry with a letter", b"retry: 10x\n", [], "", None),
    ("retry with a sign", b"retry: +10\nretry: -10\n", [], "", None),
    ("retry with a fraction", b"retry: 1.5\n", [], "", None),
    ("retry with a second space", b"retry:  10\n", [], "", None),
    ("retry with a trailing space", b"retry: 10 \n", [], "", None),
    ("retry without a value", b"retry\nretry:\n", [], "", None),
    ("retry with other digits", "retry: ١٢\n".encode(), [], "", None),
    ("last valid retry wins", b"retry: 10\nretry: x\nretry: 20\n", [], "", 20),
    ("retry is not clamped", b"retry: 123456789012345678901234567890\n", [], "", 123456789012345678901234567890),
    ("retry does not make an event", b"retry: 10\ndata: a\n\n", [(M, "a", "")], "", 10),
    ("invalid UTF-8 in data", b"data: a\xffb\n\n", [(M, "a\ufffdb", "")], "", None),
    ("truncated UTF-8 before a line end", b"data: a\xe2\x82\ndata: b\n\n", [(M, "a\ufffd\nb", "")], "", None),
    ("surrogate in UTF-8", b"data: \xed\xa0\x80\n\n", [(M, "\ufffd\ufffd\ufffd", "")], "", None),
    ("overlong UTF-8", b"data: \xc0\xaf\n\n", [(M, "\ufffd\ufffd", "")], "", None),
    ("invalid byte in the field name", b"dat\xff: a\ndata: b\n\n", [(M, "b", "")], "", None),
    ("four bytes of UTF-8", "data: \U0001f600\n\n".encode(), [(M, "\U0001f600", "")], "", None),
    ("the heartbeat of a venue", b'event: heartbeat\ndata: {"t":1}\n\n', [("heartbeat", '{"t":1}', "")], "", None),
]


@pytest.mark.parametrize(("body", "events", "last_event_id", "retry"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
class TestStandard:
    """Each case of the table, decoded in several ways."""

    def test_decodes_as_the_table_says(self, body: bytes, events: list[Event], last_event_id: str, retry: int | None) -> None:
        """The body, fed whole, gives the events, the last id and the reconnection time of the table."""
        assert decode(body) == Decoded(events, last_event_id, retry)

    def test_reference_agrees_with_the_table(self, body: bytes, events: list[Event], last_event_id: str, retry: int | None) -> None:
        """The slow reference gives the same, so that the properties below stand on firm ground."""
        assert reference(body) == Decoded(events, last_event_id, retry)

    def test_every_cut_gives_the_same(self, body: bytes, events: list[Event], last_event_id: str, retry: int | None) -> None:
        """The body in two pieces, cut anywhere, and byte by byte, with empty chunks between, gives the same."""
        for cut in range(len(body) + 1):
            assert decode(body[:cut], b"", body[cut:]) == Decoded(events, last_event_id, retry)
        assert decode(*cut_into(body, 1)) == Decoded(events, last_event_id, retry)


def test_the_table_has_at_least_sixty_cases() -> None:
    """The table is not cut down unseen."""
    assert len({name for name, *_ in CASES}) == len(CASES) >= 60


FIELDS = [b"data", b"data:", b"data: ", b"event: ", b"id: ", b"retry: ", b":", b" ", b"x", b"12", b"\0", BOM, b"\xff", b"\xe2\x82"]
ENDS = [b"\n", b"\r", b"\r\n", b"\n\n"]
EVENTS = [b"event: t\ndata: y\n\n", b"event: t\ndata: x\n\n", b"data: z\r\n\r\n", "data: ä\n\n".encode()]
PIECES = st.sampled_from([*FIELDS, *ENDS, *EVENTS])
BODIES = st.lists(PIECES | st.binary(max_size=4), max_size=40).map(b"".join)


@given(body=BODIES, cuts=st.lists(st.integers(0, 200), max_size=8))
def test_any_body_in_any_pieces_decodes_like_the_reference(body: bytes, cuts: list[int]) -> None:
    """Whatever the bytes and wherever they are cut, the result is the reference's."""
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(places)]
    assert decode(*pieces) == reference(body)


@given(body=BODIES, size=st.integers(1, 7))
def test_limits_do_not_depend_on_the_cuts(body: bytes, size: int) -> None:
    """With limits that the bodies reach, the frames, refused ones too, are the same in pieces as whole."""
    long = body.replace(b"x", b"x" * 50)
    whole, pieces = (SseDecoder(line_bytes_max=64, event_bytes_max=40, id_bytes_max=10, evidence_bytes_max=16) for _ in range(2))
    assert frames_of([long], whole) == frames_of(cut_into(long, size), pieces)
    assert state_of(whole) == state_of(pieces)


def state_of(decoder: SseDecoder) -> tuple[object, ...]:
    """Return all that a decoder shows beside its frames."""
    counted = (decoder.bytes_fed, decoder.frames, decoder.comments, decoder.ids_refused)
    return (decoder.last_event_id, decoder.reconnection_time, decoder.in_frame, *counted)


@pytest.mark.parametrize("begun", [b"event: data", b"event:data"])
@pytest.mark.parametrize("longer", [b"event: t\n", b"event: t\r\n", b"x" * 500 + b"\n"])
def test_a_type_too_long_is_cut_by_its_line_and_not_by_the_network(begun: bytes, longer: bytes) -> None:
    """The type of an event that was refused for it is the beginning of its line, wherever the network cuts it in two."""
    body = begun + 51 * b"x" + longer + b"data: y\n\n"
    whole, *others = (frames_of([body[:cut], body[cut:]], SseDecoder(line_bytes_max=64)) for cut in range(len(body)))
    assert all(other == whole for other in others)
    assert whole == frames_of(cut_into(body, 1), SseDecoder(line_bytes_max=64))
    refused = whole[0]
    assert isinstance(refused, OversizedFrame)
    assert refused.type == body[:64].removeprefix(b"event:").removeprefix(b" ").decode()


def oversized(data: bytes, *, body: bytes, chunk: int) -> list[Frame | OversizedFrame]:
    """Decode, check that the first frame is refused with the digest of `data`, return the rest."""
    first, *rest = frames_of(cut_into(body, chunk), SseDecoder())
    assert isinstance(first, OversizedFrame)
    assert (first.size, first.sha256, first.ordinal) == (len(data), hashlib.sha256(data).hexdigest(), 1)
    assert first.head == data[: 512 * 1024]
    return rest


@pytest.mark.parametrize("chunk", [1, 1000, 65536, 10_000_000])
class TestLimits:
    """Too large is refused and the stream goes on, however it is cut."""

    def test_event_of_300_kib_is_refused_and_the_next_one_delivered(self, chunk: int) -> None:
        """A 300 KiB data line is reported with size and digest of its data; the event behind it arrives."""
        data = b"x" * (300 * 1024)
        body = b"id: 7\nevent: t\ndata: " + data + b"\n\ndata: next\n\n"
        assert oversized(data, body=body, chunk=chunk) == [Frame("message", b"next", "7")]

    def test_large_event_in_the_shape_of_venues_is_refused(self, chunk: int) -> None:
        """A type line and one data line that is too long are refused like any other shape."""
        data = b"x" * (EVENT_BYTES_MAX + 1)
        body = b"event: t\ndata: " + data + b"\n\nevent: t\ndata: next\n\n"
        assert oversized(data, body=body, chunk=chunk) == [Frame("t", b"next", "")]

    def test_event_of_many_lines_is_refused_as_a_whole(self, chunk: int) -> None:
        """Lines that are small but too large together are refused with the digest of all of them joined by LF."""
        lines = [b"y" * 1000] * 300
        body = b"".join(b"data: " + line + b"\r\n" for line in lines) + b"\r\ndata: next\r\n\r\n"
        assert oversized(b"\n".join(lines), body=body, chunk=chunk) == [Frame("message", b"next", "")]

    def test_event_at_the_limit_is_delivered(self, chunk: int) -> None:
        """An event whose data has exactly the permitted size is not refused."""
        data = b"z" * EVENT_BYTES_MAX
        assert frames_of(cut_into(b"data: " + data + b"\n\n", chunk), SseDecoder()) == [Frame("message", data, "")]

    def test_event_one_byte_over_the_limit_is_refused(self, chunk: int) -> None:
        """One byte more than permitted is refused."""
        data = b"z" * (EVENT_BYTES_MAX + 1)
        assert oversized(data, body=b"data:" + data + b"\n\n", chunk=chunk) == []

    def test_over_long_comment_and_unknown_field_do_no_harm(self, chunk: int) -> None:
        """Over-long lines that carry nothing are left out; the event around them is delivered."""
        junk = b"j" * (LINE_BYTES_MAX + 1)
        body = b"data: a\n:" + junk + b"\n" + junk + b"\nretry: " + b"1" * LINE_BYTES_MAX + b"\ndata: b\n\n"
        decoder = SseDecoder()
        assert frames_of(cut_into(body, chunk), decoder) == [Frame("message", b"a\nb", "")]
        assert (decoder.comments, decoder.reconnection_time) == (1, None)

    def test_over_long_id_leaves_the_older_one(self, chunk: int) -> None:
        """An id over the limit is not taken on, its event is delivered with the id before."""
        for size in (ID_BYTES_MAX + 1, LINE_BYTES_MAX + 1):
            body = b"id: 1\ndata: a\n\nid: " + b"9" * size + b"\ndata: b\n\n"
            decoder = SseDecoder()
            assert frames_of(cut_into(body, chunk), decoder) == [Frame("message", b"a", "1"), Frame("message", b"b", "1")]
            assert (decoder.last_event_id, decoder.ids_refused) == ("1", 1)

    def test_over_long_type_is_refused_with_its_data(self, chunk: int) -> None:
        """An event whose type line is too long is refused, its data are the evidence."""
        body = b"data: a\nevent: " + b"t" * LINE_BYTES_MAX + b"\ndata: b\n\ndata: next\n\n"
        assert oversized(b"a\nb", body=body, chunk=chunk) == [Frame("message", b"next", "")]

    def test_oversized_event_without_its_end_is_discarded(self, chunk: int) -> None:
        """An oversized event that no blank line ends is discarded like any other."""
        decoder = SseDecoder()
        assert frames_of(cut_into(b"data: " + b"x" * (300 * 1024), chunk), decoder) == []
        assert decoder.in_frame
        decoder.end()
        assert not decoder.in_frame


def test_retry_with_more_digits_than_an_integer_may_have_is_ignored() -> None:
    """Ten thousand digits neither break the decoder nor change the reconnection time."""
    assert decode(b"retry: 5\nretry: " + b"9" * 10_000 + b"\n").reconnection_time == 5


def test_data_of_a_frame_are_the_bytes_that_came() -> None:
    """Data keep bytes that are no UTF-8; only the text replaces them."""
    (frame,) = SseDecoder().feed(b"data: a\xff\ndata: b\n\n")
    assert isinstance(frame, Frame)
    assert (frame.data, frame.text) == (b"a\xff\nb", "a\ufffd\nb")


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        (b"", False),
        (b"data: a\n\n", False),
        (b"data: a\n", True),
        (b"da", True),
        (b"event: t\n", True),
        (b": comm", False),
        (b":\n", False),
    ],
)
def test_a_cut_inside_an_event_is_noticed(body: bytes, inside: bool) -> None:
    """Between events and inside comments a cut loses nothing, elsewhere it does."""
    decoder = SseDecoder()
    decoder.feed(body)
    assert decoder.in_frame is inside


def test_id_of_the_request_is_carried_on() -> None:
    """A decoder that starts with the id of the request gives it to events without one."""
    assert SseDecoder(last_event_id="41").feed(b"data: a\n\n") == [Frame("message", b"a", "41")]


def test_decodes_fast_enough_for_the_ingest_target() -> None:
    """700-byte events in 64 KiB chunks decode at more than 100,000 per second of CPU time."""
    event = b"event: order_updated\ndata: " + b"x" * 671 + b"\n\n"
    chunks = cut_into(event * 20_000, 65536)
    best = min(_cpu_seconds(chunks) for _ in range(3))
    assert 20_000 / best > 100_000


def _cpu_seconds(chunks: list[bytes]) -> float:
    decoder = SseDecoder()
    started = time.process_time()
    for chunk in chunks:
        decoder.feed(chunk)
    assert decoder.frames == 20_000
    return time.process_time() - started


@pytest.mark.parametrize(
    ("status", "content_type", "accepted"),
    [
        (200, "text/event-stream", True),
        (200, "Text/Event-Stream", True),
        (200, "text/event-stream; charset=utf-8", True),
        (200, "text/event-stream;charset=windows-1252", True),
        (200, " text/event-stream ; a=b", True),
        (200, "text/event-streams", False),
        (200, "application/text/event-stream", False),
        (200, "text/event-stream, text/html", False),
        (200, "text/html; x=text/event-stream", False),
        (200, "application/json", False),
        (200, "", False),
        (200, None, False),
        (201, "text/event-stream", False),
        (204, "text/event-stream", False),
        (302, "text/event-stream", False),
        (500, "text/event-stream", False),
    ],
)
def test_only_status_200_with_the_media_type_is_a_stream(status: int, content_type: str | None, accepted: bool) -> None:
    """Status and essence of the media type have to be exact; case and parameters do not matter."""
    assert (check_response(status, content_type) is None) is accepted


def run_command(*arguments: str, body: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run the decoder's command on a body."""
    command = [sys.executable, "-m", "connectors.transports.sse_decoder", *arguments]
    return subprocess.run(command, input=body, capture_output=True, timeout=60, check=False)


BODY = b"retry: 99\nid: 1\ndata: \xff\n\nevent: t\ndata: a\ndata: b\n\ndata: lost\n"
LINES = [
    {"type": "message", "data": "\ufffd", "last_event_id": "1"},
    {"type": "t", "data": "a\nb", "last_event_id": "1"},
    {"end": True, "last_event_id": "1", "reconnection_time": 99},
]


@pytest.mark.parametrize("arguments", [[], ["--chunk", "1"], ["--chunks", "3,0,7"], ["--chunks", ""], ["--status", "200"]])
def test_command_prints_a_line_per_event_and_one_at_the_end(arguments: list[str]) -> None:
    """The command prints the same lines however the body is cut, and exits 0."""
    done = run_command(*arguments, body=BODY)
    assert [json.loads(line) for line in done.stdout.splitlines()] == LINES
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [["--status", "500"], ["--content-type", "text/html"]])
def test_command_refuses_another_status_or_media_type(arguments: list[str]) -> None:
    """A response that is no stream exits 65, prints nothing and says why on standard error."""
    done = run_command(*arguments, body=BODY)
    assert (done.returncode, done.stdout) == (65, b"")
    assert done.stderr.startswith(b"refused: ")


def test_command_notes_an_oversized_event_and_goes_on() -> None:
    """An oversized event is not printed but noted on standard error; the next one is printed."""
    done = run_command(body=b"data: " + b"x" * (300 * 1024) + b"\n\ndata: next\n\n")
    assert [json.loads(line).get("data") for line in done.stdout.splitlines()] == ["next", None]
    assert b"event 1 not dispatched" in done.stderr
    assert done.returncode == 0


def test_help_states_the_limits() -> None:
    """The limits of line, event and id stand in the help."""
    text = run_command("--help", body=b"").stdout
    assert all(str(limit).encode() in text for limit in (LINE_BYTES_MAX, EVENT_BYTES_MAX, ID_BYTES_MAX))
