"""What the bytes of Kafka's log say where no record is handed out: control batches, batches taken back, and nothing else."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.log.log_batches import Batch, batches, passed_over

TRANSACTIONAL, CONTROL = 0x10, 0x20


def batch(first: int, count: int = 1, *, attributes: int = 0, producer: int = -1, records: bytes = b"x", magic: int = 2) -> bytes:
    """Write a record batch as the format says."""
    rest = struct.pack(">ibIhiqqqhii", 0, magic, 0, attributes, count - 1, 0, 0, producer, 0, 0, count) + records
    return struct.pack(">qi", first, len(rest)) + rest


def mark(first: int, producer: int, *, commits: bool) -> bytes:
    """Write the batch that ends a transaction."""
    key = struct.pack(">hh", 0, int(commits))
    body = bytes([0, 0, 0, len(key) * 2]) + key + bytes([12]) + b"\x00" * 6 + b"\x00"
    return batch(first, attributes=TRANSACTIONAL | CONTROL, producer=producer, records=bytes([len(body) * 2]) + body)


def of(raw: bytes, aborted: list[tuple[int, int]] | None = None, begin: int = 0, end: int = 100) -> list[tuple[int, str]]:
    """Return offset and kind of what is passed over."""
    found, _ = passed_over("t", 0, raw, aborted or [], begin=begin, end=end)
    return [(record.offset, record.passed.kind) for record in found if record.passed is not None]


def test_a_mark_is_known_by_its_header() -> None:
    """Commit and abort are told apart, and the bytes are kept as they are."""
    commit, abort = mark(3, 7, commits=True), mark(4, 8, commits=False)
    kept = {"transactional": True, "control": True}
    assert list(batches(commit + abort)) == [
        Batch(first=3, last=3, producer_id=7, aborts=False, raw=commit, **kept),
        Batch(first=4, last=4, producer_id=8, aborts=True, raw=abort, **kept),
    ]


def test_only_what_its_producer_took_back_is_passed_over() -> None:
    """Two producers in turn: the records of the one that aborted, and from its mark on no longer."""
    raw = b"".join(
        [
            batch(0, 2, attributes=TRANSACTIONAL, producer=1),
            batch(2, 3, attributes=TRANSACTIONAL, producer=2),
            mark(5, 1, commits=False),
            batch(6, 1, attributes=TRANSACTIONAL, producer=1),
            mark(7, 2, commits=True),
            mark(8, 1, commits=True),
            batch(9, 4),
        ]
    )
    assert of(raw, [(1, 0)]) == [(0, "aborted"), (1, "aborted"), (5, "control"), (7, "control"), (8, "control")]
    assert of(raw) == [(5, "control"), (7, "control"), (8, "control")]
    assert of(raw, [(1, 6)]) == [(5, "control"), (6, "aborted"), (7, "control"), (8, "control")]
    assert of(raw, [(1, 0)], begin=1, end=6) == [(1, "aborted"), (5, "control")]


def test_records_of_no_transaction_are_never_passed_over() -> None:
    """Also where a producer of that number once took something back."""
    assert of(batch(0, 3, producer=1), [(1, 0)]) == []


@pytest.mark.parametrize("magic", [0, 1, 3])
def test_other_formats_explain_nothing(magic: int) -> None:
    """What this reader does not know is not passed over."""
    assert list(batches(batch(0, attributes=CONTROL, magic=magic))) == []


@given(cut=st.integers(0, 300))
def test_a_batch_that_was_cut_off_is_left_out(cut: int) -> None:
    """A fetch ends anywhere; whole batches only are read, and the offset behind them is told."""
    parts = [mark(0, 1, commits=True), mark(1, 1, commits=True), mark(2, 1, commits=True)]
    raw = b"".join(parts)[:cut]
    whole = [number for number in range(3) if sum(map(len, parts[: number + 1])) <= cut]
    found, behind = passed_over("t", 0, raw, [], begin=0, end=9)
    assert [record.offset for record in found] == whole
    assert behind == len(whole)


@given(raw=st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: mark(0, 1, commits=True)[:-1] + tail))
def test_any_bytes_are_read_without_an_error(raw: bytes) -> None:
    """Evidence in the archive may be anything by the time it is read."""
    assert all(one.last >= 0 or not one.control or one.raw for one in batches(raw))
