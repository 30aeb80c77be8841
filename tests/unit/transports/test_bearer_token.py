"""One token for many: single flight, early renewal, 401, shared back-off."""

from __future__ import annotations

import asyncio
import logging

import pytest

from connectors.transports.bearer_token import BearerToken, TokenGrant
from pipeline.errors import FatalError, PipelineError, RetryableError, SettingsError
from tests.unit.transports.scripted import HandClock


class Source:
    """Grants tokens t1, t2, … or fails as told; holds each request until it is let go."""

    def __init__(self) -> None:
        self.fetched = 0
        self.expires_in: float | None = 3600.0
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self) -> TokenGrant:
        """Count, wait, answer."""
        self.fetched += 1
        number = self.fetched
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return TokenGrant(f"t{number}", self.expires_in)


@pytest.fixture
def source() -> Source:
    """A source that grants."""
    return Source()


@pytest.fixture
def token(source: Source, clock: HandClock) -> BearerToken:
    """A token that lives by the hand-set clock."""
    return BearerToken(source, clock=clock, random=lambda: 0.0)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_fifty_waiters_cause_one_request(source: Source, token: BearerToken) -> None:
    """Fifty tasks that need a token at once get the same one from a single request."""
    source.gate.clear()
    waiters = [asyncio.create_task(token.current()) for _ in range(50)]
    await settle()
    source.gate.set()
    assert set(await asyncio.gather(*waiters)) == {"t1"}
    assert source.fetched == 1


async def test_a_waiter_that_is_cancelled_leaves_the_request_to_the_others(source: Source, token: BearerToken) -> None:
    """Cancelling the first waiter, which began the request, does not take the token from the second."""
    source.gate.clear()
    first, second = asyncio.create_task(token.current()), asyncio.create_task(token.current())
    await settle()
    first.cancel()
    await settle()
    source.gate.set()
    assert await second == "t1"
    assert first.cancelled()
    assert source.fetched == 1


async def test_a_token_is_kept_until_sixty_seconds_before_its_end(source: Source, token: BearerToken, clock: HandClock) -> None:
    """Up to a minute before the end the token is used without a request."""
    await token.current()
    clock.seconds += 3539
    assert await token.current() == "t1"
    await settle()
    assert source.fetched == 1


async def test_renewal_happens_beside_the_use_of_the_old_token(source: Source, token: BearerToken, clock: HandClock) -> None:
    """In its last minute the old token is handed out at once while a single request fetches the next one."""
    await token.current()
    clock.seconds += 3541
    source.gate.clear()
    assert [await token.current() for _ in range(5)] == ["t1"] * 5
    await settle()
    assert source.fetched == 2
    source.gate.set()
    await settle()
    assert await token.current() == "t2"


async def test_the_old_token_serves_until_its_own_end_while_renewal_fails(source: Source, token: BearerToken, clock: HandClock) -> None:
    """With the token endpoint away the token is used to its end; only then is the failure raised."""
    await token.current()
    source.failure = RetryableError("away")
    clock.seconds += 3541
    for _ in range(50):
        assert await token.current() == "t1"
        await settle()
        clock.seconds += 1
    assert source.fetched == 1 + 7  # at once, then 1, 2, 4, 8, 15 and 15 seconds later: not at each use
    clock.seconds += 30
    with pytest.raises(RetryableError, match="away"):
        await token.current()


async def test_an_ended_token_is_never_handed_out(source: Source, token: BearerToken, clock: HandClock) -> None:
    """After its end the waiter gets the next token, not the old one."""
    await token.current()
    clock.seconds += 3600
    assert await token.current() == "t2"


async def test_a_short_lived_token_is_renewed_at_half_of_its_life(source: Source, token: BearerToken, clock: HandClock) -> None:
    """A token of 20 seconds is renewed after ten, not at once and for ever."""
    source.expires_in = 20.0
    await token.current()
    clock.seconds += 9
    await token.current()
    await settle()
    assert source.fetched == 1
    clock.seconds += 2
    await token.current()
    await settle()
    assert source.fetched == 2


async def test_a_401_forces_one_renewal_for_all_who_were_refused(source: Source, token: BearerToken) -> None:
    """Fifty tasks refused with the same token cause one request, also those that come after it."""
    refused = await token.current()
    renewed = await asyncio.gather(*(token.renew_after_401(refused) for _ in range(50)))
    assert set(renewed) == {"t2"}
    assert await token.renew_after_401(refused) == "t2"
    assert source.fetched == 2


async def test_a_failed_renewal_after_a_401_keeps_the_old_token_for_the_others(source: Source, token: BearerToken) -> None:
    """One refusal while the token endpoint is away does not stop those whose requests are accepted."""
    refused = await token.current()
    source.failure = RetryableError("away")
    with pytest.raises(RetryableError):
        await token.renew_after_401(refused)
    assert await token.current() == refused


async def test_all_waiters_share_one_failure_and_one_back_off(source: Source, token: BearerToken, clock: HandClock) -> None:
    """Fifty waiters fail by one request, later ones fail at once with the time left, and after it one asks again."""
    source.failure = RetryableError("away")
    failures = await asyncio.gather(*(token.current() for _ in range(50)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [RetryableError] * 50
    assert len({id(failure) for failure in failures}) == 50
    clock.seconds += 0.4
    with pytest.raises(RetryableError) as raised:
        await token.current()
    assert raised.value.retry_after == pytest.approx(0.6)
    assert source.fetched == 1
    source.failure = None
    clock.seconds += 0.6
    assert await token.current() == "t2"


async def test_back_off_honours_what_the_endpoint_asks_for(source: Source, token: BearerToken, clock: HandClock) -> None:
    """A Retry-After of 12 seconds is waited for."""
    source.failure = RetryableError("busy", retry_after=12.0)
    for seconds, fetched in ((0, 1), (11, 1), (1.5, 2)):
        clock.seconds += seconds
        with pytest.raises(RetryableError):
            await token.current()
        assert source.fetched == fetched


async def test_a_definite_refusal_stays_one_and_is_not_repeated_at_once(source: Source, token: BearerToken) -> None:
    """A refused client is a SettingsError for everybody, and the endpoint is not hammered with it."""
    source.failure = SettingsError("refused")
    for _ in range(3):
        with pytest.raises(SettingsError, match="refused"):
            await token.current()
    assert source.fetched == 1


async def test_a_broken_source_shows_no_secret(source: Source, token: BearerToken, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception becomes an error with its name only: no text, no chain, nothing in the log."""
    source.failure = KeyError("canary-secret")
    with caplog.at_level(logging.DEBUG), pytest.raises(FatalError, match="KeyError") as raised:
        await token.current()
    assert raised.value.__context__ is None
    assert "canary" not in caplog.text + str(raised.value) + repr(token)


async def test_representation_hides_the_token(token: BearerToken) -> None:
    """The representation tells the state only."""
    assert repr(token) == "BearerToken(ended)"
    await token.current()
    assert repr(token) == "BearerToken(fresh)"


async def test_closing_ends_the_request_and_tells_the_waiters(source: Source, token: BearerToken) -> None:
    """Whoever waits when the connector closes gets an error instead of waiting for ever."""
    source.gate.clear()
    waiter = asyncio.create_task(token.current())
    await settle()
    await token.aclose()
    with pytest.raises(PipelineError, match="closes"):
        await waiter
