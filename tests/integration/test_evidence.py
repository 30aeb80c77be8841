"""Evidence for decisions against the simulator, a real Kafka and a real PostgreSQL: there within a second, once per fact, whatever dies."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from connectors.simulators.musubi import documents
from connectors.simulators.musubi.control import parse_script
from connectors.simulators.musubi.faults import parse_faults
from connectors.simulators.musubi.server import RefusalError
from connectors.simulators.musubi.settings import Settings as SimulatorSettings
from connectors.simulators.musubi.simulator import Simulator, running_simulator
from connectors.simulators.musubi.world import Rules
from pipeline import settings as configuration
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Record, header
from pipeline.log.topics import EventType
from schemas.accepting import ComplianceFacts, ComplianceRead, RateRead
from schemas.events import DeadLetter, OrderUpdated, QuoteReceived
from tests.integration.test_ingest import SECRET, Room, process, reconciled_after, running
from tests.services import KafkaRoom
from tests.waiting import eventually, eventually_async


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str, tmp_path: Path) -> Room:
    """Give a room whose settings are still to be written."""
    return Room(kafka, postgres, tmp_path)


def configure(room: Room, base_url: str, rates: str = "", **venue: Any) -> None:
    """Write settings with sections of rates, and make topics and tables."""
    room.configure(base_url, **venue)
    with room.file.open("a") as file:
        file.write(rates)
    room.settings = configuration.load(room.file, {})
    room.prepare()


def quiet(*faults: str, speed: float = 1.0) -> SimulatorSettings:
    """Return a venue that creates nothing by itself."""
    return SimulatorSettings(client_secret=SECRET, rules=Rules(rate=0, speed=speed), faults=parse_faults(faults))


def propose(simulator: Simulator, **fields: Any) -> str:
    """Create an order, by default one that needs us, in the event loop of the venue."""
    order = simulator.world.create(parse_script({"side": "sender", **fields}), simulator.clock.now())
    simulator.venue.pump(simulator.clock.now())
    return order.intent_id


def accept(simulator: Simulator, intent: str) -> None:
    """Accept a proposal, so that quotes come."""
    assert simulator.world.accept_proposal(intent, simulator.clock.now()).kind == "done"
    simulator.venue.pump(simulator.clock.now())
    simulator.venue.changed()


def by_intent(records: list[Record]) -> dict[str, list[Record]]:
    """Return records by their key."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault((record.key or b"").decode(), []).append(record)
    return found


async def becomes(true: Callable[[], bool], what: str) -> None:
    """Wait for something that is asked for in a thread: reading a topic blocks."""

    async def asked() -> Any:
        return await asyncio.to_thread(true)

    await eventually_async(asked, within=30, what=what)


async def holds(room: Room, kind: EventType, intents: set[str]) -> None:
    """Wait until a topic has a record for each of these intents."""
    await becomes(partial(_covers, room, kind, intents), f"{kind.name} of {len(intents)} intents")


async def test_what_a_decision_needs_is_there_within_a_second(room: Room) -> None:
    """Order, snapshot and rate of a proposal that needs us are in their topics, once each; a receiver's has its order only.

    Half of five proposals have all three within a second of their creation; measured from the venue's clock to Kafka's.
    """
    async with Simulator(quiet()) as simulator:
        configure(room, simulator.base_url, f'[rates.desk]\nurl = "{simulator.base_url}/simulator/rates"\n')
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            ours = [propose(simulator, side=side) for side in ("sender", "both", "sender", "sender", "sender")]
            followed = propose(simulator, side="receiver", directly=True)
            kinds = (topics.ORDER_UPDATED, topics.COMPLIANCE_READ, topics.RATE_READ)
            for kind in kinds:
                await holds(room, kind, set(ours))
            await holds(room, topics.ORDER_UPDATED, {followed})
        found = {kind: by_intent(room.records(kind)) for kind in kinds}
        created = {intent: simulator.world.open[intent].order.created_at for intent in ours}
    assert found[topics.COMPLIANCE_READ].keys() == found[topics.RATE_READ].keys() == set(ours)
    assert {len(records) for kind in kinds[1:] for records in found[kind].values()} == {1}
    waits = [
        max(min(record.timestamp_ms for record in found[kind][intent] if _is_record(record)) for kind in kinds)
        - created[intent].timestamp() * 1000
        for intent in ours
    ]
    assert median(waits) < 1000, waits
    snapshot = decode(found[topics.COMPLIANCE_READ][ours[0]][0].value, ComplianceRead)
    assert (snapshot.kyc_status, snapshot.pep_status, snapshot.originating_vasp_code) == ("KYC_VERIFIED", "NOT_PEP", "JP-VASP-0001")
    assert json.loads(snapshot.document)["fx_order"]["intentId"] == ours[0]
    rate = decode(found[topics.RATE_READ][ours[0]][0].value, RateRead)
    assert (rate.provider, rate.source_currency, rate.target_currency) == ("desk", "JPYSC0", "USDCx")
    assert json.loads(rate.document)["rate"] == rate.rate


