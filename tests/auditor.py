"""An auditor that shares no code with the product: plain SQL, a plain Kafka consumer, `json`, `hashlib` and its own arithmetic.

It compares the venue's log of the truth with the books, and every record of every topic with the archive.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from tests.rig import Rig
from tests.waiting import eventually

TOPICS = (
    "order-updated.v1",
    "quote-received.v1",
    "decision-requested.v1",
    "decision-made.v1",
    "command-issued.v1",
    "command-completed.v1",
    "order-settled.v1",
    "compliance-read.v1",
    "rate-read.v1",
    "operator-acted.v1",
    "policy-activated.v1",
    "alarm-raised.v1",
    "dead-letter.v1",
)
READINGS_MAX = 20
"""How often the auditor reads again before it judges what does not agree."""
OURS = ("sender", "receiver", "both")

Key = tuple[str, str]
Posting = tuple[str, str | None, str, str, Decimal]
"""role, party, currency, side, amount in major units"""
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """One record as it stands in Kafka, or stood in a topic that is no more, as the archive has it."""

    place: Place
    key: bytes | None
    value: bytes
    headers: dict[str, bytes | None]

    @property
    def document(self) -> Any:
        """Return the value read as JSON."""
        return json.loads(self.value)

    @property
    def ce_id(self) -> str:
        """Return the event's id."""
        return (self.headers.get("ce_id") or b"").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found, for a test to look closer."""

    settled: dict[Key, dict[str, Any]]
    """What the venue settled and we have to do with, by intent and hash."""
    records: dict[str, list[Seen]]
    """All records by short topic name."""
    alarms: Counter[str] = field(default_factory=Counter)
    """Distinct alarms by kind."""
    dead_letters: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Distinct dead letters by id."""

    def alarms_of(self, kind: str) -> list[dict[str, Any]]:
        """Return the distinct alarms of a kind."""
        found = {seen.document["alarm_id"]: seen.document for seen in self.records["alarm-raised.v1"]}
        return [alarm for alarm in found.values() if alarm["kind"] == kind]


def ends(rig: Rig) -> dict[tuple[str, int], int]:
    """Return the next offset of every partition of every topic."""
    return eventually(lambda: _ends(rig), within=30, what="Kafka tells the ends")


def _ends(rig: Rig) -> dict[tuple[str, int], int]:
    consumer = _consumer(rig)
    try:
        found = {}
        for name in TOPICS:
            topic = rig.topic(name)
            for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
                found[topic, partition] = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
        return found
    except KafkaException as error:  # a client that has just started knows no partition for a moment
        raise AssertionError(f"Kafka does not tell: {error}") from None
    finally:
        consumer.close()


def read_all(rig: Rig) -> list[Seen]:
    """Read every record of every topic from its beginning."""
    wanted = ends(rig)
    consumer = _consumer(rig)
    consumer.assign([TopicPartition(topic, partition, 0) for (topic, partition), end in wanted.items() if end])
    found: list[Seen] = []

    def all_read() -> bool:
        for message in consumer.consume(2000, 0.1) if any(wanted.values()) else ():
            assert message.error() is None, message.error()
            found.append(
                Seen(
                    place=(message.topic() or "", message.partition() or 0, message.offset() or 0),
                    key=_bytes(message.key()),
                    value=_bytes(message.value()) or b"",
                    headers={name: _bytes(value) for name, value in message.headers() or []},
                )
            )
        return len(found) == sum(wanted.values())

    try:
        eventually(all_read, within=30, what=f"the auditor reads {sum(wanted.values())} records")
    finally:
        consumer.close()
    return found


NEWEST = "(topic, epoch) IN (SELECT topic, max(epoch) FROM compliance.topics GROUP BY topic)"
"""Of the topics that there are now: those that were deleted are earlier epochs of their names."""


def read_both(rig: Rig) -> tuple[list[Seen], list[Any]]:
    """Read Kafka and the archive, until nothing came between the two: what ingest had in hand is published late on a busy machine."""
    query = f'SELECT topic, partition, "offset", sha256, body, key, index FROM compliance.records WHERE {NEWEST} ORDER BY index'
    for _ in range(READINGS_MAX):
        records, rows = read_all(rig), rig.rows(query)
        if len(records) == len(rows) == sum(ends(rig).values()) and all(index is not None for *_, index in rows):
            break
    return records, rows


def read_past(rig: Rig) -> list[Seen]:
    """Return the records of topics that are no more, from the archive."""
    query = f'SELECT topic, partition, "offset", key, body, headers FROM compliance.records WHERE {NEWEST} IS NOT TRUE ORDER BY index'
    return [
        Seen(
            place=(topic, partition, offset),
            key=_bytes(key),
            value=bytes(body),
            headers={name: _bytes(value) for name, value in headers if value is None or isinstance(value, str)},
        )
        for topic, partition, offset, key, body, headers in rig.rows(query)
    ]


