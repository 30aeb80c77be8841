"""The compliance archive as a sink: every record of every topic, verbatim, once.

Nothing is refused: what no other stage can read is evidence all the same. Promises: design, section 7; interface, sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.sinks.compliance_archive import writer
from pipeline.log.envelope import Record
from pipeline.log.topics import ALL, EventType
from pipeline.ports import Transaction, Written

CONSUMER = "archive"


class ComplianceArchive:
    """Keeps records."""

    consumer = CONSUMER
    kinds: Sequence[EventType] = ALL

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Keep every record once, also when positions were moved back; raise FatalError when other bytes are archived in its place."""
        kept = writer.write(transaction, records, now)
        return Written(counts={"archived": kept, "duplicate": len(records) - kept})

    def keep_passed(self, transaction: Transaction, passed: Sequence[Record], now: datetime) -> None:
        """Keep why offsets have no record, with the batch of the log that stands there."""
        writer.keep_passed(transaction, passed, now)
