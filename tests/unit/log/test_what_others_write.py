"""Records that somebody else wrote into a topic of ours: keys, headers and JSON of any kind, and the letters that they become."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Headers, Outgoing, Record, from_headers, header
from pipeline.log.notices import alarm, dead_letter_of_record
from pipeline.processors.risk.processor import RISK
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.workflow.processor import decode as workflow_decode
from pipeline.testing.orders import TERMS, records, shown, tx
from schemas.accepting import DecisionMade
from schemas.events import DeadLetter

NOW = datetime(2025, 3, 15, 9, tzinfo=UTC)
EXAMPLES = Path("schemas/examples")
BROKER_TAKES = 1_000 * 1024
"""Bytes of a record that every broker with usual settings takes, with a margin for the batch around it."""


def record(*, key: bytes | None = b"k", value: bytes = b"bad", headers: Headers | None = None) -> Record:
    """Return a record of a topic of ours."""
    return Record(topic="t.order-settled.v1", partition=2, offset=7, key=key, value=value, headers=headers or [])


def size(letter: Outgoing) -> int:
    """Return the bytes of a letter as a record, headers and key included."""
    return len(letter.key.encode()) + len(letter.value) + sum(len(name) + len(value) for name, value in letter.headers())


def letter_of(dead: Record) -> DeadLetter:
    """Return the letter of a record as everybody reads it."""
    made = dead_letter_of_record(dead, reason="r", now=NOW, source="/sinks/ledger")
    assert size(made) < BROKER_TAKES
    return decode(made.value, DeadLetter)


@pytest.mark.parametrize(
    "dead",
    [
        record(headers=[("h", b"\x01" * 180_000)]),
        record(headers=[(f"h{number}", b"\x01") for number in range(40_000)]),
        record(headers=[("ce_id", b"\x02" * 1_000_000)]),
        record(key=b"\xff" * 300_000),
        record(key=b"\x01" * 1_000_000),
        record(key=b"\x01" * 16_384, value=b"\xff" * 1_000_000, headers=[("requeued_from", b"\x01" * 9999), ("a", b"\x01" * 24_000)]),
    ],
    ids=[
        "control bytes in a header",
        "many headers",
        "a long ce_id",
        "a key that is no text",
        "a key of control bytes",
        "everything at once",
    ],
)
def test_a_letter_is_never_larger_than_the_broker_takes(dead: Record) -> None:
    """Key, headers and body are cut, and the letter says how large each was; its origin stands in it whole."""
    letter = letter_of(dead)
    assert (letter.origin.topic, letter.origin.partition, letter.origin.offset) == ("t.order-settled.v1", 2, 7)  # type: ignore[union-attr]
    cut = {part.part: part.size for part in letter.cut or ()}
    whole = sum(len(name) + len(value or b"") for name, value in dead.headers)
    assert cut.get("headers") in (None, whole)
    assert cut.get("key") in (None, len(dead.key or b""))
    assert cut or not letter.body_complete


def test_a_key_of_no_text_is_kept_in_base64() -> None:
    """Nothing is put in the place of bytes that cannot be read."""
    letter = letter_of(record(key=b"\xff\x00", headers=[("h", b"\xfe"), ("h", b"two")]))
    assert letter.key is None
    assert letter.key_base64 is not None
    assert base64.b64decode(letter.key_base64) == b"\xff\x00"
    assert letter.headers_base64 == (("h", base64.b64encode(b"\xfe").decode()), ("h", base64.b64encode(b"two").decode()))


def test_details_of_an_alarm_are_bounded() -> None:
    """An alarm about something large is itself not large."""
    made = alarm(kind="k", severity="info", venue=None, subject="s", detail={"text": "\x01" * 500_000}, now=NOW, source="/t")
    assert size(made) < 32_000


def document(kind: str) -> dict[str, Any]:
    """Return the first valid example of a kind."""
    example: dict[str, Any] = json.loads((EXAMPLES / f"{kind}.json").read_text())["valid"][0]
    return example


def repeated(value: bytes, name: str, earlier: Any) -> bytes:
    """Put a member in front that stands in the object already."""
    return b"{" + json.dumps(name).encode() + b": " + json.dumps(earlier).encode() + b", " + value[1:]


def test_a_verdict_that_stands_twice_is_no_verdict() -> None:
    """REJECT, then ACCEPT, in one object is neither."""
    value = json.dumps(document("decision-made.v1") | {"verdict": "ACCEPT"}).encode()
    assert decode(value, DecisionMade).verdict == "ACCEPT"
    with pytest.raises(PoisonRecordError, match="duplicate key in JSON: 'verdict'"):
        decode(repeated(value, "verdict", "REJECT"), DecisionMade)


@pytest.mark.parametrize("kind", topics.ALL, ids=lambda kind: kind.name)
def test_an_event_whose_spelling_is_not_ours_is_read_strictly(kind: topics.EventType) -> None:
    """Of every kind: repeated keys, also deep inside, NaN and deep nesting are refused; unknown fields and white space are not."""
    from pipeline.log.codec import CLASSES

    event_class, given = CLASSES[kind], document(kind.name)
    value = json.dumps(given, indent=1).encode()
    event = decode(json.dumps(given | {"added_later": {"a": [1, 2.5]}}, indent=1).encode(), event_class)
    assert decode(encode(event), event_class) == event == decode(value, event_class)
    for wrong, says in (
        (repeated(value, next(iter(given)), "x"), "duplicate key"),
        (repeated(value, "added", None).replace(b"null", b'{"b": {"a": 1, "a": 1}}', 1), "duplicate key"),
        (repeated(value, "added", None).replace(b"null", b"NaN", 1), "NaN"),
        (repeated(value, "added", None).replace(b"null", b"[" * 50 + b"]" * 50, 1), "nested deeper"),
    ):
        with pytest.raises(PoisonRecordError, match=says):
            decode(wrong, event_class)


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_subject", "ce_correlationid", "ce_causationid", "ce_time", "ce_type"])
def test_an_attribute_has_a_bound(name: str) -> None:
    """What is remembered and repeated in the headers of what follows cannot be as large as a record."""
    (good,) = records([shown(terms=TERMS, transaction_hash=tx(1))])
    headers = [(key, value) for key, value in good.headers if key != name] + [(name, b"x" * 5000)]
    with pytest.raises(PoisonRecordError, match=f"{name} has 5000 bytes"):
        from_headers(headers)
    bad = Record(topic=good.topic, partition=0, offset=0, key=good.key, value=good.value, headers=headers)
    for read in (SETTLEMENT.decode, RISK.decode):
        with pytest.raises(PoisonRecordError):
            read(bad)
    if name in ("ce_id", "ce_type"):
        with pytest.raises(PoisonRecordError):
            workflow_decode(bad)
    assert header(dead_letter_of_record(bad, reason="r", now=NOW, source="/t").headers(), "ce_causationid") != "x" * 5000
