"""The loop that carries commands out: claim, read, decide, journal the attempt, call, store the answer, publish the outcome.

Promises: a call leaves only after its attempt is committed, in a transaction that saw no halt and a decision that is believed and allows
just this, and after the record was read again; what is open from an earlier call (of this process or of one that died) is resolved by
reading before anything is sent; a turn of a command is short, and between turns nothing is held but rows, so another executor goes on where
this one dies. A service that is away is waited for.

Under a request cap no more is taken in hand than the cap lets through within a part of the lease, a claim is renewed while it is in hand,
and a turn whose claim is lost ends: what is begun is brought to its call, what has to wait waits in the journal, where the first to end is
the next, and what cannot be in time ends there without a request (infra/decisions/0013).
What comes next is decided in `decide`, here it is done.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, ParamSpec, TypeVar

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.commands import decide
from pipeline.commands.command import AttemptResult, Claim, Completed, Decided, Ending
from pipeline.commands.decide import AskRecord, Close, Reason, Send, Wait
from pipeline.commands.events import events_of, evidence_of, record_of
from pipeline.commands.ports import Barred, CommandJournal, GateClosedError, VenueCommands
from pipeline.domain.accepting import CO_SIGN_QUOTE, Answer, Answered, Look, NotDone, OutcomeOpen, VenueTime
from pipeline.errors import ContractBreachError, FatalError, PoisonRecordError, RetryableError, SettingsError
from pipeline.log.envelope import Outgoing, time_text
from pipeline.ports import EventPublisher, Failpoints, SchemaVersionError
from schemas.accepting import DecisionMade, DecisionRequested

log = logging.getLogger(__name__)

ROLE = "commands"
Held = tuple[str, int]
"""A claim by its command and epoch."""
P = ParamSpec("P")
R = TypeVar("R")

LOOK_AGE_MAX = timedelta(seconds=2)
LOOK_AGE_AT_GATE = timedelta(seconds=1.5)
"""How old the reading may be that a call rests on: when it leaves, and when the gate is reached, where it is read again."""
GATE_SECONDS_MAX = 1.0
"""A call leaves at once after its attempt is committed or not at all: what was checked then has to hold still."""
LOOK_FAILED_PAUSE = 1.0
LOOK_SECONDS_MIN = 0.1
UNDECIDED_PAUSE = 1.0
"""A command without its decision is not claimed; one that lost it meanwhile is rare."""
TURN_REQUESTS = 4
"""Requests of a turn at most, where nothing goes wrong: order, quotes, compliance snapshot, call."""
LINE_SHARE, RENEW_SHARE = 1 / 3, 1 / 3
"""What waits for permits is through within a third of the lease; after a third it is renewed, so that one may fail."""
PUBLISH_INTERVAL = 0.5
PUBLISH_MAX = 200
AWAY_PAUSE_MIN, AWAY_PAUSE_MAX = 0.1, 5.0
_AWAY = (RetryableError, ContractBreachError, SettingsError, SchemaVersionError, PoisonRecordError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How the executor is sized; times in seconds.

    `lease` is short, and renewed while a command is in hand: a quote lives for some 30 s, and what a machine had in hand when it died must
    not wait for longer. From its attempt on a command is kept for `call_lease`, which is longer than a call may take.
    """

    lease: float = 12.0
    look_timeout: float = 10.0
    call_timeout: float = 20.0
    call_lease: float = 25.0
    poll: float = 0.05
    turns_max: int = 32
    looks_max: int = 8
    """Readings at once, of three requests each: the transport looks at every open connection before each request, so few are quicker."""
    publish_max: int = PUBLISH_MAX


@dataclass(slots=True)
class Health:
    """How the executor is doing, for `/readyz` and `custodian status`."""

    last_progress: float
    """The monotonic time of the last look at the journal that went well."""
    waiting_for: str | None = None
    reason: str | None = None
    turns: int = 0
    """Commands in hand."""


