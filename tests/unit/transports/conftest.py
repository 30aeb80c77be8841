"""Fixtures of the transports' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.transports.scripted import HandClock, ScriptedServer


@pytest.fixture
def clock() -> HandClock:
    """A clock that is set by hand."""
    return HandClock()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A server on loopback."""
    scripted = ScriptedServer()
    await scripted.start()
    yield scripted
    await scripted.stop()
