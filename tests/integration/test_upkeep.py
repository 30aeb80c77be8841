"""What the product does by itself at times, and what it tells of itself, on real services."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from connectors.simulators.musubi.world import Mix, Rules
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.errors import RetryableError
from pipeline.failpoints import Failpoints
from pipeline.kafka import EventProducer, RecordTimes
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing
from pipeline.log.notices import alarm
from pipeline.log.topics import ALARM_RAISED
from pipeline.settings import Settings
from pipeline.stores import upkeep as rows
from pipeline.stores.figures import Figures
from pipeline.stores.postgres import Connection, connect
from pipeline.supervisor import upkeep
from pipeline.supervisor.upkeep import Result, Task, Upkeep
from schemas.events import AlarmRaised
from tests.integration.commands import CANARY, Commands, write_settings
from tests.services import KafkaRoom
from tests.waiting import eventually

HOUR = timedelta(hours=1)


@pytest.fixture
def prepared(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program with settings for this test's Kafka and database, after `init`."""
    commands = write_settings(tmp_path, kafka, postgres)
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    return commands


@pytest.fixture
def settings(prepared: Commands) -> Settings:
    """Give the settings as the program reads them."""
    return configuration.load(prepared.folder / "custodian.toml", {})


@pytest.fixture
def database(settings: Settings) -> Iterator[Connection]:
    """Give a connection as the program opens them."""
    connection = connect(settings.postgres, name="test", autocommit=True)
    yield connection
    connection.close()


def worker(settings: Settings, *tasks: Task, published: list[Outgoing] | None = None, owner: str = "a") -> Upkeep:
    """Return a worker of these tasks whose alarms are kept here."""

    def publish(alarms: Sequence[Outgoing]) -> None:
        (published if published is not None else []).extend(alarms)

    opens = partial(connect, settings.postgres, name="upkeep", autocommit=True)
    return Upkeep(list(tasks), connect=opens, publish=publish, owner=owner, stop=threading.Event())


def due(database: Connection, task: str, *, since: timedelta = HOUR) -> None:
    """Let a task have been due last so long ago."""
    rows.standing(database, task)
    database.execute("UPDATE custodian.upkeep SET ran_for = clock_timestamp() - %s WHERE task = %s", (since, task))


def row(database: Connection, task: str) -> dict[str, Any]:
    """Return what is kept of a task."""
    cursor = database.execute("SELECT * FROM custodian.upkeep WHERE task = %s", (task,))
    names = [column.name for column in cursor.description or ()]
    return dict(zip(names, cursor.fetchone() or (), strict=True))


