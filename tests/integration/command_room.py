"""A room for the command executor: PostgreSQL, the venue simulator over its socket, commands as records, and what was published.

`python -m tests.integration.command_room DSN BASE_URL PUBLISHED OWNER MODE LEASE` runs an executor as a process that tests can kill;
what it publishes is appended to the file PUBLISHED, one event per line.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import psycopg

from connectors.simulators.musubi import documents
from connectors.simulators.musubi.orders import Order
from connectors.simulators.musubi.simulator import Simulator
from connectors.transports.rest import RequestBudget
from connectors.venues.musubi.commands import MusubiCommands, snapshot_of
from connectors.venues.musubi.compliance import parse_compliance
from connectors.venues.musubi.parse import parse_quote
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.commands.executor import Executor, Limits
from pipeline.commands.ports import VenueCommands
from pipeline.commands.sink import CommandSink
from pipeline.decisions.ports import Asked, Heard
from pipeline.failpoints import Failpoints
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Outgoing, Record, derive_id, time_text
from pipeline.ports import Reading, Sighting, Written
from pipeline.processors.workflow.state import QUOTE_TERMS
from pipeline.stores import journal, migrations
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.journal import PostgresJournal
from pipeline.stores.postgres import Connection, connect
from schemas.accepting import CommandIssued, DecisionContext, DecisionMade, DecisionRequested, PolicyName
from schemas.events import Observation, QuoteReceived
from tests.integration.decision_room import commit
from tests.waiting import eventually_async

VENUE = "tokyo"
SECRET = "command-room-secret"
TERMS = {"source_currency": "JPYSC0", "target_currency": "USDCx", "target_amount": "100000", "source_amount_max": "12000000"}
RATE = "112.0"


class FreeBudget:
    """Lets every request pass."""

    async def acquire(self, *, priority: bool = False) -> None:
        """Let it pass."""


class Kept:
    """A publisher that keeps events in memory, in order."""

    def __init__(self) -> None:
        self.events: list[Outgoing] = []

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Keep them."""
        self.events.extend(events)

    def completed(self) -> list[dict[str, Any]]:
        """Return the outcomes that were published."""
        return [json.loads(event.value) for event in self.events if event.envelope.kind == topics.COMMAND_COMPLETED]

    def records(self) -> list[dict[str, Any]]:
        """Return the orders that were published out of answers."""
        return [json.loads(event.value) for event in self.events if event.envelope.kind == topics.ORDER_UPDATED]

    def alarms(self) -> list[str]:
        """Return the kinds of the alarms that were published."""
        return [json.loads(event.value)["kind"] for event in self.events if event.envelope.kind == topics.ALARM_RAISED]


class Filed:
    """A publisher that appends to a file, which survives a kill."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Append one line per event."""
        lines = [json.dumps({"id": one.envelope.id, "kind": one.envelope.kind.name, **json.loads(one.value)}) for one in events]
        os.write(self._file, "".join(line + "\n" for line in lines).encode())


def prepare(dsn: str) -> Connection:
    """Make the tables and return a connection in autocommit mode."""
    connection: Connection = psycopg.connect(dsn, autocommit=True)
    migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
    return connection


def connector_of(dsn: str) -> Callable[[], Connection]:
    """Return what opens connections as a role does."""
    postgres = configuration.Postgres(dsn=dsn)
    return lambda: connect(postgres, name="commands", autocommit=True)


def venue_commands(
    base_url: str, *, budget: RequestBudget | None = None, kind: type[MusubiCommands] = MusubiCommands, **section: Any
) -> MusubiCommands:
    """Return the venue's accept calls over its socket, every request free unless there is a budget."""
    auth = configuration.Auth.model_validate({"kind": "musubi", "client_id": "custodian-a", "client_secret": SECRET})
    venue = configuration.Venue.model_validate({"kind": "musubi", "base_url": base_url, "auth": auth, **section})
    return kind(VENUE, venue, clock=SystemClock(), random=random.random, budget=budget or FreeBudget())


