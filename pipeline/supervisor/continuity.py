"""Looks whether the database still holds what Kafka knows of, when a role starts and before the first call in a new run of the server."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from pipeline.errors import PoisonRecordError
from pipeline.kafka import TopicAdmin, all_records
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.settings import Settings
from pipeline.stores import continuity
from pipeline.stores.continuity import Place
from pipeline.stores.postgres import Connection, connect, translated
from pipeline.supervisor.preparation import CONSUMERS
from schemas.accepting import OperatorActed

log = logging.getLogger(__name__)


def look_at_start(settings: Settings) -> None:
    """Look once, whatever run of the server this is; raise ServiceAwayError."""
    with connect(settings.postgres, name="continuity", autocommit=True) as connection:
        look(settings, connection)


def look(settings: Settings, connection: Connection) -> None:
    """Look at this run of the server over a connection in autocommit mode; raise RetryableError when PostgreSQL or Kafka is away."""
    with translated("looking whether the database has gone back"):
        found = continuity.look(connection, lambda: _committed(settings), lambda: _acts(settings))
    if found:
        log.critical(
            "the database has gone back: accepting is halted until two people resume it",
            extra={"lacking": len(found), "first": found[0].told},
        )


def _committed(settings: Settings) -> Mapping[Place, int]:
    admin, prefix, partitions = TopicAdmin(settings.kafka), settings.kafka.topic_prefix, range(settings.kafka.partitions)
    return {
        (consumer, topic, partition): offset
        for consumer, kinds in CONSUMERS.items()
        for (topic, partition), offset in admin.committed(
            f"{prefix}{consumer}", [(kind.topic(prefix), number) for kind in kinds for number in partitions]
        ).items()
    }


def _acts(settings: Settings) -> Sequence[OperatorActed]:
    acts = []
    for record in all_records(settings.kafka, topics.OPERATOR_ACTED.topic(settings.kafka.topic_prefix)):
        try:
            acts.append(decode(record.value or b"", OperatorActed))
        except PoisonRecordError as error:
            log.warning("a record of acts cannot be read", extra={"offset": record.offset, "reason": str(error)})
    return acts
