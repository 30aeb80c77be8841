"""The example of an external risk engine, run as it stands against a real Kafka."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline import settings as configuration
from pipeline.kafka import EventProducer, TopicAdmin, all_records
from pipeline.log import topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Envelope, Outgoing, Record, from_headers
from pipeline.log.signatures import fault, public_key, signature_of
from pipeline.testing.questions import NOW, question, quote
from schemas.accepting import DecisionMade, DecisionRequested
from tests.services import KafkaRoom
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def external_engine(kafka: KafkaRoom, key_file: Path, **more: str) -> Iterator[None]:
    """Run the example as a program of somebody else's: it sees no module of ours, and signs with a key of its own."""
    environment = {
        **os.environ,
        **more,
        "BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "TOPIC_PREFIX": kafka.topic_prefix,
        "ENGINE_KEY": str(key_file),
    }
    program = ROOT / "infra/examples/external_risk_engine.py"
    running = subprocess.Popen([sys.executable, "-I", str(program)], env=environment, cwd="/")
    try:
        yield
    finally:
        running.kill()
        running.wait(10)


def key_pair(folder: Path) -> Path:
    """Make a key pair as its owner would, and return the file of the private half."""
    subprocess.run([sys.executable, "-m", "pipeline.cli.main", "engine-key", "new", "mine", "--folder", str(folder)], cwd=ROOT, check=True)
    return folder / "mine.key"


def outgoing(request: DecisionRequested) -> Outgoing:
    """Return a question as the workflow publishes it."""
    envelope = Envelope(
        id=request.request_id, kind=topics.DECISION_REQUESTED, source="/w", subject=request.intent_id, time=NOW, correlation_id="c" * 32
    )
    return Outgoing(envelope=envelope, key=request.intent_id, value=encode(request))


def answered(settings: configuration.Kafka, *, number: int) -> Sequence[Record]:
    """Wait for so many answers and return them."""
    topic = topics.DECISION_MADE.topic(settings.topic_prefix)
    found = eventually(
        lambda: records if len(records := all_records(settings, topic)) >= number else None, within=60, what="every question is answered"
    )
    assert found is not None
    return found


def test_the_example_answers_with_the_same_correlation_id_on_the_same_partition(kafka: KafkaRoom, tmp_path: Path) -> None:
    """It accepts a small order, co-signs the cheapest quote, refers a large order; every answer can be read, and its signature holds."""
    key_file = key_pair(tmp_path)
    keys = {"mine": public_key((tmp_path / "mine.pub").read_bytes())}
    settings = configuration.Kafka(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, partitions=3)
    TopicAdmin(settings).ensure_topics([topics.DECISION_REQUESTED, topics.DECISION_MADE])
    asked = [
        question(order=1),
        question("co_sign_quote", order=2, quotes=[quote(1, "112"), quote(2, "111.5")]),
        question(order=3, target_amount="250000.01"),
    ]
    EventProducer(settings).publish([outgoing(request) for request in asked])
    with external_engine(kafka, key_file):
        answers = answered(settings, number=len(asked))
    made = {decision.request_id: decision for decision in (decode(record.value, DecisionMade) for record in answers)}
    found = [(made[request.request_id].verdict, made[request.request_id].quote_id) for request in asked]
    assert found == [("ACCEPT", None), ("ACCEPT", quote(2).quote_id), ("REFER", None)]
    for record in answers:
        envelope = from_headers(record.headers)
        decision = decode(record.value, DecisionMade)
        request = next(one for one in asked if one.request_id == decision.request_id)
        assert (envelope.kind, envelope.correlation_id, envelope.causation_id) == (topics.DECISION_MADE, "c" * 32, request.request_id)
        assert record.key == request.intent_id.encode()
        assert decision.context_sha256 == request.context_sha256
        assert fault(signature_of(record.headers), record.value, request.context_sha256, keys) is None
