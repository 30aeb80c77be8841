"""What a replay leaves in its shadow schema: the events that would have been published, and the states at the end.

The tables hold no time but recorded ones, so the same replay leaves the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from psycopg import sql

from pipeline.log.envelope import Envelope, Outgoing
from pipeline.stores import shadow
from pipeline.stores.postgres import Connection, translated
from pipeline.stores.statements import named_statements
from pipeline.stores.states import Kept

MARK = "custodian replay"
"""The comment on a schema that an earlier replay made."""

_SQL = named_statements("pipeline.stores", "replays.sql")


class Output(NamedTuple):
    """An event of a replay as it is stored, as often as it was emitted."""

    key: bytes
    ce_type: str
    ce_id: str
    subject: str
    source: str
    correlation_id: str
    at: datetime
    times: int
    document: str


def make(connection: Connection, schema: str, *, replace: bool) -> None:
    """Make an empty schema with its tables; raise ShadowNameError when the name is wrong or taken, SettingsError, RetryableError."""
    with translated("making a schema for the replay"), connection.transaction():
        shadow.make(connection, schema, MARK, replace=replace)
        connection.execute(_moved("make_tables", schema))


def write(connection: Connection, schema: str, outputs: Iterable[tuple[Outgoing, datetime]], states: Iterable[tuple[str, Kept]]) -> None:
    """Add outputs in their order, and states, in one transaction."""
    shadow.checked_name(schema)
    with translated("writing what was run again"), connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(_moved("copy_outputs", schema)) as copy:
            for output, at in outputs:
                copy.write_row(_row(output.envelope, output, at))
        with cursor.copy(_moved("copy_states", schema)) as copy:
            for key, kept in states:
                copy.write_row((key, kept.partition, kept.text, kept.wake_at))


def _row(envelope: Envelope, output: Outgoing, at: datetime) -> Sequence[object]:
    return (
        output.key.encode(),
        envelope.kind.ce_type,
        envelope.id,
        envelope.subject,
        envelope.source,
        envelope.correlation_id,
        envelope.causation_id,
        at,
        output.value.decode(),
    )


@contextmanager
def outputs(connection: Connection, schema: str) -> Iterator[Iterator[Output]]:
    """Give the events, each once, in the order of key, type and id; they stream in a transaction of their own."""
    shadow.checked_name(schema)
    with translated("reading what was run again"), connection.transaction(), connection.cursor(name="replayed_outputs") as cursor:
        cursor.itersize = 500
        cursor.execute(_moved("outputs", schema))
        yield (Output(bytes(key), *rest) for key, *rest in cursor)


def _moved(name: str, schema: str) -> sql.Composed:
    return sql.SQL(_SQL[name].decode()).format(schema=sql.Identifier(schema))