@dataclass(slots=True)
class _Call:
    """One call on its way: the attempt that stands for it, or what kept it from leaving."""

    number: int | None = None
    barred: Barred | Reason | None = None
    look: Look | None = None
    """What the venue showed where that kept it from leaving."""


@dataclass(slots=True)
class _Pauses:
    seconds: float = 0.0

    def next(self) -> float:
        self.seconds = min(max(self.seconds * 2, AWAY_PAUSE_MIN), AWAY_PAUSE_MAX)
        return self.seconds


@dataclass(slots=True)
class Executor:
    """Carries out the journal's commands for its venues until told to stop."""

    venues: Sequence[VenueCommands]
    journal: CommandJournal
    publisher: EventPublisher
    clock: Clock
    failpoints: Failpoints
    owner: str
    """The name of this process: only one of this name lives at a time, and the next one takes back what it had in hand."""
    accepting: Literal["live", "shadow"] = "live"
    paces: Mapping[str, float] = field(default_factory=dict)
    """Requests per second that accepting may count on, by venue; one that is not named has no cap."""
    limits: Limits = field(default_factory=Limits)
    health: Health | None = None
    lapsed: Callable[[DecisionRequested, DecisionMade, datetime], Sequence[str]] = lambda *_: ()
    """Names the policy's rules on hours, rates and screenings that held when it was decided and do not hold at a time."""
    quote_margin: timedelta = timedelta(seconds=2)
    """That of the workflow: a quote that is nearer to its end is not asked about."""
    also_publish: Callable[[], int] | None = None
    """Publishes what else waits in an outbox, such as what operators did; called now and then from a thread."""
    _by_name: dict[str, VenueCommands] = field(init=False)
    _turns: dict[asyncio.Task[None], Claim] = field(init=False, default_factory=dict)
    _in_line: dict[str, set[Held]] = field(init=False)
    """By venue the claims whose call has not left yet: they wait for permits."""
    _looks: dict[str, asyncio.Semaphore] = field(init=False)
    _due: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _ended: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _failure: BaseException | None = field(init=False, default=None)
    _loop: asyncio.AbstractEventLoop | None = field(init=False, default=None)
    _threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._by_name = {venue.venue: venue for venue in self.venues}
        self._in_line = {name: set() for name in self._by_name}
        self._looks = {name: asyncio.Semaphore(self.limits.looks_max) for name in self._by_name}
        self._threads = ThreadPoolExecutor(8, ROLE)
        self.health = self.health or Health(last_progress=self.clock.monotonic())

    def wake(self) -> None:
        """Look at the journal now; may be called from any thread."""
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._due.set)
            except RuntimeError:
                return  # the loop has ended; the journal is looked at on the next start

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then finish what is in hand and publish it; raise FatalError when going on would be wrong."""
        self._loop = asyncio.get_running_loop()
        ending = asyncio.create_task(self._publish_on(), name="publish outcomes")
        renewing = asyncio.create_task(self._renew_on(), name="renew claims")
        try:
            await self._claim_on(stop)
            if self._turns:
                await asyncio.wait(self._turns, timeout=self.limits.look_timeout + self.limits.call_timeout)
        finally:
            for task in (ending, renewing, *self._turns):
                task.cancel()
            await asyncio.gather(ending, renewing, *self._turns, return_exceptions=True)
            await self._publish_last()
            for venue in self.venues:
                await venue.aclose()
            self.journal.close_connections()
            self._threads.shutdown(wait=False)
        if self._failure is not None:
            raise self._failure

    async def _in_thread(self, function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*arguments, **named))

    # --- the journal's queue -------------------------------------------------------------------------------------

    async def _claim_on(self, stop: asyncio.Event) -> None:
        pauses, begun = _Pauses(), False
        while not stop.is_set() and self._failure is None:
            self._due.clear()
            try:
                if not begun:
                    await self._in_thread(self.journal.take_back, self.owner)
                    begun = True
                found = await self._claim()
            except RetryableError as error:
                self._waiting(error)
                await _wait_for(stop, error.retry_after or pauses.next())
                continue
            pauses.seconds = 0.0
            self._well()
            if not found:
                await _either(self._due, stop, seconds=self.limits.poll)

    async def _claim(self) -> bool:
        """Begin a turn of what is due; tell whether there may be more."""
        limits = self._free()
        if not limits:
            return False  # a turn that ends, or whose call leaves, wakes us
        claims = await self._in_thread(self.journal.claim, self.owner, limits=limits, lease=self.limits.lease)
        for claim in claims:
            self._in_line[claim.order.venue].add(_held(claim))
            turn = asyncio.create_task(self._turn(claim), name=f"command {claim.order.command_id}")
            self._turns[turn] = claim
            turn.add_done_callback(self._turned)
        return bool(claims)

    def _free(self) -> dict[str, int]:
        """Return how many commands of each venue may be taken in hand now."""
        free = self.limits.turns_max - len(self._turns)
        places = {name: min(free, self._line_max(name) - len(line)) for name, line in self._in_line.items()}
        return {name: number for name, number in places.items() if number > 0}

    def _line_max(self, venue: str) -> int:
        pace = self.paces.get(venue)
        if pace is None:
            return self.limits.turns_max
        return max(1, int(pace * self.limits.lease * LINE_SHARE / TURN_REQUESTS))

    def _turned(self, turn: asyncio.Task[None]) -> None:
        self._out_of_line(self._turns.pop(turn))

    def _out_of_line(self, claim: Claim) -> None:
        self._in_line[claim.order.venue].discard(_held(claim))
        self._due.set()

    async def _renew_on(self) -> None:
        """Keep what is in hand, and end turns whose claim is lost before they take a permit; a call under way has a lease of its own."""
        while True:
            await asyncio.sleep(self.limits.lease * RENEW_SHARE)
            turns = {turn: claim for turn, claim in self._turns.items() if self._waits(claim)}
            if not turns:
                continue
            try:
                held = await self._in_thread(self.journal.renew, list(turns.values()), lease=self.limits.lease)
            except RetryableError as error:
                log.warning("claims are not renewed", extra={"reason": str(error)})
                continue
            for turn, claim in turns.items():
                if claim.order.command_id not in held and self._waits(claim):
                    turn.cancel()

    def _waits(self, claim: Claim) -> bool:
        return _held(claim) in self._in_line[claim.order.venue]

    def _waiting(self, error: RetryableError) -> None:
        assert self.health is not None
        self.health.waiting_for, self.health.reason = "PostgreSQL", str(error)
        metrics.retried(ROLE, "PostgreSQL")
        log.warning("waiting for PostgreSQL", extra={"reason": str(error)})

    def _well(self) -> None:
        assert self.health is not None
        self.health.last_progress = self.clock.monotonic()
        self.health.waiting_for = self.health.reason = None
        self.health.turns = len(self._turns)

    # --- one turn of one command ---------------------------------------------------------------------------------

    async def _turn(self, claim: Claim) -> None:
        """Do the next step of a command; whatever keeps it from being done is left to the next turn."""
        try:
            await self._step(claim, self._by_name[claim.order.venue])
        except RetryableError as error:
            log.warning("a command waits for PostgreSQL", extra={"command_id": claim.order.command_id, "reason": str(error)})
        except FatalError as error:
            self._failure = error
        except Exception as error:
            log.exception("a turn of command %s failed", claim.order.command_id)
            self._failure = FatalError(f"a turn of command {claim.order.command_id} failed: {error!r}")

    async def _step(self, claim: Claim, venue: VenueCommands) -> None:
        may_send = not (claim.order.shadow or self.accepting == "shadow")
        if claim.refusal is not None:
            await self._close_refused(claim, venue, claim.refusal)
            return
        late = decide.out_of_reach(claim, venue.time()) if may_send and claim.calls_open == 0 else None
        if late is not None:  # nothing is asked of the venue for what cannot be in time
            await self._close(claim, late)
            return
        # A repeated call is rare: its snapshot is read once it is about to leave.
        look = await self._look(claim, venue, snapshot=may_send and claim.calls_open == 0)
        if look is None:
            return
        if claim.calls_open == 0 and not may_send:
            await self._close(claim, decide.would(claim.order, look, venue.time()))
            return
        step = self._decided(claim, look, venue)
        if step == Close(decide.not_sent(Reason.CLOCK_UNRESOLVED)):
            again = await self._look(claim, venue)  # a second answer may resolve what one could not
            if again is None:
                return
            look = _with_snapshot(again, look)
            step = self._decided(claim, look, venue)
        match step:
            case Close(ending=ending):
                await self._close(claim, ending)
            case Send(quote_valid_until=valid_until) if may_send:
                await self._send(replace(claim, quote_valid_until=valid_until), venue, look)
            case Send():
                await self._put_off(claim, decide.look_pause(claim.looks), looked=True)
            case Wait(seconds=seconds):
                await self._put_off(claim, seconds, looked=True)

    @staticmethod
    def _decided(claim: Claim, look: Look, venue: VenueCommands) -> decide.Step:
        time = venue.time()
        if claim.calls_open:
            return decide.resolve(claim, look, time)
        step = decide.ready(claim.order, look, time)
        late = decide.out_of_reach(claim, time) if isinstance(step, Wait) else None
        return step if late is None else Close(late)

    async def _look(self, claim: Claim, venue: VenueCommands, *, snapshot: bool = False) -> Look | None:
        """Read the venue's record; None when that failed and the command is put off or has ended."""
        retry_after: float | None = None
        quotes = claim.order.kind == CO_SIGN_QUOTE or claim.calls_open > 0  # before the first accept they say nothing that a 409 does not
        try:
            return await self._read(claim, venue, quotes=quotes, snapshot=snapshot, seconds=self._look_seconds(claim, venue))
        except _AWAY as error:
            retry_after = error.retry_after if isinstance(error, RetryableError) else None
            metrics.venue_retried(ROLE, venue.venue)
            said = {"command_id": claim.order.command_id, "venue": venue.venue, "reason": str(error) or type(error).__name__}
            log.warning("venue %s: the record of %s cannot be read now and is read again", venue.venue, claim.order.intent_id, extra=said)
        ending = decide.out_of_reach(claim, venue.time())
        if ending is not None:
            await self._close(claim, ending)
        else:
            await self._put_off(claim, retry_after or LOOK_FAILED_PAUSE, looked=False)
        return None

    async def _read(self, claim: Claim, venue: VenueCommands, *, quotes: bool, seconds: float, snapshot: bool = False) -> Look:
        """Read the venue's record in its turn; raise what a reading may, TimeoutError included."""
        async with self._looks[venue.venue], asyncio.timeout(seconds):
            return await venue.look(claim.order.intent_id, quotes=quotes, snapshot=snapshot)

    def _look_seconds(self, claim: Claim, venue: VenueCommands) -> float:
        """Return how long a reading may take: one before the first call is of no use after the command's time."""
        left = (claim.order.not_after - venue.time().latest).total_seconds() if claim.calls_open == 0 else self.limits.look_timeout
        return min(self.limits.look_timeout, max(left, 0.0) + LOOK_SECONDS_MIN)

    async def _put_off(self, claim: Claim, seconds: float, *, looked: bool, result: AttemptResult | None = None) -> None:
        await self._in_thread(self.journal.put_off, claim, seconds=seconds, looked=looked, result=result)

    async def _close(self, claim: Claim, ending: Ending, result: AttemptResult | None = None) -> None:
        at = self.clock.now()
        if not await self._in_thread(self.journal.close, claim, ending, result=result, at=at):
            log.warning("somebody else has the command", extra={"command_id": claim.order.command_id})
            return
        self.failpoints.reach("commands.after_outcome")
        metrics.RECORDS.labels(ROLE, ending.outcome).inc()
        if ending.outcome == "unknown":
            metrics.ALARMS.labels("command_outcome_unknown").inc()
        said = {"command_id": claim.order.command_id, "kind": claim.order.kind, "outcome": ending.outcome, "reason": ending.reason}
        log.info("a command has ended", extra={**said, "venue": claim.order.venue, "intent_id": claim.order.intent_id})
        self._ended.set()

    # --- one call ------------------------------------------------------------------------------------------------

    async def _send(self, claim: Claim, venue: VenueCommands, look: Look) -> None:
        call, order = _Call(), claim.order

        async def gate() -> None:
            await self._pass_gate(claim, venue, look, call)

        answer: Answer
        try:
            async with asyncio.timeout(self.limits.call_timeout):
                answer = await venue.send(order.kind, order.intent_id, order.quote_id, gate=gate)
        except GateClosedError:
            await self._not_sent(claim, call)
            return
        except TimeoutError:
            answer = OutcomeOpen(reason=f"no answer within {self.limits.call_timeout:g} s")
        except _AWAY as error:  # no token, or the venue speaks another contract: both said before anything took effect
            answer = NotDone(reason=str(error))
        self.failpoints.reach("commands.after_send")
        await self._take(claim, venue, answer, call)

    async def _pass_gate(self, claim: Claim, venue: VenueCommands, look: Look, call: _Call) -> None:
        """Commit the attempt, or keep the call from leaving; the last thing that happens before the bytes leave."""
        if call.number is not None:  # the first sending was answered 401, which did nothing
            renewed = AttemptResult(number=call.number, outcome="not_done", reason="the token was renewed", http_status=401)
            await self._in_thread(self.journal.note, claim, renewed)
            call.number = None
        if self._age(look) > LOOK_AGE_AT_GATE:
            claim, look = await self._looked_again(claim, venue, look)
        call.barred = decide.in_time(claim.order, claim.quote_valid_until, venue.time())
        if call.barred is not None:
            raise GateClosedError(call.barred)
        began_at = self.clock.monotonic()
        began = await self._in_thread(
            self.journal.begin,
            claim,
            lease=self.limits.call_lease,
            quote_valid_until=claim.quote_valid_until,
            at=self.clock.now(),
            evidence=_evidence(claim, venue, look),
            unfit=partial(self._unfit, claim, look, venue.time()),
        )
        if isinstance(began, Barred):
            call.barred, call.look = began, look
            raise GateClosedError(began.reason)
        call.number = began.number
        if not claim.attempts:
            metrics.DECISION_TO_CALL_SECONDS.observe(max(0.0, (self.clock.now() - claim.order.issued_at).total_seconds()))
        self._out_of_line(claim)
        self.failpoints.reach("commands.before_send")
        if self.clock.monotonic() - began_at > GATE_SECONDS_MAX or self._age(look) > LOOK_AGE_MAX:
            held = AttemptResult(number=began.number, outcome="not_done", reason="held up after the checks, not sent")
            await self._in_thread(self.journal.note, claim, held)
            call.number = None
            raise GateClosedError("held up after the checks")

    def _age(self, look: Look) -> timedelta:
        """Return how old the oldest is of what a call rests on; what was not read is too old."""
        return timedelta.max if look.snapshot is None else self.clock.now() - min(look.at, look.snapshot.at)

    async def _looked_again(self, claim: Claim, venue: VenueCommands, before: Look) -> tuple[Claim, Look]:
        """Read the record while the call's permit is in hand; raise GateClosedError when that fails or no longer speaks for the call.

        Nothing is decided on that here: the next turn reads once more, and says what comes next.
        """
        quotes = claim.order.kind == CO_SIGN_QUOTE or claim.calls_open > 0
        held = before.snapshot  # one that took long is as fresh as it came
        snapshot = held is None or self.clock.now() - held.at > LOOK_AGE_AT_GATE
        try:
            look = await self._read(claim, venue, quotes=quotes, snapshot=snapshot, seconds=self._look_seconds(claim, venue))
        except _AWAY as error:
            raise GateClosedError(f"the record cannot be read again: {error}") from None
        look = _with_snapshot(look, before)
        match self._decided(claim, look, venue):
            case Send(quote_valid_until=valid_until):
                return replace(claim, quote_valid_until=valid_until), look
            case _:
                raise GateClosedError("the record does not speak for the call any more")

    def _unfit(self, claim: Claim, look: Look, time: VenueTime, decided: Decided) -> Barred | None:
        """Say what speaks against a call, now that it is known what was decided."""
        order = claim.order
        if wrong := decide.unlike(order, decided):
            return Barred("not_allowed", wrong)
        if changed := decide.other_parties(decided, look.order):
            return Barred("terms_changed", changed)
        # While a co-signature is in doubt no other quote may take its place, however good.
        signs = order.kind == CO_SIGN_QUOTE and not claim.calls_open
        if signs and (others := decide.other_quotes(order, decided, look, time, margin=self.quote_margin)):
            return Barred("quotes_changed", others)
        assert look.snapshot is not None  # or the look is too old for the gate
        if other := decide.other_evidence(decided, look.snapshot):
            # Of a snapshot that is away nobody knows whether it is another one.
            return Barred("evidence_changed", other) if look.snapshot.away is None else Barred("evidence_away", look.snapshot.away)
        lapsed = self.lapsed(decided.request, decided.decision, self.clock.now())
        return Barred("stale", ", ".join(lapsed)) if lapsed else None

    async def _not_sent(self, claim: Claim, call: _Call) -> None:
        if isinstance(call.barred, Barred) and call.barred.by in ("evidence_changed", "quotes_changed") and call.look is not None:
            # Before the command ends: what is decided anew rests on what the venue showed us, not on what was heard of it.
            shown = evidence_of(call.look, claim.order, self.clock.now())
            await self._in_thread(self.publisher.publish, shown)
        match call.barred:
            case Barred(by="lost"):
                return
            case Barred(by="undecided" | "evidence_away"):
                await self._put_off(claim, UNDECIDED_PAUSE, looked=False)
            case Barred(by=by, reason=why) if claim.calls_open == 0:
                await self._close(claim, Ending(outcome="refused", reason=f"{Reason(by)}: {why}"))
            case Reason() as reason if claim.calls_open == 0 and reason in decide.LATE:
                await self._close(claim, decide.not_sent(reason))
            case None:
                await self._put_off(claim, 0.0, looked=False)
            case _:
                await self._put_off(claim, decide.look_pause(claim.looks), looked=True)

    async def _take(self, claim: Claim, venue: VenueCommands, answer: Answer, call: _Call) -> None:
        """Store an answer and do what follows from it."""
        step = decide.answered(claim, answer)
        result = None if call.number is None else _result(call.number, answer)
        match step:
            case Close(ending=ending):
                await self._close(claim, ending, result)
            case AskRecord(answer=refusal):
                if result is not None:  # before the reading: what the venue has said is kept whatever happens now
                    await self._in_thread(self.journal.note, claim, result, refusal=refusal)
                self.failpoints.reach("commands.after_refusal")
                await self._close_refused(claim, venue, refusal)
            case Wait(seconds=seconds):
                await self._put_off(claim, seconds, looked=False, result=result)

    async def _close_refused(self, claim: Claim, venue: VenueCommands, refusal: Answered) -> None:
        """End a command that the venue has refused, after one reading; where that fails the refusal stands."""
        look: Look | None = None
        try:
            look = await self._read(claim, venue, quotes=True, seconds=self.limits.look_timeout)
        except _AWAY as error:
            said = {"venue": venue.venue, "reason": str(error) or type(error).__name__}
            log.warning("venue %s: the record of %s cannot be read after a refusal", venue.venue, claim.order.intent_id, extra=said)
        await self._close(claim, decide.refused(claim, refusal, look))

    # --- outcomes ------------------------------------------------------------------------------------------------

    async def _publish_on(self) -> None:
        pauses = _Pauses()
        while True:
            self._ended.clear()
            try:
                await self._publish_all()
            except RetryableError as error:
                metrics.retried(ROLE, "Kafka")
                log.warning("outcomes wait to be published", extra={"reason": str(error)})
                await asyncio.sleep(pauses.next())
                continue
            except Exception as error:
                known = isinstance(error, FatalError | SettingsError)
                self._failure = error if known else FatalError(f"outcomes cannot be published: {error!r}")
                self._due.set()
                return
            pauses.seconds = 0.0
            await _either(self._ended, None, seconds=PUBLISH_INTERVAL)

    async def _publish_all(self) -> None:
        limit = self.limits.publish_max
        while await self._in_thread(self.journal.publish, self._publish, limit=limit) == limit:
            pass
        if self.also_publish is not None:
            await self._in_thread(self.also_publish)

    def _publish(self, completed: Sequence[Completed]) -> None:
        self.publisher.publish([*events_of(completed), *self._records(completed)])
        self.failpoints.reach("commands.after_publish")

    def _records(self, completed: Sequence[Completed]) -> Iterator[Outgoing]:
        """Yield the orders that co-signatures were answered with: nobody has to read them again (A-14)."""
        for one in completed:
            order, ending = one.order, one.ending
            if order.kind == CO_SIGN_QUOTE and ending.outcome == "succeeded" and ending.response and order.venue in self._by_name:
                seen = self._by_name[order.venue].answered_order(order.intent_id, ending.response, one.completed_at)
                if seen is not None:
                    yield record_of(seen, one)

    async def _publish_last(self) -> None:
        try:
            await self._publish_all()
        except (RetryableError, FatalError, SettingsError) as error:
            log.warning("outcomes are left for the next start", extra={"reason": str(error)})


