"""What every role counts, in Prometheus' terms; `/metrics` of each process shows it.

prometheus_client is imported here and where the listener is, nowhere else.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter(
    "custodian_records",
    "Records and frames by role and by what became of them: seen, published, duplicate, settled, booked, archived, dead_lettered, …",
    ["role", "outcome"],
)
ALARMS = Counter("custodian_alarms", "Alarms raised, by kind.", ["kind"])
BATCH_SECONDS = Histogram(
    "custodian_batch_seconds",
    "Time of one batch from the first record to the commit, in seconds.",
    ["role"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
FRAME_TO_BOOKING_SECONDS = Histogram(
    "custodian_frame_to_booking_seconds",
    "Time from the first sign of a settlement on the stream to its committed entry, in seconds.",
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
LAG = Gauge("custodian_lag_records", "Records between the stored position and the end of the topics.", ["role"])
RETRIES = Counter("custodian_retries", "Pauses because a service was away or slow.", ["role", "service"])
CONNECTED = Gauge("custodian_venue_connected", "1 while the venue's stream is connected.", ["venue"])
LAST_BYTE = Gauge("custodian_venue_last_byte_timestamp_seconds", "When the venue's stream last sent a byte (Unix time).", ["venue"])
LAST_RECONCILED = Gauge(
    "custodian_venue_last_reconciled_timestamp_seconds",
    "When the last completed listing began (Unix time): everything before it is published.",
    ["venue"],
)
UNFINISHED = Gauge(
    "custodian_venue_unfinished_orders", "Orders that the log does not hold whole yet and that are read again until it does.", ["venue"]
)
UNFINISHED_SINCE = Gauge(
    "custodian_venue_unfinished_since_timestamp_seconds",
    "Since when the oldest unfinished order has been so (Unix time); 0 while there is none.",
    ["venue"],
)
SWEEP_PAGE = Gauge("custodian_venue_sweep_page", "The page that the sweep under way reads next; 0 between two sweeps.", ["venue"])
SWEEP_PAGES = Gauge("custodian_venue_sweep_pages", "How many pages the venue's list has, as far as it says so.", ["venue"])
SWEEP_ENDED = Gauge(
    "custodian_venue_sweep_ended_timestamp_seconds",
    "When the last whole sweep over all that the venue lists ended (Unix time); 0 before the first.",
    ["venue"],
)
QUEUE = Gauge("custodian_ingest_queue", "Events between the stream reader and the publisher.", ["venue"])
RATE_READS = Counter(
    "custodian_rate_reads",
    "Reads of reference rates, by provider and by what came of them: new, unchanged, away, unreadable.",
    ["provider", "outcome"],
)
RATE_QUOTED = Gauge(
    "custodian_rate_quoted_timestamp_seconds",
    "When the oldest rate of a provider's last good document was current, by the provider's own word (Unix time).",
    ["provider"],
)
DEAD_LETTERS = Counter(
    "custodian_dead_letters",
    "Dead letters by role and by where their bytes came from: stream, read, rates, or the topic. One that dies again counts again.",
    ["role", "origin"],
)
DEAD_LETTERS_OPEN = Gauge(
    "custodian_dead_letters_open",
    "Dead letters that are neither requeued nor closed, by who wrote them (ce_source); told by the role archive, every worker the same.",
    ["source"],
)
DEAD_LETTERS_OLDEST = Gauge(
    "custodian_dead_letters_oldest_open_age_seconds",
    "Seconds since the oldest open dead letter was archived; 0 while none is open. Told by the role archive.",
)
DEGRADED = Gauge(
    "custodian_degraded",
    "1 while a role finds this reason to be degraded: partition_parked, lag_still, role_restarting, …; `custodian status` has the words.",
    ["role", "reason"],
)


def dead_lettered(role: str, origin: str, count: int = 1) -> None:
    """Count dead letters that are published now."""
    RECORDS.labels(role, "dead_lettered").inc(count)
    DEAD_LETTERS.labels(role, origin).inc(count)
