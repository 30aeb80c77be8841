"""A sink as a step of the batch loop: what it refuses is dead-lettered, what it raises is published, both before the commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.deliver.ports import Outcome
from pipeline.log.envelope import Record
from pipeline.log.notices import dead_letter_of_record
from pipeline.ports import Sink, Transaction


class SinkStep:
    """Writes batches into one sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.consumer = sink.consumer
        self.kinds = sink.kinds

    def run(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Outcome:
        """Write a batch; a refused record becomes a dead letter with its bytes, its coordinates and the reason."""
        written = self._sink.write(transaction, records, now)
        letters = [
            dead_letter_of_record(refusal.record, reason=refusal.reason, now=now, source=f"/sinks/{self.consumer}", venue=refusal.venue)
            for refusal in written.refused
        ]
        return Outcome(
            outputs=[*written.raised, *letters],
            counts={**(written.counts or {}), "dead_lettered": len(letters)},
            after_commit=written.after_commit,
        )
