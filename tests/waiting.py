"""Waiting for conditions; the only place of the tests where time is let pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.02  # seconds between two looks


def eventually(condition: Callable[[], T], *, within: float, what: str = "") -> T:
    """Return the first true answer of `condition`, asking for at most `within` seconds.

    An AssertionError of the condition counts as "not yet". Fails with `what`, the time, the number of looks and the
    last answer or the last failed assertion.
    """
    start, looks = time.monotonic(), 0
    while True:
        looks += 1
        answer, refusal = _ask(condition)
        if answer:
            return answer
        if time.monotonic() - start >= within:
            raise AssertionError(_failure(condition, what, within, looks, answer, refusal)) from refusal
        time.sleep(_PAUSE)


async def eventually_async(condition: Callable[[], Awaitable[T]] | Callable[[], T], *, within: float, what: str = "") -> T:
    """Do the same inside an event loop, which goes on running; the condition may be a coroutine function."""
    start, looks = time.monotonic(), 0
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
        if time.monotonic() - start >= within:
            raise AssertionError(_failure(condition, what, within, looks, answer, refusal)) from refusal
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
