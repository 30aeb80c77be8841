"""What this process has counted, held against what a process of each role lets exist at 0."""

from __future__ import annotations

from functools import cache
from typing import get_args

from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from pipeline import counted, metrics
from pipeline.log.notices import ALARM_KINDS
from pipeline.settings import Settings
from pipeline.supervisor.preparation import CONSUMERS
from pipeline.topology import PROCESSORS

Labels = tuple[str, ...]


@cache
def _outcomes() -> dict[str, frozenset[str]]:
    found = {name: frozenset(names) for name, names in counted.OUTCOMES.items()}
    return found | {name: frozenset((*counted.PROCESSOR, *make(Settings()).outcomes)) for name, make in PROCESSORS.items()}


def _is_begun(counter: str, labels: Labels) -> bool:
    who = labels[0]
    match counter:
        case "custodian_records":
            return labels[1] in _outcomes()[who]
        case "custodian_retries":
            away = get_args(counted.Service)
            return labels[1] in away or (who in ("ingest", "commands") and labels[1].startswith(counted.venue_service("")))
        case "custodian_dead_letters" if who == "ingest":
            return labels[1] in ("stream", "read", "rates")
        case "custodian_dead_letters":
            return any(labels[1].endswith(kind.topic("")) for kind in CONSUMERS[who])
        case "custodian_alarms":
            return who in ALARM_KINDS
        case "custodian_rate_reads":
            return labels[1] in get_args(counted.RateOutcome)
        case "custodian_token_failures":
            return True  # by venue alone, each of which is begun
    return False


def counted_labels() -> set[tuple[str, Labels]]:
    """Return every labelled counter's series of a role of ours, by name and labels; a test's own processors are nobody's."""
    return {
        (metric._name, tuple(labels))
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase) and isinstance(metric, Counter)
        for labels in metric._metrics
        if metric._labelnames[0] != "role" or labels[0] in _outcomes()
    }


def not_begun() -> set[tuple[str, Labels]]:
    """Return what was counted and does not exist at 0 from the start of a process."""
    return {(name, labels) for name, labels in counted_labels() if not _is_begun(name, labels)}
