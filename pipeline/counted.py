"""What is counted, by name: one vocabulary for who counts and for the series that exist at 0 before that (`metrics.begin`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from schemas.accepting import Verdict

Service = Literal["Kafka", "PostgreSQL"]
"""Who may be away, beside each venue."""
IngestOutcome = Literal[
    "seen",
    "published",
    "rate_read",
    "record_new",
    "record_known",
    "cut",
    "heartbeat",
    "unknown_event",
    "compliance_read",
    "compliance_absent",
    "compliance_unreadable",
]
RateOutcome = Literal["new", "unchanged", "away", "unreadable"]
CommandOutcome = Literal["succeeded", "refused", "expired", "unknown", "shadowed"]
_CONSUMER = ("seen", "seen_before", "passed_over", "dead_lettered", "failed_alone")
PROCESSOR = (*_CONSUMER, "woken")
"""What every processor counts, beside what its facts are called (`Processor.outcomes`)."""
VERDICTS = tuple(verdict.lower() for verdict in get_args(Verdict))

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "ingest": (*get_args(IngestOutcome), "dead_lettered"),
    "commands": (*_CONSUMER, "journalled", "repeated", *get_args(CommandOutcome)),
    "decisions": (*_CONSUMER, "repeated", "asked", "referred", "superseded", "expired", *(f"decided_{verdict}" for verdict in VERDICTS)),
    "ledger": (*_CONSUMER, "booked", "duplicate"),
    "archive": (*_CONSUMER, "archived", "duplicate"),
}
"""What becomes of records, by who counts it and is no processor."""


def venue_service(venue: str) -> str:
    """Return the name of a venue among those who may be away."""
    return f"venue {venue}"
