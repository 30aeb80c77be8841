"""What every role counts, in Prometheus' terms; `/metrics` of each process shows it.

prometheus_client is imported here and where the listener is, nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from pipeline.counted import IngestOutcome, RateOutcome, Service, venue_service
from pipeline.log.notices import ALARM_KINDS

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
RETRIES = Counter("custodian_retries", "Pauses because a service was away or slow: Kafka, PostgreSQL, venue NAME.", ["role", "service"])
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


OLDEST = Gauge(
    "custodian_oldest_unprocessed_age_seconds",
    "Seconds since the oldest record that this role has not done yet was produced; 0 while it has done all.",
    ["role"],
)
DECISION_TO_CALL_SECONDS = Histogram(
    "custodian_decision_to_call_seconds",
    "Time from the command that follows a decision to its first call at the venue, in seconds.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30),
)
TOKEN_FAILURES = Counter("custodian_token_failures", "Requests for a venue's token that did not bring one.", ["venue"])
BUILD = Gauge("custodian_build_info", "1, with the version of this program and the engine that the settings name.", ["version", "engine"])
MODE = Gauge("custodian_mode", "1 for what accepting is by this process's settings, live or shadow, and 0 for the other.", ["accepting"])
POLICY = Gauge("custodian_policy_info", "1, with what the role risk decides by.", ["name", "version", "sha256"])
ALARMS_OPEN = Gauge(
    "custodian_alarms_open", "Alarms that nobody has acknowledged. Told by the role archive, every worker the same.", ["severity"]
)
HALTS = Gauge("custodian_halts", "Halts in force. Told by the role archive.")
REFERRALS = Gauge("custodian_referrals_waiting", "Decisions that wait for people. Told by the role archive.")
REFERRAL_EXPIRES = Gauge(
    "custodian_referral_next_expiry_timestamp_seconds",
    "When the first of those expires (Unix time); 0 while none waits. Told by the role archive.",
)
COMMANDS = Gauge(
    "custodian_commands_open",
    "Commands without a definite answer: under_way, and unknown, which were given up. Told by the role archive.",
    ["state"],
)
OUTBOX = Gauge(
    "custodian_outbox_oldest_age_seconds",
    "Seconds for which the oldest event has waited that a transaction decided on and nobody has published; 0 while none waits. Told by the "
    "role archive.",
)
UNSEQUENCED = Gauge("custodian_archive_unsequenced_records", "Archived records that wait for their index. Told by the role archive.")
BREAKS_OPEN = Gauge("custodian_breaks_open", "Open breaks of reconciliations. Told by the role archive.", ["severity"])
UPKEEP_ENDED = Gauge(
    "custodian_upkeep_ended_timestamp_seconds",
    "When a task of [schedule] last came to its end (Unix time); 0 before the first. Told by the role archive.",
    ["task"],
)
UPKEEP_SECONDS = Gauge("custodian_upkeep_seconds", "How long its last whole run took, in seconds. Told by the role archive.", ["task"])
UPKEEP_DONE = Gauge(
    "custodian_upkeep_done",
    "What its last whole run went through: settlements compared, records verified, states removed. Told by the role archive.",
    ["task"],
)
UPKEEP_FINDINGS = Gauge("custodian_upkeep_findings", "What its last whole run found. Told by the role archive.", ["task"])
UPKEEP_FAILING = Gauge(
    "custodian_upkeep_failing", "1 while its last try did not come to an end: it is tried again. Told by the role archive.", ["task"]
)

SEVERITIES = ("info", "warning", "critical")


def begin(
    *,
    outcomes: Mapping[str, Iterable[str]],
    origins: Iterable[tuple[str, str]],
    providers: Iterable[str],
    venues: Iterable[tuple[str, str]],
    version: str,
    engine: str,
    accepting: str,
) -> None:
    """Let the series of a process exist at 0 before anything is counted: what appears with its first count has no increase.

    `outcomes` are what becomes of records, by consumer; `origins` the pairs of consumer and origin that its dead letters can have, `venues`
    those of role and venue that speak with one another; `providers` are those of the rates that it reads.
    """
    for kind in ALARM_KINDS:
        ALARMS.labels(kind)
    for name, ends in outcomes.items():
        for outcome in ends:
            RECORDS.labels(name, outcome)
        BATCH_SECONDS.labels(name)
        for service in get_args(Service):
            RETRIES.labels(name, service)
    for name, venue in venues:
        RETRIES.labels(name, venue_service(venue))
        TOKEN_FAILURES.labels(venue)
    for name, origin in origins:
        DEAD_LETTERS.labels(name, origin)
    for provider in providers:
        for read in get_args(RateOutcome):
            RATE_READS.labels(provider, read)
    BUILD.labels(version, engine).set(1)
    for mode in ("live", "shadow"):
        MODE.labels(mode).set(mode == accepting)


def policy(*, name: str, version: int, sha256: str) -> None:
    """Say by which policy this process decides now."""
    POLICY.clear()
    POLICY.labels(name, str(version), sha256).set(1)


def retried(role: str, service: Service) -> None:
    """Count a pause because Kafka or PostgreSQL was away or slow."""
    RETRIES.labels(role, service).inc()


def venue_retried(role: str, venue: str) -> None:
    """Count a pause because a venue was away or slow."""
    RETRIES.labels(role, venue_service(venue)).inc()


def ingested(outcome: IngestOutcome, count: int = 1) -> None:
    """Count what became of what a venue showed."""
    RECORDS.labels("ingest", outcome).inc(count)


def rates_read(provider: str, outcome: RateOutcome) -> None:
    """Count a read of reference rates."""
    RATE_READS.labels(provider, outcome).inc()


def dead_lettered(role: str, origin: str, count: int = 1) -> None:
    """Count dead letters that are published now."""
    RECORDS.labels(role, "dead_lettered").inc(count)
    DEAD_LETTERS.labels(role, origin).inc(count)
