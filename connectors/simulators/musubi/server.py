"""The venue's HTTP face: REST and SSE endpoints of the contract's section 4, with their envelopes and errors."""

from __future__ import annotations

import asyncio
import hmac
import math
import re
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson
from aiohttp import web

from connectors.simulators.musubi import documents, market, rates
from connectors.simulators.musubi.accepts import RATE_LIMITED, Accepts, is_accept
from connectors.simulators.musubi.holds import Holds
from connectors.simulators.musubi.hub import Hub, Subscriber
from connectors.simulators.musubi.orders import Order, iso
from connectors.simulators.musubi.register import BadQueryError, parse_query
from connectors.simulators.musubi.truth import Line
from connectors.simulators.musubi.venue import Venue
from connectors.simulators.musubi.world import Answer
from pipeline.clock import Clock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
EVENTS = "/api/v1/orders/events"
_call: ContextVar[Line] = ContextVar("call")
"""What the truth says of the accept call that is being answered."""
STATUS_OF = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "GONE": 410,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_ERROR": 500,
    "CANTON_ERROR": 502,
    "UNAVAILABLE": 503,
}
CODE_OF = {status: code for code, status in STATUS_OF.items()}


class RefusalError(Exception):
    """A call is refused with an error envelope."""

    def __init__(self, code: str, text: str, *details: tuple[str, str]) -> None:
        super().__init__(text)
        self.code = code
        self.details = details