@dataclass(kw_only=True)
class Room:
    """One test's database and venue."""

    dsn: str
    connection: Connection
    simulator: Simulator
    http: httpx.AsyncClient
    published: Kept = field(default_factory=Kept)
    raised: list[Outgoing] = field(default_factory=list)
    _issued: int = 0

    async def control(self, path: str, **asked: Any) -> Any:
        """Ask the simulator's control endpoint."""
        answer = await self.http.post(f"/simulator/{path}", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create(self, **fields: Any) -> str:
        """Create a proposal that needs us, and return its intent."""
        order = {"side": "sender", "fx_rate": RATE, **TERMS, **fields}
        return str((await self.control("orders", orders=[order]))["intents"][0])

    async def quoted(self, intent: str, *, count: int = 1) -> list[dict[str, Any]]:
        """Wait for quotes of an accepted proposal that live for two more seconds, and return them; the first has the usual rate.

        Where a busy machine has let all of them lapse, new ones are made.
        """

        async def fresh() -> list[dict[str, Any]]:
            await self.http.get("/simulator/state")
            until = datetime.now(UTC) + timedelta(seconds=2)
            known = self.simulator.world.quotes(intent)
            live = [quote for quote in known if quote.valid_until > until]
            if len(live) < count <= len(known):
                for _ in range(count - len(live)):
                    await self.control("quotes", intent_id=intent, fx_rate=RATE, valid_seconds=12)
            found = [{"quote_id": q.quote_id, "fx_rate": format(q.fx_rate, "f"), "valid_until": q.valid_until} for q in live]
            return found if len(found) >= count else []

        return await eventually_async(fresh, within=15, what="quotes come")

    def accept_directly(self, intent: str) -> None:
        """Accept a proposal as somebody else would, in the venue's console."""
        answer = self.simulator.world.accept_proposal(intent, datetime.now(UTC))
        assert answer.kind == "done", answer

    def calls(self, intent: str | None = None) -> list[dict[str, Any]]:
        """Return the accept calls that the venue received."""
        return [call for call in self.simulator.truth.calls if intent in (None, call["intent_id"])]

    def effective(self, intent: str, kind: str = "accept_proposal") -> int:
        """Return how many accept calls took effect at the venue."""
        return sum(call.get("outcome") == "done" and call["kind"] == kind for call in self.calls(intent))

    def issue(
        self,
        intent: str,
        *,
        quote: dict[str, Any] | None = None,
        seconds: float = 20.0,
        mode: str = "live",
        decided: str | None = "ACCEPT",
        committed: bool = True,
        **changed: Any,
    ) -> tuple[str, Written]:
        """Journal a command as the step "commands" does, its decision kept before (None: not yet); return its id and what the step said."""
        self._issued += 1
        kind = "accept_proposal" if quote is None else "co_sign_quote"
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            "command_id": derive_id("test", intent, kind, str(self._issued)),
            "venue": VENUE,
            "intent_id": intent,
            "kind": kind,
            "decision_id": f"decision-{self._issued}",
            "mode": mode,
            "not_after": time_text(now + timedelta(seconds=seconds)),
            "issued_at": time_text(now),
            **TERMS,
        }
        if quote is not None:
            fields |= {"quote_id": quote["quote_id"], "fx_rate": quote["fx_rate"]}
        issued = CommandIssued.model_validate(fields | changed)
        if decided is not None:
            self.decide(issued, verdict=decided, committed=committed)
        written = self.write([record_of(issued, offset=self._issued)])
        self.raised += written.raised
        return issued.command_id, written

    def decide(
        self,
        issued: CommandIssued,
        *,
        verdict: Any = "ACCEPT",
        refers_to: str | None = None,
        quote_id: str | None = None,
        committed: bool = True,
        **facts: Any,
    ) -> DecisionMade:
        """Keep the question that a command follows from and the engine's answer, which the engine has committed if told.

        The answer is about another quote if told, and `facts` of the context are others than the command's.
        """
        request = question_of(issued, **(self.shown(issued) | facts))
        decision = self.made(issued, request).model_copy(
            update={"quote_id": quote_id or issued.quote_id, "verdict": verdict, "refers_to": refers_to}
        )
        store, now = PostgresDecisions(), datetime.now(UTC)
        store.keep_question(self.connection, Asked(request=request, ce_id=None), now)
        if committed:
            commit(self.connection, decision)
        store.keep_answer(self.connection, Heard(decision=decision, ce_id=None, value=encode(decision)), now)
        return decision

    def shown(self, issued: CommandIssued) -> dict[str, Any]:
        """Return the evidence that the venue shows now, as the facts of a question."""
        order = self.simulator.world.order(issued.intent_id)
        if order is None:
            return {}
        observed = Observation(origin="read", observed_at=time_text(datetime.now(UTC)))
        facts = snapshot_of(parsed(documents.compliance_record(order), parse_compliance, observed), datetime.now(UTC)).facts
        return {"compliance": facts} | ({} if issued.quote_id is None else {"quotes": self.listed(order, observed)})

    def listed(self, order: Order, observed: Observation) -> list[dict[str, Any]]:
        """Return the quotes that the venue lists now, as the facts of a question."""
        venue, now = self.simulator.venue, datetime.now(UTC)
        known = venue.register.quotes.get(order.intent_id, [])
        rows = [documents.quote_record(one, order, now=now, switches=venue.switches) for one in known]
        found: list[dict[str, Any]] = []
        for quote in (one.event for row in rows for one in parsed(row, parse_quote, observed).seen if isinstance(one, Sighting)):
            assert isinstance(quote, QuoteReceived)
            stated = {name: getattr(quote, name) for name in QUOTE_TERMS}
            found.append({**stated, "quote_id": quote.quote_id, "first_seen_at": observed.observed_at})
        return [one for one in found if one["status"] == "OPEN"]

    def made(self, issued: CommandIssued, request: DecisionRequested) -> DecisionMade:
        """Return the ACCEPT that a command follows from."""
        return DecisionMade(
            decision_id=issued.decision_id,
            request_id=request.request_id,
            venue=issued.venue,
            intent_id=issued.intent_id,
            question=issued.kind,
            quote_id=issued.quote_id,
            verdict="ACCEPT",
            policy=PolicyName(name="test", version=1, sha256="0" * 64),
            decided_by="test",
            decided_at=time_text(datetime.now(UTC)),
            context_sha256=request.context_sha256,
        )

    def write(self, records: Sequence[Record]) -> Written:
        """Write records as one batch, in one transaction."""
        with self.connection.transaction():
            return CommandSink(journal.write).write(self.connection, records, datetime.now(UTC))

    def row(self, command_id: str) -> dict[str, Any]:
        """Return a command's row."""
        with self.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            found = cursor.execute("SELECT * FROM commands.journal WHERE command_id = %s", (command_id,)).fetchone()
        assert found is not None
        return found

    def attempts(self, command_id: str) -> list[tuple[int, str | None]]:
        """Return number and outcome of every attempt."""
        rows = self.connection.execute("SELECT number, outcome FROM commands.attempts WHERE command_id = %s ORDER BY number", (command_id,))
        return [(int(number), outcome) for number, outcome in rows.fetchall()]

    async def ended(self, command_id: str, *, within: float = 20) -> dict[str, Any]:
        """Wait until a command has ended and that is published; return its row."""
        await eventually_async(
            lambda: self.row(command_id)["published_at"] is not None, within=within, what=f"command {command_id} has ended"
        )
        return self.row(command_id)

    def executor(
        self,
        *,
        owner: str = "first",
        accepting: Literal["live", "shadow"] = "live",
        venue: VenueCommands | None = None,
        limits: Limits | None = None,
        published: Kept | None = None,
        journal_: PostgresJournal | None = None,
        paces: Mapping[str, float] | None = None,
        **more: Any,
    ) -> Executor:
        """Return an executor on this room's database and venue."""
        return Executor(
            venues=[venue or venue_commands(self.simulator.base_url)],
            journal=journal_ or PostgresJournal(connector_of(self.dsn)),
            publisher=published or self.published,
            clock=SystemClock(),
            failpoints=Failpoints({}),
            owner=owner,
            accepting=accepting,
            paces=paces or {},
            limits=limits or Limits(),
            **more,
        )


