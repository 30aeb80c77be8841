"""What ingest remembers of the evidence for pending proposals: what the log holds is not read again, what it lacks is not forgotten."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipeline.log.envelope import moment, time_text
from pipeline.ports import Evidence, EvidenceStep
from pipeline.stores.postgres import Connection

_BEGIN = """
INSERT INTO custodian.ingest_evidence (venue, intent_id, source_currency, target_currency)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING
"""
_GO_ON = """
UPDATE custodian.ingest_evidence AS held
   SET snapshot = coalesce(step.snapshot, held.snapshot), rates = held.rates || step.rates
  FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS step (intent_id, snapshot, rates)
 WHERE held.venue = %s AND held.intent_id = step.intent_id
"""
_END = "DELETE FROM custodian.ingest_evidence WHERE venue = %s AND intent_id = ANY (%s)"


def load(connection: Connection, venue: str) -> dict[str, Evidence]:
    """Return the evidence of a venue's pending proposals, by intent."""
    rows = connection.execute(
        "SELECT intent_id, source_currency, target_currency, snapshot, rates FROM custodian.ingest_evidence WHERE venue = %s", (venue,)
    ).fetchall()
    return {
        intent: Evidence(
            pair=(source, target),
            snapshot=snapshot,
            rates={name: at for name, text in rates.items() if (at := moment(text, "quoted_at")) is not None},
        )
        for intent, source, target, snapshot, rates in rows
    }


def store(connection: Connection, venue: str, steps: Sequence[EvidenceStep]) -> None:
    """Take steps, one per intent, whose records Kafka has acknowledged."""
    over = [step.intent_id for step in steps if step.over]
    going = [step for step in steps if not step.over]
    begun = [(step.intent_id, *step.pair) for step in going if step.pair is not None]
    if begun:
        connection.execute(_BEGIN, (venue, *map(list, zip(*begun, strict=True))))
    changed = [step for step in going if step.snapshot is not None or step.rates]
    if changed:
        rates = [json.dumps({name: time_text(at) for name, at in step.rates.items()}) for step in changed]
        connection.execute(_GO_ON, ([step.intent_id for step in changed], [step.snapshot for step in changed], rates, venue))
    if over:
        connection.execute(_END, (venue, over))
