"""A database that has gone back, step by step: what is seen, what is halted, and that nothing is sent on what the tables forgot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator
from connectors.simulators.musubi.world import Rules
from pipeline import settings as configuration
from pipeline.commands.executor import Limits
from pipeline.kafka import EventProducer, TopicAdmin
from pipeline.log import topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Envelope, Outgoing, time_text
from pipeline.stores import continuity, halts, outbox, positions
from pipeline.stores.continuity import Lack, Place
from pipeline.stores.journal import PostgresJournal
from pipeline.stores.postgres import Connection
from pipeline.supervisor.continuity import look
from schemas.accepting import OperatorActed
from schemas.events import AlarmRaised
from tests.integration.command_room import SECRET, VENUE, Room, Running, connector_of, prepare
from tests.services import KafkaRoom
from tests.waiting import eventually_async

NOW = datetime(2025, 3, 15, 9, 0, 20, tzinfo=UTC)
QUICK = Limits(call_timeout=5.0, look_timeout=2.0)
PLACE: Place = ("ledger", "custody.order-settled.v1", 0)


@pytest.fixture
async def room(postgres: str) -> AsyncIterator[Room]:
    """A database with tables, and a venue in which an accepted order shows nothing for six seconds."""
    rules = Rules(rate=0, speed=10, first_quote=60.0, quote_validity=600, order_lifetime=1800)
    async with Simulator(Settings(client_secret=SECRET, rules=rules)) as simulator, httpx.AsyncClient(base_url=simulator.base_url) as http:
        with prepare(postgres) as connection:
            yield Room(dsn=postgres, connection=connection, simulator=simulator, http=http)


def looking(room: Room, committed: Mapping[Place, int] | None = None, *, told: Sequence[OperatorActed] = ()) -> PostgresJournal:
    """Return a journal as the role `commands` has it."""

    def looks(connection: Connection) -> None:
        continuity.look(connection, lambda: committed or {}, lambda: told)

    return PostgresJournal(connector_of(room.dsn), look=looks)


def server_anew(connection: Connection, *, ago: timedelta = timedelta(0)) -> None:
    """Let this run of the server be one that nobody has looked at."""
    connection.execute("DELETE FROM custodian.incarnations")
    assert not continuity.is_known(connection)


def act(action: str, seconds: int, *, venue: str | None = None, pair: str | None = None) -> OperatorActed:
    """Return what a person did."""
    fields = {"action": action, "venue": venue, "pair": pair, "by": "Officer", "reason": "a drill"}
    return OperatorActed.model_validate({**fields, "at": time_text(NOW + timedelta(seconds=seconds))})


def test_the_run_in_which_the_tables_were_made_is_known(room: Room) -> None:
    """Nothing was sent before it, so nothing is looked for."""
    assert continuity.is_known(room.connection)


def test_what_kafka_knows_and_the_tables_do_not_is_lacking(room: Room) -> None:
    """Behind is how it always is; beyond the stored position, or where nothing is stored, something was forgotten."""
    positions.prepare(room.connection, "ledger", [("custody.order-settled.v1", 0, "id")])
    room.connection.execute("UPDATE custodian.positions SET next_offset = 7")
    other: Place = ("archive", "custody.order-settled.v1", 1)
    assert continuity.lacking(room.connection, {PLACE: 7}) == []
    assert continuity.lacking(room.connection, {PLACE: 8, other: 1}) == [Lack(other, 0, 1), Lack(PLACE, 7, 8)]


def in_force(room: Room) -> dict[tuple[str | None, str | None, str], str]:
    """Return the reason of every halt in force, by its scope and who made it."""
    return {(one.venue, one.pair, one.by): one.reason for one in halts.active(room.connection)}


def alarms(room: Room) -> list[str]:
    """Return the kinds of the alarms that wait to be published."""
    rows = room.connection.execute("SELECT value FROM custodian.outbox WHERE kind = 'alarm-raised.v1'").fetchall()
    return [json.loads(bytes(value))["kind"] for (value,) in rows]


def acts_told(connection: Connection) -> list[OperatorActed]:
    """Return what the topic of acts has by now: all that was ever in the outbox."""
    rows = connection.execute("SELECT value FROM custodian.outbox WHERE kind = 'operator-acted.v1' ORDER BY at").fetchall()
    return [OperatorActed.model_validate_json(bytes(value)) for (value,) in rows]


def ended_by_people(connection: Connection, *, pair: str) -> None:
    """End a halt as `people.resume` does."""
    connection.execute(
        "UPDATE commands.halts SET resumed_by = 'two', resumed_reason = '', resumed_at = clock_timestamp() WHERE pair = %s", (pair,)
    )


def test_a_halt_whose_row_is_gone_is_forgotten_whatever_the_topic_says_of_its_end(room: Room) -> None:
    """Known are halts that stand and those that the tables saw ended; a resume that no row knows ends nothing."""
    halts.halt(room.connection, venue=None, pair="JPYSC0/EURCx", reason="a drill", by="Officer")
    halts.halt(room.connection, venue=None, pair="JPYSC0/USDCx", reason="a drill", by="Officer")
    told = acts_told(room.connection)
    assert continuity.forgotten(room.connection, told) == []
    ended_by_people(room.connection, pair="JPYSC0/EURCx")
    assert continuity.forgotten(room.connection, told) == [], "the one was ended, the other stands"
    room.connection.execute("DELETE FROM commands.halts WHERE pair = 'JPYSC0/USDCx'")
    forged = told[1].model_copy(update={"action": "resume", "at": time_text(datetime.now(UTC) + timedelta(days=1))})
    (lost,) = continuity.forgotten(room.connection, [forged, *told])
    assert (lost.venue, lost.pair, lost.by) == (None, "JPYSC0/USDCx", "Officer")


@pytest.mark.parametrize(
    "wrong",
    [{"pair": "JPYSC0"}, {"venue": "to\x00kyo"}, {"venue": "t" * 201}, {"at": "2025-99-99T00:00:00Z"}, {"action": "resume"}],
    ids=str,
)
def test_a_record_that_cannot_have_been_a_halt_keeps_nobody_from_looking(room: Room, wrong: dict[str, str]) -> None:
    """The database would refuse it, and then no call could ever begin."""
    assert continuity.forgotten(room.connection, [act("halt", 1).model_copy(update=wrong)]) == []


def test_a_forgotten_halt_comes_back_with_words_that_the_database_takes(room: Room) -> None:
    """A reason as long as may be, and a label that hides letters: a record may be forged, and the look has to come to its end."""
    server_anew(room.connection)
    odd = act("halt", 1, pair="JPYSC0/EURCx").model_copy(update={"by": "Off\u200bicer\x00", "reason": "\x00" + "r" * 4000})
    assert len(continuity.look(room.connection, dict, lambda: [odd])) == 1
    assert (None, "JPYSC0/EURCx", "Off\\u200bicer\\u0000") in in_force(room)


def test_what_is_lacking_halts_everything_and_brings_halts_back(room: Room) -> None:
    """One global halt that says why, the forgotten one with who and why, and an alarm; looked at again it is the same."""
    server_anew(room.connection)
    forgotten = act("halt", 1, pair="JPYSC0/EURCx")
    lack = Lack(PLACE, 0, 9)
    assert continuity.look(room.connection, lambda: {PLACE: 9}, lambda: [forgotten])[0] == lack
    assert continuity.look(room.connection, lambda: {PLACE: 9}, lambda: [forgotten]) == [lack], "the halt is not forgotten any more"
    stand = in_force(room)
    assert stand.keys() == {(None, None, "custodian"), (None, "JPYSC0/EURCx", "Officer")}
    assert stand[None, None, "custodian"].startswith("the database has gone back: ledger committed 9 of custody.order-settled.v1 0")
    assert stand[None, "JPYSC0/EURCx", "Officer"].startswith("a drill (since 2025-03-15T09:00:21")
    rows = room.connection.execute("SELECT value FROM custodian.outbox WHERE kind = 'alarm-raised.v1'").fetchall()
    (raised,) = [decode(bytes(value), AlarmRaised) for (value,) in rows]
    assert (raised.kind, raised.severity, raised.subject) == ("database_regressed", "critical", "postgres")
    assert raised.detail["lacking"].startswith("ledger committed 9 of custody.order-settled.v1 0, and stored is 0")
    assert continuity.is_known(room.connection)


async def test_a_halt_that_no_offset_shows_as_lost_stops_the_first_attempt(room: Room) -> None:
    """The standby lacks one commit, the halt's: no offset shows it, and the attempt that would begin meets the halt again.

    Ended by people, it is over: the record of it does not bring it back in the next run of the server.
    """
    intent = await room.create()
    command, _ = room.issue(intent, seconds=60)
    halts.halt(room.connection, venue=VENUE, pair=None, reason="a drill", by="Officer")
    told = acts_told(room.connection)
    journal = looking(room, told=told)
    room.connection.execute("DELETE FROM commands.halts")
    server_anew(room.connection)
    journal.claim("first", limits={VENUE: 1}, lease=30)
    assert in_force(room).keys() == {(None, None, "custodian"), (VENUE, None, "Officer")}
    assert alarms(room) == ["database_regressed"]
    assert room.attempts(command) == []
    room.connection.execute("UPDATE commands.halts SET resumed_by = 'two', resumed_reason = '', resumed_at = clock_timestamp()")
    server_anew(room.connection)
    journal.claim("second", limits={VENUE: 1}, lease=30)
    assert continuity.is_known(room.connection)
    assert in_force(room) == {}
    journal.close_connections()


def test_what_a_thief_said_in_the_place_of_the_halt_does_not_keep_it_off(room: Room) -> None:
    """A halt that covers nothing is none, so the automatic one stands; and what the topic has of such is left out."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        room.connection.execute("SELECT people.halt('', NULL, 'thief', 'x')")
    server_anew(room.connection)
    forged = [act("halt", 1, venue="tokyo "), act("halt", 2, venue="TOKYO"), act("halt", 3, pair="A/B\u200b")]
    continuity.look(room.connection, lambda: {PLACE: 9}, lambda: forged)
    assert [(one.venue, one.pair) for one in halts.active(room.connection)] == [(None, None)]


