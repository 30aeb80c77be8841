"""Delivering a record without tasks: what Faust's own waiting would have come to, however the delivery goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from mode import Service

from pipeline.engines._faust_transport import PromptDelivery

Delivery = Callable[[list[str]], Coroutine[Any, Any, str]]


class Prompt(PromptDelivery, Service):  # type: ignore[misc]
    """Our waiting without the rest of a consumer."""


async def at_once(log: list[str]) -> str:
    """Deliver without waiting."""
    log.append("delivered")
    return "done"


async def after_turns(log: list[str]) -> str:
    """Deliver after the loop went round, and after something else happened."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)
    log.append("begun")
    happens: asyncio.Future[str] = loop.create_future()
    loop.call_soon(happens.set_result, "happened")
    log.append(await happens)
    try:
        await asyncio.wait_for(loop.create_future(), 0.001)
    except TimeoutError:
        log.append("timed out")
    return "done"


async def never(log: list[str]) -> str:
    """Wait for ever, and say how that ended."""
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
    return "never"


async def failing_at_once(log: list[str]) -> str:
    """Fail before the first wait."""
    raise ValueError("at once")


async def failing_later(log: list[str]) -> str:
    """Fail after a wait."""
    await asyncio.sleep(0)
    raise ValueError("later")


async def outcome(delivery: Delivery, *, ours: bool, suspended: bool, stopped: bool) -> tuple[Any, ...]:
    """Return what a delivery came to: the results or the error, whether it is a stop, and what the delivery did."""
    log: list[str] = []
    service = Prompt() if ours else Service()
    if stopped:
        service._stopped.set()
    suspension = asyncio.Event()
    if suspended:
        asyncio.get_running_loop().call_later(0.01, suspension.set)
    try:
        waited = await service.wait_first(delivery(log), suspension.wait())
    except ValueError as error:
        ended: tuple[Any, ...] = ("error", str(error))
    else:
        # When Faust is told to stop it throws the results away; who delivers does not look at them.
        ended = ("stopped",) if waited.stopped else ("results", *waited.results)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"
    return (*ended, *log)


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize(
    ("delivery", "suspended"),
    [(at_once, False), (at_once, True), (after_turns, False), (never, True), (failing_at_once, False), (failing_later, False)],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_delivery_ends_as_by_fausts_own_waiting(delivery: Delivery, suspended: bool, stopped: bool) -> None:
    """Results, errors, the stop, cancellation by a suspended flow, and what is left behind are the same."""
    assert await outcome(delivery, ours=True, suspended=suspended, stopped=stopped) == await outcome(
        delivery, ours=False, suspended=suspended, stopped=stopped
    )


async def test_a_delivery_that_does_not_wait_makes_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is delivered before anybody else has a turn."""
    made: list[object] = []
    asyncio.get_running_loop().set_task_factory(lambda loop, coro, **_: made.append(coro) or asyncio.Task(coro, loop=loop))  # type: ignore[func-returns-value]
    try:
        log: list[str] = []
        await Prompt().wait_first(at_once(log), asyncio.Event().wait())
        assert (log, made) == (["delivered"], [])
    finally:
        asyncio.get_running_loop().set_task_factory(None)
