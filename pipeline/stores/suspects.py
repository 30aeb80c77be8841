"""Attempts that are noted before they are made, and records that were put aside (`deliver.trials`, infra/decisions/0014)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pipeline.log.faults import DEATH, Fault, Suspect
from pipeline.stores.postgres import Connection

T = TypeVar("T")
Partition = tuple[str, int]

_COLUMNS = """topic, partition, key, "offset", alone, failures, answered, fault, traceback_sha256, since, tried_at, parked_at,
              asked, asked_by, asked_reason"""


class Use(Protocol):
    """Lends a connection in autocommit mode; raises RetryableError or FatalError for what goes wrong with it."""

    def __call__(self, doing: Callable[[Connection], T]) -> T:
        """Return what `doing` makes of the connection."""
        ...


class PostgresSuspects:
    """What stands about one consumer (a `deliver.trials.SuspectBook`)."""

    def __init__(self, consumer: str, use: Use) -> None:
        self._consumer, self._use = consumer, use

    def load(self, partitions: Sequence[Partition]) -> Sequence[Suspect]:
        """Return what stands about these partitions, those of a wake-up included."""
        return self._use(
            lambda connection: [
                _suspect(row)
                for row in connection.execute(
                    f"SELECT {_COLUMNS} FROM custodian.suspects "  # noqa: S608 - constants
                    "WHERE consumer = %s AND (topic, partition) IN (SELECT * FROM unnest(%s::text[], %s::int[]))",
                    (self._consumer, [topic for topic, _ in partitions], [number for _, number in partitions]),
                ).fetchall()
            ]
        )

    def put(self, suspects: Sequence[Suspect], *, heard: bool = False) -> None:
        """Write rows in one statement; what a person asked for stays, unless it was `heard` or is about another offset."""
        columns = tuple(
            list(values)
            for values in zip(
                *(
                    (
                        each.topic,
                        each.partition,
                        each.key,
                        each.offset,
                        each.alone,
                        each.failures,
                        each.answered,
                        each.fault.text,
                        each.fault.traceback_sha256,
                        each.since,
                        each.tried_at,
                        each.parked_at,
                    )
                    for each in suspects
                ),
                strict=True,
            )
        )
        self._use(
            lambda connection: connection.execute(
                """
                INSERT INTO custodian.suspects AS s (consumer, topic, partition, key, "offset", alone, failures, answered, fault,
                                                     traceback_sha256, since, tried_at, parked_at)
                SELECT %s, n.* FROM unnest(%s::text[], %s::int[], %s::text[], %s::bigint[], %s::boolean[], %s::int[], %s::boolean[],
                                           %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]) AS n
                    ON CONFLICT (consumer, topic, partition, key) DO UPDATE
                   SET "offset" = EXCLUDED."offset", alone = EXCLUDED.alone, failures = EXCLUDED.failures, answered = EXCLUDED.answered,
                       fault = EXCLUDED.fault, traceback_sha256 = EXCLUDED.traceback_sha256, since = EXCLUDED.since,
                       tried_at = EXCLUDED.tried_at, parked_at = EXCLUDED.parked_at,
                       asked = CASE WHEN s."offset" = EXCLUDED."offset" AND NOT %s THEN s.asked END
                """,
                (self._consumer, *columns, heard),
            )
        )

    def clear(self, partitions: Sequence[Partition], *, key: str | None = None) -> None:
        """Remove rows of partitions; only that of a key where one is given."""
        self._use(
            lambda connection: connection.execute(
                "DELETE FROM custodian.suspects WHERE consumer = %s "
                "AND (topic, partition) IN (SELECT * FROM unnest(%s::text[], %s::int[])) AND (%s::text IS NULL OR key = %s)",
                (self._consumer, [topic for topic, _ in partitions], [number for _, number in partitions], key, key),
            )
        )

    def letters(self, seconds: float) -> int:
        """Return how many records the program has put aside within the last so many seconds."""
        row = self._use(
            lambda connection: connection.execute(
                "SELECT count(*) FROM custodian.set_aside "
                "WHERE consumer = %s AND skipped_by IS NULL AND at > clock_timestamp() - make_interval(secs => %s)",
                (self._consumer, seconds),
            ).fetchone()
        )
        return int(row[0]) if row else 0

    def set_aside(self, transaction: Any, suspect: Suspect, dead_letter_id: str) -> None:
        """Write down in an open transaction that a record was put aside."""
        skipped_by = suspect.asked_by if suspect.asked == "skip" else None
        transaction.execute(
            """
            INSERT INTO custodian.set_aside (consumer, topic, partition, "offset", dead_letter_id, fault, traceback_sha256, failures,
                                             skipped_by, at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp()) ON CONFLICT DO NOTHING
            """,
            (
                self._consumer,
                suspect.topic,
                suspect.partition,
                suspect.offset,
                dead_letter_id,
                suspect.fault.text,
                suspect.fault.traceback_sha256,
                suspect.failures,
                skipped_by,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A partition that stands, or (without a topic) a state whose wake-up fails."""

    consumer: str
    topic: str
    partition: int
    key: str
    offset: int
    failures: int
    fault: str
    traceback_sha256: str | None
    parked_at: datetime
    asked: str | None

    @property
    def subject(self) -> str:
        """Return what stands, for people."""
        return f"{self.consumer} {self.topic}[{self.partition}]" if self.topic else f"{self.consumer} {self.key}"


def parked(connection: Connection, consumers: Sequence[str] | None = None) -> Sequence[Parked]:
    """Return what is parked now, the longest first; of these consumers, or of all. A state counts while it waits for a time."""
    rows = connection.execute(
        """
        SELECT consumer, topic, partition, key, "offset", failures, fault, traceback_sha256, parked_at, asked FROM custodian.suspects AS s
         WHERE parked_at IS NOT NULL AND (%s::text[] IS NULL OR consumer = ANY (%s))
           AND (key = '' OR EXISTS (SELECT FROM custodian.states AS w
                                     WHERE w.processor = s.consumer AND w.key = s.key AND w.wake_at IS NOT NULL))
         ORDER BY parked_at, consumer, topic, partition, key
        """,
        (None if consumers is None else list(consumers),) * 2,
    ).fetchall()
    return [
        Parked(
            consumer=row[0],
            topic=row[1],
            partition=row[2],
            key=row[3],
            offset=row[4],
            failures=row[5],
            fault=row[6],
            traceback_sha256=row[7],
            parked_at=row[8],
            asked=row[9],
        )
        for row in rows
    ]


def ask(connection: Connection, found: Parked, what: str, *, by: str, reason: str) -> bool:
    """Note what a person wants to become of a parked record; return False when it is parked no more, or there already."""
    done = connection.execute(
        """
        UPDATE custodian.suspects SET asked = %s, asked_by = %s, asked_reason = %s
         WHERE consumer = %s AND topic = %s AND partition = %s AND key = %s AND "offset" = %s AND parked_at IS NOT NULL AND asked IS NULL
        """,
        (what, by, reason, found.consumer, found.topic, found.partition, found.key, found.offset),
    )
    return done.rowcount == 1


def _suspect(row: tuple[Any, ...]) -> Suspect:
    return Suspect(
        topic=row[0],
        partition=row[1],
        key=row[2],
        offset=row[3],
        alone=row[4],
        failures=row[5],
        answered=row[6],
        fault=DEATH if not row[6] else Fault(row[7] or DEATH.text, row[8]),
        since=row[9],
        tried_at=row[10],
        parked_at=row[11],
        asked=row[12],
        asked_by=row[13] or "",
        asked_reason=row[14] or "",
    )
