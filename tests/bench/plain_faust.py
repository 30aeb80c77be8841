"""The plain Faust app with a table, as Faust's own documentation writes one: a record is settled when its key is not in the table yet.

At most what Faust promises: no transaction holds table, output and offset together (faust.md says what that loses). The table is in memory,
its changelog in Kafka. `python -m tests.bench.plain_faust faust_table OPTIONS.json`.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import faust
import orjson

COMMIT_INTERVAL = 0.25
"""Seconds: what it has handled is read from what it has committed."""


def app_of(told: dict[str, Any]) -> Any:
    """Return the app."""
    app = faust.App(
        f"{told['prefix']}plain-faust",
        broker=f"kafka://{told['bootstrap_servers']}",
        store="memory://",
        datadir=tempfile.mkdtemp(dir=Path(told["folder"])),
        topic_partitions=told["partitions"],
        topic_replication_factor=1,
        topic_disable_leader=True,
        web_enabled=False,
        producer_acks=-1,
        broker_commit_interval=COMMIT_INTERVAL,
        consumer_auto_offset_reset="earliest",
    )
    raw = {"key_serializer": "raw", "value_serializer": "raw", "key_type": bytes, "value_type": bytes}
    updated = app.topic(f"{told['prefix']}order-updated.v1", **raw)
    settled = app.topic(f"{told['prefix']}order-settled.v1", **raw)
    seen = app.Table("seen", partitions=told["partitions"])

    @app.agent(updated)  # type: ignore[untyped-decorator, unused-ignore]
    async def dedupe(stream: Any) -> None:
        async for event in stream.events():
            order = orjson.loads(event.value)
            key = f"{order['intent_id']} {order['transaction_hash']}"
            if key not in seen:
                seen[key] = [order["target_amount"], order["source_amount_actual"]]
                order.pop("document")
                await settled.send(key=event.key, value=orjson.dumps(order))

    return app


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    worker = faust.Worker(app_of(json.loads(Path(sys.argv[2]).read_text())), loglevel="WARNING")
    worker.execute_from_commandline()
