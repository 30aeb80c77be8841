"""What stands in Kafka's log where no record is handed out: the marks that end transactions, and what a transaction took back.

Brokers give every mark (commit or abort) an offset, and what was aborted keeps its offsets; readers of committed records are shown neither.
So where an offset is missing the log itself is read, and a batch is passed over for what its own header says, never for what is assumed:

* a control batch, by the bit in its attributes;
* a batch of data, where the broker names its producer among the aborted transactions (such a record must have no effect).

Anything else that is missing stays missing. Source: Apache Kafka, "Message Format", record batch of magic 2 and control batches; KIP-98.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.log.envelope import Passed, Record

_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, epoch, magic, CRC, attributes, last offset delta, first and last time, producer id, its epoch, sequence, count."""
_LENGTH_AT = 12
"""A batch's length counts from behind itself."""
_MAGIC = 2
_TRANSACTIONAL, _CONTROL = 0x10, 0x20

Inspect = Callable[[str, int, int, int], Sequence[Record]]
"""Tells of a topic's partition what is passed over from an offset up to another: one `Record` with `passed` for each such offset, in order.
Raises ServiceAwayError while Kafka does not answer."""


def nothing_passed(_topic: str, _partition: int, _begin: int, _end: int) -> Sequence[Record]:
    """Stand for an inspection where there is no log to be read: every missing offset is a hole."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A record batch, as far as its header says."""

    first: int
    last: int
    producer_id: int
    transactional: bool
    control: bool
    aborts: bool
    """Of a control batch: it ends a transaction by taking it back."""
    raw: bytes


def batches(raw: bytes) -> Iterator[Batch]:
    """Yield the whole batches of a fetched part of the log; a last one that was cut off, and older formats, are left out."""
    at = 0
    while at + _HEADER.size <= len(raw):
        base, length, _, magic, _, attributes, last, _, _, producer_id, _, _, _ = _HEADER.unpack_from(raw, at)
        end = at + _LENGTH_AT + length
        if magic != _MAGIC or end > len(raw) or end <= at + _HEADER.size:
            return
        control = bool(attributes & _CONTROL)
        yield Batch(
            first=base,
            last=base + last,
            producer_id=producer_id,
            transactional=bool(attributes & _TRANSACTIONAL),
            control=control,
            aborts=control and _mark(raw[at + _HEADER.size : end]) == 0,
            raw=raw[at:end],
        )
        at = end


def _mark(record: bytes) -> int | None:
    """Return the type of a control record: 0 abort, 1 commit."""
    at = 0

    def number() -> int:
        nonlocal at
        shift = value = 0
        while True:
            byte = record[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)

    try:
        number()
        at += 1  # the attributes
        number(), number()
        return None if number() < 4 else int.from_bytes(record[at + 2 : at + 4], "big")
    except IndexError:
        return None


def passed_over(
    topic: str, partition: int, raw: bytes, aborted: Iterable[tuple[int, int]], *, begin: int, end: int
) -> tuple[list[Record], int]:
    """Return what is passed over of [begin, end) in a fetched part of the log, and the offset behind that part.

    `aborted` are the transactions that the broker says were taken back, as (producer id, first offset).
    """
    found: list[Record] = []
    waiting, taken_back = sorted(aborted, key=lambda one: one[1]), set[int]()
    behind = begin
    for batch in batches(raw):
        while waiting and waiting[0][1] <= batch.last:
            taken_back.add(waiting.pop(0)[0])
        if batch.control or (batch.transactional and batch.producer_id in taken_back):
            passed = Passed(kind="control" if batch.control else "aborted", last=batch.last)
            found += [
                Record(topic=topic, partition=partition, offset=offset, key=None, value=batch.raw, headers=[], passed=passed)
                for offset in range(max(begin, batch.first), min(end, batch.last + 1))
            ]
        if batch.aborts:
            taken_back.discard(batch.producer_id)
        behind = max(behind, batch.last + 1)
    return found, behind