def produce(
    rig: Rig, topic: str, partition: int, value: bytes | None, *, key: bytes | None = None, headers: Mapping[str, bytes] | None = None
) -> Place:
    """Put a record into a topic behind the product's back, and return where it stands."""
    places: list[Place] = []

    def reported(error: Any, message: Any) -> None:
        assert error is None, error
        places.append((message.topic(), message.partition(), message.offset()))

    producer = Producer({"bootstrap.servers": rig.bootstrap_servers, "acks": "all"})
    producer.produce(rig.topic(topic), value=value, key=key, partition=partition, headers=dict(headers or {}), on_delivery=reported)
    assert producer.flush(20) == 0, "the record was not delivered within 20 s"
    return places[0]


def until_quiet(rig: Rig, *, within: float = 60, booked: bool = True) -> None:
    """Wait until the venue has ended, whole rounds of reconciliation find nothing new, and every consumer stands at the ends."""
    eventually(lambda: rig.venue_get("state")["finished"], within=within, what="the venue ends its orders")
    if booked:
        expected = len(_ours(rig.settled_at_venue()))
        eventually(lambda: rig.booked() >= expected, within=within, what=f"{expected} settlements are booked")
    before: list[dict[tuple[str, int], int]] = []

    def still() -> bool:
        until_done(rig, within=within)
        before.append(ends(rig))
        _reconciled_again(rig, within=within)
        return ends(rig) == before[-1]

    eventually(still, within=within, what="reconciliation finds nothing new")


def _reconciled_again(rig: Rig, *, within: float) -> None:
    """Wait until a round of reconciliation that began after now has ended: the second end from now on is of such a one."""
    for _ in range(2):
        _reconciled_after(rig, datetime.now(UTC), within=within)


def _reconciled_after(rig: Rig, moment: datetime, *, within: float) -> None:
    query = "SELECT count(*) FROM custodian.ingest_cursors WHERE reconciled_at > %s"
    eventually(lambda: rig.value(query, (moment,)), within=within, what="ingest reconciles")


def until_done(rig: Rig, *, within: float = 60) -> None:
    """Wait until the stored positions of all that runs are at the ends and every archived record has its index."""

    def done() -> bool:
        rig.check_alive()
        there = ends(rig)
        stored = {(consumer, topic, partition): offset for consumer, topic, partition, offset in _positions(rig)}
        behind = {key: (offset, there[key[1:]]) for key, offset in stored.items() if offset != there[key[1:]]}
        assert not behind, f"(position, end) of {behind}"
        indexes = rig.rows(f"SELECT count(*), count(index) FROM compliance.records WHERE {NEWEST}")
        archived, indexed = indexes[0]
        assert archived == indexed == sum(there.values()), f"{archived} archived, {indexed} indexed of {sum(there.values())}"
        return True

    eventually(done, within=within, what="every consumer reaches the ends")


def audit(rig: Rig, *, alarms: Sequence[str] = (), dead_letters: bool = False, foreign: bool = False) -> Audit:
    """Compare everything; `alarms` are the kinds that may be there, dead letters and records that are not ours only when allowed."""
    records: dict[str, list[Seen]] = {name: [] for name in TOPICS}
    read, archived = read_both(rig)
    for seen in (*read_past(rig), *read):
        records[seen.place[0].removeprefix(rig.topic_prefix)].append(seen)
    settled = _ours(rig.settled_at_venue())
    found = Audit(
        settled=settled,
        records=records,
        alarms=Counter({alarm["alarm_id"]: alarm["kind"] for alarm in _read(records["alarm-raised.v1"], foreign=foreign)}.values()),
        dead_letters={letter["dead_letter_id"]: letter for letter in _read(records["dead-letter.v1"], foreign=foreign)},
    )
    check_books(rig, settled)
    check_balances(rig, settled)
    check_emitted(found)
    check_archive(read, archived)
    found_indexes = [index for (index,) in rig.rows("SELECT index FROM archive.leaves ORDER BY index")]
    assert found_indexes == list(range(len(found_indexes))), "the index has gaps"
    assert set(found.alarms) <= set(alarms), f"unexpected alarms: {[found.alarms_of(kind) for kind in set(found.alarms) - set(alarms)]}"
    assert dead_letters or not found.dead_letters, f"unexpected dead letters: {list(found.dead_letters.values())[:3]}"
    return found


