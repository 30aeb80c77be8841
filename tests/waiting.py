"""Waiting for conditions; the only place of the tests where time is let pass."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.02  # seconds between two looks

PATIENCE = float(os.environ.get("TEST_PATIENCE", "4"))
"""How many times longer than a quiet machine needs is waited on a busy one; whoever wants tests to fail soon sets 1."""


def eventually(condition: Callable[[], T], *, within: float, what: str = "") -> T:
    """Return the first true answer of `condition`; a quiet machine gives it within `within` seconds, and PATIENCE times that is waited.

    An AssertionError of the condition counts as "not yet". Fails with `what`, the time, the number of looks and the
    last answer or the last failed assertion.
    """
    start, looks, limit = time.monotonic(), 0, within * PATIENCE
    while True:
        looks += 1
        answer, refusal = _ask(condition)
        if answer:
            return answer
        if time.monotonic() - start >= limit:
            raise AssertionError(_failure(condition, what, limit, looks, answer, refusal)) from refusal
        time.sleep(_PAUSE)


async def eventually_async(condition: Callable[[], Awaitable[T]] | Callable[[], T], *, within: float, what: str = "") -> T:
    """Do the same inside an event loop, which goes on running; the condition may be a coroutine function."""
    start, looks, limit = time.monotonic(), 0, within * PATIENCE
    while True:
        looks += 1
        refusal: AssertionError | None = None
        answer: object = None
        try:
            answer = condition()
            if isinstance(answer, Awaitable):
                answer = await answer
        except AssertionError as error:
            refusal = error
        if answer:
            return answer  # type: ignore[return-value]
        if time.monotonic() - start >= limit:
            raise AssertionError(_failure(condition, what, limit, looks, answer, refusal)) from refusal
        await asyncio.sleep(_PAUSE)


def _ask(condition: Callable[[], T]) -> tuple[T | None, AssertionError | None]:
    try:
        return condition(), None
    except AssertionError as error:
        return None, error


def _failure(condition: object, what: str, within: float, looks: int, answer: object, refusal: AssertionError | None) -> str:
    name = what or getattr(condition, "__qualname__", repr(condition))
    last = f"it failed with: {refusal}" if refusal is not None else f"it answered {answer!r:.500}"
    return f"not within {within:g} s: {name} (looked {looks} times; the last time {last})"