def told(name: str, **labels: str) -> float:
    """Return what this process's metrics tell now."""
    for family in text_string_to_metric_families(generate_latest().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    raise AssertionError(f"{name} {labels} is not told")


# --- the schedule --------------------------------------------------------------------------------------------------------


def test_of_many_workers_one_does_a_late_task_and_once(settings: Settings, database: Connection) -> None:
    """A task that was missed a hundred times is done once by one of eight, and is due again in step with before."""
    ran: list[float] = []

    def run() -> Result:
        ran.append(time.monotonic())
        return Result(done=3, findings=0, detail="done")

    task = Task(name="t", interval=HOUR, run=run)
    due(database, "t", since=100 * HOUR + timedelta(minutes=5))
    before = row(database, "t")["ran_for"]
    workers = [worker(settings, task, owner=str(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda each: each.look(task), workers))
    assert sorted(ended) == [False] * 7 + [True]
    assert len(ran) == 1
    kept = row(database, "t")
    assert kept["ran_for"] - before == 100 * HOUR
    assert (kept["done"], kept["findings"], kept["detail"], kept["failure"]) == (3, 0, "done", None)
    assert not any(each.look(task) for each in workers)


def test_a_task_that_is_new_waits_its_first_interval(settings: Settings, database: Connection) -> None:
    """A fresh pipeline has nothing to compare yet."""
    task = Task(name="t", interval=HOUR, run=lambda: Result(done=0, detail=""))
    assert not worker(settings, task).look(task)
    assert row(database, "t")["ended_at"] is None


def test_while_one_does_it_no_other_does_and_who_dies_of_it_leaves_it_due(settings: Settings, database: Connection) -> None:
    """The lock is the session's: a worker whose session ends in the middle has not done it, and the next one does."""
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> Result:
        begun.set()
        assert may_end.wait(60)
        return Result(done=1, detail="slow")

    first, second = Task(name="t", interval=HOUR, run=slow), Task(name="t", interval=HOUR, run=lambda: Result(done=2, detail="second"))
    due(database, "t")
    dying, other = worker(settings, first, owner="dying"), worker(settings, second, owner="other")
    lost: list[RetryableError] = []

    def die() -> None:
        try:
            dying.look(first)
        except RetryableError as error:
            lost.append(error)

    thread = threading.Thread(target=die)
    thread.start()
    assert begun.wait(30)
    database.execute("UPDATE custodian.upkeep SET tried_at = tried_at - interval '1 minute'")  # it takes longer than a try rests
    assert not other.look(second)
    assert row(database, "t")["owner"] == "dying"
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'custodian-upkeep' AND pid <> pg_backend_pid()"
    )
    may_end.set()
    thread.join(30)
    assert len(lost) == 1
    assert row(database, "t")["failure"] == "it has not come to its end"
    database.execute("UPDATE custodian.upkeep SET tried_at = tried_at - interval '1 minute'")
    other = worker(settings, second, owner="other")
    assert other.look(second)
    assert row(database, "t")["detail"] == "second"


@pytest.mark.parametrize("error", [RetryableError("the venue is away"), ZeroDivisionError("a fault of ours")])
def test_what_fails_is_tried_again_and_ends_nobody(settings: Settings, database: Connection, error: Exception) -> None:
    """It stays due, says why, rests a minute, and is done when it can be."""
    failing = [error]

    def run() -> Result:
        if failing:
            raise failing[0]
        return Result(done=1, detail="well")

    task = Task(name="t", interval=HOUR, run=run)
    due(database, "t")
    one = worker(settings, task)
    assert not one.look(task)
    assert str(error) in row(database, "t")["failure"]
    failing.clear()
    assert not one.look(task)
    database.execute("UPDATE custodian.upkeep SET tried_at = tried_at - interval '1 minute'")
    assert one.look(task)
    assert row(database, "t")["failure"] is None


def test_an_alarm_is_out_before_its_run_is_done(settings: Settings, database: Connection) -> None:
    """When it cannot be published the run does not count, so it is found again."""
    found = alarm(
        kind="break_found", severity="critical", venue="tokyo", subject="tokyo", detail={}, now=datetime.now(UTC), source="/upkeep"
    )
    task = Task(name="t", interval=HOUR, run=lambda: Result(done=1, findings=1, detail="1 break", alarms=[found]))
    due(database, "t")

    def away(_: Sequence[Outgoing]) -> None:
        raise RetryableError("Kafka did not acknowledge")

    opens = partial(connect, settings.postgres, name="upkeep", autocommit=True)
    assert not Upkeep([task], connect=opens, publish=away, owner="a", stop=threading.Event()).look(task)
    assert row(database, "t")["ended_at"] is None
    database.execute("UPDATE custodian.upkeep SET tried_at = tried_at - interval '1 minute'")
    published: list[Outgoing] = []
    before = told("custodian_alarms_total", kind="break_found") if published else 0.0
    assert worker(settings, task, published=published).look(task)
    assert published == [found]
    assert told("custodian_alarms_total", kind="break_found") >= before + 1
    assert row(database, "t")["findings"] == 1


# --- the tasks -----------------------------------------------------------------------------------------------------------


def test_the_venue_is_reconciled_and_what_stays_open_is_one_alarm(
    settings: Settings, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settlements that nobody books are looked for again and then raised, once however often they are found; no consumer, no comparison."""
    monkeypatch.setattr(upkeep, "CONFIRM_AFTER", 0.1)
    monkeypatch.setattr(upkeep, "GRACE", timedelta())
    rules = Rules(orders=6, rate=200, settle_directly=True, mix=Mix(receiver=1, sender=1, both=0, none=0))
    clock, stop = SystemClock(), threading.Event()
    with running_simulator(VenueSettings(client_secret=CANARY, port=0, rules=rules)) as venue:
        section = settings.venues["tokyo"].model_copy(update={"base_url": venue.base_url})
        at_venue = settings.model_copy(update={"venues": {"tokyo": section}})
        found = eventually(
            lambda: result if (result := upkeep.reconciled(at_venue, "tokyo", clock, stop)).done == 6 else None,
            within=30,
            what="six orders have settled at the venue",
        )
        assert found is not None
        again = upkeep.reconciled(at_venue, "tokyo", clock, stop)
    (raised,) = found.alarms
    event = decode(raised.value, AlarmRaised)
    assert (event.kind, event.severity, event.subject, event.detail["breaks"]) == ("break_found", "critical", "tokyo", "6")
    assert found.findings == again.findings == 6
    assert [each.envelope.id for each in again.alarms] == [raised.envelope.id]
    database.execute("UPDATE ledger.breaks SET state = 'resolved'")
    EventProducer(settings.kafka).publish([_order_event()])
    monkeypatch.setattr(upkeep, "CAUGHT_UP_WITHIN", 1.0)
    with pytest.raises(RetryableError, match="settlement has not come to the end of its topics"):
        upkeep.reconciled(at_venue, "tokyo", clock, stop)


def _order_event() -> Outgoing:
    from pipeline.testing.orders import TERMS, outgoing, shown, tx

    return outgoing(shown(terms=TERMS, transaction_hash=tx(1)))


def test_the_archive_is_verified_and_what_was_changed_is_an_alarm(prepared: Commands, settings: Settings, postgres: str) -> None:
    """Sound, it raises nothing; with one byte more in a record it names the finding."""
    clock, stop = SystemClock(), threading.Event()
    EventProducer(settings.kafka).publish([_order_event()])
    with prepared.running("run", "archive"):
        eventually(lambda: prepared.lines("archive", "records"), within=40, what="the record is archived")
    sound = upkeep.verified(settings, clock, stop)
    assert (sound.findings, list(sound.alarms), sound.done) == (0, [], 1)
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute("GRANT UPDATE ON archive.records TO CURRENT_USER")
        owner.execute("ALTER TABLE archive.records DISABLE TRIGGER USER")
        owner.execute("UPDATE archive.records SET value = value || ' '")
    unsound = upkeep.verified(settings, clock, stop)
    (raised,) = unsound.alarms
    event = decode(raised.value, AlarmRaised)
    assert (event.kind, event.severity, event.detail["findings"]) == ("archive_unsound", "critical", "1")
    assert "DIGEST_DIFFERS" in event.detail["first"]
    stop.set()
    with pytest.raises(RetryableError, match="ends"):
        upkeep.verified(settings, clock, stop)


def test_a_role_runs_its_schedule(prepared: Commands, postgres: str) -> None:
    """`[schedule]` in the settings and the role archive running: the archive is verified again and again, and the metrics say so."""
    with (prepared.folder / "custodian.toml").open("a") as file:
        file.write('[schedule]\narchive_verify = "1s"\nstates_prune = "1s"\n')
    with prepared.running("run", "archive", "settlement"), psycopg.connect(postgres, autocommit=True) as connection:

        def ended() -> bool:
            kept: dict[str, bool] = dict(
                connection.execute("SELECT task, failure IS NULL AND ended_at IS NOT NULL FROM custodian.upkeep").fetchall()
            )
            return kept == {"archive_verify": True, "states_prune": True}

        eventually(ended, within=40, what="both tasks have run")


# --- what is told --------------------------------------------------------------------------------------------------------


def test_what_is_open_is_told(settings: Settings, database: Connection) -> None:
    """At 0 first; then halts, breaks by severity, commands, what waits in the outbox, and how the schedule did."""
    opens = partial(connect, settings.postgres, name="figures", autocommit=True)
    topic = ALARM_RAISED.topic(settings.kafka.topic_prefix)
    figures = Figures(connect=opens, clock=SystemClock(), stop=threading.Event(), alarms_topic=topic)
    figures.look()
    for severity in ("info", "warning", "critical"):
        assert told("custodian_alarms_open", severity=severity) == told("custodian_breaks_open", severity=severity) == 0
    for name in ("halts", "referrals_waiting", "outbox_oldest_age_seconds", "archive_unsequenced_records"):
        assert told(f"custodian_{name}") == 0, name
    assert told("custodian_referral_next_expiry_timestamp_seconds") == 0
    database.execute(
        "INSERT INTO commands.halts (venue, pair, reason, halted_by, halted_at) VALUES ('tokyo', NULL, 'r', 'b', clock_timestamp())"
    )
    database.execute(
        """
        INSERT INTO ledger.breaks (break_id, run_id, kind, severity, state, venue, first_seen_at, last_seen_at)
        SELECT n::text, 'r', 'MISSING_IN_BOOKS', CASE WHEN n < 3 THEN 'critical' ELSE 'warning' END,
               CASE WHEN n = 0 THEN 'resolved' ELSE 'open' END,
               'tokyo', now(), now() FROM generate_series(0, 3) n
        """
    )
    database.execute(
        """
        INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
        VALUES ('i', 'operator-acted.v1', '/operators', 's', clock_timestamp() - interval '90 s', 'c', NULL, 'k', '{}')
        """
    )
    task = Task(name="archive_verify", interval=HOUR, run=lambda: Result(done=7, findings=2, detail="2 findings"))
    due(database, "archive_verify")
    assert worker(settings, task).look(task)
    figures.look()
    assert told("custodian_halts") == 1
    assert (told("custodian_breaks_open", severity="critical"), told("custodian_breaks_open", severity="warning")) == (2, 1)
    assert 90 <= told("custodian_outbox_oldest_age_seconds") < 150
    assert (told("custodian_upkeep_done", task="archive_verify"), told("custodian_upkeep_findings", task="archive_verify")) == (7, 2)
    assert abs(told("custodian_upkeep_ended_timestamp_seconds", task="archive_verify") - datetime.now(UTC).timestamp()) < 60
    assert told("custodian_upkeep_failing", task="archive_verify") == 0
    database.execute("UPDATE commands.halts SET resumed_at = clock_timestamp(), resumed_by = 'b', resumed_reason = 'r'")
    figures.look()
    assert told("custodian_halts") == 0


def test_nothing_that_goes_wrong_with_figures_ends_a_role(settings: Settings, database: Connection) -> None:
    """A table that we may not read: the last figures stand, and the thread goes on until it is told to stop."""
    stop = threading.Event()
    opens = partial(connect, settings.postgres, name="figures", autocommit=True)
    figures = Figures(connect=opens, clock=SystemClock(), stop=stop, alarms_topic="t")
    database.execute("ALTER TABLE custodian.upkeep RENAME TO gone")
    thread = threading.Thread(target=figures.run)
    thread.start()
    eventually(lambda: "upkeep" in figures._failure, within=10, what="it has failed")
    assert thread.is_alive()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_time_of_a_record_that_waits_is_known_by_its_place(settings: Settings) -> None:
    """Of every partition that has a record there; one that has none does not hold the others up."""
    producer = EventProducer(settings.kafka)
    began = datetime.now(UTC).timestamp()
    producer.publish([_order_event()])
    topic = f"{settings.kafka.topic_prefix}order-updated.v1"
    times = RecordTimes(settings.kafka)
    try:
        for _ in range(2):  # the same client, asked again
            found = times.at({(topic, number): 0 for number in range(2)}, within=10)
            assert len(found) == 1
            assert abs(next(iter(found.values())) / 1000 - began) < 60
        assert times.at({(topic, 0): 5, (topic, 1): 5}, within=1) == {}
    finally:
        times.close()


def test_the_program_prunes_by_its_settings(settings: Settings, database: Connection) -> None:
    """What is younger than `states_older_than` is not even counted."""
    found = upkeep.pruned(settings, Failpoints({}))
    assert (found.done, found.findings) == (0, 0)
    assert "0 states removed" in found.detail