class Backend:
    """The endpoints of one venue."""

    def __init__(self, venue: Venue, hub: Hub, clock: Clock) -> None:
        self.venue, self.hub, self.clock = venue, hub, clock
        self.holds = Holds()
        self.accepts = Accepts(venue, self.holds, clock)
        self.token_failing_until = 0.0

    def application(self) -> web.Application:
        """Return the aiohttp application; `/orders/events` stands before `/orders/{intent_id}`."""
        app = web.Application(middlewares=[self._recorded, self._enveloped, self._admitted])
        app.add_routes(
            [
                web.get("/health", self.health),
                web.post("/auth/token", self.token),
                web.get("/api/v1/whoami", self.whoami),
                web.get("/api/v1/orders", self.orders),
                web.get(EVENTS, self.events, allow_head=False),
                web.get("/api/v1/orders/{intent_id}", self.order),
                web.post("/api/v1/orders/{intent_id}/accept", self.accept),
                web.get("/api/v1/orders/{intent_id}/quotes", self.quotes),
                web.post("/api/v1/orders/{intent_id}/quotes/{quote_id}/accept", self.co_sign),
                web.get("/api/v1/dashboard/stats", self.stats),
                web.get("/api/v1/compliance/orders/{intent_id}", self.compliance),
                web.get(rates.PATH, rates.answering(self.clock, self.venue.settings.rules.seed)),
            ]
        )
        app.on_response_prepare.append(self._dated)
        return app

    # -- around every call ----------------------------------------------------------------------------------------

    @web.middleware
    async def _recorded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/simulator/"):
            return await handler(request)
        at = self.clock.now()
        if request.path == EVENTS:
            self.venue.truth.note_request(at, request.method, request.path, 0)
            return await handler(request)
        call = self.accepts.received(request) if is_accept(request) else None
        if call is not None:
            _call.set(call)
        response = await handler(request)
        if call is not None:
            cut = request.transport is None or request.transport.is_closing()
            self.accepts.answered(call, 0 if cut else response.status, CODE_OF.get(response.status, "").lower())
        self.venue.truth.note_request(at, request.method, request.path_qs, response.status)
        return response

    async def _dated(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put the venue's time into the Date header of every answer, or what a fault makes of it."""
        if request.path.startswith("/simulator/"):
            return
        faults = self.venue.faults
        ahead = timedelta(seconds=faults.rate("date_ahead") - faults.rate("date_behind"))
        response.headers["Date"] = format_datetime(self.clock.now() + ahead, usegmt=True)
        if faults.strikes("date_absent"):
            self.venue.truth.faults["date_absent"] += 1
            del response.headers["Date"]

    @web.middleware
    async def _enveloped(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RefusalError as refusal:
            return self.refused(refusal.code, str(refusal), *refusal.details)
        except web.HTTPException as problem:
            code = CODE_OF.get(problem.status, "VALIDATION_ERROR")
            answer = self.refused(code, problem.reason)
            answer.set_status(problem.status)
            return answer
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as problem:  # the venue answers with an envelope whatever happens inside
            request.app.logger.exception("a call failed inside the simulator")
            return self.refused("INTERNAL_ERROR", type(problem).__name__)

    @web.middleware
    async def _admitted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path
        if path.startswith("/simulator/"):
            return await handler(request)
        if self.venue.faults.strikes("slow"):
            self.venue.truth.faults["slow"] += 1
            await asyncio.sleep(self.venue.faults.rng.uniform(0, self.venue.faults.seconds("slow")))
        if path in ("/health", "/auth/token"):
            return await handler(request)
        if not (path == "/api/v1/whoami" and self.venue.switches["A-31"] == "open"):
            self._require_token(request)
        disturbed = self._disturbed(request)
        return disturbed if disturbed is not None else await handler(request)

    def _require_token(self, request: web.Request) -> float:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        expiry = self.venue.tokens.expiry(token.strip()) if scheme.lower() == "bearer" else None
        if expiry is None or expiry <= self.clock.now().timestamp():
            raise RefusalError("UNAUTHORIZED", "missing, invalid or expired token")
        return expiry

    def _disturbed(self, request: web.Request) -> web.Response | None:
        """Answer a read with a fault when one strikes."""
        faults, truth = self.venue.faults, self.venue.truth
        if request.method != "GET" or (faults.quiet and self.venue.switches["A-34"] == "none"):
            return None
        if request.path == EVENTS:
            if faults.strikes("stream_refused"):
                truth.faults["stream_refused"] += 1
                raise RefusalError("CANTON_ERROR", "settlement network unavailable")
            return None
        if faults.strikes("too_many", at_least=RATE_LIMITED if self.venue.switches["A-34"] == "injected" else 0.0):
            truth.faults["too_many"] += 1
            return self._too_many(faults.seconds("too_many"))
        if faults.strikes("server_error"):
            truth.faults["server_error"] += 1
            return self._server_error()
        return None

    def _too_many(self, seconds: float) -> web.Response:
        answer = self.refused("TOO_MANY_REQUESTS", "slow down")
        answer.headers["Retry-After"] = str(max(1, round(seconds)))
        return answer

    def _server_error(self) -> web.Response:
        rng = self.venue.faults.rng
        if rng.random() < 0.5:
            return self.refused(rng.choice(("INTERNAL_ERROR", "CANTON_ERROR")), "injected")
        bodies = ((b"<html><h1>502 Bad Gateway</h1></html>", "text/html"), (b"", "text/plain"), (b"{", "application/json"))
        body, kind = rng.choice(bodies)
        return web.Response(body=body, content_type=kind, status=rng.choice((502, 503, 504)))

    # -- envelopes ------------------------------------------------------------------------------------------------

    def _meta(self) -> dict[str, str]:
        return {"request_id": f"req_{secrets.token_hex(4)}", "timestamp": iso(self.clock.now())}

    def refused(self, code: str, text: str, *details: tuple[str, str]) -> web.Response:
        """Return an error envelope (contract section 3.2)."""
        error: dict[str, Any] = {"code": code, "message": text}
        if details:
            error["details"] = [{"field": field, "reason": reason} for field, reason in details]
        return self._json({"error": error, "meta": self._meta()}, status=STATUS_OF[code])

    def _single(self, fields: Any) -> web.Response:
        return self._json({"data": fields, "meta": self._meta()})

    @staticmethod
    def _json(document: Any, *, status: int = 200) -> web.Response:
        return web.Response(body=orjson.dumps(document), content_type="application/json", status=status)

    # -- identity and health --------------------------------------------------------------------------------------

    async def health(self, _: web.Request) -> web.Response:
        """Answer `GET /health` (A-33)."""
        if self.venue.switches["A-33"] == "down":
            return self.refused("UNAVAILABLE", "not connected to the settlement network")
        return self._single({"status": "ok"})

    async def token(self, request: web.Request) -> web.Response:
        """Answer `POST /auth/token` (contract section 2.2) for credentials in JSON, a form or a Basic header."""
        if asyncio.get_running_loop().time() < self.token_failing_until:
            self.venue.truth.faults["token_refused"] += 1
            return self.refused("INTERNAL_ERROR", "injected")
        given_id, given_secret = await _credentials(request)
        settings = self.venue.settings
        good = hmac.compare_digest(given_id.encode(), settings.client_id.encode())
        good &= hmac.compare_digest(given_secret.encode(), settings.client_secret.encode())
        if not good:
            raise RefusalError("UNAUTHORIZED", "unknown client or wrong secret")
        party, lifetime = market.OUR_CUSTODIAN, settings.token_lifetime
        return self._single(
            {
                "token": self.venue.tokens.issue(party, now=self.clock.now(), lifetime=lifetime),
                "expires_in": int(lifetime),
                "canton_party_id": party,
                "role": "custodian",
            }
        )

    async def whoami(self, _: web.Request) -> web.Response:
        """Answer `GET /api/v1/whoami` (contract section 2.4)."""
        if self.venue.faults.strikes("whoami_missing"):
            self.venue.truth.faults["whoami_missing"] += 1
            raise RefusalError("NOT_FOUND", "no such page")
        answer = {
            "party_id": self.venue.party_id,
            "operator_party_id": market.OPERATOR,
            "role": "custodian",
            "participant_id": "PAR::custodian::" + market.OUR_CUSTODIAN.partition("::")[2],
        }
        if self.venue.schema_version is not None:
            answer["schema_version"] = self.venue.schema_version
        return self._single(answer)

    # -- reads ----------------------------------------------------------------------------------------------------

    async def orders(self, request: web.Request) -> web.Response:
        """Answer `GET /api/v1/orders` (contract sections 3.4, 3.5, 4.2)."""
        try:
            query = parse_query(request.query, self.venue.switches)
        except BadQueryError as problem:
            raise RefusalError("VALIDATION_ERROR", "invalid query", (problem.field, problem.reason)) from None
        orders, total = self.venue.register.page(query)
        shown = [self.venue.order_document(order) for order in orders if order.intent_id not in self.venue.unlisted]
        return self._listed(shown, query.page, query.page_size, total)

    def _listed(self, rows: list[documents.Document], page: int, size: int, total: int) -> web.Response:
        pagination = {"page": page, "page_size": size, "total_items": total, "total_pages": -(-total // size)}
        return self._json({"data": rows, "meta": self._meta(), "pagination": pagination})

    async def order(self, request: web.Request) -> web.Response:
        """Answer `GET /api/v1/orders/{intent_id}` (contract section 4.3)."""
        return self._single(self.venue.order_document(self._visible(request)))

    async def quotes(self, request: web.Request) -> web.Response:
        """Answer `GET /api/v1/orders/{intent_id}/quotes` (contract section 4.5, A-16, A-28)."""
        order = self._visible(request)
        if order.side == "receiver" and self.venue.switches["A-28"] == "settled_only":
            raise RefusalError("NOT_FOUND", "order not found")
        now = self.clock.now()
        known = [] if order.side == "receiver" else self.venue.register.quotes.get(order.intent_id, [])
        chosen = self.venue.world.selected(order.intent_id)
        rows = [documents.quote_record(quote, order, now=now, switches=self.venue.switches, selected=chosen) for quote in known]
        if self.venue.switches["A-16"] == "absent":
            return self._json({"data": rows, "meta": self._meta()})
        return self._listed(rows, 1, max(20, len(rows)), len(rows))

    async def stats(self, _: web.Request) -> web.Response:
        """Answer `GET /api/v1/dashboard/stats` (contract section 4.8, A-23)."""
        figures = self.venue.register.statistics()
        last = figures["last_settled_at"]
        return self._single(figures | {"last_settled_at": None if last is None else iso(last)})

    async def compliance(self, request: web.Request) -> web.Response:
        """Answer `GET /api/v1/compliance/orders/{intent_id}` (contract section 4.7, A-26)."""
        order = self._visible(request)
        faults, truth = self.venue.faults, self.venue.truth
        absent = faults.strikes("snapshot_absent")
        truth.faults["snapshot_absent"] += absent
        if absent or (order.side == "receiver" and order.status != "SETTLED"):
            raise RefusalError("NOT_FOUND", "order not found")
        if faults.strikes("snapshot_late"):
            truth.faults["snapshot_late"] += 1
            await asyncio.sleep(faults.seconds("snapshot_late"))
        return self._single(documents.compliance_record(order))

    def _id(self, request: web.Request, name: str) -> str:
        text = request.match_info[name]
        if not UUID_TEXT.fullmatch(text):
            raise RefusalError("VALIDATION_ERROR", "malformed id", (name, "must be a UUID"))
        return text.lower()

    def _visible(self, request: web.Request) -> Order:
        order = self.venue.visible_order(self._id(request, "intent_id"))
        if order is None:
            raise RefusalError("NOT_FOUND", "order not found")
        answer = self.venue.answers.get(order.intent_id)
        if answer is not None:
            raise RefusalError(CODE_OF[answer], "injected")
        return order

    # -- accept calls ---------------------------------------------------------------------------------------------

    async def accept(self, request: web.Request) -> web.Response:
        """Answer `POST /api/v1/orders/{intent_id}/accept` (contract section 4.4)."""
        self._id(request, "intent_id")
        return await self._called(request)

    async def co_sign(self, request: web.Request) -> web.Response:
        """Answer `POST /api/v1/orders/{intent_id}/quotes/{quote_id}/accept` (contract section 4.6)."""
        self._id(request, "intent_id")
        self._id(request, "quote_id")
        return await self._called(request)

    async def _called(self, request: web.Request) -> web.Response:
        """Answer an accept call as it was decided, or as a fault has it."""
        told = await self.accepts.carry_out(_call.get())
        match told.manner:
            case "answer" if told.answer is not None:
                return self._answered(told.answer)
            case "conflict":
                raise RefusalError("CONFLICT", "another call changes the order")
            case "too_many":
                return self._too_many(told.retry_after)
            case "server_error":
                return self._server_error()
            case "cut" if request.transport is not None:
                request.transport.close()
        raise RefusalError("CANTON_ERROR", "settlement network unavailable")

    def _answered(self, answer: Answer) -> web.Response:
        order = answer.order
        if order is None or order.intent_id not in self.venue.register.orders:
            raise RefusalError("NOT_FOUND", answer.reason)
        switches = self.venue.switches
        match answer.kind:
            case "not_found":
                raise RefusalError("NOT_FOUND", answer.reason)
            case "not_sender":
                raise RefusalError(switches["A-17"].upper(), answer.reason)
            case "conflict":
                raise RefusalError("CONFLICT", answer.reason)
            case "guard_broken":
                raise RefusalError(switches["A-25"].upper(), answer.reason)
        if switches["A-14"] == "empty":
            return web.Response(status=204)
        if switches["A-14"] == "quote" and answer.quote is not None:
            row = documents.quote_record(answer.quote, order, now=self.clock.now(), switches=switches)
            return self._single(row)
        return self._single(self.venue.order_document(order))

    # -- the stream -----------------------------------------------------------------------------------------------

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /api/v1/orders/events` (contract section 5, A-04 to A-06)."""
        intent_id = request.query.get("intent_id")
        if intent_id is not None and not UUID_TEXT.fullmatch(intent_id):
            raise RefusalError("VALIDATION_ERROR", "malformed id", ("intent_id", "must be a UUID"))
        ends_at = self._require_token(request) if self.venue.switches["A-06"] == "closed" else None
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        subscriber = Subscriber(intent_id.lower() if intent_id else None)
        self._greet(subscriber, request.headers.get("Last-Event-ID"))
        await response.prepare(request)
        self.hub.subscribers.add(subscriber)
        try:
            await self._stream(request, response, subscriber, ends_at)
        except ConnectionError:
            pass  # the reader has gone, which is its right
        finally:
            self.hub.subscribers.discard(subscriber)
        return response

    def _greet(self, subscriber: Subscriber, last_event_id: str | None) -> None:
        ids = self.venue.switches["A-05"] == "ids"
        if ids and last_event_id and last_event_id.isascii() and last_event_id.isdigit():
            subscriber.push(self.hub.after(int(last_event_id), subscriber.intent_id))
        for frame in self.venue.greeting():
            if subscriber.intent_id in (None, frame.intent_id):
                self.venue.truth.frames["sent"] += 1
                subscriber.push(documents.frame(frame.event, frame.payload))

    async def _stream(self, request: web.Request, response: web.StreamResponse, subscriber: Subscriber, ends_at: float | None) -> None:
        """Write what waits, a heartbeat when it is due, and nothing while silence is ordered."""
        loop = asyncio.get_running_loop()
        interval = self.venue.settings.heartbeat_scaled
        beat_at = loop.time() + interval
        await response.write(b"")
        while True:
            silence = self.hub.silent_until - loop.time()
            if silence > 0 and not subscriber.closing:
                await asyncio.sleep(min(silence, 0.2))
                continue
            raw = subscriber.take()
            if loop.time() >= beat_at:
                raw += documents.heartbeat(self.clock.now(), self.venue.switches["A-04"])
                self.venue.truth.frames["heartbeat"] += 1
                beat_at = loop.time() + interval
            if raw:
                await response.write(raw)
            left = math.inf if ends_at is None else ends_at - self.clock.now().timestamp()
            if subscriber.cut:
                if request.transport is not None:
                    request.transport.close()
                return
            if subscriber.closing or left <= 0:
                return
            await _stirred(subscriber, min(beat_at - loop.time(), left))


async def _stirred(subscriber: Subscriber, limit: float) -> None:
    """Wait until a stream has something to do, at most `limit` seconds."""
    try:
        async with asyncio.timeout(max(limit, 0.001)):
            await subscriber.stirred.wait()
    except TimeoutError:
        return


async def _credentials(request: web.Request) -> tuple[str, str]:
    """Read client id and secret from a Basic header, a form or JSON; empty texts when they are not there."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given_id, _, given_secret = b64decode(rest.strip(), validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return "", ""
        return unquote_plus(given_id), unquote_plus(given_secret)  # RFC 6749 section 2.3.1
    if request.content_type == "application/x-www-form-urlencoded":
        form = await request.post()
        return str(form.get("client_id", "")), str(form.get("client_secret", ""))
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("client_id", "")), str(body.get("client_secret", ""))
