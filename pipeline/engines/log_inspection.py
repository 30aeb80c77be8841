"""Reads Kafka's log where offsets are missing: one raw fetch, by which every engine and every sink tells a mark from a loss.

A client library hands out records only; what else stands in the log is seen in the fetched bytes alone (`log.log_batches`). aiokafka's
protocol classes are used for that, imported when the first gap is met. Where `kafka.client` holds security settings that only librdkafka
understands the log cannot be read so, and a gap stays what it was: a hole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from pipeline import settings as configuration
from pipeline.errors import ServiceAwayError, SettingsError
from pipeline.log.envelope import Record
from pipeline.log.log_batches import Inspect, passed_over

log = logging.getLogger(__name__)

PASSED_MAX = 10_000
"""Offsets that one inspection passes over; the rest is left to the next."""
FETCH_BYTES_MAX = 4 * 1024 * 1024
TIMEOUT = 10.0
"""Seconds for one inspection: beyond them the batch is tried again."""
_READ_COMMITTED = 1


def log_inspection(kafka: configuration.Kafka) -> Inspect:
    """Return what reads the log of this Kafka; blocking, for a thread without an event loop of its own."""

    def inspect(topic: str, partition: int, begin: int, end: int) -> Sequence[Record]:
        where = {"topic": topic, "partition": partition, "offset": begin}
        try:
            found = asyncio.run(_read(kafka, topic, partition, begin, end))
        except SettingsError as error:
            log.warning("the log cannot be looked into where offsets are missing", extra={**where, "reason": str(error)})
            return ()
        if found:
            log.info("passed over what is no record", extra={**where, "offsets": len(found), "kind": found[0].passed.kind})  # type: ignore[union-attr]
        return found

    return inspect


async def _read(kafka: configuration.Kafka, topic: str, partition: int, begin: int, end: int) -> list[Record]:
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError
    from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

    from pipeline.engines._faust_security import credentials

    client = AIOKafkaClient(
        bootstrap_servers=kafka.bootstrap_servers,
        client_id="custodian",
        request_timeout_ms=int(TIMEOUT * 1000),
        **credentials_to_aiokafka_auth(credentials(kafka.options())),
    )
    found: list[Record] = []
    try:
        async with asyncio.timeout(TIMEOUT):
            await client.bootstrap()
            await client._wait_on_metadata(topic)
            at = begin
            while at < end and len(found) < PASSED_MAX:
                raw, aborted = await _fetch(client, topic, partition, at)
                passed, behind = passed_over(topic, partition, raw, aborted, begin=at, end=end)
                if behind == at or (at == begin and not (passed and passed[0].offset == begin)):
                    break
                found, at = found + passed, behind
    except (KafkaError, OSError, TimeoutError) as error:
        raise ServiceAwayError(f"Kafka does not show its log of {topic}[{partition}] at offset {begin}: {type(error).__name__}") from None
    finally:
        await client.close()
    return found


async def _fetch(client: Any, topic: str, partition: int, offset: int) -> tuple[bytes, list[tuple[int, int]]]:
    """Return the bytes of the log from the batch with this offset on, and the transactions in them that were taken back."""
    from aiokafka.errors import NoError, for_code
    from aiokafka.protocol.fetch import FetchRequest
    from aiokafka.structs import TopicPartition

    leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
    request = FetchRequest(500, 1, FETCH_BYTES_MAX, _READ_COMMITTED, [(topic, [(partition, offset, FETCH_BYTES_MAX)])])
    response = await client.send(leader, request)
    ((_, ((_, code, _, *rest),)),) = response.topics
    error = for_code(code)
    if error is not NoError:
        raise error
    # Version 11 ends with a preferred replica and the bytes, versions 4 to 10 with the aborted transactions and the bytes.
    aborted = rest[2] if response.API_VERSION >= 11 else rest[-2]
    return bytes(rest[-1] or b""), [(producer, first) for producer, first in aborted or ()]
