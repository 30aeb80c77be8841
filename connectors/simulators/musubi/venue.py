"""The venue without its sockets: world, record, truth and stream, driven by the time it is told.

`pump(now)` is the only way by which something becomes visible, and its order is the promise: the truth is written first,
then the record shows the fact, then the frame goes to the streams.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from random import Random

from connectors.simulators.musubi import documents, market
from connectors.simulators.musubi.delivery import Delivery, Frame
from connectors.simulators.musubi.faults import TRIGGERS, FaultBoard
from connectors.simulators.musubi.orders import TERMINAL, Fact, Order, iso
from connectors.simulators.musubi.register import Register, visible
from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.tokens import TokenOffice
from connectors.simulators.musubi.truth import Truth, latest_orders
from connectors.simulators.musubi.world import World

RECENT_FRAMES = 10_000
UNKNOWN_STATUS = "SUSPENDED"
CONTRADICTIONS = ("contradiction_hash", "contradiction_terms", "contradiction_terminal")


class Venue:
    """One venue; `streams` tells how many streams are open, `send` takes the frames that go out.

    `strike` carries out faults that concern connections, `changed` is called when something new may be due.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        start: datetime,
        send: Callable[[list[Frame]], None],
        streams: Callable[[], int],
        strike: Callable[[str, float], None],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.changed = changed
        self.settings = settings
        self.schema_version = settings.schema_version
        self.party_id = market.OUR_CUSTODIAN
        """Whom whoami takes its caller for; orders go on naming our custodian."""
        self.switches = settings.switches
        self.faults = FaultBoard(settings.faults, rng=Random(f"{settings.rules.seed}/faults"))  # noqa: S311
        self.looks = Random(f"{settings.rules.seed}/looks")  # noqa: S311
        self.tokens = TokenOffice()
        self.register = Register()
        self.overrides: dict[str, documents.Document] = {}
        self.answers: dict[str, int] = {}
        """What a read of an order by name is answered with instead."""
        self.unlisted: set[str] = set()
        self.recent: deque[Frame] = deque(maxlen=RECENT_FRAMES)
        self.newest: Order | None = None
        self.world = World(settings.rules, start=start, switches=settings.switches, fault=self.faults.drawn)
        self._send, self._streams, self._strike = send, streams, strike
        self._now = self._ticked = start
        earlier = self._earlier(settings)
        self.truth = Truth(settings.truth_file)
        self.delivery = Delivery(self.faults, switches=self.switches, note=self._note_frame)
        self._restore(earlier, start)

    # -- what becomes visible -------------------------------------------------------------------------------------

    def pump(self, now: datetime) -> None:
        """Live until `now`: truth, then record, then streams."""
        self._now = now
        self._tick(now)
        facts = self.world.advance(now)
        frames = self._due(now)
        if facts:
            self.truth.record(facts)
            for fact in facts:
                frames.extend(self._show(fact, now))
        if frames:
            self.truth.frames["offered"] += len(frames)
            self._send(frames)

    def next_at(self) -> datetime | None:
        """Return when `pump` has something to do next, None for never."""
        moments = [at for at in (self.world.next_at(), self.delivery.next_at()) if at is not None]
        if any(self.faults.rate(name) for name in TRIGGERS):
            moments.append(self._now + timedelta(seconds=0.25))
        return min(moments, default=None)

    @property
    def finished(self) -> bool:
        """Tell whether every order has been created and has ended, and no frame is held back."""
        return self.world.all_created() and not self.world.open and not self.delivery.waiting

    def change_switches(self, chosen: dict[str, str]) -> None:
        """Set switches while running; raises SettingsError for an unknown one."""
        self.switches = self.switches.changed(chosen)
        self.world.switches = self.delivery.switches = self.switches

    def sends(self, frame: Frame) -> None:
        """Send a frame as it is, at once."""
        self.truth.frames["offered"] += 1
        self._send([frame])

    def greeting(self) -> list[Frame]:
        """Return what a new stream begins with (A-05), with the repeats that a fault asks for."""
        manner, frames = self.switches["A-05"], []
        if manner == "newest" and self.newest is not None:
            frames = [self._order_frame(self.newest)]
        elif manner == "newest_per_open_intent":
            frames = [self._order_frame(order) for order in self.register.open_orders()]
        replayed = int(self.faults.rate("replay_on_reconnect"))
        if replayed:
            again = list(self.recent)[-replayed:]
            for frame in again:
                self._note_frame("replay_on_reconnect", frame)
            frames = again + frames
        return frames

    def visible_order(self, intent_id: str) -> Order | None:
        """Return an order that our custodian may see, as the record shows it."""
        return self.register.orders.get(intent_id)

    def order_document(self, order: Order) -> documents.Document:
        """Return an order as the REST side shows it."""
        if self.faults.rate("variants") and self.faults.strikes("variants"):
            look = documents.drawn_record_look(self.looks)
        else:
            look = documents.record_look(self.switches)
        document = documents.order_record(order, look)
        changed = self.overrides.get(order.intent_id)
        return document if changed is None else {**document, **changed}

    # -- inside ---------------------------------------------------------------------------------------------------

    @staticmethod
    def _earlier(settings: Settings) -> list[Order]:
        path = settings.truth_file
        return latest_orders(path) if path is not None and path.exists() else []

    def _restore(self, orders: list[Order], now: datetime) -> None:
        self.world.restore(orders, now)
        for order in orders:
            if order.status in TERMINAL:
                self.truth.remember(order)
                if visible(order, self.switches):
                    self.register.put(order)

    def _tick(self, now: datetime) -> None:
        """Throw the dice of the faults that strike per second."""
        elapsed = (now - self._ticked).total_seconds()
        self._ticked = now
        for name in sorted(TRIGGERS):
            rate = self.faults.rate(name)
            if rate and self.faults.rng.random() < 1 - math.exp(-rate * max(elapsed, 0.0)):
                self.trigger(name, now)

    def trigger(self, name: str, now: datetime, seconds: float | None = None) -> None:
        """Let a fault of the per-second kind strike now; raises KeyError for another."""
        if name not in TRIGGERS:
            raise KeyError(name)
        lasts = self.faults.seconds(name) if seconds is None else seconds
        self.truth.note_fault(name, now, seconds=lasts)
        if name == "token_revoked":
            self.tokens.revoke()
        self._strike(name, lasts)

    def _show(self, fact: Fact, now: datetime) -> list[Frame]:
        order = fact.order
        if fact.kind == "withdrawn":
            self.register.withdraw(order.intent_id)
            return []
        if not visible(order, self.switches):
            return []
        if fact.kind in ("created", "status"):
            self.register.put(order)
            self.newest = order
            return self._status_frames(order, now)
        if fact.kind == "quote" and fact.quote is not None and order.side != "receiver":
            self.register.put_quote(fact.quote)
            look = self._look()
            minimal = self.switches["A-03"] == "minimal" or look.shape == "minimal"
            payload = documents.quote_received(fact.quote, look, minimal=minimal)
            return self._offer(Frame(event="quote_received", intent_id=order.intent_id, payload=payload), now)
        return []

    def _status_frames(self, order: Order, now: datetime) -> list[Frame]:
        if order.status == "EXECUTING" and self.faults.strikes("skip_executing"):
            self.truth.note_fault("skip_executing", now, intent_id=order.intent_id)
            return []
        if order.status != "SETTLED":
            return self._offer(self._order_frame(order), now)
        frames: list[Frame] = []
        if self.faults.strikes("unknown_status"):
            self.truth.note_fault("unknown_status", now, intent_id=order.intent_id)
            frames += self._offer(self._order_frame(replace(order, status=UNKNOWN_STATUS), bare=True), now)
        frames += self._offer(self._order_frame(order), now)
        for name in CONTRADICTIONS:
            if self.faults.strikes(name):
                delay = self.faults.rng.uniform(0.5, 1.0) * self.faults.seconds(name)
                self.delivery.send_later(self.contradiction(name, order), now + timedelta(seconds=delay))
        return frames

    def contradiction(self, name: str, order: Order) -> Frame:
        """Return a frame that contradicts a settled order in the way that the fault says; raises KeyError."""
        rng = self.faults.rng
        rate = order.fx_rate
        changes: dict[str, dict[str, object]] = {
            "contradiction_hash": {"transaction_hash": rng.randbytes(32).hex()},
            "contradiction_terms": {"fx_rate": None if rate is None else rate + rate},
            "contradiction_terminal": {
                "status": "FAILED",
                "failure_reason": "REVERT",
                "transaction_hash": None,
                "settled_at": None,
            },
        }
        told = replace(order, **changes[name])  # type: ignore[arg-type]
        claims = {"kind": name, "status": told.status}
        if told.transaction_hash:
            claims["transaction_hash"] = told.transaction_hash
        if told.fx_rate is not None:
            claims["fx_rate"] = format(told.fx_rate, "f")
        return self._order_frame(told, claims=claims, bare=True)

    def _due(self, now: datetime) -> list[Frame]:
        """Collect delayed frames; a contradiction waits until somebody listens, and is written before it goes."""
        frames: list[Frame] = []
        for frame in self.delivery.due(now):
            if frame.claims is None:
                frames.append(frame)
            elif self._streams() == 0:
                self.delivery.send_later(frame, now + timedelta(seconds=1))
            else:
                self.truth.note_contradiction(now, frame.intent_id, frame.claims, streams=self._streams())
                frames.append(frame)
        return frames

    def _offer(self, frame: Frame, now: datetime) -> list[Frame]:
        return self.delivery.offer(frame, now)

    def _look(self) -> documents.Look:
        if self.faults.rate("variants") and self.faults.strikes("variants"):
            return documents.drawn_look(self.looks)
        return documents.look_of(self.switches)

    def _order_frame(self, order: Order, *, claims: dict[str, str] | None = None, bare: bool = False) -> Frame:
        look = documents.look_of(self.switches) if bare else self._look()
        if bare and look.shape == "minimal":
            look = replace(look, shape="bare")
        payload = documents.order_updated(order, look)
        return Frame(event="order_updated", intent_id=order.intent_id, payload=payload, status=order.status, claims=claims)

    def _note_frame(self, name: str, frame: Frame) -> None:
        self.truth.note_fault(name, self._now, intent_id=frame.intent_id, event=frame.event, status=frame.status)


def described(venue: Venue, *, streams: int, now: datetime) -> documents.Document:
    """Return the state of a venue for `GET /simulator/state`."""
    upcoming = venue.next_at()
    return {
        "at": iso(now),
        "seed": venue.settings.rules.seed,
        "speed": venue.settings.rules.speed,
        "rules": asdict(venue.settings.rules),
        "created": venue.world.created,
        "creating": venue.world.creating,
        "open": len(venue.world.open),
        "settled": len(venue.truth.settled),
        "ended": dict(venue.truth.ended),
        "frames_waiting": venue.delivery.waiting,
        "finished": venue.finished,
        "streams": streams,
        "next_at": None if upcoming is None else iso(upcoming),
        "clock_skew": venue.settings.clock_skew,
        "schema_version": venue.schema_version,
        "party_id": venue.party_id,
        "switches": dict(venue.switches),
        "faults": venue.faults.listed(),
    }
