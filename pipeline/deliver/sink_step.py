"""A sink as a step of the batch loop: what it refuses is dead-lettered, what it raises is published, both before the commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.deliver.ports import Outcome
from pipeline.log.envelope import Record
from pipeline.log.notices import dead_letter_of_record
from pipeline.ports import KeepsPassed, Sink, Transaction, Written


class SinkStep:
    """Writes batches into one sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.consumer = sink.consumer
        self.kinds = sink.kinds

    def run(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Outcome:
        """Write a batch; a refused record becomes a dead letter with its bytes, its coordinates and the reason."""
        passed = [record for record in records if record.passed is not None]
        if passed:
            records = [record for record in records if record.passed is None]
            if isinstance(self._sink, KeepsPassed):
                self._sink.keep_passed(transaction, passed, now)
        written = self._sink.write(transaction, records, now) if records else Written()
        letters = [
            dead_letter_of_record(refusal.record, reason=refusal.reason, now=now, source=f"/sinks/{self.consumer}", venue=refusal.venue)
            for refusal in written.refused
        ]
        return Outcome(
            outputs=[*written.raised, *letters],
            counts={**(written.counts or {}), "dead_lettered": len(letters), "passed_over": len(passed)},
            after_commit=written.after_commit,
        )
