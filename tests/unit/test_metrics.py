"""Metrics: each is described where people look for it, exists before it counts, and rules name only what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from prometheus_client import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from pipeline import metrics
from pipeline.log.notices import ALARM_KINDS
from pipeline.processors.risk.processor import RISK
from tests.counters import counted_labels, not_begun

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "infra" / "monitoring"
OURS = {name: metric for name, metric in vars(metrics).items() if isinstance(metric, MetricWrapperBase)}


def names(metric: MetricWrapperBase) -> str:
    """Return a metric's name as Prometheus shows it."""
    return f"{metric._name}{'_total' if metric._type == 'counter' else ''}"


def test_every_metric_is_described() -> None:
    """The page has a row for each, in their order, with type, labels and the very sentence that `/metrics` says."""
    rows = [line for line in (MONITORING / "metrics.md").read_text().splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{names(metric)}` | {metric._type} | {', '.join(f'`{label}`' for label in metric._labelnames)} | {metric._documentation} |"
        for metric in OURS.values()
    ]


def test_rules_name_what_there_is() -> None:
    """Each name and label of the shipped rules is one of ours, and each rule says in words what it is about."""
    known = {names(metric): set(metric._labelnames) for metric in OURS.values()}
    for rule in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]:
        used = [name.removesuffix("_bucket") for name in re.findall(r"custodian_[a-z_]+", rule["expr"])]
        assert used
        assert set(used) <= known.keys(), rule["alert"]
        labels = set().union(*(known[name] for name in used)) | {"le"}
        grouped = {label.strip() for inside in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in inside.split(",")}
        chosen = set(re.findall(r"[{,]\s*([a-z_]+)=", rule["expr"]))
        told = set(re.findall(r"\$labels\.([a-z_]+)", rule["annotations"]["summary"]))
        assert grouped | chosen <= labels, rule["alert"]
        assert told <= grouped | chosen, rule["alert"]


def test_every_kind_is_counted_from_the_start() -> None:
    """In a new process: each kind of alarm, each origin of dead letters, each service, the build and the mode, before anything happened."""
    program = (
        "from prometheus_client import generate_latest\n"
        "from pipeline import metrics\n"
        "from pipeline.settings import Settings\n"
        "from pipeline.supervisor.role import begin_metrics\n"
        "rates = {'desk': {'url': 'https://h'}}\n"
        "more = {'rates': rates, 'venues': {'tokyo': {'base_url': 'https://v', 'auth': {'client_id': 'c', 'client_secret': 's'}}}}\n"
        "settings = Settings.model_validate({'kafka': {'topic_prefix': 't.'}, 'mode': {'accepting': 'shadow'}, **more})\n"
        "for role in ('ingest', 'settlement', 'workflow', 'risk', 'commands', 'ledger', 'archive'):\n"
        "    begin_metrics(role, settings)\n"
        "print(generate_latest().decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    samples = [sample for family in text_string_to_metric_families(done.stdout) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}

    def told(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert {told("custodian_alarms_total", kind=kind) for kind in ALARM_KINDS} == {0}
    assert told("custodian_alarms_total", kind="double_settlement") == 0
    letters = {(sample.labels["role"], sample.labels["origin"]) for sample in samples if sample.name == "custodian_dead_letters_total"}
    assert {("ingest", "stream"), ("ingest", "read"), ("ingest", "rates"), ("ledger", "t.order-settled.v1")} <= letters
    assert {origin for role, origin in letters if role == "risk"} == {kind.topic("t.") for kind in RISK.consumes}
    assert {role for role, _ in letters} == {"ingest", "settlement", "workflow", "risk", "commands", "decisions", "ledger", "archive"}
    assert {told("custodian_records_total", role=role, outcome="dead_lettered") for role, _ in letters} == {0}
    away = {(sample.labels["role"], sample.labels["service"]) for sample in samples if sample.name == "custodian_retries_total"}
    assert {role for role, service in away if service == "venue tokyo"} == {"ingest", "commands"}
    assert {role for role, _ in letters} == {role for role, service in away if service == "Kafka"}
    assert {told("custodian_retries_total", role=role, service="PostgreSQL") for role, _ in away} == {0}
    assert told("custodian_token_failures_total", venue="tokyo") == 0
    ends = {(sample.labels["role"], sample.labels["outcome"]) for sample in samples if sample.name == "custodian_records_total"}
    assert {("ingest", "unknown_event"), ("commands", "unknown"), ("workflow", "moved_out_of_rounds"), ("settlement", "regressed")} <= ends
    assert {("ledger", "booked"), ("risk", "reject"), ("archive", "archived"), ("decisions", "referred")} <= ends
    assert told("custodian_rate_reads_total", provider="desk", outcome="unreadable") == 0
    assert (told("custodian_mode", accepting="shadow"), told("custodian_mode", accepting="live")) == (1, 0)
    assert [sample.value for sample in samples if sample.name == "custodian_build_info"] == [1]
    assert {sample.value for sample in samples if sample.name.startswith("custodian_") and sample.name.endswith("_total")} == {0}


def test_what_is_counted_under_another_name_is_found() -> None:
    """The guard behind every test (`conftest`) sees each labelled counter, and a service, an outcome and a topic that nobody begins."""
    counters = {metric._name for metric in OURS.values() if metric._type == "counter"}
    wrong = {
        ("custodian_retries", ("ingest", "kafka")),
        ("custodian_retries", ("ledger", "venue tokyo")),
        ("custodian_records", ("commands", "succeded")),
        ("custodian_dead_letters", ("ledger", "custody.order-updated.v1")),
        ("custodian_alarms", ("no_such_kind",)),
        ("custodian_rate_reads", ("desk", "stale")),
    }
    metrics.TOKEN_FAILURES.labels("tokyo")
    for name, labels in wrong:
        next(metric for metric in OURS.values() if metric._name == name).labels(*labels)
    try:
        assert not_begun() == wrong
        assert {name for name, _ in counted_labels()} >= counters, "a counter without labels would not be looked at"
    finally:
        for name, labels in wrong:
            next(metric for metric in OURS.values() if metric._name == name).remove(*labels)


def test_a_policy_is_told_alone() -> None:
    """The one before it is gone when another decides."""
    for version in (1, 2):
        metrics.policy(name="desk", version=version, sha256="ab" * 32)
    lines = [line for line in generate_latest().decode().splitlines() if line.startswith("custodian_policy_info{")]
    assert lines == [f'custodian_policy_info{{name="desk",sha256="{"ab" * 32}",version="2"}} 1.0']
