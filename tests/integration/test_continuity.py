"""A database that has gone back, step by step: what is seen, what is halted, and that nothing is sent on what the tables forgot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator
from connectors.simulators.musubi.world import Rules
from pipeline.commands.executor import Limits
from pipeline.log.codec import decode
from pipeline.log.envelope import time_text
from pipeline.stores import continuity, halts, positions
from pipeline.stores.continuity import Lack, Place
from pipeline.stores.journal import PostgresJournal
from pipeline.stores.postgres import Connection
from schemas.accepting import OperatorActed
from schemas.events import AlarmRaised
from tests.integration.command_room import SECRET, VENUE, Room, Running, connector_of, prepare
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


def looking(room: Room, committed: Mapping[Place, int] | None = None) -> PostgresJournal:
    """Return a journal as the role `commands` has it."""

    def look(connection: Connection) -> None:
        continuity.look(connection, lambda: committed or {}, list)

    return PostgresJournal(connector_of(room.dsn), look=look)


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


def test_of_each_scope_the_last_act_counts() -> None:
    """A halt that was resumed is over, one after a resume is not, and scopes are apart."""
    acts = [
        act("halt", 1),
        act("resume", 2),
        act("halt", 4, venue="tokyo"),
        act("resume", 3, venue="tokyo"),
        act("halt", 5, pair="JPYSC0/USDCx"),
        act("approve", 6, venue="tokyo"),
    ]
    assert continuity.in_force(acts) == [acts[2], acts[4]]


def test_what_is_lacking_halts_everything_and_brings_halts_back(room: Room) -> None:
    """One global halt that says why, the forgotten one with who and why, and an alarm; looked at again it is the same."""
    server_anew(room.connection)
    forgotten = act("halt", 1, pair="JPYSC0/EURCx")
    for _ in range(2):
        found = continuity.look(room.connection, lambda: {PLACE: 9}, lambda: [forgotten])
        assert found == [Lack(PLACE, 0, 9)]
    stand = {(one.venue, one.pair, one.by): one.reason for one in halts.active(room.connection)}
    assert stand.keys() == {(None, None, "custodian"), (None, "JPYSC0/EURCx", "Officer")}
    assert stand[None, None, "custodian"].startswith("the database has gone back: ledger committed 9 of custody.order-settled.v1 0")
    assert stand[None, "JPYSC0/EURCx", "Officer"].startswith("a drill (since 2025-03-15T09:00:21")
    rows = room.connection.execute("SELECT value FROM custodian.outbox WHERE kind = 'alarm-raised.v1'").fetchall()
    (raised,) = [decode(bytes(value), AlarmRaised) for (value,) in rows]
    assert (raised.kind, raised.severity, raised.subject) == ("database_regressed", "critical", "postgres")
    assert raised.detail["lacking"] == "ledger committed 9 of custody.order-settled.v1 0, and stored is 0"
    assert raised.detail["reason"] == "the database has gone back: " + raised.detail["lacking"]
    assert continuity.is_known(room.connection)


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