def _is_record(record: Record) -> bool:
    """Leave out hints: what decisions are made from is the record."""
    hinted = header(record.headers, "ce_type") == topics.ORDER_UPDATED.ce_type
    return not hinted or decode(record.value, OrderUpdated).observed.origin != "stream"


def _asked(simulator: Simulator) -> list[str]:
    return [line["path"].rpartition("/")[2] for line in [*simulator.truth.requests] if "/compliance/" in line["path"]]


def _post(simulator: Simulator, number: int) -> set[str]:
    """Create proposals that need us over the door for tests: the venue lives in another thread."""
    request = urllib.request.Request(
        f"{simulator.base_url}/simulator/orders",
        data=json.dumps({"orders": [{"side": "sender"}] * number}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return set(json.load(answer)["intents"])


@pytest.mark.parametrize("failpoint", ["ingest.after_produce:4", "ingest.before_cursor_commit:3", "ingest.after_cursor_commit:3"])
def test_a_kill_loses_no_evidence_and_makes_no_fact_twice(room: Room, failpoint: str) -> None:
    """Killed with SIGKILL among proposals and started again, each has one snapshot and one rate by id; a third life reads none."""
    with running_simulator(quiet()) as simulator:
        rates = room.folder / "rates.json"
        rates.write_text(json.dumps([_entry("112.04")]))
        configure(room, simulator.base_url, '[rates.treasury]\nkind = "file"\nfile = "rates.json"\n')
        with process(room, "first", CUSTODIAN_FAILPOINT=failpoint) as first:
            eventually(lambda: simulator.hub.subscribers or first.poll() is not None, within=30, what="the stream is open")
            intents = _post(simulator, 5)

            def dead() -> bool:
                intents.update(_post(simulator, 1))
                return first.poll() is not None

            eventually(dead, within=60, what="ingest dies among proposals")
            assert first.returncode == -signal.SIGKILL
        intents |= _post(simulator, 5)
        kinds = (topics.COMPLIANCE_READ, topics.RATE_READ)
        with process(room, "second"):
            for kind in kinds:
                eventually(partial(_covers, room, kind, intents), within=60, what=f"all {kind.name}")
            eventually(lambda: _finished(room) == len(intents), within=30, what="everything is stored")
        for kind in kinds:
            ids = {intent: {header(r.headers, "ce_id") for r in records} for intent, records in by_intent(room.records(kind)).items()}
            assert ids.keys() == intents
            assert {len(known) for known in ids.values()} == {1}
        asked, published = len(_asked(simulator)), {kind: len(room.records(kind)) for kind in kinds}
        with process(room, "third"):
            new = _post(simulator, 1)
            eventually(partial(_covers, room, topics.RATE_READ, new), within=30, what="the new one")
            eventually(lambda: _finished(room) == len(intents) + 1, within=30, what="the new one is stored")
        assert {*_asked(simulator)[asked:]} == new
        assert {kind: len(room.records(kind)) for kind in kinds} == {kind: number + 1 for kind, number in published.items()}


def _covers(room: Room, kind: EventType, intents: set[str]) -> bool:
    return by_intent(room.records(kind)).keys() >= intents


def _finished(room: Room) -> int:
    (number,) = room.row("SELECT count(*) FROM custodian.ingest_evidence WHERE snapshot = 'read' AND rates ? 'treasury'")
    return int(number)


def _entry(rate: str, at: datetime | None = None) -> dict[str, Any]:
    at = at or datetime.now(UTC) - timedelta(seconds=1)
    return {"source_currency": "JPYSC0", "target_currency": "USDCx", "rate": rate, "sources": 3, "quoted_at": at.isoformat()}


async def test_a_snapshot_that_is_refused_at_first_comes_with_the_quotes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a 404 nothing is published; the hint of the first quote leads to the snapshot, and the full list to all quotes."""
    shown, missing = documents.compliance_record, True

    def compliance_record(order: Any) -> documents.Document:
        if missing:
            raise RefusalError("NOT_FOUND", "no snapshot")
        return shown(order)

    monkeypatch.setattr(documents, "compliance_record", compliance_record)
    async with Simulator(quiet(speed=10)) as simulator:
        configure(room, simulator.base_url)
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            intent = propose(simulator, quotes=3)
            await eventually_async(lambda: len(_asked(simulator)) == 1, within=20, what="the snapshot is asked for")
            await eventually_async(lambda: _snapshot(room, intent) == "absent", within=10)
            missing = False
            accept(simulator, intent)
            await holds(room, topics.COMPLIANCE_READ, {intent})
            told = {quote.quote_id for quote in simulator.world.open[intent].quotes}

            def listed() -> bool:
                quotes = [decode(record.value, QuoteReceived) for record in room.records(topics.QUOTE_RECEIVED)]
                return told <= {quote.quote_id for quote in quotes if quote.observed.origin == "list" and quote.source_amount}

            await becomes(listed, "every quote with its amounts")
        assert len(room.records(topics.COMPLIANCE_READ)) == 1
        assert room.records(topics.DEAD_LETTER) == []


def _snapshot(room: Room, intent: str) -> str | None:
    row = room.row("SELECT snapshot FROM custodian.ingest_evidence WHERE intent_id = %s", intent)
    return None if row is None else str(row[0])


async def test_a_network_that_is_away_for_snapshots_does_not_hold_up_orders(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """While snapshots are answered with 502, new orders are read; then each snapshot comes, once."""
    shown, away = documents.compliance_record, True

    def compliance_record(order: Any) -> documents.Document:
        if away:
            raise RefusalError("CANTON_ERROR", "settlement network unavailable")
        return shown(order)

    monkeypatch.setattr(documents, "compliance_record", compliance_record)
    async with Simulator(quiet()) as simulator:
        configure(room, simulator.base_url, requests_per_second=50, request_burst=10)
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            intents = {propose(simulator) for _ in range(8)}
            await eventually_async(lambda: len(_asked(simulator)) >= 8, within=20, what="snapshots are asked for")
            late = propose(simulator)
            await holds(room, topics.ORDER_UPDATED, intents | {late})
            await eventually_async(lambda: _snapshot(room, late) == "due", within=20, what="the late one is read")
            away = False
            await holds(room, topics.COMPLIANCE_READ, intents | {late})
        counts = Counter(header(record.headers, "ce_id") for record in room.records(topics.COMPLIANCE_READ))
    assert len(counts) == 9
    assert set(counts.values()) == {1}


async def test_a_snapshot_that_cannot_be_read_is_dead_lettered_with_its_bytes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document without any known fact is kept whole in one dead letter; as evidence is published that there is none, and no fact."""
    monkeypatch.setattr(documents, "compliance_record", lambda order: {"note": order.intent_id})
    async with Simulator(quiet()) as simulator:
        configure(room, simulator.base_url)
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            intent = propose(simulator)
            await eventually_async(lambda: _snapshot(room, intent) == "unreadable", within=20)
        (letter,) = [decode(record.value, DeadLetter) for record in room.records(topics.DEAD_LETTER)]
        assert (letter.venue, letter.origin, letter.event_type) == ("tokyo", "read", "compliance")
        assert "none of the facts" in letter.reason
        (told,) = [decode(record.value, ComplianceRead) for record in room.records(topics.COMPLIANCE_READ)]
        assert (told.intent_id, told.lacking, told.document) == (intent, "unreadable", "")
        assert set(told.model_dump(exclude_none=True)) & set(ComplianceFacts.model_fields) == set()


async def test_quotes_whose_hints_never_came_are_found_after_a_reconnect(room: Room) -> None:
    """With every frame lost, a new connection leads to the quotes of the open proposal."""
    async with Simulator(quiet("drop=1", speed=10)) as simulator:
        configure(room, simulator.base_url, reconcile_interval='"10m"')
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            intent = propose(simulator, quotes=3)
            accept(simulator, intent)
            await eventually_async(lambda: simulator.world.open[intent].quotes, within=20, what="quotes are there")
            assert await asyncio.to_thread(room.records, topics.QUOTE_RECEIVED) == []
            simulator.hub.close_all()
            await holds(room, topics.QUOTE_RECEIVED, {intent})


# --- rates ------------------------------------------------------------------------------------------------------


@dataclass
class Provider:
    """A provider of rates on loopback whose answer a test sets; None closes the connection without one."""

    answer: bytes | None = None
    asked: int = 0
    port: int = 0
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Return the address of the document."""
        return f"http://127.0.0.1:{self.port}/rates"

    def start(self) -> None:
        """Listen, the second time on the same port."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                if provider.answer is None:
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(provider.answer)))
                self.end_headers()
                self.wfile.write(provider.answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Let nobody in any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@contextmanager
def providing(answer: bytes | None) -> Iterator[Provider]:
    """Run a provider while the context is open."""
    provider = Provider(answer)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


async def test_a_rates_provider_that_goes_and_comes_back_and_babbles(room: Room) -> None:
    """While it is away the last good rate is published with its own time; garbage is a dead letter once; then a new rate comes."""
    old = datetime.now(UTC) - timedelta(seconds=90)
    with providing(json.dumps([_entry("112.01", old)]).encode()) as provider:
        async with Simulator(quiet()) as simulator:
            section = f'[rates.desk]\nurl = "{provider.url}"\npoll_interval = "50ms"\nhttp_timeout = "500ms"\n'
            configure(room, simulator.base_url, section)
            async with running(room) as board:
                await reconciled_after(board, simulator.clock.now())
                first = propose(simulator)
                await holds(room, topics.RATE_READ, {first})
                provider.stop()
                second = propose(simulator)
                await holds(room, topics.RATE_READ, {first, second})
                await holds(room, topics.COMPLIANCE_READ, {first, second})
                for garbage in (b"<html>", b"[{}]", b"<html>"):
                    provider.answer, asked = garbage, provider.asked
                    provider.stop()
                    provider.start()
                    await eventually_async(lambda asked=asked: provider.asked > asked + 2, within=20, what="it is asked again")
                provider.answer = json.dumps([_entry("112.77")]).encode()
                third = propose(simulator)
                await becomes(lambda: (third, "112.77") in _stated(room), "the new rate")
        found = [decode(record.value, RateRead) for record in room.records(topics.RATE_READ)]
        assert {(first, "112.01"), (second, "112.01")} <= _stated(room)
        assert {datetime.fromisoformat(rate.quoted_at) for rate in found if rate.rate == "112.01"} == {old}
        letters = [decode(record.value, DeadLetter) for record in room.records(topics.DEAD_LETTER)]
    assert sorted(letter.reason.partition(":")[0] for letter in letters) == ["rates.desk", "rates.desk"]
    assert len({letter.sha256 for letter in letters}) == 2


def _stated(room: Room) -> set[tuple[str, str]]:
    rates = [decode(record.value, RateRead) for record in room.records(topics.RATE_READ)]
    return {(rate.intent_id, rate.rate) for rate in rates}


async def test_quotes_bring_a_fresh_rate(room: Room) -> None:
    """A proposal has the rate of its first moment; when quotes come, a newer one, so that the co-signature is not decided on an old one."""
    async with Simulator(quiet(speed=10)) as simulator:
        configure(room, simulator.base_url, f'[rates.desk]\nurl = "{simulator.base_url}/simulator/rates"\npoll_interval = "100ms"\n')
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            intent = propose(simulator)
            await holds(room, topics.RATE_READ, {intent})
            accept(simulator, intent)
            await eventually_async(lambda: simulator.world.open[intent].quotes, within=20, what="quotes are there")
            submitted = simulator.world.open[intent].quotes[0].submitted_at

            def fresh() -> bool:
                rates = [decode(record.value, RateRead) for record in room.records(topics.RATE_READ)]
                return max(datetime.fromisoformat(rate.quoted_at) for rate in rates) > submitted - timedelta(seconds=1)

            await becomes(fresh, "a rate as fresh as the quote")
        counts = Counter(header(record.headers, "ce_id") for record in room.records(topics.RATE_READ))
    assert set(counts.values()) == {1}
