"""The door for tests: `/simulator/…` changes faults and switches, creates orders, injects frames, shows the truth.

Answered only to callers on this machine, without a token. Not part of the contract.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from typing import Any, get_args

import orjson
from aiohttp import web

from connectors.simulators.musubi.delivery import Frame
from connectors.simulators.musubi.documents import order_fields
from connectors.simulators.musubi.faults import TRIGGERS
from connectors.simulators.musubi.hub import Hub
from connectors.simulators.musubi.orders import Ending, Side, Terms
from connectors.simulators.musubi.poison import KINDS
from connectors.simulators.musubi.server import RefusalError
from connectors.simulators.musubi.venue import CONTRADICTIONS, Venue, described
from connectors.simulators.musubi.world import Script
from pipeline.clock import Clock
from pipeline.errors import SettingsError

Answerer = Callable[[dict[str, Any]], Mapping[str, Any]]


def parse_script(fields: Mapping[str, Any]) -> Script:
    """Read an order to create; raises ValueError that names the field.

    Fields: side, source_currency, target_currency, target_amount, fx_rate, source_amount_max, ending, console_user,
    quotes, directly, intent_id, transaction_hash; amounts are decimal strings and kept exactly.
    """
    side, ending = fields.get("side", "receiver"), fields.get("ending", "settle")
    if side not in get_args(Side) or ending not in get_args(Ending):
        raise ValueError(f"side must be among {get_args(Side)}, ending among {get_args(Ending)}")
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
        directly=bool(fields.get("directly", False)),
        intent_id=fields.get("intent_id"),
        transaction_hash=fields.get("transaction_hash"),
    )


def _amount(fields: Mapping[str, Any], name: str, default: str) -> Decimal:
    try:
        return Decimal(str(fields.get(name, default)))
    except InvalidOperation:
        raise ValueError(f"{name} must be a decimal string") from None


class Control:
    """The control endpoints of one venue."""

    def __init__(self, venue: Venue, hub: Hub, clock: Clock) -> None:
        self.venue, self.hub, self.clock = venue, hub, clock

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application."""
        posts: dict[str, Answerer] = {
            "faults": self.change,
            "orders": self.create,
            "frames": self.inject,
            "records": self.override,
            "cancel": self.cancel,
            "stop-creating": self.stop_creating,
        }
        for name, answer in posts.items():
            app.router.add_post(f"/simulator/{name}", self._posted(answer))
        app.router.add_get("/simulator/truth", self.truth)
        app.router.add_get("/simulator/state", self.state)

    def change(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Change what is wrong: `set`, `clear`, `trigger`, `switches`, `schema_version`.

        `trigger` is a list of names or of `{"name", "seconds"}`.
        """
        venue, now = self.venue, self.clock.now()
        if asked.get("clear"):
            venue.faults.clear()
        venue.faults.put(asked.get("set", {}))
        venue.change_switches(asked.get("switches", {}))
        if "schema_version" in asked:
            venue.schema_version = asked["schema_version"]
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
        """Let the REST side state other `fields` for an `intent_id`; none takes the change back."""
        intent_id, fields = asked["intent_id"], asked.get("fields") or {}
        self.venue.truth.note_fault("record_changed", self.clock.now(), intent_id=intent_id, fields=fields)
        if fields:
            self.venue.overrides[intent_id] = dict(fields)
        else:
            self.venue.overrides.pop(intent_id, None)
        return {"intent_id": intent_id, "fields": fields}

    def cancel(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        """Withdraw a pending order as its institution."""
        return {"cancelled": self.venue.world.cancel(asked["intent_id"], self.clock.now())}

    def stop_creating(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """Create no more orders."""
        self.venue.world.stop_creating()
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
            known = self.venue.world.open.get(intent_id)
            order = known.order if known else self.venue.world.ended.get(intent_id)
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