def _held(claim: Claim) -> Held:
    return claim.order.command_id, claim.epoch


def _result(number: int, answer: Answer) -> AttemptResult:
    match answer:
        case Answered(done=done, http_status=status, error_code=code):
            return AttemptResult(number=number, outcome="done" if done else "refused", reason=code, http_status=status)
        case OutcomeOpen(reason=reason, http_status=status):
            return AttemptResult(number=number, outcome="open", reason=reason, http_status=status)
        case NotDone(reason=reason, http_status=status):
            return AttemptResult(number=number, outcome="not_done", reason=reason, http_status=status)


def _evidence(claim: Claim, venue: VenueCommands, look: Look) -> str:
    """Return what the call was based on, as JSON: digests of the documents read, and the bounds of the venue's time."""
    time, quote = venue.time(), look.quote(claim.order.quote_id)
    told: dict[str, str | None] = {
        "read_at": time_text(look.at),
        "order_sha256": None if look.order is None else look.order.document_sha256,
        "quote_sha256": None if quote is None else quote.document_sha256,
        "snapshot_sha256": None if look.snapshot is None else look.snapshot.document_sha256,
        "venue_time_from": time_text(time.earliest),
        "venue_time_to": time_text(time.latest),
    }
    return json.dumps({name: value for name, value in told.items() if value is not None})


def _with_snapshot(look: Look, before: Look) -> Look:
    """Return a reading with the snapshot of the one before, where it has none of its own."""
    if look.snapshot is not None:
        return look
    return replace(look, snapshot=before.snapshot, records=(*before.records, *look.records))


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


async def _either(one: asyncio.Event, other: asyncio.Event | None, *, seconds: float) -> None:
    """Wait until one of two events is set, at most so long."""
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other) if event is not None]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
