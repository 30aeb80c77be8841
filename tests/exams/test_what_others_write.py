"""Records that others write into a topic of ours, as bad as they can be: each dies by itself, and the partition goes on.

Each engine sits this on real services.
"""

from __future__ import annotations

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from pipeline.testing.orders import intent, outgoing, settled_record, tx
from tests.exams.room import Room
from tests.waiting import eventually


def timestamps_of_any_kind(room: Room) -> None:
    """Let the topic take whatever time a producer writes, as brokers before version 4 do."""
    change = ConfigEntry("message.timestamp.after.max.ms", str(2**63 - 1), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, room.topic, incremental_configs=[change])
    admin = AdminClient({"bootstrap.servers": room.bootstrap_servers})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)


def test_letters_are_taken_and_times_are_no_matter(room: Room) -> None:
    """Large headers, keys of no text, repeated members, absurd timestamps: two settlements are booked, three records are dead letters."""
    timestamps_of_any_kind(room)
    order, other = intent(1, room.topic_prefix), intent(2, room.topic_prefix)
    good, second = outgoing(settled_record(order, 1)), outgoing(settled_record(other, 2))
    twice = good.value.replace(b'"status":"SETTLED"', b'"status":"FAILED","status":"SETTLED"', 1)
    assert twice != good.value
    producer = Producer({"bootstrap.servers": room.bootstrap_servers, "partitioner": "murmur2_random"})

    def delivered(timestamp_ms: int) -> bool:
        refused: list[object] = []
        producer.produce(
            room.topic,
            good.value,
            order.encode(),
            headers=good.headers(),
            timestamp=timestamp_ms,
            on_delivery=lambda error, _: refused.append(error) if error is not None else None,
        )
        return producer.flush(30) == 0 and not refused

    eventually(lambda: delivered(1_742_029_200_000_000), within=30, what="Kafka takes a timestamp in microseconds")
    assert delivered(1)
    producer.produce(room.topic, b"bad", order.encode(), headers=[("h", b"\x01" * 180_000)])
    producer.produce(room.topic, b"bad", b"\xff" * 100_000, headers=good.headers())
    producer.produce(room.topic, twice, order.encode(), headers=good.headers())
    producer.produce(room.topic, second.value, other.encode(), headers=second.headers(), timestamp=4_102_444_800_000_000)
    assert producer.flush(30) == 0
    worker = room.worker()
    room.until_done(within=60)
    assert worker.end() == 0
    audit = room.assert_exactly_once({order: tx(1), other: tx(2)})
    cut = sorted(tuple((part["part"], part["size"]) for part in letter.get("cut") or ()) for letter in audit.dead_letters)
    assert cut == [(), (("headers", 180_001),), (("key", 100_000),)]
    assert sum("duplicate key in JSON: 'status'" in letter["reason"] for letter in audit.dead_letters) == 1
