"""The door for tests: `/simulator/…` changes what is wrong, plays institutions and market makers, holds and shows accept calls.

Answered only to callers on this machine, without a token. Not part of the contract. Bodies and answers are JSON:

    POST faults         {"set": {"accept_conflict@co_sign_quote": "1x1"}, "switches": {"A-10": "selected_only"}, "trigger": ["silence"]}
    POST orders         {"orders": [{"side": "sender", "target_amount": "100000", "source_amount_max": "12000000", "quotes": 0}]}
    POST quotes         {"intent_id": "…", "fx_rate": "112.0", "valid_seconds": 20, "source_amount": "1"}
    POST select         {"intent_id": "…", "quote_id": "…"}       the institution chooses; binding under A-10=selected_only
    POST cancel         {"intent_id": "…"}                        the institution withdraws, until EXECUTING
    POST hold           {"when": "before", "kind": "co_sign_quote", "intent_id": "…", "times": 1}    or {"lift": 1}, {"lift": true}
    POST release        {"call": 7, "how": "go_on"}               or "cut"; without `call` all that are held
    GET  calls          ?holding=any&intent_id=…&seconds=5        waits until there is such a call; also kind, quote_id, after, reached
    POST frames         {"poison": ["nan"]}                       or "contradictions", or "frames" with any payload
    POST records        {"intent_id": "…", "fields": {"target_amount": "-1"}}                        what REST says of an order
                        {"intent_id": "…", "answer": 404, "listed": false}    what a read by name is answered with; whether lists show it
    POST stop-creating, start-creating
    GET  truth          ?parts=settlements,accept_calls
    GET  state          ?intent_id=…
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from typing import Any, get_args

import orjson
from aiohttp import web

from connectors.simulators.musubi.delivery import Frame
from connectors.simulators.musubi.documents import order_fields
from connectors.simulators.musubi.faults import ACCEPT_KINDS, TRIGGERS
from connectors.simulators.musubi.holds import GoingOn, Holds, When
from connectors.simulators.musubi.hub import Hub
from connectors.simulators.musubi.orders import Ending, Side, Terms
from connectors.simulators.musubi.poison import KINDS
from connectors.simulators.musubi.server import CODE_OF, RefusalError
from connectors.simulators.musubi.truth import Line, quote_line
from connectors.simulators.musubi.venue import CONTRADICTIONS, Venue, described
from connectors.simulators.musubi.world import Institution, Script
from pipeline.clock import Clock
from pipeline.errors import SettingsError

# The longest wait for a call, in seconds: a client's own limit is longer.
WAIT_MAX = 60.0

Answerer = Callable[[dict[str, Any]], Mapping[str, Any]]


def parse_script(fields: Mapping[str, Any]) -> Script:
    """Read an order to create; raises ValueError that names the field.

    Fields: side, source_currency, target_currency, target_amount, fx_rate, source_amount_max, ending, console_user,
    quotes, rounds, institution, directly, intent_id, transaction_hash; amounts are decimal strings and kept exactly.
    """
    side, ending = _one_of(fields, "side", get_args(Side), "receiver"), _one_of(fields, "ending", get_args(Ending), "settle")
    institution = _one_of(fields, "institution", get_args(Institution), None)
    terms = Terms(
        source_currency=str(fields.get("source_currency", "JPYSC0")),
        target_currency=str(fields.get("target_currency", "USDCx")),
        target_amount=_amount(fields, "target_amount", "100000"),
        fx_rate=_amount(fields, "fx_rate", "112.0"),
        source_amount_max=_amount(fields, "source_amount_max", "0") if "source_amount_max" in fields else None,
    )
    return Script(
        side=side,
        terms=terms,
        ending=ending,
        console_user=bool(fields.get("console_user", False)),
        quotes=0 if ending == "no_quote" else int(fields.get("quotes", 2)),
        rounds=int(fields["rounds"]) if "rounds" in fields else None,
        institution=institution,
        directly=bool(fields.get("directly", False)),
        intent_id=fields.get("intent_id"),
        transaction_hash=fields.get("transaction_hash"),
    )


def _one_of(fields: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: Any) -> Any:
    value = fields.get(name, default)
    if value is not default and value not in allowed:
        raise ValueError(f"{name} must be among {', '.join(allowed)}")
    return value


def _amount(fields: Mapping[str, Any], name: str, default: str) -> Decimal:
    try:
        return Decimal(str(fields.get(name, default)))
    except InvalidOperation:
        raise ValueError(f"{name} must be a decimal string") from None


class Control:
    """The control endpoints of one venue."""

    def __init__(self, venue: Venue, hub: Hub, clock: Clock, holds: Holds | None = None) -> None:
        self.venue, self.hub, self.clock, self.holds = venue, hub, clock, holds or Holds()

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application."""
        posts: dict[str, Answerer] = {
            "faults": self.change,
            "orders": self.create,
            "frames": self.inject,
            "records": self.override,
            "cancel": self.cancel,
            "quotes": self.submit,
            "select": self.select,
            "hold": self.hold,
            "release": self.release,
            "stop-creating": self.stop_creating,
            "start-creating": self.start_creating,
        }
        for name, answer in posts.items():
            app.router.add_post(f"/simulator/{name}", self._posted(answer))
        app.router.add_get("/simulator/truth", self.truth)
        app.router.add_get("/simulator/state", self.state)
        app.router.add_get("/simulator/calls", self.calls)

    def change(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Change what is wrong: `set`, `clear`, `trigger`, `switches`, `schema_version`, `party_id` (of whoami).

        `trigger` is a list of names or of `{"name", "seconds"}`.
        """
        venue, now = self.venue, self.clock.now()
        if asked.get("clear"):
            venue.faults.clear()
        venue.faults.put(asked.get("set", {}))
        venue.change_switches(asked.get("switches", {}))
        if "schema_version" in asked:
            venue.schema_version = asked["schema_version"]
        venue.party_id = asked.get("party_id", venue.party_id)
        for wish in asked.get("trigger", []):
            name, seconds = (wish, None) if isinstance(wish, str) else (wish["name"], wish.get("seconds"))
            if name not in TRIGGERS:
                raise ValueError(f"trigger must be among {sorted(TRIGGERS)}")
            venue.trigger(name, now, seconds)
        return {"faults": venue.faults.listed(), "switches": dict(venue.switches)}

    def create(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Create the given `orders` and return their intents."""
        scripts = [parse_script(fields) for fields in asked["orders"]]
        orders = [self.venue.world.create(script, self.clock.now()) for script in scripts]
        return {"intents": [order.intent_id for order in orders]}

    def inject(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Send frames now: `poison` kinds, `contradictions` of settled intents, or `frames` with any payload.

        A frame is `{"event", "intent_id", "text" | "base64"}`; a contradiction `{"name", "intent_id"}`.
        """
        venue, now = self.venue, self.clock.now()
        for kind in asked.get("poison", []):
            if kind not in KINDS:
                raise ValueError(f"poison must be among {sorted(KINDS)}")
            venue.sends(venue.delivery.poison(kind, now))
        for wish in asked.get("contradictions", []):
            order = venue.truth.settled.get(wish["intent_id"])
            if order is None or wish["name"] not in CONTRADICTIONS:
                raise ValueError(f"name must be among {CONTRADICTIONS}, intent_id that of a settled order")
            venue.delivery.send_later(venue.contradiction(wish["name"], order), now)
        for given in asked.get("frames", []):
            raw = b64decode(given["base64"]) if "base64" in given else given["text"].encode()
            intent_id = given.get("intent_id", "")
            venue.sends(Frame(event=given.get("event", "order_updated"), intent_id=intent_id, payload=raw))
        return {"streams": len(self.hub.subscribers)}

    def override(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Let the REST side state other `fields` for an `intent_id`, answer its reads by name with a status, or list it no more.

        What is not asked for is taken back.
        """
        intent_id, fields, answer = asked["intent_id"], asked.get("fields") or {}, asked.get("answer")
        if answer is not None and answer not in CODE_OF:
            raise ValueError(f"answer must be among {sorted(CODE_OF)}")
        self.venue.truth.note_fault("record_changed", self.clock.now(), intent_id=intent_id, fields=fields)
        self.venue.answers.pop(intent_id, None)
        if answer is not None:
            self.venue.answers[intent_id] = answer
        (self.venue.unlisted.discard if asked.get("listed", True) else self.venue.unlisted.add)(intent_id)
        if fields:
            self.venue.overrides[intent_id] = dict(fields)
        else:
            self.venue.overrides.pop(intent_id, None)
        return {"intent_id": intent_id, "fields": fields}

    def cancel(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Withdraw an order as its institution, until it is EXECUTING."""
        return {"cancelled": self.venue.world.cancel(asked["intent_id"], self.clock.now())}

    def submit(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Quote as a market maker: `intent_id`, `fx_rate`, and `valid_seconds` (real), `source_amount`, `target_amount` as wanted."""
        given = {name: _amount(asked, name, "0") for name in ("source_amount", "target_amount") if name in asked}
        seconds = float(asked["valid_seconds"]) if "valid_seconds" in asked else None
        rate = _amount({"fx_rate": asked["fx_rate"]}, "fx_rate", "0")
        return quote_line(self.venue.world.submit(asked["intent_id"], self.clock.now(), fx_rate=rate, valid_seconds=seconds, **given))

    def select(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Choose the quote `quote_id` of `intent_id` as the institution, which matters under A-10=selected_only."""
        return quote_line(self.venue.world.select(asked["intent_id"], asked["quote_id"], self.clock.now()))

    def hold(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Hold accept calls `when` "before" or "after" they are decided; narrowed by `kind` and `intent_id`, `times` 0 for all.

        `lift` ends a hold by its number, or all of them with `true`; calls that are held stay so.
        """
        if "lift" in asked:
            self.holds.lift(None if asked["lift"] is True else int(asked["lift"]))
        else:
            when = _one_of(asked, "when", get_args(When), "before")
            kind = _one_of(asked, "kind", ACCEPT_KINDS, None)
            times = int(asked.get("times", 1)) or None
            hold = self.holds.put(when=when, kind=kind, intent_id=asked.get("intent_id"), times=times)
            return {"hold": hold.number, "when": when}
        return {"holds": [hold.number for hold in self.holds.in_force]}

    def release(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Let the held call number `call` go on, or each of a list of them, or all; with `how` "cut" its connection breaks instead."""
        numbers = None
        if "call" in asked:
            named = asked["call"] if isinstance(asked["call"], list) else [asked["call"]]
            numbers = {int(number) for number in named}
        return {"released": self.holds.release(numbers, _one_of(asked, "how", get_args(GoingOn), "go_on"))}

    async def calls(self, request: web.Request) -> web.Response:
        """Show accept calls; waits up to `seconds` for one that fits `intent_id`, `kind`, `after` (a number), `reached`, `holding`.

        `reached` is a stage of the truth's call lines, `holding` is before, after or any.
        """
        self._allow(request)
        wanted, loop = request.query, asyncio.get_running_loop()
        try:
            after, until = int(wanted.get("after", 0)), loop.time() + min(float(wanted.get("seconds", 0)), WAIT_MAX)
        except ValueError as problem:
            raise RefusalError("VALIDATION_ERROR", str(problem)) from problem
        while True:
            self.venue.pump(self.clock.now())
            fitting = [call for call in self.venue.truth.calls if call["call"] > after and self._fits(call, wanted)]
            found = [call | {"holding": self.holds.holding(call["call"])} for call in fitting]
            left = until - loop.time()
            if found or left <= 0 or not await self.holds.stirred(left):
                return _json({"calls": found})

    def _fits(self, call: Line, wanted: Mapping[str, str]) -> bool:
        if any(name in wanted and wanted[name] != call.get(name) for name in ("intent_id", "quote_id", "kind")):
            return False
        if "holding" in wanted:
            holding = self.holds.holding(call["call"])
            return holding is not None and wanted["holding"] in (holding, "any")
        return "reached" not in wanted or f"{wanted['reached']}_at" in call

    def stop_creating(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """Create no more orders."""
        self.venue.world.stop_creating()
        return {"created": self.venue.world.created}

    def start_creating(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """Go on creating orders after `stop-creating`."""
        self.venue.world.start_creating(self.clock.now())
        return {"created": self.venue.world.created}

    async def truth(self, request: web.Request) -> web.Response:
        """Show the truth as JSON, or those `parts` of it that are named, separated by commas."""
        self._allow(request)
        self.venue.pump(self.clock.now())
        parts = frozenset(part for part in request.query.get("parts", "").split(",") if part)
        return _json(self.venue.truth.whole(parts))

    async def state(self, request: web.Request) -> web.Response:
        """Show what goes on; with `intent_id` that order too, whoever's it is."""
        self._allow(request)
        self.venue.pump(self.clock.now())
        answer = described(self.venue, streams=len(self.hub.subscribers), now=self.clock.now())
        intent_id = request.query.get("intent_id")
        if intent_id:
            order = self.venue.world.order(intent_id)
            answer["order"] = None if order is None else order_fields(order)
        return _json(answer)

    def _posted(self, answer: Answerer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def called(request: web.Request) -> web.Response:
            self._allow(request)
            raw = await request.read()
            self.venue.pump(self.clock.now())
            try:
                answered = answer(orjson.loads(raw) if raw else {})
            except KeyError as problem:
                raise RefusalError("VALIDATION_ERROR", f"{problem} is missing or unknown") from problem
            except (ValueError, TypeError, AttributeError, SettingsError) as problem:
                raise RefusalError("VALIDATION_ERROR", str(problem)) from problem
            self.venue.pump(self.clock.now())
            self.venue.changed()
            return _json(answered)

        return called

    @staticmethod
    def _allow(request: web.Request) -> None:
        try:
            near = ip_address(request.remote or "").is_loopback
        except ValueError:
            near = False
        if not near:
            raise RefusalError("FORBIDDEN", "only callers on this machine")


def _json(document: Mapping[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(document), content_type="application/json")
