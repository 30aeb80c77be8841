"""What becomes of an accept call: held where a test asks, disturbed by faults, applied, and written down at every stage.

Promises: a call is in the truth before anything is done about it, and what was done is in the truth before anybody is told or sees it;
a call that was received is carried out whether or not its caller still waits. Follows contract sections 4.4, 4.6 and A-24.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from connectors.simulators.musubi.faults import APPLIED, NOT_APPLIED
from connectors.simulators.musubi.holds import Holds, When
from connectors.simulators.musubi.orders import Quote, iso, plain
from connectors.simulators.musubi.truth import Line, quote_line
from connectors.simulators.musubi.venue import Venue
from connectors.simulators.musubi.world import Answer
from pipeline.clock import Clock

# The share of calls that A-34=injected answers with 429.
RATE_LIMITED = 0.05

Manner = Literal["answer", "conflict", "too_many", "server_error", "bad_gateway", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the caller is told: the world's answer as it is, or what a fault puts in its place."""

    manner: Manner
    answer: Answer | None = None
    retry_after: float = 0.0


def is_accept(request: web.Request) -> bool:
    """Tell whether a request is one of the two accept calls, well-formed or not."""
    return request.method == "POST" and "intent_id" in request.match_info and request.path.endswith("/accept")


class Accepts:
    """The accept calls of one venue."""

    def __init__(self, venue: Venue, holds: Holds, clock: Clock) -> None:
        self.venue, self.holds, self.clock = venue, holds, clock
        self._carried: set[asyncio.Task[Told]] = set()

    def received(self, request: web.Request) -> Line:
        """Write down a call that has come in, whatever comes of it."""
        ids = {name: _readable(text).lower() for name, text in request.match_info.items()}
        about: dict[str, Any] = {"kind": "co_sign_quote" if "quote_id" in ids else "accept_proposal", **ids, "applied": False}
        if self.venue.settings.clock_skew:
            about["clock_skew"] = self.venue.settings.clock_skew
        call = self.venue.truth.begin_call(self.clock.now(), **about)
        self.holds.stir()
        return call

    def answered(self, call: Line, status: int, outcome: str) -> None:
        """Write down that a call is about to be answered; `outcome` is that of a call which was refused at the door."""
        about = {} if "outcome" in call else {"outcome": outcome}
        self.note(call, "answered", status=status, **about)

    async def carry_out(self, call: Line) -> Told:
        """Carry out a call, and go on with it when the caller leaves meanwhile."""
        task = asyncio.create_task(self._carry_out(call), name=f"accept call {call['call']}")
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.note(call, "left")
            raise

    async def close(self) -> None:
        """Let go of the calls that are still held or slow."""
        for task in list(self._carried):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def note(self, call: Line, stage: str, **about: object) -> None:
        """Write down how far a call has come and tell those who wait for it."""
        self.venue.truth.note_call(call, stage, self.clock.now(), **about)
        self.holds.stir()

    async def _carry_out(self, call: Line) -> Told:
        if await self._held(call, "before"):
            self.note(call, "decided", outcome="cut", **self._situation(call))
            return Told(manner="cut")
        fault = self._drawn(call, NOT_APPLIED)
        if fault is not None:
            return self._without_effect(call, fault)
        fault = self._drawn(call, APPLIED)
        if fault == "applied_late":
            await asyncio.sleep(self._seconds(call, fault))
        answer = self._apply(call)
        if await self._held(call, "after"):
            return Told(manner="cut")
        return await self._disturbed(call, fault, answer)

    async def _held(self, call: Line, when: When) -> bool:
        """Hold a call where that is wanted; tell whether its connection is to break."""
        if not self.holds.wanted(call, when):
            return False
        self.note(call, "held", held=when)
        return await self.holds.keep(call["call"], when) == "cut"

    def _drawn(self, call: Line, names: tuple[str, ...]) -> str | None:
        """Throw the dice of some faults and return the first that strikes."""
        switches = self.venue.switches
        least = {switches["A-24"]: 1.0, "too_many": RATE_LIMITED if switches["A-34"] == "injected" else 0.0}
        for name in names:
            if self.venue.faults.strikes(f"accept_{name}", kind=call["kind"], at_least=least.get(name, 0.0)):
                self.venue.truth.faults[f"accept_{name}"] += 1
                call["fault"] = f"accept_{name}"
                return name
        return None

    def _seconds(self, call: Line, fault: str) -> float:
        return self.venue.faults.seconds(f"accept_{fault}", kind=call["kind"])

    def _without_effect(self, call: Line, fault: str) -> Told:
        self.note(call, "decided", outcome=fault, **self._situation(call))
        manners: dict[str, Manner] = {
            "conflict": "conflict",
            "too_many": "too_many",
            "server_error": "server_error",
            "not_applied_502": "bad_gateway",
            "not_applied_cut": "cut",
        }
        return Told(manner=manners[fault], retry_after=self._seconds(call, fault))

    def _apply(self, call: Line) -> Answer:
        """Let the world decide; the truth has it before it shows."""
        venue, now = self.venue, self.clock.now()
        venue.pump(now)
        situation = self._situation(call)
        if call["kind"] == "co_sign_quote":
            answer = venue.world.co_sign(call["intent_id"], call["quote_id"], now)
        else:
            answer = venue.world.accept_proposal(call["intent_id"], now)
        self.note(call, "decided", outcome=answer.kind, applied=answer.kind == "done", **situation)
        venue.pump(self.clock.now())
        venue.changed()
        return answer

    async def _disturbed(self, call: Line, fault: str | None, answer: Answer) -> Told:
        match fault:
            case "applied_502":
                return Told(manner="bad_gateway")
            case "applied_cut":
                return Told(manner="cut")
            case "timeout":
                await asyncio.sleep(self._seconds(call, fault))
            case "slow":
                await asyncio.sleep(self._seconds(call, fault) * self.venue.faults.rng.uniform(0.5, 1.0))
        return Told(manner="answer", answer=answer)

    def _situation(self, call: Line) -> dict[str, Any]:
        """Return how the order and the quote stood right before the call was decided, for the truth."""
        world, intent_id = self.venue.world, call["intent_id"]
        order = world.order(intent_id)
        if order is None:
            return {}
        maximum = order.source_amount_max
        before: dict[str, Any] = {
            "status": order.status,
            "accepted": world.proposal_accepted(intent_id),
            "expires_at": iso(order.expires_at),
            "target_amount": plain(order.target_amount),
            "source_amount_max": None if maximum is None else plain(maximum),
        }
        quote = self._quote(intent_id, call.get("quote_id"))
        if quote is not None:
            before["quote"] = quote_line(quote) | {"selected": world.selected(intent_id) is quote}
        return {"before": before}

    def _quote(self, intent_id: str, quote_id: str | None) -> Quote | None:
        known = self.venue.world.quotes(intent_id) or self.venue.register.quotes.get(intent_id, [])
        return next((quote for quote in known if quote.quote_id == quote_id), None)


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
