"""The log of the truth: what really happened at the venue, written before anybody can see it.

One JSON object per line, appended with one system call each, so that it survives a kill of the simulator and never holds
half a fact that was shown. A test compares the product's books with it. A line names in `what` the fact (`created`,
`accepted`, `quote`, `selected`, `status`, `withdrawn`), the fault injected (`fault`), a contradiction sent
(`contradiction`) or an accept call (`call`); lines of orders carry the whole order, lines of quotes all terms. A call has a line
per stage (`received`, `held`, `decided`, `answered`, `left`), each with all that is known by then; the last line of a `call` number
tells its whole story. A simulator that starts on an existing log remembers its orders: terminal ones as they were, open ones expire.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from connectors.simulators.musubi.documents import order_fields
from connectors.simulators.musubi.faults import QUOTE_FAULTS
from connectors.simulators.musubi.orders import Fact, Order, Quote, Side, iso, plain

Line = dict[str, Any]

REQUESTS_KEPT = 200_000
CALL_STAGES = ("received", "held", "decided", "answered", "left")


def exact(at: datetime) -> str:
    """Write a moment to the microsecond: calls are compared with what a database committed a moment before."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def settlement(order: Order) -> Line:
    """Return what the truth says of a settled order, decimals as strings."""
    return {"side": order.side, **{name: value for name, value in order_fields(order).items() if value is not None}}


class Truth:
    """The log in memory and, when a path is given, on disk."""

    def __init__(self, path: Path | None = None) -> None:
        self.settled: dict[str, Order] = {}
        self.ended: Counter[str] = Counter()
        self.contradictions: list[Line] = []
        self.calls: list[Line] = []
        self.faults: Counter[str] = Counter()
        self.frames: Counter[str] = Counter()
        self.requests: deque[Line] = deque(maxlen=REQUESTS_KEPT)
        self._calls_before = 0
        if path is not None and path.exists():
            _mend(path)
            self._calls_before = max((line.get("call", 0) for line in read_truth(path) if line["what"] == "call"), default=0)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._descriptor = None if path is None else os.open(path, flags, 0o644)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def record(self, facts: Iterable[Fact]) -> None:
        """Write facts before they become visible; of a life lived in one moment only the end is written."""
        chosen = list(facts)
        for fact in chosen:
            if fact.kind == "status":
                self._count(fact.order)
            elif fact.kind == "quote" and fact.quote is not None and fact.quote.flaw is not None:
                self.faults[QUOTE_FAULTS[fact.quote.flaw]] += 1
        if self._descriptor is not None:
            at_once = {fact.order.intent_id for fact in chosen if fact.order.settled_at == fact.order.created_at}
            self._write([_fact_line(fact) for fact in chosen if fact.order.status == "SETTLED" or fact.order.intent_id not in at_once])

    def remember(self, order: Order) -> None:
        """Take a terminal order of an earlier life without writing it again."""
        self._count(order)

    def note_fault(self, name: str, at: datetime, **about: object) -> None:
        """Write a fault that is about to be injected."""
        self.faults[name] += 1
        if self._descriptor is not None:
            self._write([{"what": "fault", "at": iso(at), "fault": name, **about}])

    def note_contradiction(self, at: datetime, intent_id: str, claims: dict[str, str], *, streams: int) -> None:
        """Write a frame that contradicts the record, with the number of streams that are about to carry it."""
        kept = {"at": iso(at), "intent_id": intent_id, **claims, "streams": streams}
        self.contradictions.append(kept)
        self._write([{"what": "contradiction", **kept}])

    def begin_call(self, at: datetime, **about: object) -> Line:
        """Write an accept call that has come in, before anything is done about it, and return what is known of it."""
        number = self._calls_before + len(self.calls) + 1
        call: Line = {"call": number, "at": iso(at), **about}
        self.calls.append(call)
        self.note_call(call, "received", at)
        return call

    def note_call(self, call: Line, stage: str, at: datetime, **about: object) -> None:
        """Write how far a call has come, before anybody is told."""
        call |= {"stage": stage, f"{stage}_at": exact(at), **about}
        self._write([{"what": "call", **call}])

    def note_request(self, at: datetime, method: str, path: str, status: int) -> None:
        """Keep a REST request in memory, the latest 200,000 of them."""
        self.requests.append({"at": iso(at), "method": method, "path": path, "status": status})

    def whole(self, parts: frozenset[str] = frozenset()) -> Line:
        """Return everything as one JSON object, or the named parts of it."""
        makers: dict[str, Callable[[], Any]] = {
            "settlements": lambda: [settlement(order) for order in self.settled.values()],
            "contradictions": lambda: self.contradictions,
            "ended": lambda: dict(self.ended),
            "frames": lambda: dict(self.frames),
            "faults": lambda: dict(self.faults),
            "accept_calls": lambda: self.calls,
            "requests": lambda: list(self.requests),
        }
        return {name: make() for name, make in makers.items() if not parts or name in parts}

    def _count(self, order: Order) -> None:
        if order.status == "SETTLED":
            self.settled[order.intent_id] = order
        if order.status not in ("PENDING", "QUOTED", "EXECUTING"):
            self.ended[order.status] += 1

    def _write(self, lines: list[Line]) -> None:
        if self._descriptor is None or not lines:
            return
        pending = memoryview(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))
        while pending:
            pending = pending[os.write(self._descriptor, pending) :]


