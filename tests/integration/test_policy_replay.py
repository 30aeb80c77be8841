"""`custodian policy replay` on a real archive."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from psycopg import conninfo

from connectors.sinks.compliance_archive.writer import write
from pipeline import settings as configuration
from pipeline.log import topics
from pipeline.log.envelope import Record
from pipeline.policy.book import Book
from pipeline.policy.engine import Engine
from pipeline.policy.file import read
from pipeline.processors.risk.events import QuestionAsked
from pipeline.processors.risk.settle import settle
from pipeline.stores import migrations
from pipeline.stores.postgres import connect
from pipeline.testing.orders import settled_record
from pipeline.testing.questions import NOW, intent, question, record

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "infra/policies/default.toml"
ORDERS = 12


def archived() -> list[Record]:
    """Return what an archive holds of twelve orders decided by the example policy, the first of which settled."""
    engine, book, records = Engine(read(EXAMPLE)), Book(), []
    for number in range(1, ORDERS + 1):
        at = NOW + timedelta(seconds=number)
        request = question(order=number, now=at, target_amount=str(100_000 + number), source_amount_max=str(5_000_000 * number))
        (event,) = settle(engine, book, [QuestionAsked(request=request, cause="c", correlation_id="k")], lambda at=at: at)  # type: ignore[misc]
        assert isinstance(event, QuestionAsked)
        assert event.answer is not None
        records.append(record(request, topics.DECISION_REQUESTED, offset=number))
        records.append(record(event.answer, topics.DECISION_MADE, offset=number))
        records.append(record(event.answer, topics.DECISION_MADE, offset=1000 + number))  # published twice, as after a crash
        contradiction = event.answer.model_copy(update={"decision_id": f"another {number}", "verdict": "REJECT", "decided_by": "else"})
        records.append(record(contradiction, topics.DECISION_MADE, offset=2000 + number))  # without effect: the question was answered
    settled = settled_record(intent(1)).model_copy(update={"venue": "tokyo"})
    return [*records, record(settled, topics.ORDER_UPDATED, offset=1)]


def replay(folder: Path, *arguments: str) -> tuple[int, list[dict[str, object]], str]:
    """Run the command; return its code, its lines, and what it says beside."""
    command = [sys.executable, "-m", "pipeline.cli.main", "policy", "replay", *arguments, "--format", "jsonl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_the_original_policy_replays_identically_and_a_candidate_shows_its_differences(postgres: str, tmp_path: Path) -> None:
    """The policy that decided gives back its decisions to the byte, in both ways; a stricter one is summed up by change and rule."""
    settings = configuration.Postgres(dsn=conninfo.make_conninfo(postgres))
    (tmp_path / "custodian.toml").write_text(f"[postgres]\ndsn = {json.dumps(postgres)}\n")
    with connect(settings, name="test", autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores", "connectors.sinks.compliance_archive"]))
        with connection.transaction():
            write(connection, archived(), NOW)
    for counters in ("recorded", "rebuilt"):
        code, rows, said = replay(tmp_path, "--policy", str(EXAMPLE), "--counters", counters)
        assert code == 0, said
        assert [(row["change"], row["count"]) for row in rows] == [("unchanged", ORDERS)]
        assert rows[0]["became"] == {"SETTLED": 1, "unknown": ORDERS - 1}
        assert f"{ORDERS} of the {ORDERS} that this very policy made come out identical to the byte" in said
    stricter = EXAMPLE.read_text().replace('limit = "50000000"', 'limit = "20000000"')
    (tmp_path / "candidate.toml").write_text(stricter)
    code, rows, said = replay(tmp_path, "--policy", "candidate.toml", "--from", (NOW + timedelta(seconds=6)).isoformat())
    assert code == 0, said
    changes = {row["change"]: row["count"] for row in rows if row["kind"] == "change"}
    assert changes == {"unchanged": 2, "ACCEPT->REFER": 5}
    named = [(row["rule"], row["count"]) for row in rows if row["kind"] == "rule"]
    assert named == [("two people above fifty million yen", 5)]
    moved = next(row for row in rows if row["change"] == "ACCEPT->REFER")
    assert moved["amounts"] == {"USDCx": str(sum(100_000 + number for number in range(6, 11)))}


def test_an_empty_archive_is_no_lines_and_no_finding(postgres: str, tmp_path: Path) -> None:
    """Nothing recorded is exit 0 and no lines."""
    settings = configuration.Postgres(dsn=conninfo.make_conninfo(postgres))
    (tmp_path / "custodian.toml").write_text(f"[postgres]\ndsn = {json.dumps(postgres)}\n")
    with connect(settings, name="test", autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores", "connectors.sinks.compliance_archive"]))
    assert replay(tmp_path, "--policy", str(EXAMPLE))[:2] == (0, [])