class Running:
    """An executor that runs while the context is open."""

    def __init__(self, *executors: Executor) -> None:
        self._executors = executors
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Running:
        self._tasks = [asyncio.create_task(executor.run(self._stop)) for executor in self._executors]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)


def parsed(document: Any, parse: Callable[..., Sighting], observed: Observation) -> Reading:
    """Return a document of the simulator as a reading of it."""
    return Reading(seen=(parse(json.dumps(document).encode(), venue=VENUE, observed=observed),))


def question_of(issued: CommandIssued, **facts: Any) -> DecisionRequested:
    """Return the question that a command follows from, with other facts where told."""
    quote = {"quote_id": issued.quote_id, "fx_rate": issued.fx_rate, "valid_until": issued.not_after, "first_seen_at": issued.issued_at}
    terms = ("venue", "intent_id", "source_currency", "target_currency", "target_amount", "source_amount_max")
    stated = {name: getattr(issued, name) for name in terms} | {"side": "sender", "quotes": () if issued.quote_id is None else (quote,)}
    context = DecisionContext.model_validate(stated | facts)
    return DecisionRequested(
        request_id=f"request of {issued.decision_id}",
        venue=issued.venue,
        intent_id=issued.intent_id,
        question=issued.kind,
        round=1,
        context=context,
        context_sha256=hashlib.sha256(encode(context)).hexdigest(),
        requested_at=issued.issued_at,
        decide_by=issued.not_after,
    )


def record_of(issued: CommandIssued, *, offset: int) -> Record:
    """Return a command as it stands in its topic."""
    headers = [("ce_id", derive_id("issued", issued.command_id).encode())]
    return Record(
        topic="custody.command-issued.v1", partition=0, offset=offset, key=issued.intent_id.encode(), value=encode(issued), headers=headers
    )


async def start_program(
    room: Room, published: Path, *, owner: str, mode: str = "live", lease: float = 2.0, **environment: str
) -> asyncio.subprocess.Process:
    """Start an executor as a process of its own."""
    arguments = [room.dsn, room.simulator.base_url, str(published), owner, mode, str(lease)]
    with (published.parent / f"{owner}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.command_room",
            *arguments,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
            stderr=log,
        )


async def _program(dsn: str, base_url: str, published: str, owner: str, mode: Literal["live", "shadow"], lease: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    executor = Executor(
        venues=[venue_commands(base_url)],
        journal=PostgresJournal(connector_of(dsn)),
        publisher=Filed(Path(published)),
        clock=SystemClock(),
        failpoints=Failpoints.from_environment(),
        owner=owner,
        accepting=mode,
        limits=Limits(lease=lease, call_lease=lease, look_timeout=1.0, call_timeout=1.0),
    )
    await executor.run(stop)


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(_program(given[0], given[1], given[2], given[3], "shadow" if given[4] == "shadow" else "live", float(given[5])))
