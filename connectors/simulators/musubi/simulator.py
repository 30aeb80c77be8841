"""A running simulator: sockets, the loop that lets the venue live, and two ways to start one from Python.

async with Simulator(settings) as simulator: ... simulator.base_url ...
with running_simulator(settings) as simulator: ...      # from synchronous code, in a thread of its own
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from types import TracebackType

from aiohttp import web

from connectors.simulators.musubi.control import Control
from connectors.simulators.musubi.delivery import Frame
from connectors.simulators.musubi.hub import Hub
from connectors.simulators.musubi.server import Backend
from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.truth import Truth
from connectors.simulators.musubi.venue import RECENT_FRAMES, Venue
from connectors.simulators.musubi.world import World
from pipeline.clock import Clock, SystemClock
from pipeline.errors import ServiceAwayError

# The loop looks at the world at most so often: at thousands of orders per second it works in slices of 5 ms.
SLICE_SECONDS = 0.005


class ShiftedClock:
    """A clock that is some seconds ahead of another one."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._ahead = clock, timedelta(seconds=seconds)

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._clock.monotonic()


class Simulator:
    """A venue that listens on a socket while its context is open; raises ServiceAwayError when the port is taken."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = ShiftedClock(clock or SystemClock(), settings.clock_skew)
        self.hub = Hub(RECENT_FRAMES)
        self.venue = Venue(
            settings,
            start=self.clock.now(),
            send=self._send,
            streams=lambda: len(self.hub.subscribers),
            strike=self._strike,
            changed=self._changed,
        )
        self.backend = Backend(self.venue, self.hub, self.clock)
        self.port = 0
        self._stirred = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._living: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str:
        """Return the address under which the venue is reached."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.port}"

    @property
    def world(self) -> World:
        """Return the world that is played."""
        return self.venue.world

    @property
    def truth(self) -> Truth:
        """Return the log of the truth."""
        return self.venue.truth

    async def __aenter__(self) -> Simulator:
        app = self.backend.application()
        if self.settings.control:
            Control(self.venue, self.hub, self.clock, self.backend.holds).add_to(app)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, self.settings.host, self.settings.port).start()
        except OSError as problem:
            await runner.cleanup()
            self.venue.truth.close()
            where = f"{self.settings.host}:{self.settings.port}"
            why = "is taken" if problem.errno == errno.EADDRINUSE else f"cannot be used ({problem.strerror})"
            raise ServiceAwayError(f"address {where} {why}: choose another with --listen, port 0 takes a free one") from problem
        self.port = int(runner.addresses[0][1])
        self._living = asyncio.create_task(self._live(), name="venue")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        if self._living is not None:
            self._living.cancel()
            with suppress(asyncio.CancelledError):
                await self._living
        self.hub.close_all()
        await self.backend.accepts.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self.venue.truth.close()

    async def failed(self) -> None:
        """Wait until the venue's loop ends, which it does only by an error; raises that error."""
        if self._living is not None:
            await asyncio.shield(self._living)

    async def _live(self) -> None:
        """Let the venue live: sleep until something is due or somebody called."""
        while True:
            self._stirred.clear()
            self.venue.pump(self.clock.now())
            upcoming = self.venue.next_at()
            if upcoming is None:
                await self._stirred.wait()
                continue
            delay = max((upcoming - self.clock.now()).total_seconds(), SLICE_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stirred.wait()

    def _changed(self) -> None:
        self._stirred.set()

    def _send(self, frames: list[Frame]) -> None:
        self.venue.recent.extend(frames)
        ids = self.venue.switches["A-05"] == "ids"
        self.hub.send(frames, ids=ids, faults=self.venue.faults, truth=self.venue.truth)

    def _strike(self, name: str, seconds: float) -> None:
        """Carry out a fault that concerns connections."""
        until = asyncio.get_running_loop().time() + seconds
        match name:
            case "disconnect" | "token_revoked":
                self.hub.close_all()
            case "silence":
                self.hub.silent_until = until
            case "token_endpoint_failing":
                self.backend.token_failing_until = until


@contextmanager
def running_simulator(settings: Settings, *, start_limit: float = 10.0) -> Iterator[Simulator]:
    """Run a simulator in a thread with its own event loop until the context ends; raises what starting raises."""
    started: Future[Simulator] = Future()
    stopping: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        stopping.set_result((asyncio.get_running_loop(), stop))
        try:
            async with Simulator(settings) as simulator:
                started.set_result(simulator)
                await stop.wait()
        except BaseException as problem:
            if started.done():
                raise
            started.set_exception(problem)

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="simulator", daemon=True)
    thread.start()
    try:
        yield started.result(start_limit)
    finally:
        loop, stop = stopping.result(start_limit)
        with suppress(RuntimeError):  # the loop has ended already when starting failed
            loop.call_soon_threadsafe(stop.set)
        thread.join(start_limit)