def _mend(path: Path) -> None:
    """Cut off a torn last line, so that what is written behind it can be read."""
    with path.open("rb+") as stream:
        size = stream.seek(0, os.SEEK_END)
        tail = min(size, 1 << 20)
        stream.seek(size - tail)
        kept = stream.read(tail).rfind(b"\n") + 1
        if kept < tail:
            stream.truncate(size - tail + kept)


def _fact_line(fact: Fact) -> Line:
    order = fact.order
    about: Line = {"what": fact.kind, "at": iso(fact.at), "number": order.number, "updated_at": iso(order.updated_at)}
    return about | (settlement(order) if fact.quote is None else quote_line(fact.quote))


def quote_line(quote: Quote) -> Line:
    """Return what the truth says of a quote, decimals as strings; `flaw` only where there is one."""
    line: Line = {
        "intent_id": quote.intent_id,
        "quote_id": quote.quote_id,
        "market_maker_party_id": quote.market_maker_party_id,
        "fx_rate": format(quote.fx_rate, "f"),
        "source_amount": plain(quote.source_amount),
        "target_amount": plain(quote.target_amount),
        "submitted_at": iso(quote.submitted_at),
        "valid_until": iso(quote.valid_until),
    }
    return line if quote.flaw is None else line | {"flaw": quote.flaw}


def read_truth(path: Path) -> Iterator[Line]:
    """Read a log line by line; a last line without its end is left out, because nobody saw its fact."""
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def latest_orders(path: Path) -> list[Order]:
    """Return every order of a log as its last line states it, in order of creation; withdrawn ones are left out."""
    latest: dict[str, Line] = {}
    for line in read_truth(path):
        if line["what"] in ("created", "accepted", "status"):
            latest[line["intent_id"]] = line
        elif line["what"] == "withdrawn":
            latest.pop(line["intent_id"], None)
    return sorted((_order(line) for line in latest.values()), key=lambda order: order.created_at)


_MOMENTS = ("updated_at", "created_at", "expires_at", "quote_submitted_at", "quote_accepted_at", "quote_valid_until")
_DECIMALS = ("target_amount", "source_amount_max", "fx_rate", "source_amount_actual")


def _order(line: Line) -> Order:
    fields = {name: value for name, value in line.items() if name not in ("what", "at", "side")}
    for name in (*_MOMENTS, "settled_at"):
        if name in fields:
            fields[name] = datetime.fromisoformat(fields[name])
    for name in _DECIMALS:
        if name in fields:
            fields[name] = Decimal(fields[name])
    side: Side = line["side"]
    return Order(**{"source_amount_max": None, **fields}, side=side)