async def test_no_attempt_begins_in_a_run_that_nobody_has_looked_at(room: Room) -> None:
    """A command that was in hand when the server came back waits; once it was looked at, it is read before it is sent."""
    intent = await room.create()
    command, _ = room.issue(intent, seconds=60)
    journal = looking(room)
    (claim,) = journal.claim("first", limits={VENUE: 1}, lease=30)
    server_anew(room.connection)
    began = journal.begin(claim, lease=30, quote_valid_until=None, at=datetime.now(UTC), evidence="", unfit=lambda _: None)
    assert getattr(began, "by", None) == "lost"
    assert room.attempts(command) == []
    journal.claim("second", limits={VENUE: 1}, lease=30)
    assert continuity.is_known(room.connection)
    assert room.row(command)["calls_before"] == 1
    journal.close_connections()


def test_a_halt_that_only_the_topic_has_comes_back_in_a_new_run(postgres: str, kafka: KafkaRoom) -> None:
    """Published and lost with its row, while no consumer has committed anything; a forged `resume` behind it hides nothing."""
    settings = configuration.Settings.model_validate(
        {"kafka": {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": kafka.topic_prefix, "partitions": 2}}
    )
    TopicAdmin(settings.kafka).ensure_topics(topics.ALL)
    producer = EventProducer(settings.kafka)
    with prepare(postgres) as connection:
        halts.halt(connection, venue=None, pair="JPYSC0/EURCx", reason="a drill", by="Officer")
        assert outbox.publish(connection, producer.publish) == 1
        later = time_text(datetime.now(UTC) + timedelta(minutes=1))
        forged = act("resume", 0, pair="JPYSC0/EURCx").model_copy(update={"at": later})
        about = Envelope(id="f" * 32, kind=topics.OPERATOR_ACTED, source="/operators", subject="global", time=NOW, correlation_id="c" * 32)
        producer.publish([Outgoing(envelope=about, key="global", value=encode(forged))])
        connection.execute("DELETE FROM commands.halts")
        look(settings, connection)
        assert halts.active(connection) == [], "in a run that is known nothing is looked for"
        server_anew(connection)
        look(settings, connection)
        assert [(one.pair, one.by) for one in halts.active(connection)] == [("JPYSC0/EURCx", "Officer"), (None, "custodian")]
        assert continuity.is_known(connection)
    producer.close()


@pytest.mark.parametrize("journalled", ["before the look", "after the look"])
async def test_a_call_that_the_tables_forgot_is_not_made_again(room: Room, journalled: str) -> None:
    """The venue has the accept and shows nothing of it yet; the tables know no attempt, as after a failover: read, and not sent again."""
    intent = await room.create()
    async with Running(room.executor(limits=QUICK, journal_=looking(room))):
        command, _ = room.issue(intent, seconds=120)
        await eventually_async(lambda: room.attempts(command) == [(1, "done")], within=20, what="the call is made")
        await room.ended(command)
    kept = room.row(command)
    room.connection.execute("DELETE FROM commands.attempts")
    room.connection.execute("DELETE FROM commands.journal")
    server_anew(room.connection)
    issued = {"command_id": command, "decision_id": kept["decision_id"], "issued_at": time_text(kept["issued_at"])}
    if journalled == "after the look":
        continuity.look(room.connection, dict, list)
        room.connection.execute("UPDATE custodian.incarnations SET started_at = clock_timestamp()")
    room.issue(intent, seconds=120, decided=None, **issued)
    if journalled == "after the look":
        assert room.row(command)["calls_before"] == 1
    async with Running(room.executor(owner="second", limits=QUICK, journal_=looking(room), published=room.published)):
        ended = await room.ended(command, within=30)
    assert (ended["state"], ended["reason"]) == ("succeeded", "the venue's record shows it")
    assert len(room.calls(intent)) == 1
