"""A database with an archive in it, made without Kafka: what is archived here has run through nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.sinks.accounting_ledger import writer as books
from connectors.sinks.compliance_archive import writer as archive
from connectors.sinks.compliance_archive.config import ArchiveConfig
from connectors.sinks.compliance_archive.sequencer import Sequencer
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.domain.money import Scales
from pipeline.failpoints import Failpoints
from pipeline.log.envelope import Outgoing, Record
from pipeline.stores import migrations, positions
from pipeline.stores.postgres import Connection, connect

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipeline.stores", "connectors.sinks.accounting_ledger", "connectors.sinks.compliance_archive")


def record_of(event: Outgoing, offset: int, *, partition: int = 0, at: datetime | None = None) -> Record:
    """Return an event as it stands in Kafka, produced at its own time unless told otherwise."""
    return Record(
        topic=event.envelope.kind.topic("custody."),
        partition=partition,
        offset=offset,
        key=event.key.encode(),
        value=event.value,
        headers=event.headers(),
        timestamp_ms=int((at or event.envelope.time).timestamp() * 1000),
    )


class ArchiveRoom:
    """One test's database."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.settings = configuration.Postgres(dsn=dsn)
        self.folder = folder
        # Port 9 is nobody's: Kafka is not asked for what the database knows.
        (folder / "custodian.toml").write_text(
            f'[kafka]\nbootstrap_servers = "127.0.0.1:9"\n[postgres]\ndsn = {json.dumps(dsn)}\n[currencies.JPYSC0]\nscale = 4\n'
        )
        with self.connection() as connection:
            migrations.apply(connection, migrations.found_in(PACKAGES))

    def connection(self) -> Connection:
        """Open an autocommit connection."""
        return connect(self.settings, name="test", autocommit=True)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query, committed, on a connection of its own."""
        with self.connection() as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def archive(self, records: Sequence[Record], now: datetime) -> None:
        """Archive records and give them their index."""
        with self.connection() as connection, connection.transaction():
            archive.write(connection, records, now)
            self._advance(connection, "archive", records)
        Sequencer(
            connect=self.connection, config=ArchiveConfig(), clock=SystemClock(), failpoints=Failpoints({}), stop=threading.Event()
        ).drain()

    def book(self, records: Sequence[Record], now: datetime) -> None:
        """Book records as the ledger does."""
        with self.connection() as connection, connection.transaction():
            books.write(connection, records, now, Scales(by_currency={"JPYSC0": 4}))
            self._advance(connection, "ledger", records)

    def done(self, consumer: str, records: Sequence[Record]) -> None:
        """Store that a consumer has done these records."""
        with self.connection() as connection, connection.transaction():
            self._advance(connection, consumer, records)

    def _advance(self, connection: Connection, consumer: str, records: Sequence[Record]) -> None:
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        positions.prepare(connection, consumer, [(topic, partition, "id") for topic, partition in ends])
        positions.advance(connection, consumer, ends)

    def custodian(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        """Run a command that lists; return its exit code, its lines, and what it says beside."""
        command = [sys.executable, "-m", "pipeline.cli.main", *arguments, "--format", "jsonl"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr
