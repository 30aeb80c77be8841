"""A risk engine of one's own: reads custody.decision-requested.v1, answers on custody.decision-made.v1, knows nothing of the pipeline.

Switch the built-in one off with `[risk] engine = "external"`. An answer counts once, for the request and the context that it names, until
`decide_by`; a late, repeated or contradicting one does no harm and shows up as an alarm. Only ACCEPT makes the pipeline do anything.

Each answer is signed with the private key of `custodian engine-key new`, whose public half stands in `engine_keys`: the value's bytes
behind a line with the question's digest. An answer without a signature that holds has no effect.

Where Kafka wants a login or TLS, the environment says it in Kafka's own words: KAFKA_CLIENT_SECURITY_PROTOCOL=SASL_SSL,
KAFKA_CLIENT_SASL_MECHANISM, KAFKA_CLIENT_SASL_USERNAME, KAFKA_CLIENT_SASL_PASSWORD, KAFKA_CLIENT_SSL_CA_LOCATION, and so on. What this
login has to be allowed, `custodian init --print-acls` prints for `risk`.
"""

import base64
import hashlib
import json
import os
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SERVERS, PREFIX = os.environ.get("BOOTSTRAP_SERVERS", "127.0.0.1:9092"), os.environ.get("TOPIC_PREFIX", "custody.")
VARIABLE = "KAFKA_CLIENT_"
CLIENT = {name.removeprefix(VARIABLE).lower().replace("_", "."): text for name, text in os.environ.items() if name.startswith(VARIABLE)}
CLIENT |= {"bootstrap.servers": SERVERS}
KEY_FILE = Path(os.environ.get("ENGINE_KEY", "keys/desk.key"))  # its name without .key is the key's id
KEY: Any = load_pem_private_key(KEY_FILE.read_bytes(), password=None)
LARGEST = {"USDCx": Decimal("250000")}


def judge(asked: dict[str, Any]) -> tuple[str, str | None]:
    """Accept small orders and their cheapest quote, refer the rest, and what the venue has refused as it is, to a person."""
    order = asked["context"]
    quotes = sorted(order.get("quotes", []), key=lambda quote: Decimal(quote["fx_rate"]))
    refused = any(refusal["unchanged"] for refusal in order.get("refusals", []))
    small = order["side"] in ("sender", "both") and Decimal(order["target_amount"]) <= LARGEST.get(order["target_currency"], 0)
    if asked["question"] == "co_sign_quote" and not quotes:
        return "WAIT", None
    return ("ACCEPT" if small and not refused else "REFER"), (quotes[0]["quote_id"] if asked["question"] == "co_sign_quote" else None)


def signature(value: bytes, asked: dict[str, Any]) -> str:
    """Sign an answer's bytes for the question that it answers."""
    signed = f"custody.decision-made.v1 {asked['context_sha256']}\n".encode() + value
    return f"{KEY_FILE.stem}:{base64.b64encode(KEY.sign(signed)).decode()}"


consumer = Consumer({**CLIENT, "group.id": PREFIX + "engine", "enable.auto.commit": False, "auto.offset.reset": "earliest"})
producer = Producer({**CLIENT, "enable.idempotence": True, "partitioner": "murmur2_random"})
consumer.subscribe([PREFIX + "decision-requested.v1"])
while True:
    record = consumer.poll(1.0)
    if record is None or record.error():
        continue
    asked, headers = json.loads(record.value()), dict(record.headers())
    verdict, quote_id = judge(asked)
    identity = hashlib.sha256(f"{asked['request_id']} {asked['context_sha256']} mine".encode()).hexdigest()[:32]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    answer = {name: asked[name] for name in ("request_id", "venue", "intent_id", "question", "context_sha256")}
    answer |= {"decision_id": identity, "verdict": verdict, "decided_by": "my-risk-engine", "decided_at": now}
    answer |= {
        "policy": {"name": "mine", "version": 1, "sha256": hashlib.sha256(b"mine 1").hexdigest()},
        "approvers_needed": int(verdict == "REFER"),
    }
    answer |= {"quote_id": quote_id} if quote_id else {}
    said = {
        "ce_specversion": "1.0",
        "ce_type": "custody.decision-made.v1",
        "ce_id": identity,
        "ce_source": "/my-risk-engine",
        "ce_time": now,
    }
    said |= {"ce_subject": asked["intent_id"], "ce_correlationid": headers["ce_correlationid"], "ce_causationid": headers["ce_id"]}
    value = json.dumps(answer).encode()
    said |= {"ce_signature": signature(value, asked)}
    producer.produce(PREFIX + "decision-made.v1", value, record.key(), headers=list(said.items()))
    if producer.flush(10) == 0:
        consumer.commit(record, asynchronous=False)
