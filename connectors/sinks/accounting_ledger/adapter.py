"""The accounting ledger as a sink: `order-settled` records in, journal entries out, each settlement once.

Promises (design, section 7; interface, sections 3 and 4): `write` is part of the caller's transaction and returns what it refuses; the same
record, or the same settlement in another record, books nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.sinks.accounting_ledger import writer
from connectors.sinks.accounting_ledger.config import LedgerConfig
from pipeline.log.envelope import Record
from pipeline.log.topics import ORDER_SETTLED, EventType
from pipeline.ports import Transaction, Written


class AccountingLedger:
    """Books settlements."""

    consumer = "ledger"
    kinds: Sequence[EventType] = (ORDER_SETTLED,)

    def __init__(self, config: LedgerConfig) -> None:
        self._config = config

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Book what is new, refuse what contradicts the books or cannot be read."""
        return writer.write(transaction, records, now, self._config.scales)