def check_books(rig: Rig, settled: Mapping[Key, dict[str, Any]]) -> None:
    """Compare the books with the truth: each settlement once, with its amounts on the accounts of its clients, and nothing else."""
    journal = rig.rows("SELECT intent_id, transaction_hash, kind, venue, occurred_at, postings FROM accounting.journal")
    times = Counter((intent, hash_) for intent, hash_, *_ in journal)
    missing, foreign = set(settled) - set(times), set(times) - set(settled)
    assert not missing, f"{len(missing)} settlements are not booked: {sorted(missing)[:3]}"
    assert not foreign, f"{len(foreign)} entries are not of the truth: {sorted(foreign)[:3]}"
    assert set(times.values()) <= {1}, f"booked more than once: {[key for key, count in times.items() if count > 1][:3]}"
    for intent, hash_, kind, venue, occurred_at, postings in journal:
        truth = settled[intent, hash_]
        stated = sorted((p["account"], p["currency"], p["side"], Decimal(p["amount"])) for p in postings)
        wanted = sorted(
            (":".join((role, venue, *([party] if party else []), currency)), currency, side, amount)
            for role, party, currency, side, amount in _postings(truth)
        )
        assert stated == wanted, f"the entry of {intent} says {stated}, the truth {wanted}"
        assert (kind, venue) == ("settlement", "tokyo")
        assert occurred_at == datetime.fromisoformat(truth["settled_at"]), f"{intent} settled at {truth['settled_at']}, not {occurred_at}"


def check_balances(rig: Rig, settled: Mapping[Key, dict[str, Any]]) -> None:
    """Compare the balances of all accounts with the sums of the truth."""
    sums: defaultdict[tuple[str, str | None, str], Decimal] = defaultdict(Decimal)
    for truth in settled.values():
        for role, party, currency, side, amount in _postings(truth):
            sums[role, party, currency] += amount if side == "debit" else -amount
    rows = rig.rows("SELECT role, party, currency, balance FROM accounting.balances")
    assert {(role, party, currency): balance for role, party, currency, balance in rows} == dict(sums)


def check_emitted(found: Audit) -> None:
    """Check that each settlement was emitted, under one id however often, and no other but what was dead-lettered."""
    ids: defaultdict[Key, set[str]] = defaultdict(set)
    refused = {tuple(letter["origin"].values()) for letter in found.dead_letters.values() if isinstance(letter["origin"], dict)}
    for seen in found.records["order-settled.v1"]:
        if seen.place not in refused:
            document = seen.document
            ids[document["intent_id"], document["transaction_hash"]].add(seen.ce_id)
    assert set(ids) == set(found.settled)
    assert {key: len(several) for key, several in ids.items()} == dict.fromkeys(ids, 1)


def check_archive(records: Sequence[Seen], rows: Sequence[Any]) -> None:
    """Compare the archive with Kafka: each record once, byte for byte, digests of our own, each with an index."""
    archived = {(topic, partition, offset): (sha256, bytes(body), _bytes(key)) for topic, partition, offset, sha256, body, key, _ in rows}
    assert len(archived) == len(rows), "a record is archived twice"
    expected = {seen.place: (hashlib.sha256(seen.value).hexdigest(), seen.value, seen.key) for seen in records}
    missing, foreign = expected.keys() - archived.keys(), archived.keys() - expected.keys()
    assert not missing, f"{len(missing)} records are not archived: {sorted(missing)[:3]}"
    assert not foreign, f"{len(foreign)} archived records are not in Kafka: {sorted(foreign)[:3]}"
    different = [place for place in expected if expected[place] != archived[place]]
    assert not different, f"archived with other bytes: {different[:3]}"
    assert all(row[-1] is not None for row in rows), "a record has no index"


def letters(found: Audit, **wanted: Any) -> list[dict[str, Any]]:
    """Return the dead letters with these fields, their body decoded."""
    chosen = [letter for letter in found.dead_letters.values() if all(letter.get(name) == value for name, value in wanted.items())]
    return [{**letter, "bytes": base64.b64decode(letter["body"])} for letter in chosen]


def _read(records: Sequence[Seen], *, foreign: bool) -> list[dict[str, Any]]:
    """Read the values of records; with `foreign` those that no stage of ours wrote, which have no trace parent, are left out."""
    return [seen.document for seen in records if not foreign or "traceparent" in seen.headers]


def _ours(settled: Sequence[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    return {(order["intent_id"], order["transaction_hash"]): order for order in settled if order["side"] in OURS}


def _postings(truth: Mapping[str, Any]) -> list[Posting]:
    source, target = Decimal(truth["source_amount_actual"]), Decimal(truth["target_amount"])
    found: list[Posting] = []
    if truth["side"] in ("sender", "both"):
        found.append(("client_liability", truth["sender_party_id"], truth["source_currency"], "debit", source))
        found.append(("custody_asset", None, truth["source_currency"], "credit", source))
    if truth["side"] in ("receiver", "both"):
        found.append(("custody_asset", None, truth["target_currency"], "debit", target))
        found.append(("client_liability", truth["receiver_party_id"], truth["target_currency"], "credit", target))
    return found


def _positions(rig: Rig) -> list[tuple[Any, ...]]:
    return rig.rows(
        "SELECT consumer, topic, partition, next_offset FROM custodian.positions WHERE consumer = ANY (%s)", (list(rig.consumers),)
    )


def _consumer(rig: Rig) -> Consumer:
    return Consumer({"bootstrap.servers": rig.bootstrap_servers, "group.id": "auditor", "enable.auto.commit": False})


def _bytes(value: Any) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else bytes(value)
